"""What was learnt of each model.

Many sessions learn at once, so a profile is written only over the version it grew from.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.msgpack import Decoder

from acs.fleet.profile import ModelProfile
from acs.store import codec, keyspace
from acs.store.calls import Call, script, scripted

_SAVE = script("save_profile")
_VERSION_DIGITS = 8
_decode = Decoder(ModelProfile).decode


class SavedProfile(Struct, frozen=True):
    """`saved` False: `current` was stored meanwhile; merge with it and save again, with its version."""

    saved: bool
    #: what is stored now; None where `saved` is False because the profile was deleted
    current: ModelProfile | None


def load(model_key: str) -> Call[ModelProfile | None]:
    """The profile of this model (`Device.model_key`), None while nothing is known of it."""
    return Call(("GET", keyspace.model_profile(model_key)), _decode_stored)


def save(profile: ModelProfile, *, over: int) -> Call[SavedProfile]:
    """Write the profile over version `over`, 0 for none yet; its own version must be greater."""
    if profile.version <= over:
        raise ValueError(f"version {profile.version} of profile {profile.key!r} cannot follow version {over}")

    def decode(answer: Any) -> SavedProfile:
        return SavedProfile(True, profile) if answer == 1 else SavedProfile(False, _decode_stored(answer))

    value = b"%08d" % profile.version + codec.encode(profile)
    return scripted(_SAVE, (keyspace.model_profile(profile.key),), (b"%08d" % over, value), decode)


def _decode_stored(stored: bytes | None) -> ModelProfile | None:
    return None if stored is None else _decode(stored[_VERSION_DIGITS:])
