"""Events of the fleet: one capped stream, in which each event stands once."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.msgpack import Decoder

from acs.fleet.fleet_event import FleetEvent
from acs.store import codec, keyspace
from acs.store.calls import Call, Part, Steps, script, scripted, truth
from acs.store.presence import COUNTS_LIFE

#: About so many events are kept: a day of a fleet of 100,000 phones, 20 MB.
CAP = 100_000

#: An event that is decided again is known among so many newest ones.
IDS = 20_000

_PUSH = script("push_events")
_PASS = script("pass_events")

_decode = Decoder(FleetEvent).decode


class Kept(Struct, frozen=True):
    """An event and its place in the stream."""

    place: str
    event: FleetEvent


def push(events: Sequence[FleetEvent]) -> Call[int]:
    """Append these events, those left out that are there already; gives how many were new."""
    minute = int(events[0].at // 60) if events else 0
    keys = (keyspace.EVENTS, keyspace.EVENT_IDS, keyspace.event_minute(minute))
    arguments: list[Part] = [CAP, IDS, COUNTS_LIFE]
    for event in events:
        arguments += (event.id, event.kind, codec.encode(event))
    return scripted(_PUSH, keys, arguments, int)


def after(place: str, limit: int) -> Call[list[Kept]]:
    """The next events behind this place ("" for the oldest kept), oldest first."""
    start = f"({place}" if place else "-"
    return Call(("XRANGE", keyspace.EVENTS, start, "+", "COUNT", limit), _read)


def before(place: str, limit: int) -> Call[list[Kept]]:
    """The events before this place ("" for the newest), newest first."""
    end = f"({place}" if place else "+"
    return Call(("XREVRANGE", keyspace.EVENTS, end, "-", "COUNT", limit), _read)


def place_of(event_id: str) -> Steps[str]:
    """The place of the event with this id; "" where it is not among the newest."""
    [number] = yield [Call(("ZSCORE", keyspace.EVENT_IDS, event_id), lambda found: int(float(found or 0)))]
    if not number:
        return ""
    [found] = yield [Call(("XRANGE", keyspace.EVENTS, number, number), _read)]
    return next((kept.place for kept in found if kept.event.id == event_id), "")


def passed() -> Call[str]:
    """The place up to which events went through the rules."""
    return Call(("GET", keyspace.EVENTS_PASSED), lambda stored: stored.decode() if stored else "")


def note_passed(was: str, place: str) -> Call[bool]:
    """Move that place on; False where somebody else has."""
    return scripted(_PASS, (keyspace.EVENTS_PASSED,), (was, place), truth)


def _read(answer: list[tuple[bytes, list[bytes]]]) -> list[Kept]:
    return [Kept(place.decode(), _decode(fields[1])) for place, fields in answer]
