"""What operators say of a device: changed by whoever comes, one change after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acs.fleet.device import OperatorNotes
from acs.fleet.identity import device_key
from acs.store import codec, indexes, keyspace, swap
from acs.store.calls import Call, Steps

NO_NOTES = OperatorNotes()


def get(device_id: str) -> Call[OperatorNotes]:
    """Nothing said is nothing noted."""
    return Call(("GET", keyspace.device_prefix(device_key(device_id)) + keyspace.NOTES), _decode)


def change(device_id: str, changed: Callable[[OperatorNotes], OperatorNotes]) -> Steps[OperatorNotes | None]:
    """Change the notes of this device; gives the new ones, None where there is no device."""
    prefix = keyspace.device_prefix(device_key(device_id))

    def index(notes: OperatorNotes) -> tuple[Call[Any], ...]:
        return (indexes.put_notes(device_id, notes),)

    record, owner = prefix + keyspace.NOTES, prefix + keyspace.DEVICE
    after = yield from swap.change(record, owner, _decode, changed, index)
    if after is None:
        yield [indexes.put_notes(device_id, NO_NOTES)]
    return after


def _decode(stored: bytes | None) -> OperatorNotes:
    return NO_NOTES if stored is None else codec.decode_notes(stored)
