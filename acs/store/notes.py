"""What operators say of a device: changed by whoever comes, one change after the other."""

from __future__ import annotations

from collections.abc import Callable

from acs.fleet.device import OperatorNotes
from acs.store import codec, keyspace, swap
from acs.store.calls import Steps

NO_NOTES = OperatorNotes()


def change(key: str, changed: Callable[[OperatorNotes], OperatorNotes]) -> Steps[OperatorNotes | None]:
    """Change the notes of the device with this key; gives the new ones, None where there is no device."""
    prefix = keyspace.device_prefix(key)
    return swap.change(prefix + keyspace.NOTES, prefix + keyspace.DEVICE, _decode, changed)


def _decode(stored: bytes | None) -> OperatorNotes:
    return NO_NOTES if stored is None else codec.decode_notes(stored)
