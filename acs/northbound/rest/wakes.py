"""/api/v1/wake and /api/v1/devices/{device}/wake: the wake queue, and how a phone is woken."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from acs.northbound.rest.devices import device_of
from acs.northbound.rest.replies import Reply, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import wakes
from acs.operations.tokens import Role
from acs.operations.wakes import Cleared, Queued, QueueView, WakeHistory, WakeRequest


class _QueueQuery(Struct, frozen=True, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(ge=1, le=1000, description="how many of the next phones are shown")] = 50


async def _enqueue(call: Call) -> Reply:
    services, asked = call.services, call.read(WakeRequest)
    queued = await wakes.enqueue(
        services.runner, services.shapes, services.catalogue, asked, by=call.actor.name, now=call.now
    )
    return ok(queued)


async def _queue(call: Call) -> Reply:
    return ok(await wakes.queue(call.services.runner, limit=call.query.limit, now=call.now))


async def _clear(call: Call) -> Reply:
    return ok(await wakes.clear(call.services.runner))


async def _history(call: Call) -> Reply:
    return ok(await wakes.of_device(call.services.runner, await device_of(call), now=call.now))


ROUTES = (
    Route(
        method="POST",
        path="/api/v1/wake",
        limited=True,
        handle=_enqueue,
        summary="Put devices into the wake queue: each gets a connection request, as the pace allows",
        role=Role.OPERATOR,
        body=WakeRequest,
        answers={200: Queued},
    ),
    Route(
        method="GET",
        path="/api/v1/wake/queue",
        limited=True,
        handle=_queue,
        summary="The wake queue: how many are in it, the next ones, what the STUN server counted",
        query=_QueueQuery,
        answers={200: QueueView},
    ),
    Route(
        method="DELETE",
        path="/api/v1/wake/queue",
        limited=True,
        handle=_clear,
        summary="Empty the wake queue",
        role=Role.OPERATOR,
        answers={200: Cleared},
    ),
    Route(
        method="GET",
        path="/api/v1/devices/{device}/wake",
        handle=_history,
        summary="How the device is woken: its ways, the last connection requests and what came of them",
        answers={200: WakeHistory},
    ),
)
