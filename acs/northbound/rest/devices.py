"""/api/v1/devices: the fleet, one phone, its parameters and its timeline."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from acs.fleet.selector.lexing import LONGEST
from acs.northbound.rest.replies import NO_CONTENT, Reply, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import devices, parameters, selectors, timeline
from acs.operations.devices import DeviceDetails, DevicePage, NotesRequest
from acs.operations.parameters import ParameterView
from acs.operations.timeline import TimelinePage
from acs.operations.tokens import Role
from acs.store.devices import KnownDevice

#: How many items a page may have.
Limit = Annotated[int, Meta(ge=1, le=1000)]


class _ListQuery(Struct, frozen=True, forbid_unknown_fields=True):
    q: Annotated[
        str,
        Meta(
            max_length=LONGEST,
            description="a selector (docs/selectors.md), or words that stand in an id, address, label, tag…",
        ),
    ] = ""
    limit: Limit = 50
    cursor: Annotated[str, Meta(description="the `next` of the page before")] = ""


class _PrefixQuery(Struct, frozen=True, forbid_unknown_fields=True):
    prefix: Annotated[str, Meta(max_length=256, description="what the names begin with")] = ""


class _TimelineQuery(Struct, frozen=True, forbid_unknown_fields=True):
    limit: Limit = 50
    before: Annotated[str, Meta(description="a time, or the `next` of the page before")] = ""


async def device_of(call: Call) -> KnownDevice:
    """The device that the path names. Raises NotFound."""
    return await devices.find(call.services.runner, *call.spellings("device"))


async def _list(call: Call) -> Reply:
    query: _ListQuery = call.query
    services, asked = call.services, None
    if query.q.strip():
        asked = selectors.read(query.q, services.catalogue, field="q")
    page = await devices.page(
        services.runner,
        services.shapes,
        query=asked,
        cursor=query.cursor,
        limit=query.limit,
        now=call.now,
    )
    return ok(page)


async def _show(call: Call) -> Reply:
    return ok(
        await devices.show(call.services.runner, call.services.shapes, await device_of(call), now=call.now)
    )


async def _note(call: Call) -> Reply:
    known = await device_of(call)
    asked = call.read(NotesRequest)
    await devices.note(call.services.runner, known, asked, by=call.actor.name, now=call.now)
    return await _show(call)


async def _forget(call: Call) -> Reply:
    known = await device_of(call)
    await devices.forget(call.services.runner, known.device.id)
    return NO_CONTENT


async def _parameters(call: Call) -> Reply:
    known = await device_of(call)
    return ok(
        await parameters.known(call.services.runner, call.services.shapes, known, prefix=call.query.prefix)
    )


async def _timeline(call: Call) -> Reply:
    known = await device_of(call)
    query: _TimelineQuery = call.query
    return ok(await timeline.page(call.services.runner, known, limit=query.limit, before=query.before))


_DEVICE = "/api/v1/devices/{device}"

ROUTES = (
    Route(
        method="GET",
        path="/api/v1/devices",
        limited=True,
        handle=_list,
        summary="The devices, or those that match q",
        query=_ListQuery,
        answers={200: DevicePage},
    ),
    Route(
        method="GET",
        path=_DEVICE,
        handle=_show,
        summary="Everything known of one device but its parameters",
        answers={200: DeviceDetails},
    ),
    Route(
        method="PATCH",
        path=_DEVICE,
        handle=_note,
        summary="Change tags, label or connection-request login; what is left out stays, null removes",
        role=Role.OPERATOR,
        body=NotesRequest,
        answers={200: DeviceDetails},
    ),
    Route(
        method="DELETE",
        path=_DEVICE,
        handle=_forget,
        summary="Forget the device with its tasks and timeline",
        role=Role.ENGINEER,
        answers={204: None},
    ),
    Route(
        method="GET",
        path=_DEVICE + "/parameters",
        handle=_parameters,
        summary="The known parameters by name, without asking the phone",
        query=_PrefixQuery,
        answers={200: dict[str, ParameterView]},
    ),
    Route(
        method="GET",
        path=_DEVICE + "/timeline",
        handle=_timeline,
        summary="What happened to the device, newest first",
        query=_TimelineQuery,
        answers={200: TimelinePage},
    ),
)
