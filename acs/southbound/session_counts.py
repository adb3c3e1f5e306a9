"""What sessions with phones add to the server's counts. The smallest session costs about three of them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from acs.cwmp import events
from acs.cwmp.messages import Fault, Message
from acs.cwmp.reading import UnknownMessage
from acs.cwmp.session import Act, Event, Session, Transition
from acs.fleet import metrics
from acs.fleet.metrics import OTHER, Tally
from acs.fleet.task import Task

#: Who called an RPC.
SERVER, PHONE = "server", "phone"

#: Results of an RPC beside fault codes.
OK, UNANSWERED = "ok", "no answer"

#: Fault codes of phones (TR-069 table 62), and the vendors' range of them.
_FAULTS = range(9000, 9033)
_VENDORS_FAULTS = range(9800, 9900)

#: An Inform's events by weight: the first of these that it has is why the session began.
_WEIGHT = (
    events.BOOTSTRAP,
    events.BOOT,
    events.TRANSFER_COMPLETE,
    events.CONNECTION_REQUEST,
    events.VALUE_CHANGE,
    events.DIAGNOSTICS_COMPLETE,
    events.AUTONOMOUS_TRANSFER_COMPLETE,
    events.REQUEST_DOWNLOAD,
    events.SCHEDULED,
    events.KICKED,
    events.WAKEUP,
    events.DU_STATE_CHANGE_COMPLETE,
    events.AUTONOMOUS_DU_STATE_CHANGE_COMPLETE,
    events.PERIODIC,
)

_EVENTS = frozenset(
    {
        *_WEIGHT,
        events.M_REBOOT,
        events.M_SCHEDULE_INFORM,
        events.M_DOWNLOAD,
        events.M_UPLOAD,
        events.M_SCHEDULE_DOWNLOAD,
        events.M_CHANGE_DU_STATE,
    }
)


@lru_cache(maxsize=256)
def words(codes: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """An Inform's events, and which of them is why its session began. Phones send few combinations."""
    known = tuple([code if code in _EVENTS else OTHER for code in map(events.normalise, codes)])
    return known, next((code for code in _WEIGHT if code in known), OTHER)


class SessionCounts:
    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def began(self, session: Session) -> None:
        codes, cause = words(session.events)
        for code in codes:
            self._tally.count(metrics.INFORMS, code)
        self._tally.count(metrics.SESSIONS_STARTED, cause)

    def moved(self, transition: Transition, event: Event, message: Message | UnknownMessage | None) -> None:
        """A step of a session is through: an RPC was answered, or given up, or neither."""
        settled, act = transition.settled, transition.acts[0] if transition.acts else None
        if settled is not None:
            answered = Act.COMPLETE in transition.acts
            self._tally.count(
                metrics.RPCS, SERVER, settled.method, _result(message) if answered else UNANSWERED
            )
        if act is Act.RESPOND and message is not None:
            self._tally.count(metrics.RPCS, PHONE, message.name, OK)
        elif act is Act.REFUSE_METHOD:
            self._tally.count(metrics.RPCS, PHONE, OTHER, "8000")
        elif act is Act.REFUSE_ARGUMENTS:
            self._tally.count(metrics.RPCS, PHONE, OTHER, "8003")
        if event is Event.TIME_OUT:
            owed = settled.method if settled is not None else "its turn"
            self._tally.count(metrics.TIMEOUTS, owed)

    def ended(self, session: Session, outcome: str, now: float) -> None:
        tally = self._tally
        tally.count(metrics.SESSIONS_ENDED, words(session.events)[1], outcome)
        tally.observe(now - session.opened_at, metrics.SESSION_SECONDS, outcome)
        tally.add(session.bytes_in, metrics.SESSION_BYTES, "in")
        tally.add(session.bytes_out, metrics.SESSION_BYTES, "out")

    def refused(self) -> None:
        self._tally.count(metrics.REFUSALS, "cwmp")

    def tasks(self, before: Iterable[Task], after: Iterable[Task]) -> None:
        """Tasks were written: those in another state than before are counted."""
        known = {task.id: task.state for task in before}
        for task in after:
            if known.get(task.id) is not task.state:
                self._tally.count(metrics.TASKS, task.type, task.state)


def _result(message: Message | UnknownMessage | None) -> str:
    if not isinstance(message, Fault):
        return OK
    code = message.fault_code
    if code in _VENDORS_FAULTS:
        return "98xx"
    return str(code) if code in _FAULTS else OTHER
