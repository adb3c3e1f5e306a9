"""Tasks: putting them down, looking at them, waiting for their end, cancelling them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from acs.datamodel.paths import is_secret
from acs.fleet.changes import TimelineEntry
from acs.fleet.identity import device_key, task_id
from acs.fleet.outcome import label
from acs.fleet.task import (
    OPEN_STATES,
    AddObjectWork,
    DownloadWork,
    SetParameterValuesWork,
    Task,
    TaskFault,
    TaskState,
    Work,
)
from acs.operations import limits
from acs.operations.audit import HIDDEN, blanked
from acs.operations.errors import Conflict, NotFound
from acs.operations.ports import Runner, Sleep, moment
from acs.operations.task_requests import Schedule, prepared
from acs.operations.wake import WakeView
from acs.store import metrics, timeline
from acs.store import tasks as store
from acs.store.devices import KnownDevice

#: The pause between two looks at a task that somebody waits for, in seconds: the first, and the longest.
FIRST_LOOK = 0.05
LONGEST_LOOK = 0.5


class TaskView(Struct, frozen=True):
    """`request` has the fields that the task was put down with, without passwords; null times mean never."""

    id: str
    device: str
    type: str
    state: TaskState
    request: dict[str, Any]
    result: Any
    fault: TaskFault | None
    evidence: dict[str, Any]
    priority: int
    created_at: datetime | None
    created_by: str
    not_before: datetime | None
    expires_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    #: when a waiting task is given up
    deadline: datetime | None
    attempts: int
    max_attempts: int
    #: in the answer to a task put down with wake=1: how the connection request went
    wake: WakeView | UnsetType = UNSET


class TaskList(Struct, frozen=True):
    items: list[TaskView]


async def create(
    runner: Runner,
    known: KnownDevice,
    work: Work,
    schedule: Schedule,
    *,
    by: str,
    now: float,
    randomness: Callable[[int], bytes],
) -> TaskView:
    """Put a task down. Raises Invalid with every field that cannot be, NotFound if the device is gone, and
    Conflict if it has too many open tasks."""
    device = known.device
    work = await prepared(runner, device, work, schedule, now=now)
    key = device_key(device.id)
    task = Task(
        id=task_id(key, randomness(6)),
        device=device.id,
        work=work,
        priority=schedule.priority,
        created_at=now,
        created_by=by,
        not_before=schedule.starts(),
        expires_at=schedule.ends(now),
        max_attempts=schedule.max_attempts,
    )
    creation = await runner.run(store.create(key, [task], stamp=store.fresh_stamp()))
    if creation == "unknown":
        raise NotFound("device", device.id)
    if creation == "full":
        raise Conflict(
            f"{device.id} has {store.OPEN_CAP} open tasks, the most a phone may have: cancel some, or wait."
        )
    await runner.run_all([timeline.push(key, [_entry(task, "put down", by, now)]), metrics.entered([task])])
    return view(task)


async def of_device(runner: Runner, known: KnownDevice, *, states: frozenset[TaskState]) -> list[TaskView]:
    """The device's tasks in these states (none: in any), newest first: all open and the last finished."""
    found = await runner.run(store.list_all(device_key(known.device.id)))
    return [view(task) for task in found if not states or task.state in states]


async def get(runner: Runner, identifier: str) -> TaskView:
    """Raises NotFound."""
    found = await runner.run(store.get(identifier))
    if found is None:
        raise NotFound("task", identifier)
    await limits.require(runner, found.task.device, kind="task", name=identifier)
    return view(found.task)


async def wait(runner: Runner, identifier: str, *, seconds: float, sleep: Sleep) -> TaskView:
    """The task as soon as it has ended, or as it is after so many seconds. Raises NotFound."""
    left, pause = seconds, FIRST_LOOK
    task = await get(runner, identifier)
    while left > 0 and task.state in OPEN_STATES:
        pause = min(pause, left)
        await sleep(pause)
        left -= pause
        pause = min(2 * pause, LONGEST_LOOK)
        task = await get(runner, identifier)
    return task


async def cancel(runner: Runner, identifier: str, *, by: str, now: float) -> TaskView:
    """Cancel a task that has not started. Raises NotFound, and Conflict when it has."""
    if limits.is_limited(runner):
        await get(runner, identifier)
    cancelled = await runner.drive(store.cancel(identifier, now=now, stamp=store.fresh_stamp()))
    task = cancelled.task
    if task is None:
        raise NotFound("task", identifier)
    if cancelled.outcome == "not_pending":
        raise Conflict(f"The task is {task.state}; only a pending one can be cancelled.")
    told = timeline.push(device_key(task.device), [_entry(task, "cancelled", by, now)])
    await runner.run_all([told, metrics.entered([task])])
    return view(task)


def view(task: Task) -> TaskView:
    return TaskView(
        id=task.id,
        device=task.device,
        type=task.type,
        state=task.state,
        request=_request(task.work),
        result=task.result,
        fault=task.fault,
        evidence=task.evidence,
        priority=task.priority,
        created_at=moment(task.created_at),
        created_by=task.created_by,
        not_before=moment(task.not_before),
        expires_at=moment(task.expires_at),
        started_at=moment(task.started_at),
        finished_at=moment(task.finished_at),
        deadline=moment(task.deadline),
        attempts=task.attempts,
        max_attempts=task.max_attempts,
    )


def _request(work: Work) -> dict[str, Any]:
    """The fields of the work, those left empty left out, and nothing secret in clear."""
    fields: dict[str, Any] = msgspec.to_builtins(work)
    if isinstance(work, SetParameterValuesWork | AddObjectWork | DownloadWork):
        secrets = fields.pop("secrets", ())
        fields["values"] = {
            name: HIDDEN if is_secret(name) or name in secrets else value
            for name, value in fields["values"].items()
        }
    if fields.get("password"):
        fields["password"] = HIDDEN
    if fields.get("url"):  # a login or a token in it
        fields["url"] = blanked(fields["url"])
    return {name: value for name, value in fields.items() if name != "type" and value not in ("", {})}


def _entry(task: Task, what: str, by: str, now: float) -> TimelineEntry:
    data = {"task": task.id, "type": task.type, "state": str(task.state), "by": by}
    return TimelineEntry(now, "task", f"{label(task)} {what} by {by}", data)
