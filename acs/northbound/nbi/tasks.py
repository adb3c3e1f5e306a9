"""/nbi/tasks and /nbi/devices/{device}/tasks: what is to be done to phones, and connection requests.

A task stays in the collection while it is open, and when it has failed until its fault is gone; one that was
done is there no more, as GenieACS has it. REST shows all of them for a month.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from acs.fleet.task import Task, TaskState
from acs.fleet.waking import Kind
from acs.northbound.nbi import listing, names, task_forms
from acs.northbound.nbi.devices import DONE, device_of
from acs.northbound.nbi.documents import written
from acs.northbound.rest.problems import BadRequest
from acs.northbound.rest.replies import Reply
from acs.northbound.rest.routing import AnyQuery, Call, Route
from acs.northbound.rest.tasks import PATIENCE, PATIENCE_BESIDE_TASK, send_wake
from acs.operations import faults, parameters, task_requests, tasks
from acs.operations.errors import Invalid, NotFound
from acs.operations.phone_search import visible_ids
from acs.operations.tasks import FIRST_LOOK, LONGEST_LOOK, TaskView
from acs.operations.tokens import Role
from acs.operations.wake import UNDER_WAY, WakeView
from acs.store.devices import KnownDevice

#: Milliseconds that a phone has to begin, where the URL does not say; the most it may say.
TIMEOUT = 4000
LONGEST_TIMEOUT = 120_000

#: Seconds that a task which has begun may take before it is answered as it is.
LONGEST_WORK = 120.0

#: After these the phone may be expected to call, or is calling already.
_REACHED = frozenset((Kind.ACCEPTED, Kind.SENT, Kind.CAME, Kind.DECLINED, UNDER_WAY))

_QUEUED = "Task queued but not processed"
_FAULTED = "Task faulted"


# --- putting down ---------------------------------------------------------------------------------------


async def _create(call: Call) -> Reply:
    known = await device_of(call)
    asked = listing.parameters(call)
    timeout, wakes = _timeout(asked.get("timeout", "")), "connection_request" in asked
    if not call.body.size:
        if not wakes:
            raise BadRequest('The body is empty; a task such as {"name": "reboot"}, or ?connection_request.')
        return await _only_wake(call, known)
    task = await _put_down(call, known)
    if not wakes:
        return _answer(task, 202)
    sent = await send_wake(call, known.device.id, PATIENCE_BESIDE_TASK)
    if sent.outcome not in _REACHED:
        return _answer(task, 202, sent.text)
    task = await _followed(call, task, timeout / 1000)
    if task.state in (TaskState.DONE, TaskState.WAITING):
        return _answer(task, 200)
    return _answer(task, 202, _FAULTED if task.state is TaskState.FAILED else _QUEUED)


async def _put_down(call: Call, known: KnownDevice) -> TaskView:
    services = call.services
    tree = await parameters.load(services.runner, services.shapes, known.device)
    try:
        work, schedule = task_requests.read(task_forms.read(call.json(), tree))
        return await tasks.create(
            services.runner,
            known,
            work,
            schedule,
            by=call.actor.name,
            now=call.now,
            randomness=services.randomness,
        )
    except Invalid as refusal:
        raise task_forms.renamed(refusal) from None


async def _only_wake(call: Call, known: KnownDevice) -> Reply:
    sent = await send_wake(call, known.device.id, PATIENCE)
    if sent.outcome in _REACHED:
        return DONE
    return Reply(504, _plain(sent), (), "text/plain; charset=utf-8", phrase=_on_one_line(sent.text))


def _plain(sent: WakeView) -> bytes:
    return f"{sent.text}\n".encode()


async def _followed(call: Call, task: TaskView, seconds: float) -> TaskView:
    """The task when the phone has taken or ended it; as it is where the phone does not begin in time."""
    pause, waited = FIRST_LOOK, 0.0
    begun, sleep = False, listing.sleep_of(call)
    while task.state in (TaskState.PENDING, TaskState.RUNNING):
        begun = begun or task.state is TaskState.RUNNING
        if waited >= (LONGEST_WORK if begun else seconds):
            break
        await sleep(pause)
        waited += pause
        pause = min(2 * pause, LONGEST_LOOK)
        task = await tasks.get(call.services.runner, task.id)
    return task


def _timeout(text: str) -> int:
    if not text.strip():
        return TIMEOUT
    if not text.isascii() or not text.isdecimal() or int(text[:9]) > LONGEST_TIMEOUT:
        raise BadRequest(f"timeout: is {text!r}; it must be milliseconds, from 0 to {LONGEST_TIMEOUT}.")
    return int(text)


def _answer(task: TaskView, status: int, phrase: str = "") -> Reply:
    location = (("Location", f"/nbi/tasks/{task.id}"),)
    return Reply(status, written(task_forms.document(task)), location, phrase=_on_one_line(phrase))


def _on_one_line(text: str) -> str:
    """What can stand behind a status."""
    return " ".join(text.encode("ascii", "replace").decode().split())


# --- looking, deleting ----------------------------------------------------------------------------------


async def _list(call: Call) -> Reply:
    asked = listing.read(call, listing.plain)
    ids, devices = (listing.named(asked.condition, path) for path in ("_id", "device"))
    found = await _meant(call, ids, devices)
    return listing.answer(call, asked, [task_forms.document(tasks.view(task)) for task in found])


async def _meant(call: Call, ids: Sequence[str] | None, devices: Sequence[str] | None) -> list[Task]:
    """All tasks of the collection that may be meant."""
    services, runner = call.services, call.services.runner
    if ids is not None:
        return await _by_id(call, ids)
    if devices is not None:
        phones = await visible_ids(runner, list(map(names.ours, devices)))
        found = [*await faults.open_of_phones(runner, phones), *await faults.of_phones(runner, phones)]
    else:
        found = [
            *await faults.open_of_fleet(runner, services.shapes, now=call.now),
            *await faults.of_fleet(runner, services.shapes, now=call.now),
        ]
    return sorted(found, key=lambda task: task.created_at)


async def _by_id(call: Call, ids: Iterable[str]) -> list[Task]:
    found = []
    for identifier in dict.fromkeys(ids):
        try:
            task = await faults.find(call.services.runner, identifier)
        except NotFound:
            continue
        if task.open or (task.state is TaskState.FAILED and await _stands(call, task)):
            found.append(task)
    return found


async def _stands(call: Call, task: Task) -> bool:
    return any(one.id == task.id for one in await faults.of_phones(call.services.runner, [task.device]))


async def _delete(call: Call) -> Reply:
    services, identifier = call.services, call.segment("task")
    task = await faults.find(services.runner, identifier)
    if task.state is TaskState.FAILED:
        await faults.dismiss(services.runner, identifier)
    else:
        await tasks.cancel(services.runner, identifier, by=call.actor.name, now=call.now)
    return DONE


async def _retry(call: Call) -> Reply:
    services = call.services
    task = await faults.retry(
        services.runner,
        call.segment("task"),
        by=call.actor.name,
        now=call.now,
        randomness=services.randomness,
    )
    return _answer(task, 200)


_TASK = "/nbi/tasks/{task}"

ROUTES = (
    Route(
        method="POST",
        path="/nbi/devices/{device}/tasks",
        limited=True,
        handle=_create,
        summary="Put a task down; with connection_request, wake the phone and wait for it",
        role=Role.OPERATOR,
        query=AnyQuery,
        body=dict[str, Any],
        answers={200: dict[str, Any], 202: dict[str, Any], 504: None},
        operation="devices.tasks.create",
        told=task_forms.told,
    ),
    Route(
        method="GET",
        path="/nbi/tasks/",
        limited=True,
        handle=_list,
        summary="The tasks that are open, and those that failed",
        query=AnyQuery,
        answers={200: list[dict[str, Any]]},
    ),
    Route(
        method="DELETE",
        path=_TASK,
        limited=True,
        handle=_delete,
        summary="Cancel a task that has not started, or forget one that failed",
        role=Role.OPERATOR,
        query=AnyQuery,
        answers={200: None},
    ),
    Route(
        method="POST",
        path=_TASK + "/retry",
        limited=True,
        handle=_retry,
        summary="Put the work of a task that failed down again",
        role=Role.OPERATOR,
        query=AnyQuery,
        answers={200: dict[str, Any]},
        operation="tasks.retry",
    ),
)
