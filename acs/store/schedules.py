"""Schedules, each with a version so that whoever changes one changes what is stored, and when each is due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.msgpack import Decoder

from acs.fleet.schedule import Schedule
from acs.store import codec, keyspace, time_sets
from acs.store.calls import Call, Part, Steps, nothing, script, scripted, truth
from acs.store.errors import StoreConflict
from acs.store.swap import MOST_TRIES

_SWAP = script("swap_rollout")

_VERSION = 8
_decode_schedule = Decoder(Schedule).decode


class Stored(Struct, frozen=True):
    """A schedule and the version that it has in the store."""

    version: int
    schedule: Schedule


def create(schedule: Schedule) -> Call[bool]:
    """Keep a new schedule; False where there is one with its id."""
    listed = Call(("ZADD", keyspace.SCHEDULES, "NX", schedule.created_at, schedule.id), nothing)
    arguments = ("", _encode(1, schedule))
    return scripted(_SWAP, (keyspace.schedule(schedule.id),), arguments, truth, (listed, *_due(schedule)))


def get(identifier: str) -> Call[Stored | None]:
    return Call(("GET", keyspace.schedule(identifier)), _decode)


def change(identifier: str, changed: Callable[[Schedule], Schedule]) -> Steps[Schedule | None]:
    """Change the schedule, however often others do; None where there is none. `changed` may raise.

    When it is due goes before it: a schedule that nobody looks at would never run, one that is looked at too
    early is put back.
    """
    for _ in range(MOST_TRIES):
        stored: Stored | None
        [stored] = yield [get(identifier)]
        if stored is None:
            return None
        after = changed(stored.schedule)
        if after == stored.schedule:
            return after
        arguments = (b"%08d" % stored.version, _encode(stored.version + 1, after))
        record = keyspace.schedule(identifier)
        [written] = yield [scripted(_SWAP, (record,), arguments, truth, _due(after))]
        if written:
            return after
    raise StoreConflict(f"the schedule {identifier} changes all the time; try again")


def ids(*, after: str = "", limit: int) -> Steps[list[str]]:
    """The next schedules, newest first."""
    return time_sets.newest_first(keyspace.SCHEDULES, after=after, limit=limit)


def every(*, page: int = 500) -> Steps[list[Schedule]]:
    """All schedules, newest first."""
    found: list[Schedule] = []
    after, more = "", True
    while more:
        listed: list[str] = yield from ids(after=after, limit=page)
        if listed:
            records = yield [get(one) for one in listed]
            found += [one.schedule for one in records if one is not None]
        more = len(listed) == page
        after = listed[-1] if listed else ""
    return found


def count() -> Call[int]:
    return Call(("ZCARD", keyspace.SCHEDULES), int)


def delete(identifier: str) -> Steps[bool]:
    existed, *_ = yield [
        Call(("DEL", keyspace.schedule(identifier)), truth),
        Call(("ZREM", keyspace.SCHEDULES, identifier), nothing),
        Call(("ZREM", keyspace.SCHEDULES_DUE, identifier), nothing),
    ]
    return bool(existed)


# --- whose time has come ------------------------------------------------------------------------------------


def claim(*, now: float, until: float, limit: int) -> Call[list[str]]:
    """Take the schedules that are due: nobody else gets them before `until`."""
    return time_sets.claim(keyspace.SCHEDULES_DUE, now=now, until=until, limit=limit)


def put_back(identifier: str, *, taken_until: float, next_at: float) -> Call[bool]:
    """Say when it is due next, 0 for never; False where it is due again already."""
    return time_sets.put_back(keyspace.SCHEDULES_DUE, identifier, taken_until=taken_until, next_at=next_at)


def due_times(identifiers: Sequence[str]) -> Call[list[float]]:
    """When each of these, at least one, is looked at next, 0 for never."""
    parts: tuple[Part, ...] = ("ZMSCORE", keyspace.SCHEDULES_DUE, *identifiers)
    return Call(parts, lambda answer: [float(score or 0) for score in answer])


def due_at(identifier: str, at: float) -> Call[None]:
    """It is to be looked at then, or before."""
    return time_sets.due_at(keyspace.SCHEDULES_DUE, identifier, at)


def _due(schedule: Schedule) -> tuple[Call[Any], ...]:
    if not schedule.next_at:
        return ()
    return (due_at(schedule.id, schedule.next_at),)


# --- reading ------------------------------------------------------------------------------------------------


def _encode(version: int, schedule: Schedule) -> bytes:
    return b"%08d" % version + codec.encode(schedule)


def _decode(stored: bytes | None) -> Stored | None:
    if stored is None:
        return None
    return Stored(int(stored[:_VERSION]), _decode_schedule(memoryview(stored)[_VERSION:]))
