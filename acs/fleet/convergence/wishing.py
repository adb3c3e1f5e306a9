"""From layers, notes and what is known of the keys to what one phone ought to have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from acs.datamodel.keys import Catalogue
from acs.fleet.attributes import attributes_of
from acs.fleet.convergence.wish import Wish, mark
from acs.fleet.daily_window import DailyWindow
from acs.fleet.desired import NamedLayer, effective
from acs.fleet.device import Device, OperatorNotes
from acs.fleet.known_keys import KnownKey
from acs.fleet.provisioning import checked_by


def mark_of(layers: Sequence[NamedLayer], notes: OperatorNotes) -> str:
    """The mark of what these layers wish for this phone; "" for nothing."""
    asked = f"{notes.apply_at} {notes.apply_now}" if notes.apply_at else ""
    return mark(layers, notes.attributes, asked)


def wish_of(
    layers: Sequence[NamedLayer],
    device: Device,
    notes: OperatorNotes,
    known: Mapping[str, KnownKey],
    *,
    catalogue: Catalogue,
    window: DailyWindow | None,
    now: float,
) -> Wish:
    """All that the phone ought to have. An operator's word to reboot now holds until the pass it led to has
    ended."""
    catalogue = catalogue.for_phone(device.product_class)
    desired = effective(layers, attributes_of(device, notes), checked_by(catalogue))
    at_once = notes.apply_now and device.config.settled_at < notes.apply_at
    reboots_at = 0.0 if at_once else window.opens_at(now) if window is not None else None
    return Wish(mark_of(layers, notes), desired, known, catalogue, reboots_at)
