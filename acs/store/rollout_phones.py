"""Phones as a rollout looks at them before their turn: presence, site, and what time it is there."""

from __future__ import annotations

from collections.abc import Sequence

from acs.fleet.attributes import attributes_of
from acs.fleet.desired import effective
from acs.fleet.identity import device_key
from acs.fleet.profile import ModelProfile
from acs.fleet.rollout import zones
from acs.fleet.rollout.turns import Phone
from acs.fleet.rollout.zones import Clock
from acs.fleet.site import site_name
from acs.store import configured, devices
from acs.store.calls import Steps
from acs.store.configured import ConfiguredPhone
from acs.store.devices import KnownDevice
from acs.store.layer_cache import LayerCache
from acs.store.shapes import Shapes


def load(
    device_ids: Sequence[str],
    shapes: Shapes,
    shared: LayerCache,
    models: dict[str, ModelProfile],
    *,
    clocks: bool,
    now: float,
) -> Steps[list[Phone | None]]:
    """None for a phone that is not there (any more). With `clocks`, also what time zone each is in."""
    found: list[KnownDevice | None] = yield devices.get_many(map(device_key, device_ids))
    zoned: dict[str, tuple[Clock | None, Clock | None]] = {}
    if clocks:
        known = [one for one in found if one is not None]
        for one in (yield from configured.load(known, shapes, models)):
            zoned[one.known.device.id] = _clocks(one, shared)
    return [None if one is None else _phone(one, zoned, now) for one in found]


def _phone(known: KnownDevice, zoned: dict[str, tuple[Clock | None, Clock | None]], now: float) -> Phone:
    device = known.device
    state = known.seen(now).state
    clock, group = zoned.get(device.id, (None, None))
    return Phone(device, state, site_name(known.notes, device.ip), clock, group)


def _clocks(one: ConfiguredPhone, shared: LayerCache) -> tuple[Clock | None, Clock | None]:
    """The phone's own clock, and that of the layers it shares with others."""
    device, notes = one.known.device, one.known.notes
    told = one.tree.get(device.root + zones.PARAMETER)
    attributes = attributes_of(device, notes)

    def desired(own: bool) -> dict[str, str]:
        laid = shared.layers_for(device.id, device.product_class, notes.groups, one.own if own else None)
        return {key: value.value for key, value in effective(laid, attributes).effective.items()}

    known = {key: value.value for key, value in one.keys.items() if not value.salt}
    own = zones.of_phone(told.value if told is not None else None, known, desired(True))
    return own, zones.configured(desired(False))
