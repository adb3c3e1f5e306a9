"""/nbi/faults: tasks that failed, until a task of their type goes well on the same phone."""

from __future__ import annotations

from typing import Any

from acs.northbound.nbi import listing, names, task_forms
from acs.northbound.nbi.devices import DONE
from acs.northbound.rest.replies import Reply
from acs.northbound.rest.routing import AnyQuery, Call, Route
from acs.operations import faults, tasks
from acs.operations.errors import NotFound
from acs.operations.phone_search import visible_ids
from acs.operations.tokens import Role


async def _list(call: Call) -> Reply:
    asked = listing.read(call, listing.plain)
    services, runner = call.services, call.services.runner
    devices = listing.named(asked.condition, "device")
    ids = listing.named(asked.condition, "_id")
    if devices is None and ids is not None:
        devices = tuple(dict.fromkeys(one.partition(":")[0] for one in ids))
    if devices is None:
        found = await faults.of_fleet(runner, services.shapes, now=call.now)
    else:
        phones = await visible_ids(runner, list(map(names.ours, devices)))
        found = await faults.of_phones(runner, phones)
    found.sort(key=lambda task: task.finished_at)
    return listing.answer(call, asked, [task_forms.fault(tasks.view(task)) for task in found])


async def _dismiss(call: Call) -> Reply:
    runner = call.services.runner
    for identifier in call.spellings("fault"):
        device, _, channel = identifier.partition(":")
        task = channel.removeprefix(task_forms.channel(""))
        if not task or task == channel:
            continue
        try:
            found = await faults.find(runner, task)
        except NotFound:
            continue
        if found.device == names.ours(device):
            await faults.dismiss(runner, task)
            return DONE
    raise NotFound("fault", call.segment("fault"))


ROUTES = (
    Route(
        method="GET",
        path="/nbi/faults/",
        limited=True,
        handle=_list,
        summary="The faults that stand",
        query=AnyQuery,
        answers={200: list[dict[str, Any]]},
    ),
    Route(
        method="DELETE",
        path="/nbi/faults/{fault}",
        limited=True,
        handle=_dismiss,
        summary="Dismiss a fault: its task is forgotten",
        role=Role.OPERATOR,
        query=AnyQuery,
        answers={200: None},
    ),
)
