"""/api/v1/devices/{device}/tasks, …/wake and /api/v1/tasks: what is to be done to a phone."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, structs
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from acs.fleet.task import TaskState
from acs.northbound import waking
from acs.northbound.rest.devices import device_of
from acs.northbound.rest.replies import Reply, created, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import task_requests, tasks
from acs.operations.errors import Invalid
from acs.operations.task_requests import TaskRequest
from acs.operations.tasks import TaskList, TaskView
from acs.operations.tokens import Role
from acs.operations.wake import WakeView

#: Seconds that a request waits for the outcome of its connection request: beside a task, and alone.
PATIENCE_BESIDE_TASK = 3.0
PATIENCE = 30.0


class WakeQuery(Struct, frozen=True, forbid_unknown_fields=True):
    wake: Annotated[bool, Meta(description="send a connection request as well")] = False


class _ListQuery(Struct, frozen=True, forbid_unknown_fields=True):
    state: Annotated[str, Meta(description="only tasks in this state; several with commas between")] = ""


class _WaitQuery(Struct, frozen=True, forbid_unknown_fields=True):
    wait: Annotated[
        float, Meta(ge=0, le=60, description="seconds to wait for the task's end before answering")
    ] = 0


async def _create(call: Call) -> Reply:
    known = await device_of(call)
    work, schedule = task_requests.read(call.json())
    task = await tasks.create(
        call.services.runner,
        known,
        work,
        schedule,
        by=call.actor.name,
        now=call.now,
        randomness=call.services.randomness,
    )
    location = f"/api/v1/tasks/{task.id}"
    if call.query.wake:
        outcome = await send_wake(call, known.device.id)
        task = structs.replace(task, wake=outcome)
    return created(task, location)


async def _list(call: Call) -> Reply:
    known = await device_of(call)
    states = _states(call.query.state)
    return ok(TaskList(await tasks.of_device(call.services.runner, known, states=states)))


async def _show(call: Call) -> Reply:
    def sleep(seconds: float) -> Deferred[None]:
        return deferLater(call.services.reactor, seconds)

    identifier = call.segment("task")
    return ok(await tasks.wait(call.services.runner, identifier, seconds=call.query.wait, sleep=sleep))


async def _cancel(call: Call) -> Reply:
    identifier = call.segment("task")
    return ok(await tasks.cancel(call.services.runner, identifier, by=call.actor.name, now=call.now))


async def _wake(call: Call) -> Reply:
    known = await device_of(call)
    return ok(await send_wake(call, known.device.id, PATIENCE))


async def send_wake(call: Call, device_id: str, patience: float = PATIENCE_BESIDE_TASK) -> WakeView:
    """A connection request, and its outcome as far as it is known within `patience`."""
    return await waking.send_wake(
        call.services, device_id, patience=patience, by=call.actor.name, now=call.now
    )


def _states(text: str) -> frozenset[TaskState]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    permitted = [str(state) for state in TaskState]
    for name in names:
        if name not in permitted:
            raise Invalid.field("state", "is no state of a task", value=name, allowed=permitted)
    return frozenset(map(TaskState, names))


_TASKS = "/api/v1/devices/{device}/tasks"
_TASK = "/api/v1/tasks/{task}"

ROUTES = (
    Route(
        method="POST",
        path=_TASKS,
        handle=_create,
        summary="Put a task down for the device",
        role=Role.OPERATOR,
        query=WakeQuery,
        body=TaskRequest,
        answers={201: TaskView},
        problems=(409,),
    ),
    Route(
        method="GET",
        path=_TASKS,
        handle=_list,
        summary="The device's tasks, newest first: the open ones and the last finished",
        query=_ListQuery,
        answers={200: TaskList},
    ),
    Route(
        method="GET",
        path=_TASK,
        limited=True,
        handle=_show,
        summary="One task; with wait, as soon as it has ended",
        query=_WaitQuery,
        answers={200: TaskView},
    ),
    Route(
        method="DELETE",
        path=_TASK,
        limited=True,
        handle=_cancel,
        summary="Cancel a task that has not started",
        role=Role.OPERATOR,
        answers={200: TaskView},
        problems=(409,),
    ),
    Route(
        method="POST",
        path="/api/v1/devices/{device}/wake",
        handle=_wake,
        summary="Send a connection request, so that the phone starts a session now",
        role=Role.OPERATOR,
        answers={200: WakeView},
    ),
)
