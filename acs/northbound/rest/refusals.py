"""/api/v1/refusals: what was turned away at the doors."""

from __future__ import annotations

from msgspec import Struct

from acs.northbound.rest.devices import Limit
from acs.northbound.rest.replies import Reply, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import refusals
from acs.operations.refusals import RefusalView


class RefusalList(Struct, frozen=True):
    items: list[RefusalView]


class _ListQuery(Struct, frozen=True, forbid_unknown_fields=True):
    limit: Limit = 50


async def _list(call: Call) -> Reply:
    return ok(RefusalList(await refusals.newest(call.services.runner, limit=call.query.limit)))


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/refusals",
        handle=_list,
        summary="Wrong logins, what is no CWMP, forged links; newest first, the last few hundred",
        query=_ListQuery,
        answers={200: RefusalList},
    ),
)
