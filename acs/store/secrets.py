"""Secrets that all servers of a fleet must share: the phones' credential, keys for nonces and links."""

from __future__ import annotations

from collections.abc import Mapping

from acs.store import keyspace
from acs.store.calls import Call, script, scripted

_ENSURE = script("ensure_secrets")


def ensure(candidates: Mapping[str, bytes]) -> Call[dict[str, bytes]]:
    """Keep each candidate whose name has no secret yet; gives the secrets that hold, which may be others.

    However many servers start at once, they all get the same ones.
    """
    names = list(candidates)
    arguments = [part for name in names for part in (name, candidates[name])]
    return scripted(
        _ENSURE, (keyspace.SECRETS,), arguments, lambda answer: dict(zip(names, answer, strict=True))
    )


def get(name: str) -> Call[bytes | None]:
    return Call(("HGET", keyspace.SECRETS, name), lambda stored: stored)


def put(name: str, value: bytes) -> Call[None]:
    """Replace a secret: what the old one signed or encrypted is void from now on."""
    return Call(("HSET", keyspace.SECRETS, name, value), lambda answer: None)
