"""One CWMP session as a value: whose turn it is, what was asked, and what each thing that comes means.

Theory of operation. CWMP turns the roles of HTTP round: the phone is the client and POSTs, yet after its
Inform it is this server that asks, in HTTP responses, and the phone that answers, in its next POST. At any
moment one of two things may come from the phone, and it decides which: a request of its own, which is
answered at once and changes nobody's turn, or what hands the turn to this server: an empty POST, or the
answer to what was asked. In its turn the server asks one thing more or ends the session with an empty
answer. So four phases do:

    CPE_TURN    our answer to the Inform or to another request of the phone is out, and no request
    ACS_TURN    the phone handed over; lasts only while the server makes up its mind, and is never stored
    ANSWER_DUE  our request is out
    ENDED       our empty answer is out, or nobody waits any longer

`_TABLE` holds every transition: in this phase, on this event, go to that phase and do these acts. Nothing
else in the project decides what may come when. An event that the table lacks is an error of ours and raises
`SessionError`, which names the event and the phase; whatever a phone sends has a row in every phase.

A `Session` is frozen and goes into the store as an array, so that a session survives a lost connection or a
killed server: another process loads it and goes on. `seq` counts the stored steps; the store refuses to
write step n + 1 over anything but step n, so that two processes never continue one session both. What is
asked (`Outstanding`) is stored before its bytes leave. After a crash the phone repeats its last message or
falls silent; both are events.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import NamedTuple

from msgspec import Struct, structs

from acs.cwmp.messages import CpeRequest, Fault, Inform, Message

#: Hex digits of a session id: its device's key, then as many random ones.
SID_LENGTH = 32

#: Requests to one phone in one session. A first contact with 300 parameters takes about 60 even at small
#: batches; far above that a phone or a rule of ours runs in circles.
MOST_REQUESTS = 2000

#: CWMP versions this server speaks, newest first (a CPE of version 1.4 lists its own in its Inform).
OUR_VERSIONS = ("1.4", "1.3", "1.2", "1.1", "1.0")


class Patience(Struct, frozen=True):
    """How many seconds to wait for a phone, by what is awaited."""

    #: After an answer of ours the phone only has to send what it has ready.
    cpe_turn: float = 30
    #: Reading a large tree takes small phones minutes (quirk 17).
    read: float = 600
    #: A set may restart the phone's SIP stack before it answers.
    write: float = 300
    #: Reboot, Download and the like are only acknowledged.
    other: float = 180


DEFAULT_PATIENCE = Patience()

#: What a phone may ask for with the header SessionTimeout (CWMP 1.3) is kept between these, in seconds.
SESSION_TIMEOUT_RANGE = (10, 600)

_WRITES = frozenset({"SetParameterValues", "SetParameterAttributes", "AddObject", "DeleteObject"})


class Phase(IntEnum):
    CPE_TURN = 1
    ACS_TURN = 2
    ANSWER_DUE = 3
    ENDED = 4


_PHASE_WORDS = {
    Phase.CPE_TURN: "waiting for the phone's next request or empty POST",
    Phase.ACS_TURN: "about to ask or to end",
    Phase.ANSWER_DUE: "waiting for an answer",
    Phase.ENDED: "over",
}


class Event(Enum):
    """What can happen to a session; the value is how a sentence calls it."""

    INFORM = "a new Inform"
    CPE_REQUEST = "a request"
    UNKNOWN_REQUEST = "a request of no known method"
    MALFORMED_REQUEST = "a request that cannot be understood"
    ANSWER = "an answer"
    OTHER_ANSWER = "an answer to something else"
    REPEATED_ANSWER = "an answer that was given before"
    EMPTY_POST = "an empty POST"
    TIME_OUT = "a time-out"
    ASK = "a request of this server"
    END = "the end"


class Act(Enum):
    """What the driver has to do after a transition, in the order given."""

    #: answer the phone's request
    RESPOND = "respond"
    #: answer with fault 8000, Method not supported
    REFUSE_METHOD = "refuse_method"
    #: answer with fault 8003, Invalid arguments
    REFUSE_ARGUMENTS = "refuse_arguments"
    #: hand the answer to the rules, for `Transition.settled`
    COMPLETE = "complete"
    #: tell the rules that `Transition.settled` gets no answer
    GIVE_UP = "give_up"
    #: write `Transition.remark` into the device's timeline
    RECORD = "record"
    #: decide what to ask next, or end
    TAKE_TURN = "take_turn"
    #: send an empty answer and change nothing
    SAY_NOTHING = "say_nothing"
    #: remove the session; nobody waits for it
    CLOSE = "close"


_TABLE: dict[Phase, dict[Event, tuple[Phase, tuple[Act, ...]]]] = {
    Phase.CPE_TURN: {
        Event.INFORM: (Phase.ENDED, ()),  # the new one wins (quirk 26)
        Event.CPE_REQUEST: (Phase.CPE_TURN, (Act.RESPOND,)),
        Event.UNKNOWN_REQUEST: (Phase.CPE_TURN, (Act.REFUSE_METHOD,)),
        Event.MALFORMED_REQUEST: (Phase.CPE_TURN, (Act.REFUSE_ARGUMENTS,)),
        # nothing was asked: as good as an empty POST, and recorded
        Event.ANSWER: (Phase.ACS_TURN, (Act.RECORD, Act.TAKE_TURN)),
        Event.OTHER_ANSWER: (Phase.ACS_TURN, (Act.RECORD, Act.TAKE_TURN)),
        Event.REPEATED_ANSWER: (Phase.ACS_TURN, (Act.RECORD, Act.TAKE_TURN)),
        Event.EMPTY_POST: (Phase.ACS_TURN, (Act.TAKE_TURN,)),
        Event.TIME_OUT: (Phase.ENDED, (Act.CLOSE,)),
    },
    Phase.ACS_TURN: {
        Event.ASK: (Phase.ANSWER_DUE, ()),
        Event.END: (Phase.ENDED, ()),
    },
    Phase.ANSWER_DUE: {
        Event.INFORM: (Phase.ENDED, (Act.GIVE_UP,)),
        # a request of the phone may come at any time (quirk 24); ours stays out
        Event.CPE_REQUEST: (Phase.ANSWER_DUE, (Act.RESPOND,)),
        Event.UNKNOWN_REQUEST: (Phase.ANSWER_DUE, (Act.REFUSE_METHOD,)),
        Event.MALFORMED_REQUEST: (Phase.ANSWER_DUE, (Act.REFUSE_ARGUMENTS,)),
        Event.ANSWER: (Phase.ACS_TURN, (Act.COMPLETE, Act.TAKE_TURN)),
        Event.OTHER_ANSWER: (Phase.ACS_TURN, (Act.RECORD, Act.GIVE_UP, Act.TAKE_TURN)),
        # the phone never saw our request: it repeats its answer to the one before
        Event.REPEATED_ANSWER: (Phase.ACS_TURN, (Act.GIVE_UP, Act.TAKE_TURN)),
        Event.EMPTY_POST: (Phase.ACS_TURN, (Act.RECORD, Act.GIVE_UP, Act.TAKE_TURN)),  # quirk 66
        Event.TIME_OUT: (Phase.ENDED, (Act.GIVE_UP, Act.CLOSE)),
    },
    Phase.ENDED: {
        Event.INFORM: (Phase.ENDED, ()),
        Event.CPE_REQUEST: (Phase.ENDED, (Act.RESPOND,)),
        Event.UNKNOWN_REQUEST: (Phase.ENDED, (Act.REFUSE_METHOD,)),
        Event.MALFORMED_REQUEST: (Phase.ENDED, (Act.REFUSE_ARGUMENTS,)),
        Event.ANSWER: (Phase.ENDED, (Act.RECORD, Act.SAY_NOTHING)),
        Event.OTHER_ANSWER: (Phase.ENDED, (Act.RECORD, Act.SAY_NOTHING)),
        Event.REPEATED_ANSWER: (Phase.ENDED, (Act.RECORD, Act.SAY_NOTHING)),
        # the three-step ending (quirk 23): one more empty POST gets one more empty answer
        Event.EMPTY_POST: (Phase.ENDED, (Act.SAY_NOTHING,)),
        Event.TIME_OUT: (Phase.ENDED, ()),
    },
}


class SessionError(Exception):
    """This server tried a step that has no place in the session's phase. Names both."""

    def __init__(self, event: Event, phase: Phase) -> None:
        super().__init__(f"{event.value} has no place in a session that is {_PHASE_WORDS[phase]}")
        self.event = event
        self.phase = phase


class Outstanding(Struct, frozen=True, array_like=True, gc=False):
    """A request of this server that is out. `ref` is the planner's own name for what it asked."""

    cwmp_id: str
    method: str
    ref: str
    asked_at: float


class Session(Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """Times are seconds since the epoch. Stored as an array: new fields go to the end, with a default."""

    sid: str
    #: the CWMP namespace URI of the Inform; the whole session speaks it
    namespace: str
    phase: Phase = Phase.CPE_TURN
    outstanding: Outstanding | None = None
    #: stored steps
    seq: int = 1
    #: requests of this server so far; numbers their cwmp:ID
    requests: int = 0
    opened_at: float = 0
    last_at: float = 0
    #: as whom the phone authenticated, "" where it need not
    username: str = ""
    #: the address the Inform came from
    peer: str = ""
    #: event codes of the Inform
    events: tuple[str, ...] = ()
    retry_count: int = 0
    #: the header SessionTimeout of the Inform in seconds, 0 when there was none
    session_timeout: int = 0
    #: messages of the phone, empty POSTs included
    messages: int = 1
    #: requests of the phone that were answered or refused, the Inform not counted
    responded: int = 0
    #: answers that were faults
    faults: int = 0
    #: requests of this server that were given up
    given_up: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    #: the trace that this session is recorded in, "" for none
    trace: str = ""

    @property
    def device_key(self) -> str:
        return self.sid[: SID_LENGTH // 2]


class Transition(NamedTuple):
    session: Session
    acts: tuple[Act, ...]
    #: the request that was answered or given up by this event
    settled: Outstanding | None = None
    #: a sentence for the timeline and for `planner.unanswered`, "" where nothing is odd
    remark: str = ""


def begin(
    sid: str,
    envelope_namespace: str,
    *,
    now: float,
    username: str = "",
    peer: str = "",
    events: tuple[str, ...] = (),
    retry_count: int = 0,
    session_timeout: int | None = None,
    size: int = 0,
) -> Session:
    """The session that an Inform of `size` bytes opens; its InformResponse is about to go out."""
    if session_timeout is None:
        timeout = 0
    else:
        timeout = min(max(session_timeout, SESSION_TIMEOUT_RANGE[0]), SESSION_TIMEOUT_RANGE[1])
    return Session(
        sid=sid,
        namespace=envelope_namespace,
        opened_at=now,
        last_at=now,
        username=username,
        peer=peer,
        events=events,
        retry_count=retry_count,
        session_timeout=timeout,
        bytes_in=size,
    )


def classify(session: Session, message: Message, cwmp_id: str, *, moved: bool = False) -> Event:
    """What a message that could be read is to this session.

    An answer whose ID differs is taken when one request is out (quirk 27). One case is told apart: on another
    connection than our request went out on (`moved`), the ID of an earlier request of this session means that
    the phone repeats the answer to that one because ours never arrived.
    """
    if isinstance(message, Inform):
        return Event.INFORM
    name = message.name
    if not is_answer(name):
        # what only this server may ask (a Reboot, say) is no method that it offers
        return Event.CPE_REQUEST if isinstance(message, CpeRequest) else Event.UNKNOWN_REQUEST
    asked = session.outstanding
    if asked is None:
        return Event.ANSWER
    if moved and cwmp_id != asked.cwmp_id and _is_own_id(session, cwmp_id):
        return Event.REPEATED_ANSWER
    if isinstance(message, Fault) or name == f"{asked.method}Response":
        return Event.ANSWER
    return Event.OTHER_ANSWER


def classify_unreadable(name: str, *, known: bool) -> Event:
    """What a message is whose method no schema knows (`known` False) or whose content makes no sense."""
    if is_answer(name):
        return Event.OTHER_ANSWER
    return Event.MALFORMED_REQUEST if known else Event.UNKNOWN_REQUEST


def is_answer(name: str) -> bool:
    """Whether the body element of this name answers a request, rather than being one."""
    return name == "Fault" or name.endswith("Response")


def receive(session: Session, event: Event, *, now: float, size: int = 0, what: str = "") -> Transition:
    """Something came, or time ran out. `what` names the message for the remark; `size` is its bytes."""
    row = _TABLE[session.phase].get(event)
    if row is None:
        raise SessionError(event, session.phase)
    phase, acts = row
    asked = session.outstanding
    if event is Event.TIME_OUT:
        messages, last_at = session.messages, session.last_at
    else:
        messages, last_at = session.messages + 1, now
    if not acts or (acts[0] is Act.TAKE_TURN and asked is None):  # the common case, kept cheap
        return Transition(
            structs.replace(
                session,
                phase=phase,
                outstanding=None,
                messages=messages,
                last_at=last_at,
                bytes_in=session.bytes_in + size,
            ),
            acts,
        )
    settles = Act.COMPLETE in acts or Act.GIVE_UP in acts
    settled = asked if settles else None
    responds = acts[0] in (Act.RESPOND, Act.REFUSE_METHOD, Act.REFUSE_ARGUMENTS)
    after = structs.replace(
        session,
        phase=phase,
        outstanding=None if settles else asked,
        messages=messages,
        last_at=last_at,
        bytes_in=session.bytes_in + size,
        responded=session.responded + responds,
        faults=session.faults + (what == "Fault" and Act.COMPLETE in acts),
        given_up=session.given_up + (Act.GIVE_UP in acts),
    )
    return Transition(after, acts, settled, _remark(session, event, acts, what))


def _remark(session: Session, event: Event, acts: tuple[Act, ...], what: str) -> str:
    asked = session.outstanding
    what = what or event.value
    if Act.GIVE_UP in acts and asked is not None:
        if event is Event.TIME_OUT:
            return f"no answer to {asked.method} within the time allowed"
        if event is Event.REPEATED_ANSWER:
            return f"the phone repeated an earlier answer: {asked.method} never reached it"
        return f"{what} came instead of the answer to {asked.method}"
    if Act.RECORD in acts:
        return f"{what} came while the session was {_PHASE_WORDS[session.phase]}"
    return ""


def ask(session: Session, method: str, ref: str, *, now: float) -> Session:
    """This server's next request is about to go out; its cwmp:ID is `outstanding.cwmp_id`."""
    row = _TABLE[session.phase].get(Event.ASK)
    if row is None:
        raise SessionError(Event.ASK, session.phase)
    number = session.requests + 1
    return structs.replace(
        session,
        phase=row[0],
        requests=number,
        outstanding=Outstanding(f"{_id_stem(session)}{number:04d}", method, ref, now),
    )


def end(session: Session) -> Session:
    """This server has nothing to ask: its empty answer is about to go out."""
    row = _TABLE[session.phase].get(Event.END)
    if row is None:
        raise SessionError(Event.END, session.phase)
    return structs.replace(session, phase=row[0])


def stored(session: Session, *, size: int = 0) -> Session:
    """The step as it is written to the store, with the `size` of the bytes that will leave after it."""
    return structs.replace(session, seq=session.seq + 1, bytes_out=session.bytes_out + size)


def exhausted(session: Session) -> bool:
    """Whether this session asked as much as any session may."""
    return session.requests >= MOST_REQUESTS


def seconds_to_wait(session: Session, patience: Patience = DEFAULT_PATIENCE) -> float:
    """How long the phone may be silent in the session's phase."""
    asked = session.outstanding
    if asked is None:
        return max(patience.cpe_turn, session.session_timeout)
    if asked.method.startswith("Get"):
        seconds = patience.read
    elif asked.method in _WRITES:
        seconds = patience.write
    else:
        seconds = patience.other
    return max(seconds, session.session_timeout)


def highest_common_version(supported: str) -> str | None:
    """The answer to the header SupportedCWMPVersions, a list such as `1.0,1.2,1.4`; None for no answer."""
    if not supported:
        return None
    theirs = {version.strip() for version in supported.replace(";", ",").split(",")}
    return next((version for version in OUR_VERSIONS if version in theirs), None)


def _id_stem(session: Session) -> str:
    """Letters and digits that no other session's IDs begin with, short enough for every phone."""
    return session.sid[-8:]


def _is_own_id(session: Session, cwmp_id: str) -> bool:
    stem = _id_stem(session)
    number = cwmp_id[len(stem) :]
    return cwmp_id.startswith(stem) and number.isdecimal() and 0 < int(number) <= session.requests
