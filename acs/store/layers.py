"""Layers of desired configuration: as they stand, their versions, and writing them over the version they grew
from.

A shared layer (fleet, model, group) lies with all others in one slot, where an epoch counts their changes. A
phone's own lies with the phone: a session reads it along with everything else. An awaited phone's lies under
its MAC address until the phone calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from msgspec import Struct
from msgspec.msgpack import Decoder

from acs.fleet.desired import NamedLayer
from acs.fleet.identity import device_key
from acs.fleet.layers import (
    EMPTY,
    FLEET,
    Group,
    Layer,
    Version,
    group_layer,
    model_layer,
    phone_layer,
)
from acs.store import codec, keyspace
from acs.store.calls import Call, Steps, script, scripted
from acs.store.errors import StoreConflict
from acs.store.groups import decode_group
from acs.store.swap import MOST_TRIES

#: Versions that are kept of a layer: shared ones are few and change often, phones' are many and seldom do.
SHARED_HISTORY = 1000
PHONE_HISTORY = 100

_WRITE_SHARED = script("write_shared_layer", using=("put_layer", "tell_change"))
_WRITE_PHONE = script("write_phone_layer", using=("put_layer",))
_CHANGED = script("changed_layers")

_VERSION_DIGITS = 8
_decode_layer = Decoder(Layer).decode
_decode_version = Decoder(Version).decode


class Place(Struct, frozen=True):
    """Where a layer is kept; its `name` is `fleet`, `model:CP860`, `group:NAME` or `phone:ID`."""

    name: str
    layer: bytes
    history: bytes
    #: what must exist for a phone's layer to be written; empty for a shared one
    owner: bytes = b""
    #: of a group's layer, the group
    group: str = ""

    @property
    def shared(self) -> bool:
        return not self.owner


#: A layer was written, another version is stored, or whose layer it is does not exist.
Outcome = Literal["written", "changed", "gone"]


def of_fleet() -> Place:
    return _shared(FLEET)


def of_model(model: str) -> Place:
    return _shared(model_layer(model))


def of_group(group: str) -> Place:
    return _shared(group_layer(group), group)


def of_phone(device_id: str) -> Place:
    prefix = keyspace.device_prefix(device_key(device_id))
    return Place(
        phone_layer(device_id),
        prefix + keyspace.LAYER,
        prefix + keyspace.LAYER_HISTORY,
        owner=prefix + keyspace.DEVICE,
    )


def of_awaited(mac: str) -> Place:
    prefix = keyspace.awaited_prefix(mac)
    return Place(
        phone_layer(mac),
        prefix + keyspace.LAYER,
        prefix + keyspace.LAYER_HISTORY,
        owner=keyspace.awaited_record(mac),
    )


def _shared(name: str, group: str = "") -> Place:
    return Place(name, keyspace.shared_layer(name), keyspace.shared_layer_history(name), group=group)


def get(place: Place) -> Call[NamedLayer]:
    """The layer as it stands; an empty one of version 0 where it was never written."""
    return Call(("GET", place.layer), lambda stored: NamedLayer(place.name, decode(stored) or EMPTY))


def history(place: Place) -> Call[list[Version]]:
    """The versions that are kept, newest first."""
    return Call(("LRANGE", place.history, 0, -1), lambda found: [_decode_version(one) for one in found])


def write(place: Place, layer: Layer, version: Version) -> Call[Outcome]:
    """Write the layer with its new version, over the version before it."""
    cap = SHARED_HISTORY if place.shared else PHONE_HISTORY
    put = (b"%08d" % (version.number - 1), encode(layer), codec.encode(version), cap)
    if not place.shared:
        return scripted(_WRITE_PHONE, (place.owner, place.layer, place.history), put, _decode_outcome)
    keys = (place.layer, place.history, keyspace.EPOCH, keyspace.CHANGED_LAYERS, keyspace.GROUPS)
    arguments = (place.name, place.group, keyspace.CONFIG_CHANNEL, *put)
    return scripted(_WRITE_SHARED, keys, arguments, _decode_outcome)


def edit(
    place: Place,
    changed: Callable[[Layer, Sequence[Version]], tuple[Layer, Version] | None],
    *,
    with_history: bool = False,
) -> Steps[NamedLayer | None]:
    """Write what `changed` makes of the layer, and of its versions where they are asked for; None leaves it.

    Gives the layer as it stands then, None where the phone or group does not exist. `changed` may be called
    several times, and may raise.
    """
    for _ in range(MOST_TRIES):
        found = yield [get(place), *([history(place)] if with_history else ())]
        before: NamedLayer = found[0]
        made = changed(before.layer, found[1] if with_history else ())
        if made is None:
            return before
        outcome: Outcome
        [outcome] = yield [write(place, *made)]
        if outcome == "written":
            return NamedLayer(place.name, made[0])
        if outcome == "gone":
            return None
    raise StoreConflict("others write this configuration all the time; try again")


class Changed(Struct, frozen=True):
    """What happened to shared layers since an epoch: None for a layer or group that is not there (any more).

    With `anew`, what was known before is void.
    """

    epoch: int
    anew: bool
    layers: dict[str, Layer | None]
    groups: dict[str, Group | None]


def changed_since(epoch: int) -> Call[Changed]:
    """All shared layers and groups that changed after this epoch; 0 gives all there are."""
    return scripted(
        _CHANGED,
        (keyspace.EPOCH, keyspace.CHANGED_LAYERS, keyspace.GROUPS),
        (epoch, keyspace.LAYER_PREFIX, group_layer("")),
        _decode_changed,
    )


def encode(layer: Layer) -> bytes:
    return b"%08d" % layer.version + codec.encode(layer)


def decode(stored: bytes | None) -> Layer | None:
    return None if stored is None else _decode_layer(memoryview(stored)[_VERSION_DIGITS:])


def _decode_outcome(answer: int) -> Outcome:
    if answer == 1:
        return "written"
    return "changed" if answer == 0 else "gone"


def _decode_changed(answer: Sequence[Any]) -> Changed:
    epoch, anew, found = answer
    layers: dict[str, Layer | None] = {}
    groups: dict[str, Group | None] = {}
    prefix = group_layer("")
    for place in range(0, len(found), 3):
        name = found[place].decode()
        layers[name] = decode(found[place + 1])
        if name.startswith(prefix):
            record = found[place + 2]
            groups[name.removeprefix(prefix)] = None if record is None else decode_group(record)
    return Changed(epoch, anew == 1, layers, groups)
