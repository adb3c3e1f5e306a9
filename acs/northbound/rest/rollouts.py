"""/api/v1/rollouts: changes to many phones, wave by wave."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from msgspec import Meta, Struct

from acs.fleet.rollout.definition import Definition
from acs.fleet.rollout.member import Outcome
from acs.northbound.rest.devices import Limit
from acs.northbound.rest.replies import Reply, created, ok
from acs.northbound.rest.routing import Call, Route
from acs.northbound.rollout_desk import desk_for
from acs.operations import rollout_plans, rollouts
from acs.operations.rollout_desk import Desk
from acs.operations.rollout_plans import RolloutPlan
from acs.operations.rollouts import MemberList, RetryRequest, RolloutList, RolloutView
from acs.operations.tokens import Role

_Cursor = Annotated[str, Meta(description="the `next` of the page before")]


class _ListQuery(Struct, frozen=True, forbid_unknown_fields=True):
    limit: Limit = 50
    cursor: _Cursor = ""


class _MembersQuery(Struct, frozen=True, forbid_unknown_fields=True):
    outcome: Outcome | None = None
    limit: Limit = 50
    cursor: _Cursor = ""


async def _create(call: Call) -> Reply:
    view = await rollouts.create(_desk(call), call.read(Definition))
    return created(view, f"/api/v1/rollouts/{view.id}")


async def _plan(call: Call) -> Reply:
    return ok(await rollout_plans.of_definition(_desk(call), call.read(Definition)))


async def _plan_stored(call: Call) -> Reply:
    return ok(await rollout_plans.of_stored(_desk(call), call.segment("rollout")))


async def _list(call: Call) -> Reply:
    query: _ListQuery = call.query
    return ok(
        await rollouts.list_all(call.services.runner, cursor=query.cursor, limit=query.limit, now=call.now)
    )


async def _show(call: Call) -> Reply:
    return ok(await rollouts.show(call.services.runner, call.segment("rollout"), now=call.now))


async def _members(call: Call) -> Reply:
    query: _MembersQuery = call.query
    page = await rollouts.members(
        call.services.runner,
        call.segment("rollout"),
        outcome=query.outcome,
        cursor=query.cursor,
        limit=query.limit,
    )
    return ok(page)


async def _retry(call: Call) -> Reply:
    asked = call.read_if_given(RetryRequest)
    return ok(await rollouts.retry(_desk(call), call.segment("rollout"), asked))


async def _rollback(call: Call) -> Reply:
    view = await rollouts.rollback(_desk(call), call.segment("rollout"))
    return created(view, f"/api/v1/rollouts/{view.id}")


def _steering(change: Callable[..., Awaitable[RolloutView]]) -> Callable[[Call], Awaitable[Reply]]:
    async def handle(call: Call) -> Reply:
        return ok(await change(_desk(call), call.segment("rollout")))

    return handle


def _desk(call: Call) -> Desk:
    return desk_for(call.services, call.actor)


_ALL = "/api/v1/rollouts"
_ONE = _ALL + "/{rollout}"


def _post(path: str, handle: Any, summary: str, **more: Any) -> Route:
    given = {
        "answers": {200: RolloutView},
        "problems": (409,),
        "role": Role.ENGINEER,
        "limited": True,
        **more,
    }
    return Route(method="POST", path=path, handle=handle, summary=summary, **given)


ROUTES = (
    Route(
        method="GET",
        path=_ALL,
        handle=_list,
        summary="Rollouts, newest first",
        limited=True,
        query=_ListQuery,
        answers={200: RolloutList},
    ),
    _post(
        _ALL,
        _create,
        "Make a rollout; with start it begins by itself",
        body=Definition,
        answers={201: RolloutView},
        problems=(),
    ),
    _post(
        _ALL + "/plan",
        _plan,
        "What such a rollout would do, told without making it",
        body=Definition,
        answers={200: RolloutPlan},
        problems=(),
        role=Role.VIEWER,
    ),
    Route(
        method="GET",
        path=_ONE,
        handle=_show,
        summary="One rollout: state, waves, forecast",
        limited=True,
        answers={200: RolloutView},
    ),
    Route(
        method="GET",
        path=_ONE + "/devices",
        handle=_members,
        query=_MembersQuery,
        summary="Its phones with their outcome and evidence",
        limited=True,
        answers={200: MemberList},
    ),
    _post(
        _ONE + "/plan",
        _plan_stored,
        "What it would do, before its start",
        answers={200: RolloutPlan},
        role=Role.VIEWER,
    ),
    _post(_ONE + "/start", _steering(rollouts.start), "Start it now"),
    _post(_ONE + "/pause", _steering(rollouts.pause), "Let nothing begin for now"),
    _post(_ONE + "/resume", _steering(rollouts.resume), "Go on; what went wrong so far is forgiven"),
    _post(
        _ONE + "/retry", _retry, "Give those that failed another turn", body=RetryRequest, body_optional=True
    ),
    _post(_ONE + "/abort", _steering(rollouts.abort), "End it; what has begun ends by itself"),
    _post(
        _ONE + "/rollback",
        _rollback,
        "Bring back what its changed phones had, as a rollout of its own",
        answers={201: RolloutView},
    ),
)
