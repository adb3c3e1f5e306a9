"""/healthz, /readyz: for whoever watches the server."""

from __future__ import annotations

from msgspec import Struct

from acs.northbound.rest.replies import Reply, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import health
from acs.operations.health import Ready


class Health(Struct, frozen=True):
    status: str
    version: str


async def _alive(call: Call) -> Reply:
    return ok(Health("alive", call.services.version))


async def _ready(call: Call) -> Reply:
    services = call.services
    ready = await health.check_ready(
        services.runner,
        services.files,
        services.version,
        now=call.now,
        closed=services.closed_ports(),
    )
    return ok(ready)


ROUTES = (
    Route(
        method="GET",
        path="/healthz",
        handle=_alive,
        summary="Whether the server runs",
        role=None,
        answers={200: Health},
    ),
    Route(
        method="GET",
        path="/readyz",
        handle=_ready,
        summary="Whether the server can do its work, and what it lacks",
        role=None,
        answers={200: Ready},
        problems=(503,),
    ),
)
