"""Phones with all that their configuration is compared with, many in a few round trips."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from acs.datamodel.tree import ParameterTree
from acs.fleet.identity import device_key
from acs.fleet.known_keys import KnownKey
from acs.fleet.layers import Layer
from acs.fleet.profile import ModelProfile
from acs.store import keyspace, layers, profiles, trees
from acs.store import known_keys as known_keys_store
from acs.store.calls import Call, Steps
from acs.store.devices import KnownDevice
from acs.store.shapes import Shapes
from acs.store.together import together
from acs.store.trees import DamagedTree


class ConfiguredPhone(Struct, frozen=True):
    """`own` is None where the phone has no layer of its own; `tree` is as it was stored, empty where it
    cannot be read (its phone is learnt again)."""

    known: KnownDevice
    own: Layer | None
    keys: dict[str, KnownKey]
    tree: ParameterTree
    profile: ModelProfile


def load(
    many: Sequence[KnownDevice], shapes: Shapes, models: dict[str, ModelProfile]
) -> Steps[list[ConfiguredPhone]]:
    """`models`: profiles at hand, by the key of their model; those that are loaded are added."""
    keys = [device_key(known.device.id) for known in many]
    missing = sorted({known.device.model_key for known in many} - models.keys())
    answers = yield [
        *(call for key in keys for call in (own_layer(key), known_keys_store.get(key))),
        *map(profiles.load, missing),
    ]
    found: list[ModelProfile | None] = answers[2 * len(keys) :]
    for model, profile in zip(missing, found, strict=True):
        models[model] = profile or ModelProfile(key=model)
    read: list[ParameterTree] = yield from together([_tree(key, shapes) for key in keys])
    return [
        ConfiguredPhone(
            known, answers[2 * place], answers[2 * place + 1], read[place], models[known.device.model_key]
        )
        for place, known in enumerate(many)
    ]


def own_layer(key: str) -> Call[Layer | None]:
    """The layer of the phone with this key alone."""
    return Call(("GET", keyspace.device_prefix(key) + keyspace.LAYER), layers.decode)


def _tree(key: str, shapes: Shapes) -> Steps[ParameterTree]:
    try:
        return (yield from trees.load(key, shapes))
    except DamagedTree:
        return ParameterTree()
