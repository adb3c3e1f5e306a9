"""The index compared with the records it is made from, and put right where they differ.

A crash between the two, or a database from before there was an index, leaves phones that a selector does not
find, or finds by what was. One pass looks at every phone, and at every entry whose phone is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from acs.fleet.identity import device_key
from acs.fleet.selector.fields import ENDED
from acs.fleet.task import Task, TaskState
from acs.store import devices, indexes, keyspace, tasks
from acs.store.calls import Call, Steps
from acs.store.devices import KnownDevice

#: Phones compared in one round trip.
BATCH = 500


class Repaired(Struct, frozen=True):
    looked_at: int
    repaired: int


def repair_devices(*, after: str = "") -> Steps[tuple[str, Repaired]]:
    """Compare the next phones behind this id; gives the last of them, "" at the end."""
    found: list[str]
    [found] = yield [devices.ids(after=after, limit=BATCH)]
    wrong = yield from _repair(found)
    if wrong:
        # A session may have changed one between the look and the repair: what its record says now holds.
        yield from _repair(wrong)
    return found[-1] if len(found) == BATCH else "", Repaired(len(found), len(wrong))


def _repair(ids: Sequence[str]) -> Steps[list[str]]:
    """Those that were not as their records say."""
    if not ids:
        return []
    encoded = [one.encode() for one in ids]
    entries, noted, *known = yield [
        indexes.entries(encoded),
        indexes.entries(encoded, of_notes=True),
        *devices.get_many(map(device_key, ids)),
    ]
    repairs = [
        (one, calls)
        for one, entry, notes, device in zip(ids, entries, noted, known, strict=True)
        if (calls := _differences(one, entry, notes, device))
    ]
    yield [call for _, calls in repairs for call in calls]
    return [one for one, _ in repairs]


def _differences(
    device_id: str, entry: bytes | None, noted: bytes | None, known: KnownDevice | None
) -> list[Call[Any]]:
    if known is None:
        return indexes.forget(device_id) if entry is not None or noted is not None else []
    calls = []
    if (entry or b"").decode() != indexes.entry(known.device):
        calls.append(indexes.put(known.device))
    if (noted or b"").decode() != indexes.notes_entry(known.notes):
        calls.append(indexes.put_notes(device_id, known.notes))
    return calls


def drop_strangers(*, cursor: str = "0", of_notes: bool = False) -> Steps[tuple[str, Repaired]]:
    """Forget entries of phones that are not there; gives the cursor of the next entries, "0" at the end."""
    where = keyspace.INDEXED_NOTES if of_notes else keyspace.INDEXED_DEVICES
    following: bytes
    flat: list[bytes]
    [(following, flat)] = yield [Call(("HSCAN", where, cursor, "COUNT", BATCH), tuple)]
    ids = flat[::2]
    gone: list[bytes] = []
    if ids:
        [scores] = yield [Call(("ZMSCORE", keyspace.DEVICES, *ids), list)]
        gone = [one for one, score in zip(ids, scores, strict=True) if score is None]
        yield [call for one in gone for call in indexes.forget(one.decode())]
    return following.decode(), Repaired(len(ids), len(gone))


def repair_ends(*, after: bytes = b"") -> Steps[tuple[bytes, Repaired]]:
    """Compare the next failed and expired tasks of the index with what is kept; gives the last member.

    What a phone keeps of its tasks is not for ever; a failed one that is forgotten is no longer one.
    """
    start = b"(" + after if after else b"-"
    calls = [
        Call(("ZRANGEBYLEX", keyspace.ended_tasks(state), start, "+", "LIMIT", 0, BATCH), list)
        for state in ENDED
    ]
    parts: list[list[bytes]] = yield calls
    full = [part[-1] for part in parts if len(part) == BATCH]
    members = sorted({one for part in parts for one in part if not full or one <= min(full)})
    ids = list(dict.fromkeys(one.partition(b" ")[0].decode() for one in members))
    kept = yield [tasks.list_all(device_key(one)) for one in ids]
    truth = {
        f"{one} {task.type}": task.state for one, many in zip(ids, kept, strict=True) for task in _last(many)
    }
    wrong: list[Call[Any]] = []
    for state, part in zip(ENDED, parts, strict=True):
        stale = [one for one in part if one in members and truth.get(one.decode()) != state]
        if stale:
            wrong.append(Call(("ZREM", keyspace.ended_tasks(state), *stale), int))
    yield wrong
    return members[-1] if full else b"", Repaired(len(members), len(wrong))


def _last(many: Sequence[Task]) -> list[Task]:
    """The task of each type that ended last."""
    ended = [task for task in many if task.state in (TaskState.DONE, TaskState.FAILED, TaskState.EXPIRED)]
    ended.sort(key=lambda task: task.finished_at)
    return list({task.type: task for task in ended}.values())
