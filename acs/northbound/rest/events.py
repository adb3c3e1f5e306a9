"""/api/v1/events, /alerts and /presence: what happens in the fleet, and who is there.

Events are a list, or, where `Accept` names `text/event-stream`, a stream that goes on with what comes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta, Struct
from twisted.web.resource import Resource

from acs.fleet.selector.lexing import LONGEST
from acs.northbound.rest import event_stream
from acs.northbound.rest.authentication import still_good
from acs.northbound.rest.devices import Limit
from acs.northbound.rest.event_stream import CONTENT_TYPE, EventStream
from acs.northbound.rest.negotiation import prefers
from acs.northbound.rest.replies import JSON, Reply, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import alerts, events, presence, selectors
from acs.operations.alerts import AlertList, AlertView
from acs.operations.events import EventPage, Phones
from acs.operations.ports import Runner
from acs.operations.presence import MOST_MINUTES, FleetPresence
from acs.operations.tokens import Role
from acs.store.events import Kept


class _EventsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    since: Annotated[
        str,
        Meta(
            description="a time, the `next` of an earlier answer, or an `id`; without it: the newest, in a "
            "stream those to come. There `Last-Event-ID` counts first"
        ),
    ] = ""
    kind: Annotated[str, Meta(description="kinds with commas between them; `rollout_*` for a family")] = ""
    device: Annotated[str, Meta(description="a device id")] = ""
    q: Annotated[
        str, Meta(max_length=LONGEST, description="a selector: only events of phones that it means now")
    ] = ""
    limit: Annotated[Limit, Meta(description="of the list; a stream has no end")] = 100


class _AlertsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    state: alerts.State = "open"
    limit: Limit = 100


class _PresenceQuery(Struct, frozen=True, forbid_unknown_fields=True):
    minutes: Annotated[int, Meta(ge=1, le=MOST_MINUTES)] = 60


async def _events(call: Call) -> Reply | Resource:
    if prefers(call.request, CONTENT_TYPE, to=JSON):
        return await _stream(call)
    query: _EventsQuery = call.query
    page = await events.page(
        call.services.runner,
        since=query.since,
        kind=query.kind,
        device=query.device,
        limit=query.limit,
        phones=_phones(call),
    )
    return ok(page)


async def _stream(call: Call) -> EventStream:
    query: _EventsQuery = call.query
    services, actor, feed = call.services, call.actor, event_stream.feed_of(call)
    asked, phones = events.wanted(query.kind, query.device), _phones(call)
    last = (call.request.getHeader(b"last-event-id") or b"").decode("latin-1").strip()
    if last:
        place = await events.place_of(services.runner, last, field="Last-Event-ID")
    elif query.since:
        place = await events.place_of(services.runner, query.since)
    else:
        place = await feed.newest()

    async def passing(chunk: list[Kept]) -> list[Kept]:
        return await events.passing(services.runner, asked, chunk, phones)

    feed.enter(actor.key)
    good = still_good(services, call.request, actor)
    return EventStream(feed, actor.key, place, passing, good, services.reactor)


def _phones(call: Call) -> Phones | None:
    """Which phones are meant by `q`; None for all that the caller may see. Raises Invalid."""
    text, services = call.query.q, call.services
    if not text.strip():
        return None
    query = selectors.read(text, services.catalogue, field="q")

    async def meant(runner: Runner, device_ids: Iterable[str]) -> set[str]:
        return await selectors.meant(
            runner, services.shapes, query, device_ids, now=services.now(), field="q"
        )

    return meant


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
        limited=True,
        handle=_events,
        summary="What happened in the fleet, in order of time; as text/event-stream, what happens",
        query=_EventsQuery,
        answers={200: {JSON: EventPage, CONTENT_TYPE: str}},
    ),
    Route(
        method="GET",
        path="/api/v1/alerts",
        limited=True,
        handle=_alerts,
        summary="Sites that are cut off, or were",
        query=_AlertsQuery,
        answers={200: AlertList},
    ),
    Route(
        method="POST",
        path="/api/v1/alerts/{alert}/close",
        limited=True,
        handle=_close,
        summary="Close an alert before it is over",
        role=Role.OPERATOR,
        answers={200: AlertView},
        problems=(409,),
    ),
    Route(
        method="GET",
        path="/api/v1/presence",
        limited=True,
        handle=_presence,
        summary="How many phones are online, late and offline, now and minute by minute",
        query=_PresenceQuery,
        answers={200: FleetPresence},
    ),
)
