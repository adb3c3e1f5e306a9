"""What a configuration rollout writes for one phone: its own layer, and the word to apply it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import structs

from acs.fleet import layers as rules
from acs.fleet.device import OperatorNotes
from acs.fleet.identity import device_key
from acs.fleet.layers import Layer, Version
from acs.fleet.selector.facts import from_id
from acs.store import devices, layers, lookups, notes
from acs.store.calls import Steps
from acs.store.configured import own_layer
from acs.store.devices import KnownDevice
from acs.store.layer_cache import LayerCache
from acs.store.shapes import Shapes

#: A key's text, None to remove it.
Values = Mapping[str, str | None]


def before(device_id: str, keys: Sequence[str]) -> Steps[dict[str, str | None]]:
    """What the phone's own layer says of these keys."""
    [named] = yield [layers.get(layers.of_phone(device_id))]
    own: dict[str, str] = named.layer.values
    return {key: own.get(key) for key in keys}


def had(device_id: str, keys: Sequence[str], shapes: Shapes, shared: LayerCache) -> Steps[dict[str, str]]:
    """What the phone itself has of those keys of which no layer speaks, as far as it is known."""
    key = device_key(device_id)
    known: KnownDevice | None
    own: Layer | None
    known, own = yield [devices.get(key), own_layer(key)]
    if known is None:
        return {}
    device = known.device
    laid = shared.layers_for(device.id, device.product_class, known.notes.groups, own)
    silent = [name for name in keys if not any(name in one.layer.values for one in laid)]
    facts = from_id(device_id)
    asked = lookups.Wanted(parameters=frozenset(), configuration=True, told=frozenset(silent))
    yield from lookups.beyond([(facts, known)], asked, shapes, shared)
    found = facts.keys or {}
    return {name: found[name] for name in silent if name in found}


def write(
    device_id: str, values: Values, *, over: Values | None, by: str, reason: str, reboot: bool, at: float
) -> Steps[bool]:
    """Write these into the phone's own layer; False where there is no such phone. May be repeated.

    With `over` a key is written only where the layer says of it what `over` says: what somebody changed since
    then is theirs.
    """

    def changed(layer: Layer, _: Sequence[Version]) -> tuple[Layer, Version] | None:
        own = layer.values
        meant = {
            key: text for key, text in values.items() if over is None or own.get(key) == over.get(key, text)
        }
        wanted = rules.merged(layer, meant, replace=False)
        return rules.written(layer, wanted, touched=meant, now=reboot, at=at, by=by, reason=reason)

    written = yield from layers.edit(layers.of_phone(device_id), changed)
    return written is not None


def apply(device_id: str, *, at: float, reboot: bool) -> Steps[OperatorNotes | None]:
    """Have the phone's configuration looked at in its next session."""
    return (
        yield from notes.change(
            device_id, lambda before: structs.replace(before, apply_at=at, apply_now=reboot)
        )
    )
