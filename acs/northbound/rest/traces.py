"""/api/v1/devices/{device}/traces: sessions of a phone that are recorded."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from acs.northbound.rest.devices import device_of
from acs.northbound.rest.replies import JSON, NO_CONTENT, Reply, created, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import trace_exports, traces
from acs.operations.tokens import Role
from acs.operations.traces import ArmedView, ReplayView, TraceList, TraceRequest, TraceView

_TEXT = "text/plain; charset=utf-8"

#: No registered type, but the one that the makers of such files use.
_HAR = "application/har+json"


class _ShowQuery(Struct, frozen=True, forbid_unknown_fields=True):
    format: Annotated[
        Literal["json", "text", "har"],
        Meta(description="json, text for people, or har: HTTP Archive 1.2 with the bodies as they came"),
    ] = "json"


async def _arm(call: Call) -> Reply:
    known = await device_of(call)
    asked = call.read(TraceRequest) if call.body.size else TraceRequest()
    armed = await traces.arm(call.services.runner, known, asked, by=call.actor.name, now=call.now)
    return created(armed, call.request.path.decode("ascii", "replace"))


async def _disarm(call: Call) -> Reply:
    known = await device_of(call)
    await traces.disarm(call.services.runner, known, by=call.actor.name, now=call.now)
    return NO_CONTENT


async def _list(call: Call) -> Reply:
    return ok(await traces.list_all(call.services.runner, await device_of(call), now=call.now))


async def _show(call: Call) -> Reply:
    query: _ShowQuery = call.query
    runner, known, trace = call.services.runner, await device_of(call), call.segment("trace")
    view = await traces.show(runner, known, trace)
    if query.format == "text":
        return Reply(200, trace_exports.as_text(view).encode(), content_type=_TEXT)
    if query.format == "har":
        _, recorded = await traces.find(runner, known, trace)
        made: dict[str, Any] = trace_exports.as_har(view, recorded, call.services.version)
        return Reply(200, msgspec.json.encode(made), content_type=_HAR)
    return ok(view)


async def _delete(call: Call) -> Reply:
    known = await device_of(call)
    await traces.delete(call.services.runner, known, call.segment("trace"))
    return NO_CONTENT


async def _replay(call: Call) -> Reply:
    services, known = call.services, await device_of(call)
    return ok(await traces.replay(services.runner, services.replay, known, call.segment("trace")))


_TRACES = "/api/v1/devices/{device}/traces"
_TRACE = _TRACES + "/{trace}"

ROUTES = (
    Route(
        method="GET",
        path=_TRACES,
        handle=_list,
        summary="The recorded sessions, and whether the next ones are to be recorded",
        answers={200: TraceList},
    ),
    Route(
        method="POST",
        path=_TRACES,
        handle=_arm,
        summary="Record the next sessions, in place of what was ordered before",
        role=Role.OPERATOR,
        body=TraceRequest,
        answers={201: ArmedView},
    ),
    Route(
        method="DELETE",
        path=_TRACES,
        handle=_disarm,
        summary="Record no more; what is recorded stays",
        role=Role.OPERATOR,
        answers={204: None},
    ),
    Route(
        method="GET",
        path=_TRACE,
        handle=_show,
        summary="A recorded session, message by message",
        query=_ShowQuery,
        answers={200: {JSON: TraceView, _TEXT: str, _HAR: dict}},
    ),
    Route(
        method="DELETE",
        path=_TRACE,
        handle=_delete,
        summary="Drop a recorded session",
        role=Role.OPERATOR,
        answers={204: None},
    ),
    Route(
        method="POST",
        path=_TRACE + "/replay",
        handle=_replay,
        summary="Play it to today's server, which stores and sends nothing, and tell what differs",
        role=Role.OPERATOR,
        changes=False,
        answers={200: ReplayView},
        problems=(409,),
    ),
)
