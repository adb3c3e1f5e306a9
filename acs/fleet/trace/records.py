"""What is kept of a recorded session: a line about it, how things stood when it began, each message.

Records are stored as arrays: new fields go to the end, with a default. Nothing in them is a secret
(`acs.fleet.trace.blanking`, `acs.fleet.trace.beginning`).
"""

from __future__ import annotations

from msgspec import Struct

from acs.datamodel.tree import Parameter
from acs.fleet.desired import NamedLayer
from acs.fleet.device import Device, OperatorNotes
from acs.fleet.known_keys import KnownKey
from acs.fleet.layers import Group, Layer
from acs.fleet.learning import LearningState
from acs.fleet.profile import ModelProfile
from acs.fleet.task import Task

#: Bytes of one body that are kept, and of all bodies of a trace. A first contact has about 1 MB.
MESSAGE_LIMIT = 256 * 1024
TRACE_LIMIT = 2 * 1024 * 1024

#: A body beyond this is not looked through for secrets, and so not kept at all.
READ_LIMIT = 2 * 1024 * 1024

#: Messages of a trace: more than a session of 2000 requests has.
MOST_MESSAGES = 5000

#: Traces kept of one phone, and for how many seconds.
KEPT = 20
LIFE = 7 * 86_400

#: Sessions that one order may be for, and the seconds for which it holds: usual, and at most.
MOST_SESSIONS = 20
ORDER_LIFE = 86_400
LONGEST_ORDER = 7 * 86_400

#: Refused logins that are recorded for one order. Whoever reaches the port can send them.
MOST_REFUSED = 3

#: How a recorded session ended, beside the words of `acs.southbound.session_endings`: its login was refused.
REFUSED = "refused"


class Trace(Struct, frozen=True, array_like=True, kw_only=True):
    """One recorded session. Times are seconds since the epoch."""

    id: str
    started_at: float
    #: who asked for it
    by: str = ""
    #: event codes of its Inform
    events: tuple[str, ...] = ()
    #: the address it came from
    peer: str = ""
    #: "" while it goes on
    outcome: str = ""
    ended_at: float = 0


class TraceMessage(Struct, frozen=True, array_like=True, kw_only=True):
    """One HTTP request of the phone, or one answer to it."""

    at: float
    from_phone: bool
    #: the connection it came on, counted from 1 within the trace
    connection: int
    #: such as `POST /cwmp HTTP/1.1` or `HTTP/1.1 200 OK`
    start_line: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    #: bytes of the body as it came
    size: int = 0
    #: why the body, or the rest of it, is missing; "" where it is whole
    missing: str = ""
    #: the open tasks, where somebody else changed them while this message of the phone was answered
    tasks: tuple[Task, ...] | None = None

    @property
    def status(self) -> int:
        """Of an answer: its HTTP status."""
        words = self.start_line.split()
        return int(words[1]) if not self.from_phone and len(words) > 1 and words[1].isdecimal() else 0

    def header(self, name: str) -> str:
        """The value of a field, its name in lower case; "" where it is missing."""
        return next((value for field, value in self.headers if field.lower() == name), "")


class TraceStart(Struct, frozen=True, array_like=True, kw_only=True):
    """How things stood just before the Inform of a recorded session was looked at."""

    sid: str
    device: Device | None = None
    notes: OperatorNotes = OperatorNotes()
    tasks: tuple[Task, ...] = ()
    learning: LearningState | None = None
    profile: ModelProfile = ModelProfile(key="")
    #: the phone's own layer of configuration, and all that it has, the weakest first
    layer: Layer | None = None
    layers: tuple[NamedLayer, ...] = ()
    known: dict[str, KnownKey] = {}
    parameters: dict[str, Parameter] = {}
    #: those that the phone is in
    groups: tuple[Group, ...] = ()
