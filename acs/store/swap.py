"""Changing a record that several people may change at once: read, change, write if nobody was quicker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from acs.store import codec
from acs.store.calls import Call, Steps, script, scripted
from acs.store.errors import StoreConflict

T = TypeVar("T")

#: How often a change is tried because somebody was quicker. Each failure is another's success, so it is how
#: many may write one record at the same moment and all get through.
MOST_TRIES = 200

_SWAP = script("swap")


def change(
    record: bytes,
    owner: bytes,
    decode: Callable[[bytes | None], T],
    changed: Callable[[T], T],
    first: Callable[[T], tuple[Call[Any], ...]] = lambda after: (),
) -> Steps[T | None]:
    """Replace the record at this key by `changed` of it; None where what `owner` names does not exist.

    `first` gives calls to be made just before the new record is written. Raises StoreConflict when others are
    quicker each time.
    """
    for tried in range(MOST_TRIES):
        stored: bytes | None
        [stored] = yield [Call(("GET", record), lambda found: found)]
        before = decode(stored)
        after = changed(before)
        if stored is not None and after == before:
            if tried:
                yield first(after)  # what an earlier try put there instead may not be so
            return after
        arguments = (stored or b"", codec.encode(after))
        swap = scripted(_SWAP, (record, owner), arguments, int, first(after))
        [outcome] = yield [swap]
        if outcome == 1:
            return after
        if outcome == -1:
            return None
    raise StoreConflict("others changed the same record at the same time; try again")
