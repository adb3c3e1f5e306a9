"""Sessions of a phone that are recorded: ordered, listed, shown message by message, played again, dropped."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct, structs

from acs.cwmp.narration import Narrator, Told
from acs.cwmp.pretty import pretty
from acs.fleet.changes import TimelineEntry
from acs.fleet.device import TraceOrder
from acs.fleet.identity import device_key
from acs.fleet.trace.comparison import Outcome, compare, playable
from acs.fleet.trace.records import (
    LONGEST_ORDER,
    MOST_SESSIONS,
    ORDER_LIFE,
    Trace,
    TraceMessage,
)
from acs.operations.errors import Conflict, NotFound
from acs.operations.ports import Replay, Runner, moment
from acs.store import timeline
from acs.store import traces as store
from acs.store.devices import KnownDevice
from acs.store.traces import KeptTrace, Recorded

#: States of a trace that no session has written: it goes on, or nobody knows how it ended.
RECORDING, UNFINISHED = "recording", "unfinished"

#: Seconds after which an order that nobody sets otherwise is void: at least, and at most.
_SHORTEST_ORDER = 60


class TraceRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """How many of the next sessions, and for how many seconds from now at most."""

    sessions: Annotated[int, Meta(ge=1, le=MOST_SESSIONS)] = 1
    expires_in: Annotated[int, Meta(ge=_SHORTEST_ORDER, le=LONGEST_ORDER)] = ORDER_LIFE


class ArmedView(Struct, frozen=True):
    """The next `sessions` are recorded, those that begin before `until`."""

    sessions: int
    until: datetime | None
    by: str
    at: datetime | None


class TraceSummary(Struct, frozen=True):
    """One recorded session.

    `state`: recording, done, timed out, superseded, failed, refused (its login), or unfinished where the
    server that held it died. `size`: bytes of the bodies that are kept.
    """

    id: str
    state: str
    started_at: datetime | None
    ended_at: datetime | None
    #: event codes of its Inform
    events: list[str]
    peer: str
    by: str
    size: int


class TraceList(Struct, frozen=True):
    """`armed` is null while no session is to be recorded; `items` are the newest first."""

    armed: ArmedView | None
    items: list[TraceSummary]


class MessageView(Struct, frozen=True):
    """One HTTP request of the phone, or the server's answer.

    `body` is indented where it is XML; `missing` says why it, or the rest of it, is not there.
    """

    number: int
    at: datetime | None
    #: phone or server
    sender: str
    #: which connection of the session, counted from 1
    connection: int
    start_line: str
    headers: dict[str, str]
    #: the message's, "" for an empty body
    name: str
    cwmp_id: str
    explanation: str
    details: list[str]
    body: str
    #: bytes of the body as it came
    size: int
    missing: str


class TraceView(TraceSummary, frozen=True, kw_only=True):
    messages: list[MessageView]


class StepView(Struct, frozen=True):
    """One message of the phone: what it was answered then, and now.

    `outcome`: same, differs, or not played, and then `why`. `diff` has lines as `diff -u` writes them;
    `noted` is what would stand in the phone's timeline.
    """

    number: int
    phone: str
    recorded: str
    today: str
    outcome: str
    why: str
    diff: list[str]
    noted: list[str]


class ReplayView(Struct, frozen=True):
    """`same`: every message that was played is answered as it was. The counts are of messages."""

    trace: str
    same: bool
    played: int
    differing: int
    not_played: int
    steps: list[StepView]


async def arm(runner: Runner, known: KnownDevice, asked: TraceRequest, *, by: str, now: float) -> ArmedView:
    """Have the phone's next sessions recorded, in place of what was ordered before."""
    order = TraceOrder(asked.sessions, now + asked.expires_in, by, now)
    if await runner.drive(store.order(known.device.id, order)) is None:
        raise NotFound("device", known.device.id)
    count = "session is" if asked.sessions == 1 else f"{asked.sessions} sessions are"
    await _note(runner, known, f"The next {count} to be recorded, asked for by {by}", by, now)
    return _armed(order)


async def disarm(runner: Runner, known: KnownDevice, *, by: str, now: float) -> None:
    """Record no more; what is recorded stays. Raises NotFound where nothing was to be recorded."""
    if armed(known, now) is None:
        raise NotFound("order to record sessions of", known.device.id)
    await runner.drive(store.order(known.device.id, None))
    await _note(runner, known, f"No session is to be recorded any more, says {by}", by, now)


def armed(known: KnownDevice, now: float) -> ArmedView | None:
    """What is to be recorded of the phone's next sessions."""
    order = known.notes.trace
    return _armed(order) if order is not None and order.until > now else None


async def list_all(runner: Runner, known: KnownDevice, *, now: float) -> TraceList:
    kept = await runner.run(store.every(device_key(known.device.id)))
    return TraceList(armed(known, now), [_summary(one, known) for one in kept])


async def show(runner: Runner, known: KnownDevice, trace: str) -> TraceView:
    """A recorded session with all its messages. Raises NotFound."""
    kept, recorded = await find(runner, known, trace)
    fields = structs.asdict(_summary(kept, known))
    return TraceView(**fields, messages=messages(recorded))


async def find(runner: Runner, known: KnownDevice, trace: str) -> tuple[KeptTrace, Recorded]:
    """A recorded session as it is stored. Raises NotFound, also where its time is over."""
    key = device_key(known.device.id)
    every, recorded = await runner.run_all([store.every(key), store.read(key, trace)])
    kept = next((one for one in every if one.trace.id == trace), None)
    if kept is None or recorded is None:
        raise NotFound("trace", trace)
    return kept, recorded


async def delete(runner: Runner, known: KnownDevice, trace: str) -> None:
    """Raises NotFound."""
    if not await runner.run(store.delete(device_key(known.device.id), trace)):
        raise NotFound("trace", trace)


async def replay(runner: Runner, play: Replay, known: KnownDevice, trace: str) -> ReplayView:
    """Play the phone's messages to today's server; nothing is stored and nothing sent.

    Raises NotFound, and Conflict where there is nothing to play.
    """
    _, recorded = await find(runner, known, trace)
    wanted = playable(recorded.messages)
    if not wanted or not recorded.start.sid:
        raise Conflict("No session came about in this trace: there is nothing to play again.")
    steps = compare(recorded.messages, await play(recorded.start, wanted))
    views = [
        StepView(
            one.number,
            one.phone,
            one.then,
            one.now,
            one.outcome,
            one.why,
            list(one.diff),
            list(one.noted),
        )
        for one in steps
    ]
    counts = {outcome: sum(one.outcome is outcome for one in steps) for outcome in Outcome}
    differing = counts[Outcome.DIFFERS]
    return ReplayView(
        trace,
        same=not differing,
        played=counts[Outcome.SAME] + differing,
        differing=differing,
        not_played=counts[Outcome.NOT_PLAYED],
        steps=views,
    )


def messages(recorded: Recorded) -> list[MessageView]:
    """Each message with what it says, in order."""
    narrator = Narrator()
    connections: dict[int, int] = {}
    views = []
    for number, message in enumerate(recorded.messages, 1):
        connection = connections.setdefault(message.connection, len(connections) + 1)
        views.append(_message(message, number, connection, narrator))
    return views


def charset_of(message: TraceMessage) -> str | None:
    """What the Content-Type of a message says of its characters."""
    _, found, charset = message.header("content-type").lower().partition("charset=")
    return charset.split(";")[0].strip("\"' ") or None if found else None


def _message(message: TraceMessage, number: int, connection: int, narrator: Narrator) -> MessageView:
    charset = charset_of(message)
    sender = "phone" if message.from_phone else "server"
    if message.missing:
        told = Told("", f"A message of the {sender}, of {message.size} bytes.")
    elif message.from_phone:
        told = narrator.phone(message.body, charset)
    else:
        told = narrator.server(message.status, message.body)
    return MessageView(
        number=number,
        at=moment(message.at),
        sender=sender,
        connection=connection,
        start_line=message.start_line,
        headers=dict(message.headers),
        name=told.name,
        cwmp_id=told.cwmp_id,
        explanation=told.text,
        details=list(told.details),
        body=pretty(message.body, charset),
        size=message.size,
        missing=message.missing,
    )


def _armed(order: TraceOrder) -> ArmedView:
    return ArmedView(order.sessions, moment(order.until), order.by, moment(order.at))


def _summary(kept: KeptTrace, known: KnownDevice) -> TraceSummary:
    trace = kept.trace
    return TraceSummary(
        id=trace.id,
        state=_state(trace, known),
        started_at=moment(trace.started_at),
        ended_at=moment(trace.ended_at),
        events=list(trace.events),
        peer=trace.peer,
        by=trace.by,
        size=kept.size,
    )


def _state(trace: Trace, known: KnownDevice) -> str:
    if trace.outcome:
        return trace.outcome
    session = known.session
    going_on = session is not None and session.opened_at == trace.started_at
    return RECORDING if going_on else UNFINISHED


async def _note(runner: Runner, known: KnownDevice, text: str, by: str, now: float) -> None:
    entry = TimelineEntry(now, "device", text, {"by": by})
    await runner.run(timeline.push(device_key(known.device.id), [entry]))
