"""…/config/drift, apply and verify of one phone, and plans: desired against known, and what to do."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, structs

from acs.fleet.selector.lexing import LONGEST
from acs.northbound.rest.configuration import phone_of
from acs.northbound.rest.devices import Limit
from acs.northbound.rest.replies import Reply, created, ok
from acs.northbound.rest.routing import Call, Route
from acs.northbound.rest.tasks import WakeQuery, send_wake
from acs.operations import configuration_drift, configuration_plan, selectors
from acs.operations.configuration_drift import ApplyRequest, ApplyView, DriftPage, DriftView
from acs.operations.configuration_plan_views import PlanRequest, PlanView
from acs.operations.planned_changes import Server
from acs.operations.tasks import TaskView
from acs.operations.tokens import Role


class _ListQuery(Struct, frozen=True, forbid_unknown_fields=True):
    q: Annotated[
        str, Meta(max_length=LONGEST, description="a selector: the phones that are looked at; all")
    ] = ""
    limit: Limit = 50
    cursor: Annotated[str, Meta(description="the `next` of the page before")] = ""


async def _list(call: Call) -> Reply:
    query: _ListQuery = call.query
    services = call.services
    page = await configuration_drift.page(
        services.runner,
        services.shapes,
        selectors.read(query.q.strip() or "all", services.catalogue, field="q"),
        cursor=query.cursor,
        limit=query.limit,
        now=call.now,
    )
    return ok(page)


async def _drift(call: Call) -> Reply:
    services = call.services
    view = await configuration_drift.show(
        services.runner,
        services.shapes,
        services.catalogue,
        services.config_window,
        await phone_of(call),
        now=call.now,
    )
    return ok(view)


async def _apply(call: Call) -> Reply:
    target = await phone_of(call)
    asked = call.read(ApplyRequest)
    view = await configuration_drift.apply(
        call.services.runner, target, asked, by=call.actor.name, now=call.now
    )
    if call.query.wake:
        device_id = configuration_drift.called(target).device.id
        view = structs.replace(view, wake=await send_wake(call, device_id))
    return ok(view)


async def _verify(call: Call) -> Reply:
    services = call.services
    task = await configuration_drift.verify(
        services.runner,
        services.shapes,
        await phone_of(call),
        by=call.actor.name,
        now=call.now,
        randomness=services.randomness,
    )
    if call.query.wake:
        task = structs.replace(task, wake=await send_wake(call, task.device))
    return created(task, f"/api/v1/tasks/{task.id}")


async def _plan(call: Call) -> Reply:
    services, asked = call.services, call.read(PlanRequest)
    server = Server(services.shapes, services.catalogue, services.config_window)
    return ok(await configuration_plan.make(services.runner, server, asked, now=call.now))


_CONFIG = "/api/v1/devices/{device}/config"

ROUTES = (
    Route(
        method="GET",
        path="/api/v1/config/drift",
        limited=True,
        handle=_list,
        summary="Phones whose desired configuration is not all on them, as their last sessions left it",
        query=_ListQuery,
        answers={200: DriftPage},
    ),
    Route(
        method="POST",
        path="/api/v1/config/plan",
        limited=True,
        handle=_plan,
        summary="What a change of configuration would come to, phone by phone, without touching any",
        body=PlanRequest,
        answers={200: PlanView},
        problems=(404,),
    ),
    Route(
        method="GET",
        path=_CONFIG + "/drift",
        handle=_drift,
        summary="Desired against known, key by key: what is not known to be on the phone, and why",
        answers={200: DriftView},
        problems=(409,),
    ),
    Route(
        method="POST",
        path=_CONFIG + "/apply",
        handle=_apply,
        summary="Have the phone's next session look at its configuration again; with now it may reboot",
        role=Role.OPERATOR,
        query=WakeQuery,
        body=ApplyRequest,
        answers={200: ApplyView},
        problems=(409,),
    ),
    Route(
        method="POST",
        path=_CONFIG + "/verify",
        handle=_verify,
        summary="Have the phone upload its configuration, which is then compared key by key",
        role=Role.OPERATOR,
        query=WakeQuery,
        answers={201: TaskView},
        problems=(409,),
    ),
)
