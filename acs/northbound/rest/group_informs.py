"""/api/v1/groups/{group}/informs: phones of a group that inform more often for the time being."""

from __future__ import annotations

from acs.northbound.rest.replies import NO_CONTENT, Reply, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import group_informs
from acs.operations.group_informs import InformsRequest, InformsView
from acs.operations.tokens import Role


async def _show(call: Call) -> Reply:
    return ok(await group_informs.show(call.services.runner, call.segment("group"), now=call.now))


async def _tighten(call: Call) -> Reply:
    asked, name = call.read(InformsRequest), call.segment("group")
    view = await group_informs.tighten(call.services.runner, name, asked, by=call.actor.name, now=call.now)
    return ok(view)


async def _loosen(call: Call) -> Reply:
    await group_informs.loosen(call.services.runner, call.segment("group"), now=call.now)
    return NO_CONTENT


_PATH = "/api/v1/groups/{group}/informs"

ROUTES = (
    Route(
        method="GET",
        path=_PATH,
        handle=_show,
        summary="Whether the phones of a group inform more often for the time being",
        answers={200: InformsView},
    ),
    Route(
        method="PUT",
        path=_PATH,
        handle=_tighten,
        summary="Have them inform more often for a while; afterwards they get back what they had",
        role=Role.ENGINEER,
        body=InformsRequest,
        answers={200: InformsView},
    ),
    Route(
        method="DELETE",
        path=_PATH,
        handle=_loosen,
        summary="Have them inform as usual again",
        role=Role.ENGINEER,
        answers={204: None},
    ),
)
