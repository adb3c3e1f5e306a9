"""/healthz, /readyz: for whoever watches the server."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from acs.northbound.rest.replies import Reply, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import health
from acs.operations.errors import Unavailable
from acs.operations.health import Ready

#: Seconds for which Redis may keep an answer waiting: load balancers wait no longer.
PATIENCE = 3.0


class Health(Struct, frozen=True):
    status: str
    version: str


async def _alive(call: Call) -> Reply:
    return ok(Health("alive", call.services.version))


async def _ready(call: Call) -> Reply:
    services = call.services
    looked = health.check_ready(
        services.runner,
        services.files,
        services.version,
        now=call.now,
        closed=services.closed_ports(),
    )
    return ok(await _in_time(looked, services.reactor))


def _in_time(looked: Coroutine[Any, Any, Ready], reactor: IReactorTime) -> Deferred[Ready]:
    """What the look comes to, or Unavailable after `PATIENCE`.

    A slow look goes on: to cancel it would cost its connection to Redis, which others share.
    """
    answer: Deferred[Ready] = Deferred()
    slow = Unavailable(f"Not ready. Redis has not answered for {PATIENCE:g} seconds.", retry_after=2)
    clock: Any = reactor  # twisted is not typed throughout
    late = clock.callLater(PATIENCE, answer.errback, slow)

    def fine(ready: Ready) -> None:
        if not answer.called:
            late.cancel()
            answer.callback(ready)

    def wrong(reason: Failure) -> None:
        if not answer.called:
            late.cancel()
            answer.errback(reason)

    Deferred.fromCoroutine(looked).addCallbacks(fine, wrong)
    return answer


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
