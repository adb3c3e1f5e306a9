"""The phones of some index sets in order of their ids, a window at a time, however many sets there are."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain

from msgspec import Struct

from acs.fleet.selector.drivers import Device, Driver, Drivers, Ended
from acs.store import keyspace
from acs.store.calls import Call, Steps
from acs.store.groups import AWAITED_MARK
from acs.store.indexes import set_key

#: The fewest members asked of a set at a time.
LEAST = 16

_AWAITED = AWAITED_MARK.encode()


class Window(Struct, frozen=True):
    """Ids in ascending order. `more`: there may be others behind `last`."""

    ids: list[bytes]
    more: bool
    last: bytes


def sizes(drivers: Collection[Driver]) -> list[Call[int]]:
    """How many phones each set has, at most."""
    return [Call(("ZCARD", set_key(one)), _one if isinstance(one, Device) else int) for one in drivers]


def window(drivers: Drivers | None, after: bytes, size: int) -> Steps[Window]:
    """About `size` candidates behind the id `after`, each once."""
    if drivers is None:
        calls = [_all(keyspace.DEVICES, after, size)]
        share = size
    else:
        share = max(LEAST, 2 * size // max(1, len(drivers)))
        calls = [_members(driver, after, share) for driver in sorted(drivers, key=set_key)]
    if not calls:
        return Window([], False, after)
    parts: list[list[bytes]] = yield calls
    # A set that gave all it was asked for may have more: beyond its last id nothing is sure yet.
    full = [part[-1] for part in parts if len(part) >= share]
    ids = sorted(set(chain.from_iterable(parts)))
    if full:
        bound = min(full)
        ids = [one for one in ids if one <= bound]
    # awaited phones stand behind all that called: where only they are left, there is nothing more
    more = bool(full) and not min(full).startswith(_AWAITED)
    ids = [one for one in ids if not one.startswith(_AWAITED)]
    return Window(ids, more, ids[-1] if ids else after)


def _members(driver: Driver, after: bytes, limit: int) -> Call[list[bytes]]:
    if isinstance(driver, Device):
        wanted = driver.id.encode()
        if wanted <= after:
            wanted = b"~"  # nothing has this id
        parts = ("ZRANGEBYLEX", keyspace.DEVICES, b"[" + wanted, b"[" + wanted)
        return Call(parts, list)
    if isinstance(driver, Ended):
        return _ended(driver, after, limit)
    return _all(set_key(driver), after, limit)


def _all(key: bytes, after: bytes, limit: int) -> Call[list[bytes]]:
    return Call(("ZRANGEBYLEX", key, b"(" + after if after else b"-", b"+", "LIMIT", 0, limit), list)


def _ended(driver: Ended, after: bytes, limit: int) -> Call[list[bytes]]:
    """Members are an id and a type of task; doubles stay, so that the length tells whether there is more."""
    start = b"[" + after + b"!" if after else b"-"
    parts = ("ZRANGEBYLEX", set_key(driver), start, b"+", "LIMIT", 0, limit)
    return Call(parts, lambda answer: [member.partition(b" ")[0] for member in answer])


def _one(answer: object) -> int:
    return 1
