"""Tasks: one operation for each type that puts one down; looking, waiting, cancelling, listing."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import NODEFAULT, Meta, Struct, defstruct, structs
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from acs.fleet.task import TaskState
from acs.northbound.rest.tasks import PATIENCE_BESIDE_TASK
from acs.northbound.soap.devices import LOOK, TOUCH, find, send_wake
from acs.northbound.soap.operations import Asking, Change, Device, Operation
from acs.operations import task_requests, tasks
from acs.operations.tasks import TaskList, TaskView

TaskId = Annotated[str, Meta(min_length=1, max_length=200, description="the id of a task")]
Wake = Annotated[bool, Meta(description="send a connection request as well")]

#: Fields of a download that the server fills in by itself.
OWN = frozenset({"size", "sha256", "values", "secrets"})


class GetTask(Struct, frozen=True):
    task: TaskId


class WaitTask(Struct, frozen=True):
    task: TaskId
    seconds: Annotated[float, Meta(ge=0, le=60, description="how long to wait for its end at most")] = 30


class CancelTask(Struct, frozen=True):
    task: TaskId


class ListTasks(Struct, frozen=True):
    device: Device
    states: Annotated[list[TaskState], Meta(max_length=len(TaskState))] = []


def words(tag: str) -> str:
    return "".join("RPC" if word == "rpc" else word.title() for word in tag.split("_"))


def _request(tag: str, kind: type[Struct]) -> type[Struct]:
    """The fields of the task with the phone's name before them."""
    fields: list[Any] = [("device", Device)]
    for field in structs.fields(kind):
        if tag == "download" and field.name in OWN:
            continue
        fields.append((field.name, field.type, *default(field)))
    fields.append(("wake", Wake, False))
    return defstruct(f"Create{words(tag)}Task", fields, frozen=True, kw_only=True, module=__name__)


def default(field: structs.FieldInfo) -> tuple[Any, ...]:
    if field.required:
        return ()
    factory = field.default_factory
    return (field.default,) if factory is NODEFAULT else (msgspec.field(default_factory=factory),)


def _creation(tag: str, kind: type[Struct]) -> Operation:
    request = _request(tag, kind)

    async def create(asking: Asking, asked: Any) -> TaskView:
        known = await find(asking, asked.device)
        body = {"type": tag, **msgspec.to_builtins(asked)}
        wake = body.pop("wake")
        del body["device"]
        work, schedule = task_requests.read({name: one for name, one in body.items() if one is not None})
        services = asking.services
        task = await tasks.create(
            services.runner,
            known,
            work,
            schedule,
            by=asking.by,
            now=asking.now,
            randomness=services.randomness,
        )
        if wake:
            outcome = await send_wake(asking, known.device.id, PATIENCE_BESIDE_TASK)
            task = structs.replace(task, wake=outcome)
        return task

    return Operation(
        name=request.__name__,
        summary=f"Put a task of the type {tag} down for one phone",
        request=request,
        answer=TaskView,
        perform=create,
        rule=TOUCH,
        change=Change(
            operation="devices.tasks.create",
            on=lambda asked, task: f"tasks/{task.id}" if task else f"devices/{asked.device}/tasks",
        ),
    )


async def _get(asking: Asking, asked: GetTask) -> TaskView:
    return await tasks.get(asking.services.runner, asked.task)


async def _wait(asking: Asking, asked: WaitTask) -> TaskView:
    def sleep(seconds: float) -> Deferred[None]:
        return deferLater(asking.services.reactor, seconds)

    return await tasks.wait(asking.services.runner, asked.task, seconds=asked.seconds, sleep=sleep)


async def _cancel(asking: Asking, asked: CancelTask) -> TaskView:
    return await tasks.cancel(asking.services.runner, asked.task, by=asking.by, now=asking.now)


async def _list(asking: Asking, asked: ListTasks) -> TaskList:
    known = await find(asking, asked.device)
    return TaskList(await tasks.of_device(asking.services.runner, known, states=frozenset(asked.states)))


OPERATIONS = (
    *(_creation(tag, kind) for tag, kind in task_requests.REQUESTS.items()),
    Operation(name="GetTask", summary="One task", request=GetTask, answer=TaskView, perform=_get, rule=LOOK),
    Operation(
        name="WaitTask",
        summary="One task as soon as it has ended, or as it is after so many seconds",
        request=WaitTask,
        answer=TaskView,
        perform=_wait,
        rule=LOOK,
        waits=True,
    ),
    Operation(
        name="CancelTask",
        summary="Cancel a task that has not started",
        request=CancelTask,
        answer=TaskView,
        perform=_cancel,
        rule=TOUCH,
        change=Change(operation="tasks.delete", on=lambda asked, _: f"tasks/{asked.task}"),
    ),
    Operation(
        name="ListTasks",
        summary="The tasks of one phone, newest first: the open ones and the last finished",
        request=ListTasks,
        answer=TaskList,
        perform=_list,
        rule=LOOK,
    ),
)
