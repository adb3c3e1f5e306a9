"""Which session a message belongs to, whose time is up, and what is remembered of the ended ones."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from acs.cwmp import session as sessions
from acs.fleet.device import OperatorNotes
from acs.fleet.profile import ModelProfile
from acs.southbound.http_messages import Connection
from acs.southbound.live_sessions import ENDED_REMEMBERED, LiveSession, LiveSessions


def live_session(key: str = "a", random: str = "1", peer: str = "192.0.2.1") -> LiveSession:
    session = sessions.begin(key * 16 + random * 16, "urn:dslforum-org:cwmp-1-0", now=0.0, peer=peer)
    return LiveSession(session, None, OperatorNotes(), (), "", None, ModelProfile(key=""))


def bound(live: LiveSession) -> Connection:
    connection = Connection(live.peer)
    connection.state["sid"] = live.session.sid
    return connection


NOWHERE = "198.51.100.9"


def test_a_session_is_found_by_its_cookie_wherever_it_comes_from():
    lives, live = LiveSessions(1), live_session()
    lives.add(live)
    assert lives.find((live.session.sid,), Connection(NOWHERE), NOWHERE) is live


def test_of_several_cookies_the_one_that_is_known_counts():
    lives, live = LiveSessions(1), live_session()
    lives.add(live)
    assert lives.find(("0" * 32, live.session.sid), Connection(NOWHERE), NOWHERE) is live


def test_without_a_cookie_it_is_found_by_its_connection():
    lives, first, second = LiveSessions(1), live_session("a"), live_session("b")
    lives.add(first)
    lives.add(second)
    assert lives.find((), bound(second), second.peer) is second


def test_an_address_has_the_sessions_that_came_from_it():
    lives, first, second = LiveSessions(1), live_session("a"), live_session("b")
    lives.add(first)
    lives.add(second)
    assert lives.find((), Connection(first.peer), first.peer) is None
    assert lives.at(first.peer) == {first.session.sid, second.session.sid}
    lives.drop(second)
    assert lives.at(first.peer) == {first.session.sid}
    assert lives.at(NOWHERE) == frozenset()


def test_an_old_cookie_of_the_device_counts_on_a_fresh_connection_from_its_address():
    lives, old, new = LiveSessions(1), live_session(random="1"), live_session(random="2")
    lives.add(new)
    assert lives.find((old.session.sid,), Connection(new.peer), new.peer) is new
    assert lives.find((old.session.sid,), Connection(NOWHERE), NOWHERE) is None


def test_a_late_message_on_the_connection_of_a_superseded_session_finds_nothing():
    lives, old, new = LiveSessions(1), live_session(random="1"), live_session(random="2")
    lives.add(old)
    connection = bound(old)
    lives.add(new)
    assert lives.find((old.session.sid,), connection, old.peer) is None
    assert lives.find((), connection, old.peer) is None


def test_a_device_has_one_session_here_and_dropping_an_old_one_leaves_the_new():
    lives, old, new = LiveSessions(1), live_session(random="1"), live_session(random="2")
    lives.add(old)
    lives.add(new)
    assert len(lives) == 1
    lives.drop(old)
    assert lives.of_device("a" * 16) is new


def test_a_session_is_overdue_once_when_its_time_is_up():
    lives, live = LiveSessions(1), live_session()
    lives.add(live)
    lives.wait(live, 130.0)
    assert lives.overdue(129.0) == []
    assert lives.overdue(131.5) == [live]
    assert lives.overdue(133.0) == []


def test_a_session_that_went_on_is_not_overdue_at_its_old_time():
    lives, live = LiveSessions(1), live_session()
    lives.add(live)
    lives.wait(live, 130.0)
    lives.wait(live, 160.0)
    assert lives.overdue(140.0) == []
    assert lives.overdue(170.0) == [live]


def test_a_shorter_wait_after_a_longer_one_counts():
    lives, live = LiveSessions(1), live_session()
    lives.add(live)
    lives.wait(live, 700.0)
    lives.wait(live, 130.0)
    assert lives.overdue(132.0) == [live]


def test_a_pause_between_two_looks_loses_nobody():
    lives, first, second = LiveSessions(1), live_session("a"), live_session("b")
    for live, until in ((first, 110.0), (second, 150.0)):
        lives.add(live)
        lives.wait(live, until)
    assert lives.overdue(105.0) == []
    assert lives.overdue(400.0) == [first, second]


def test_an_ended_session_is_remembered_for_a_while():
    lives = LiveSessions(1)
    live = live_session()
    lives.add(live)
    lives.end(live, live.session)
    assert len(lives) == 0
    assert lives.ended(live.session.sid) is live.session
    for number in range(ENDED_REMEMBERED):
        other = live_session()
        other.session = sessions.begin(f"{number:032x}", "", now=0.0)
        lives.add(other)
        lives.end(other, other.session)
    assert lives.ended(live.session.sid) is None


def test_who_waits_for_a_session_is_told_when_it_is_free():
    live = live_session()
    live.hold()
    told: list[int] = []
    for number in (1, 2):
        waiting: Deferred[None] = live.free()
        waiting.addCallback(lambda _, number=number: told.append(number))
    assert told == []
    live.release()
    assert told == [1, 2]
    assert not live.busy
