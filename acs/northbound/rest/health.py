"""/healthz, /readyz: for whoever watches the server."""

from __future__ import annotations

from msgspec import Struct

from acs.northbound.rest.replies import Reply, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import health


class Health(Struct, frozen=True):
    status: str
    version: str


async def _alive(call: Call) -> Reply:
    return ok(Health("alive", call.services.version))


async def _ready(call: Call) -> Reply:
    await health.check_ready(call.services.runner, call.services.files)
    return ok(Health("ready", call.services.version))


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
        summary="Whether the server can do its work; a 503 says what is missing",
        role=None,
        answers={200: Health},
        problems=(503,),
    ),
)
