"""The tasks of a device: put down, changed from outside a session, looked up, and when something is due.

Open tasks are the fields of one hash, beside a stamp that every change replaces: whoever decided something on
tasks read earlier names their stamp, and is refused if it is no longer that (optimistic locking). No open
task: no hash, and the stamp is "". Finished tasks are kept apart for a month, out of the sessions' way.

Deadlines stand in an index of their own, in another slot, so they are written by a separate command, always
before the task itself: an entry whose task never came to be is found empty when it is due, and removed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from os import urandom
from typing import Any, Literal, cast

from msgspec import Struct

from acs.fleet.identity import device_key_of_task
from acs.fleet.task import Task, TaskState
from acs.store import codec, indexes, keyspace, rollout_notes
from acs.store.calls import Call, Part, Steps, nothing, script, scripted, truth
from acs.store.errors import StoreConflict

#: How long a finished task can be looked up, in seconds: a month, so that a monthly report finds its tasks.
FINISHED_LIFE = 30 * 24 * 3600

#: How many finished tasks a device keeps, so that a phone with a task every minute stays small.
FINISHED_CAP = 100

#: How many open tasks a device may have: a session loads all of them, so a script that runs wild must not
#: make one phone heavy for its server.
OPEN_CAP = 500

#: How often a change is tried again when somebody else was faster.
ATTEMPTS = 10

_CREATE = script("create_tasks")
_CREATE_ONCE = script("create_task_once")
_CHANGE = script("change_tasks", using=("write_tasks",))
_GET = script("get_task")
_LIST = script("list_tasks")


Creation = Literal["created", "unknown", "full"]
CreationOnce = Literal["created", "exists", "unknown", "full"]


class FoundTask(Struct, frozen=True):
    """One task, and the stamp of its device's open tasks at that time."""

    task: Task
    stamp: str


class Changed(Struct, frozen=True):
    """How a change went; `tasks` are the open ones as they are now, given with `conflict` only."""

    outcome: Literal["ok", "conflict"]
    stamp: str
    tasks: tuple[Task, ...] = ()


class Cancelled(Struct, frozen=True):
    """How a cancellation went; `task` is the task as it is now, None if there is no such task."""

    outcome: Literal["cancelled", "not_pending", "not_found"]
    task: Task | None = None


def fresh_stamp() -> str:
    """A stamp nobody had before: the time in nanoseconds and 32 random bits."""
    return f"{time.time_ns():x}{urandom(4).hex()}"


def create(key: str, new: Sequence[Task], *, stamp: str) -> Call[Creation]:
    """Put new tasks down for the device with this key. Nothing is written where it is `unknown`, or `full`:
    where it would then have more than `OPEN_CAP` open tasks.

    `stamp` is a fresh one (`fresh_stamp`). The deadlines go with it, in the same round trip.
    """
    prefix = keyspace.device_prefix(key)
    arguments: list[Part] = [stamp, OPEN_CAP]
    for task in new:
        arguments += (task.id, codec.encode(task))
    keys = (prefix + keyspace.DEVICE, prefix + keyspace.TASKS)
    return scripted(_CREATE, keys, arguments, _decode_creation, register_deadlines(new))


def create_once(task: Task, *, stamp: str) -> Call[CreationOnce]:
    """Put a task down whose id says what it is for: where it was put down before it `exists`, however it
    ended."""
    prefix = keyspace.device_prefix(device_key_of_task(task.id))
    keys = (
        prefix + keyspace.DEVICE,
        prefix + keyspace.TASKS,
        prefix + keyspace.FINISHED_TASK + task.id.encode(),
    )
    arguments = (stamp, OPEN_CAP, task.id, codec.encode(task))
    return scripted(_CREATE_ONCE, keys, arguments, lambda answer: answer.decode(), register_deadlines([task]))


def get(identifier: str) -> Call[FoundTask | None]:
    """The task with this id, open or finished; None where there is none (any more)."""
    prefix = keyspace.device_prefix(device_key_of_task(identifier))
    keys = (prefix + keyspace.TASKS, prefix + keyspace.FINISHED_TASK + identifier.encode())
    return scripted(_GET, keys, (identifier,), _decode_found)


def list_all(key: str) -> Call[list[Task]]:
    """All tasks of the device with this key, newest first: the open ones and the last finished ones."""
    prefix = keyspace.device_prefix(key)
    keys = (prefix + keyspace.TASKS, prefix + keyspace.FINISHED_TASKS)
    return scripted(_LIST, keys, (prefix + keyspace.FINISHED_TASK,), _decode_list)


def open_tasks(key: str) -> Call[tuple[Task, ...]]:
    """The open tasks alone of the device with this key."""
    return Call(
        ("HGETALL", keyspace.device_prefix(key) + keyspace.TASKS),
        lambda answer: codec.decode_open_tasks(answer)[1],
    )


def change_tasks(key: str, *, stamp: str, tasks: Sequence[Task], new_stamp: str) -> Call[Changed]:
    """Write these tasks if the device's open tasks still have `stamp`; finished ones leave the open ones."""
    keys, arguments = written(keyspace.device_prefix(key), tasks, new_stamp)
    first = (*register_deadlines(tasks), *indexes.note_ends(tasks), *rollout_notes.told(tasks))
    return scripted(_CHANGE, keys, (stamp, *arguments), _decode_changed, first)


def forget(task: Task) -> Steps[bool]:
    """Forget a finished task; True if it was there. What the index says of its phone's last tasks follows."""
    key = device_key_of_task(task.id)
    prefix = keyspace.device_prefix(key)
    gone: bool
    gone, _, rest = yield [
        Call(("DEL", prefix + keyspace.FINISHED_TASK + task.id.encode()), truth),
        Call(("LREM", prefix + keyspace.FINISHED_TASKS, 0, task.id), nothing),
        list_all(key),
    ]
    alike = [one for one in rest if one.type == task.type and one.finished_at and one.id != task.id]
    last = max(alike, key=lambda one: one.finished_at, default=None)
    yield list(indexes.note_ends([last]) if last else indexes.forget_ends(task))
    return gone


def update(identifier: str, change: Callable[[Task], Task | None], *, stamp: str) -> Steps[Task | None]:
    """Change one open task, however often others change its neighbours meanwhile.

    `change` gets the task as it is and returns what it should be, or None to leave it; it may be called
    again. Gives the task as it is afterwards, None where there is none. A finished task is never changed.
    Raises `StoreConflict` when it was outrun `ATTEMPTS` times.
    """
    key = device_key_of_task(identifier)
    for _ in range(ATTEMPTS):
        found: FoundTask | None
        [found] = yield [get(identifier)]
        if found is None:
            return None
        if not found.task.open:
            return found.task
        wanted = change(found.task)
        if wanted is None or wanted == found.task:
            return found.task
        changed: Changed
        [changed] = yield [change_tasks(key, stamp=found.stamp, tasks=(wanted,), new_stamp=stamp)]
        if changed.outcome == "ok":
            return wanted
    raise StoreConflict(f"task {identifier} could not be changed: its device's tasks change all the time")


def note_finished(identifier: str, evidence: dict[str, Any]) -> Steps[bool]:
    """Add to the evidence of a finished task what came after its end; False where there is no such task."""
    prefix = keyspace.device_prefix(device_key_of_task(identifier))
    found: FoundTask | None
    [found] = yield [get(identifier)]
    if found is None or found.task.open:
        return False
    noted = found.task.noting(**evidence)
    key = prefix + keyspace.FINISHED_TASK + identifier.encode()
    parts: tuple[Part, ...] = ("SET", key, codec.encode_finished(noted), "XX", "KEEPTTL")
    *_, written = yield [*rollout_notes.told([noted]), Call(parts, truth)]
    return bool(written)


def cancel(identifier: str, *, now: float, stamp: str) -> Steps[Cancelled]:
    """Cancel a task that has not started. `stamp` is a fresh one, `now` in seconds since the epoch."""
    cancelled = False

    def change(task: Task) -> Task | None:
        nonlocal cancelled
        cancelled = task.state is TaskState.PENDING
        return task.replace(state=TaskState.CANCELLED, finished_at=now) if cancelled else None

    task = yield from update(identifier, change, stamp=stamp)
    if task is None:
        return Cancelled("not_found")
    if cancelled and task.state is TaskState.CANCELLED:
        return Cancelled("cancelled", task)
    return Cancelled("not_pending", task)


# --- when something is due ------------------------------------------------------------------------------


def due_at(task: Task) -> float:
    """When something must happen to this task though its phone stays silent; 0 for never.

    A pending task expires, a waiting one is given up. A running one is the business of its session.
    """
    if task.state is TaskState.PENDING:
        return task.expires_at
    return task.deadline if task.state is TaskState.WAITING else 0


def register_deadlines(tasks: Iterable[Task]) -> tuple[Call[None], ...]:
    """The call that notes when these tasks are due; none if nothing ever is."""
    parts: list[Part] = []
    for task in tasks:
        due = due_at(task)
        if due:
            parts += (due, task.id)
    return (Call(("ZADD", keyspace.DEADLINES, *parts), nothing),) if parts else ()


def due_deadlines(now: float, limit: int) -> Call[list[str]]:
    """Ids of tasks of which something is due, the oldest first. They stay due until `remove_deadline`.

    The task may be gone, finished or running by now, or due later than its entry says: look at it, expire it
    where it is time (`acs.fleet.expiry`), and remove the entry last.
    """
    parts = ("ZRANGEBYSCORE", keyspace.DEADLINES, "-inf", now, "LIMIT", 0, limit)
    return Call(parts, lambda answer: [member.decode() for member in answer])


def remove_deadline(identifier: str) -> Call[None]:
    return Call(("ZREM", keyspace.DEADLINES, identifier), nothing)


# --- how tasks are written ------------------------------------------------------------------------------


def written(prefix: bytes, tasks: Sequence[Task], stamp: str) -> tuple[tuple[bytes, ...], tuple[Part, ...]]:
    """KEYS and ARGV of the Lua function `write_tasks` for these tasks."""
    keys = [prefix + keyspace.TASKS, prefix + keyspace.FINISHED_TASKS]
    open_tasks: list[Part] = []
    finished: list[Part] = []
    for task in tasks:
        if task.open:
            open_tasks += (task.id, codec.encode(task))
        else:
            keys.append(prefix + keyspace.FINISHED_TASK + task.id.encode())
            finished += (task.id, codec.encode_finished(task))
    head = (stamp, FINISHED_LIFE, FINISHED_CAP, len(open_tasks) // 2)
    return tuple(keys), (*head, *open_tasks, *finished)


def _decode_creation(answer: bytes) -> Creation:
    return cast(Creation, answer.decode())


def _decode_found(answer: list[Any]) -> FoundTask | None:
    stamp, open_record, finished_record = answer
    if open_record is not None:
        return FoundTask(codec.decode_task(open_record), (stamp or b"").decode())
    if finished_record is not None:
        return FoundTask(codec.decode_finished(finished_record), (stamp or b"").decode())
    return None


def _decode_list(answer: list[Any]) -> list[Task]:
    _, tasks = codec.decode_open_tasks(answer[0])
    every = [*tasks, *map(codec.decode_finished, answer[1])]
    every.sort(key=lambda task: task.created_at, reverse=True)
    return every


def _decode_changed(answer: list[Any]) -> Changed:
    if answer[0] == 1:
        return Changed("ok", answer[1].decode())
    _, tasks = codec.decode_open_tasks(answer[2])
    return Changed("conflict", answer[1].decode(), tasks)
