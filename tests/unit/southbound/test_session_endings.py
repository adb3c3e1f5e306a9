"""What is said of a session that a new Inform has overtaken, here or in another process."""

from __future__ import annotations

from msgspec import structs

from acs.cwmp import session as sessions
from acs.fleet.device import OperatorNotes
from acs.fleet.profile import ModelProfile
from acs.southbound.live_sessions import LiveSession, LiveSessions
from acs.southbound.session_counts import SessionCounts
from acs.southbound.session_endings import SUPERSEDED, SessionEndings


class Store:
    """Where it is said how recorded sessions ended."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, str]] = []

    def forget_address(self, live: LiveSession) -> None:
        """It was told to nobody."""

    def end_trace(self, session: sessions.Session, outcome: str) -> None:
        self.ended.append((session.sid, outcome))


class Counts(SessionCounts):
    def __init__(self) -> None:
        self.outcomes: list[str] = []

    def ended(self, session: sessions.Session, outcome: str, now: float) -> None:
        self.outcomes.append(outcome)


def recorded(random: str) -> sessions.Session:
    session = sessions.begin("a" * 16 + random * 16, "urn:dslforum-org:cwmp-1-0", now=0.0, peer="192.0.2.1")
    return structs.replace(session, trace="t" + random)


def overtaken(open_till_now: sessions.Session | None, in_hand: sessions.Session | None):
    """What was said of traces, what was counted, and whether anything is still in hand."""
    lives, store, counts, hanging = LiveSessions(1), Store(), Counts(), None
    if in_hand is not None:
        hanging = LiveSession(in_hand, None, OperatorNotes(), (), "", None, ModelProfile(key=""))
        lives.add(hanging)
    SessionEndings(lives, store, counts, lambda: 9.0).superseded(open_till_now, hanging)
    return store.ended, counts.outcomes, len(lives)


def test_a_session_that_was_still_open_is_superseded():
    one = recorded("1")
    assert overtaken(one, one) == ([(one.sid, SUPERSEDED)], [SUPERSEDED], 0)


def test_how_one_ended_that_went_on_in_another_process_is_said_there():
    assert overtaken(None, recorded("1")) == ([], [], 0)


def test_one_that_is_in_the_hands_of_another_process_is_superseded_too():
    one = recorded("1")
    assert overtaken(one, None) == ([(one.sid, SUPERSEDED)], [], 0)
    assert overtaken(one, recorded("2")) == ([(one.sid, SUPERSEDED)], [], 0)


def test_where_none_was_open_nothing_is_said():
    assert overtaken(None, None) == ([], [], 0)
