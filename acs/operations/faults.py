"""What went wrong on phones and was not put right since: tasks that failed, by phone.

A task that failed stands until a task of its type goes well on the same phone, until somebody tries it again,
or dismisses it. The index knows the phones of which some last task failed, so that nothing else is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from acs.fleet.identity import device_key
from acs.fleet.selector.expressions import TaskEnded
from acs.fleet.selector.parsing import Query
from acs.fleet.task import OPEN_STATES, Task, TaskState
from acs.operations import limits, tasks
from acs.operations.errors import Conflict, Invalid, NotFound
from acs.operations.phone_search import EVERYBODY, batched, chosen
from acs.operations.ports import Runner
from acs.operations.task_requests import Schedule
from acs.operations.tasks import TaskView
from acs.store import devices as devices_store
from acs.store import tasks as store
from acs.store.calls import Call
from acs.store.shapes import Shapes

#: Phones whose tasks are read in one round trip, and tasks that one answer may have.
PHONES = 500
MOST_TASKS = 50_000

_FAILED = Query("task failed", TaskEnded(TaskState.FAILED), {})


def standing(tasks_of_one: Sequence[Task]) -> list[Task]:
    """Those of one phone's tasks that failed, and after which none of their type went well."""
    well: dict[str, float] = {}
    for task in tasks_of_one:
        if task.state is TaskState.DONE:
            well[task.type] = max(well.get(task.type, 0), task.finished_at)
    return [
        task
        for task in tasks_of_one
        if task.state is TaskState.FAILED and task.finished_at >= well.get(task.type, 0)
    ]


async def of_phones(runner: Runner, device_ids: Sequence[str]) -> list[Task]:
    """The failed tasks that stand on these phones."""
    return [task for found in await _read(runner, device_ids, store.list_all) for task in standing(found)]


async def of_fleet(runner: Runner, shapes: Shapes, *, now: float) -> list[Task]:
    """The same of all phones that the caller may see."""
    selection = await chosen(runner, shapes, _FAILED, now=now)
    return await of_phones(runner, await runner.drive(selection.every()))


async def open_of_phones(runner: Runner, device_ids: Sequence[str]) -> list[Task]:
    """The tasks that are still to be done, or under way, on these phones."""
    return [task for found in await _read(runner, device_ids, store.open_tasks) for task in found]


async def open_of_fleet(runner: Runner, shapes: Shapes, *, now: float) -> list[Task]:
    """The same of all phones that the caller may see: each has to be looked at."""
    selection = await chosen(runner, shapes, EVERYBODY, now=now)
    return await open_of_phones(runner, await runner.drive(selection.every()))


async def find(runner: Runner, identifier: str) -> Task:
    """The task as it is kept. Raises NotFound, also for one of a phone that the caller may not see."""
    found = await runner.run(store.get(identifier))
    if found is None:
        raise NotFound("task", identifier)
    await limits.require(runner, found.task.device, kind="task", name=identifier)
    return found.task


async def dismiss(runner: Runner, identifier: str) -> Task:
    """Forget a task that failed. Raises NotFound, and Conflict for one that did not fail."""
    task = await find(runner, identifier)
    if task.state is not TaskState.FAILED:
        raise Conflict(f"The task is {task.state}; only one that failed can be dismissed.")
    await runner.drive(store.forget(task))
    return task


async def retry(
    runner: Runner, identifier: str, *, by: str, now: float, randomness: Callable[[int], bytes]
) -> TaskView:
    """Put the same work down again as a new task; the failed one is forgotten. An open task stays as it is.

    Raises NotFound, Conflict for one that has not failed, and what `tasks.create` raises.
    """
    task = await find(runner, identifier)
    if task.state in OPEN_STATES:
        return tasks.view(task)
    if task.state not in (TaskState.FAILED, TaskState.EXPIRED):
        raise Conflict(f"The task is {task.state}; there is nothing to be tried again.")
    known = await runner.run(devices_store.get(device_key(task.device)))
    if known is None:
        raise NotFound("device", task.device)
    schedule = Schedule(priority=task.priority, max_attempts=task.max_attempts, force=True)
    again = await tasks.create(runner, known, task.work, schedule, by=by, now=now, randomness=randomness)
    await runner.drive(store.forget(task))
    return again


async def _read(
    runner: Runner, device_ids: Sequence[str], call: Callable[[str], Call[Any]]
) -> list[Sequence[Task]]:
    found: list[Sequence[Task]] = []
    count = 0
    for part in batched(device_ids, PHONES):
        some: list[Sequence[Task]] = await runner.run_all([call(device_key(one)) for one in part])
        found += [one for one in some if one]
        count += sum(map(len, some))
        if count > MOST_TASKS:
            raise Invalid.field("query", f"means more than {MOST_TASKS} tasks", allowed="those of a device")
    return found
