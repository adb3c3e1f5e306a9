"""/api/v1/schedules: rollouts that are made again and again, or once at a set time."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from acs.northbound.rest.devices import Limit
from acs.northbound.rest.replies import NO_CONTENT, Reply, created, ok
from acs.northbound.rest.routing import Call, Route
from acs.northbound.rollout_desk import desk_for
from acs.operations import schedule_views, schedules
from acs.operations.rollout_desk import Desk
from acs.operations.rollouts import RolloutView
from acs.operations.schedule_views import ScheduleList, ScheduleView
from acs.operations.schedules import ScheduleChange, ScheduleRequest
from acs.operations.tokens import Role


class _ListQuery(Struct, frozen=True, forbid_unknown_fields=True):
    limit: Limit = 50
    cursor: Annotated[str, Meta(description="the `next` of the page before")] = ""


async def _create(call: Call) -> Reply:
    view = await schedules.create(_desk(call), call.read(ScheduleRequest))
    return created(view, f"{_ALL}/{view.id}")


async def _list(call: Call) -> Reply:
    query: _ListQuery = call.query
    runner = call.services.runner
    return ok(await schedule_views.list_all(runner, cursor=query.cursor, limit=query.limit))


async def _show(call: Call) -> Reply:
    return ok(await schedule_views.show(call.services.runner, call.segment("schedule"), now=call.now))


async def _change(call: Call) -> Reply:
    return ok(await schedules.change(_desk(call), call.segment("schedule"), call.read(ScheduleChange)))


async def _delete(call: Call) -> Reply:
    await schedules.delete(call.services.runner, call.segment("schedule"))
    return NO_CONTENT


async def _run(call: Call) -> Reply:
    view = await schedules.run(_desk(call), call.segment("schedule"))
    return created(view, f"/api/v1/rollouts/{view.id}")


def _desk(call: Call) -> Desk:
    return desk_for(call.services, call.actor)


_ALL = "/api/v1/schedules"
_ONE = _ALL + "/{schedule}"

ROUTES = (
    Route(
        method="GET",
        path=_ALL,
        handle=_list,
        limited=True,
        query=_ListQuery,
        summary="Schedules, newest first",
        answers={200: ScheduleList},
    ),
    Route(
        method="POST",
        path=_ALL,
        handle=_create,
        limited=True,
        summary="Make a schedule: a rollout by cron, or once at a set time",
        role=Role.ENGINEER,
        body=ScheduleRequest,
        answers={201: ScheduleView},
        problems=(409,),
    ),
    Route(
        method="GET",
        path=_ONE,
        handle=_show,
        limited=True,
        summary="One schedule with its last runs and those to come",
        answers={200: ScheduleView},
    ),
    Route(
        method="PATCH",
        path=_ONE,
        handle=_change,
        limited=True,
        summary="Change a schedule, turn it off and on; what is left out stays",
        role=Role.ENGINEER,
        body=ScheduleChange,
        answers={200: ScheduleView},
        problems=(409,),
    ),
    Route(
        method="DELETE",
        path=_ONE,
        handle=_delete,
        limited=True,
        summary="Forget a schedule; rollouts that it made go on",
        role=Role.ENGINEER,
        answers={204: None},
    ),
    Route(
        method="POST",
        path=_ONE + "/run",
        handle=_run,
        limited=True,
        summary="Make its rollout now, beside its due times",
        role=Role.ENGINEER,
        answers={201: RolloutView},
        problems=(409,),
    ),
)
