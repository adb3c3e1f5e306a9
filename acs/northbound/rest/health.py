"""/healthz, /readyz, /metrics: for whoever watches the server."""

from __future__ import annotations

from msgspec import Struct

from acs.northbound.rest.replies import Reply, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import health

_METRICS = "text/plain; version=0.0.4; charset=utf-8"


class Health(Struct, frozen=True):
    status: str
    version: str


async def _alive(call: Call) -> Reply:
    return ok(Health("alive", call.services.version))


async def _ready(call: Call) -> Reply:
    await health.check_ready(call.services.runner, call.services.files)
    return ok(Health("ready", call.services.version))


async def _metrics(call: Call) -> Reply:
    count = await health.device_count(call.services.runner)
    text = (
        "# HELP acs_build_info The version that is running.\n"
        "# TYPE acs_build_info gauge\n"
        f'acs_build_info{{version="{call.services.version}"}} 1\n'
        "# HELP acs_devices Devices known to the fleet, online or not.\n"
        "# TYPE acs_devices gauge\n"
        f"acs_devices {count}\n"
    )
    return Reply(200, text.encode(), content_type=_METRICS)


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
    Route(
        method="GET",
        path="/metrics",
        handle=_metrics,
        summary="Numbers in Prometheus' text format",
        answers={200: {_METRICS: str}},
    ),
)
