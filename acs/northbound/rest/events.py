"""/api/v1/events, /alerts and /presence: what happens in the fleet, and who is there."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from acs.northbound.rest.devices import Limit
from acs.northbound.rest.replies import Reply, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import alerts, events, presence
from acs.operations.alerts import AlertList, AlertView
from acs.operations.events import EventPage
from acs.operations.presence import MOST_MINUTES, FleetPresence
from acs.operations.tokens import Role


class _EventsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    since: Annotated[
        str, Meta(description="a time, or the `next` of an earlier answer; without it: the newest")
    ] = ""
    kind: Annotated[str, Meta(description="kinds with commas between them; `rollout_*` for a family")] = ""
    device: Annotated[str, Meta(description="a device id")] = ""
    limit: Limit = 100


class _AlertsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    state: alerts.State = "open"
    limit: Limit = 100


class _PresenceQuery(Struct, frozen=True, forbid_unknown_fields=True):
    minutes: Annotated[int, Meta(ge=1, le=MOST_MINUTES)] = 60


async def _events(call: Call) -> Reply:
    query: _EventsQuery = call.query
    page = await events.page(
        call.services.runner, since=query.since, kind=query.kind, device=query.device, limit=query.limit
    )
    return ok(page)


async def _alerts(call: Call) -> Reply:
    query: _AlertsQuery = call.query
    return ok(await alerts.list_all(call.services.runner, state=query.state, limit=query.limit))


async def _close(call: Call) -> Reply:
    name = call.segment("alert")
    return ok(await alerts.close(call.services.runner, name, by=call.actor.name, now=call.now))


async def _presence(call: Call) -> Reply:
    query: _PresenceQuery = call.query
    return ok(await presence.show(call.services.runner, minutes=query.minutes, now=call.now))


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/events",
        handle=_events,
        summary="What happened in the fleet, in order of time",
        query=_EventsQuery,
        answers={200: EventPage},
    ),
    Route(
        method="GET",
        path="/api/v1/alerts",
        handle=_alerts,
        summary="Sites that are cut off, or were",
        query=_AlertsQuery,
        answers={200: AlertList},
    ),
    Route(
        method="POST",
        path="/api/v1/alerts/{alert}/close",
        handle=_close,
        summary="Close an alert before it is over",
        role=Role.OPERATOR,
        answers={200: AlertView},
        problems=(409,),
    ),
    Route(
        method="GET",
        path="/api/v1/presence",
        handle=_presence,
        summary="How many phones are online, late and offline, now and minute by minute",
        query=_PresenceQuery,
        answers={200: FleetPresence},
    ),
)
