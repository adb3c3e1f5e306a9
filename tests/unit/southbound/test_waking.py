"""Attempts at one phone, way after way, with a real store, scripted ways and a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.task import Clock

from acs.fleet.device import Device, WakeRecord
from acs.fleet.identity import device_key
from acs.fleet.waking import Kind
from acs.southbound import wake_attempt
from acs.southbound.wake import Outcome
from acs.southbound.wake_attempt import Means
from acs.southbound.wake_ways import Request, WakeWays
from acs.southbound.waking import LEASE, TICK, WakeService
from acs.store import devices, events, keyspace, timeline, wakes
from acs.store.calls import Call, nothing
from acs.store.codec import encode
from acs.store.embedded import EmbeddedRedis
from acs.store.runner_blocking import BlockingRunner
from acs.store.wakes import Pace

ID = "001565-CP860-1"
KEY = device_key(ID)
NOW = 1_800_000_000.0
UDP = ("203.0.113.9", 4000)


class AtOnce:
    """The blocking runner, in the shape of the reactor's."""

    def __init__(self, blocking: BlockingRunner) -> None:
        self.blocking = blocking

    def run(self, call: Call[Any]) -> Deferred[Any]:
        return maybeDeferred(self.blocking.run, call)

    def run_all(self, calls: Any) -> Deferred[list[Any]]:
        return maybeDeferred(self.blocking.run_all, list(calls)) if calls else succeed([])


class Ways(WakeWays):
    """`http` gives the outcomes in turn; `sent` has the UDP requests."""

    def __init__(self) -> None:
        self.http: list[Outcome] = []
        self.addresses: tuple[Any, ...] = ()
        self.asked = 0
        self.sent: list[Request] = []

    def udp_addresses(self, known: Any, binding: Any) -> tuple[Any, ...]:
        return self.addresses

    async def by_http(self, known: Any) -> Outcome:
        self.asked += 1
        return self.http.pop(0)

    def udp_request(self, known: Any, addresses: Any) -> Request:
        return Request(tuple((b"GET", address) for address in addresses))

    def send(self, request: Request) -> Outcome:
        self.sent.append(request)
        return Outcome(Kind.SENT, f"sent to {request.where}")


class Desk:
    """One server process with one phone."""

    def __init__(self, redis_url: str) -> None:
        self.blocking = BlockingRunner(redis_url)
        self.blocking.run(Call(("FLUSHALL",), nothing))
        self.clock = Clock()
        self.ways = Ways()
        self.service = self.another()
        self.phone(last_inform=NOW - 100)

    def another(self, spacing: float = 0.0) -> WakeService:
        """One more process on the same store."""
        means = Means(
            runner=AtOnce(self.blocking),  # type: ignore[arg-type]
            ways=self.ways,
            now=lambda: NOW + self.clock.seconds(),
            clock=self.clock,
            chance=lambda: 0.5,
            spacing=spacing,
        )
        return WakeService(means, Pace(at_once=10, per_second=100, spacing=0))

    def phone(self, **facts: Any) -> None:
        device = Device(ID, inform_interval=600, connection_request_url="http://192.0.2.7/", **facts)
        prefix = keyspace.device_prefix(KEY)
        self.blocking.run(Call(("SET", prefix + keyspace.DEVICE, encode(device)), nothing))

    def informs(self) -> None:
        self.phone(last_inform=NOW + self.clock.seconds())

    def wake(self) -> list[WakeRecord]:
        """What who asks is told, once it is there."""
        told: list[WakeRecord] = []
        Deferred.fromCoroutine(self.service.wake(ID, "Alice")).addCallback(told.append)
        return told

    def passes(self, seconds: float) -> None:
        end = self.clock.seconds() + seconds
        while self.clock.seconds() < end:
            self.clock.advance(0.05)

    @property
    def record(self) -> WakeRecord:
        known = self.blocking.run(devices.get(KEY))
        assert known is not None
        assert known.wake is not None
        return known.wake

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        """Way and outcome of each attempt, oldest first."""
        history = self.blocking.run(wakes.history(KEY))
        return [(attempt.way, attempt.outcome) for attempt in reversed(history)]

    def waiting(self) -> Any:
        return self.blocking.drive(wakes.waiting(ID, NOW + self.clock.seconds()))


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    redis = EmbeddedRedis(tmp_path_factory.mktemp("wakes"))
    yield redis.start()
    redis.stop()


@pytest.fixture
def desk(redis_url: str) -> Iterator[Desk]:
    made = Desk(redis_url)
    yield made
    made.blocking.close()


ACCEPTED = Outcome(Kind.ACCEPTED, "it accepted (204)", 204)
DECLINED = Outcome(Kind.DECLINED, "it declined (503)", 503)
TIMED_OUT = Outcome(Kind.TIMED_OUT, "it did not answer")
REFUSED = Outcome(Kind.REFUSED, "it refused the login", 401)


def test_who_asks_is_told_at_once_and_the_inform_ends_it(desk) -> None:
    desk.ways.http = [ACCEPTED]
    told = desk.wake()
    assert [record.outcome for record in told] == ["accepted"]
    assert desk.waiting() is not None  # until it comes
    desk.informs()
    desk.passes(1)
    assert desk.waiting() is None
    assert desk.outcomes == [("http", "accepted")]
    assert desk.blocking.run(wakes.history(KEY))[0].came_after == 0


def test_who_asks_hears_that_a_phone_is_left_alone_for_its_spacing(desk) -> None:
    desk.service = desk.another(spacing=30)
    desk.ways.http = [DECLINED]
    [record] = desk.wake()
    assert record.again_at == NOW + 30
    assert record.text.endswith("asked again in 30 s")


def test_a_request_that_was_taken_by_whatever_is_there_is_followed_by_the_other_way(desk) -> None:
    desk.ways.http, desk.ways.addresses = [ACCEPTED], (UDP,)
    desk.wake()
    desk.passes(sum(wake_attempt.LOOKS) + 0.5)
    assert desk.ways.sent
    desk.informs()
    desk.passes(1)
    assert desk.outcomes == [("http", "unanswered"), ("udp", "came")]
    # and from now on that way goes first
    desk.ways.sent.clear()
    desk.wake()
    assert (desk.ways.asked, len(desk.ways.sent)) == (1, 1)


def test_udp_copies_are_the_same_request_and_end_when_it_comes(desk) -> None:
    desk.ways.http, desk.ways.addresses = [TIMED_OUT], (UDP,)
    told = desk.wake()
    desk.passes(1.0)
    assert len(desk.ways.sent) == 3
    assert len(set(desk.ways.sent)) == 1
    assert told == []
    desk.informs()
    desk.passes(5)
    assert len(desk.ways.sent) <= wake_attempt.COPIES
    assert [record.outcome for record in told] == ["came"]


def test_what_does_not_reach_it_is_tried_again_until_nothing_is_left_but_to_wait(desk) -> None:
    desk.ways.http = [TIMED_OUT] * 10
    [first] = desk.wake()
    assert first.again_at == NOW + 5
    assert "asked again in 5 s" in first.text
    desk.service.start()
    desk.passes(100)
    assert desk.ways.asked == 4
    assert desk.outcomes == [("http", "timed_out")] * 4
    assert desk.waiting() is None
    assert desk.record.next_inform == NOW + 500
    assert "tried 4 times; its next Inform is due at" in desk.record.text
    [lost] = desk.blocking.run(events.after("0", 10))
    assert (lost.event.kind, lost.event.device) == ("wake_failed", ID)
    told = [entry.text for entry in desk.blocking.run(timeline.read(KEY))]
    assert len(told) == 4


def test_a_busy_phone_is_asked_again_and_not_by_the_other_way(desk) -> None:
    desk.ways.http, desk.ways.addresses = [DECLINED, ACCEPTED], (UDP,)
    desk.wake()
    assert (desk.record.outcome, desk.ways.sent) == ("declined", [])
    desk.service.start()
    desk.passes(5.5)
    assert desk.ways.asked == 2


def test_a_phone_that_called_meanwhile_is_left_alone(desk) -> None:
    desk.ways.http = [TIMED_OUT]
    desk.wake()
    desk.clock.advance(1)
    desk.informs()
    desk.service.start()
    desk.passes(10)
    assert desk.ways.asked == 1
    assert desk.waiting() is None


def test_a_refused_login_is_not_tried_again(desk) -> None:
    desk.ways.http = [REFUSED]
    [told] = desk.wake()
    assert (told.outcome, told.again_at) == ("refused", 0)
    assert desk.waiting() is None


def test_two_who_ask_at_the_same_time_share_one_request(desk) -> None:
    desk.ways.http, desk.ways.addresses = [TIMED_OUT], (UDP,)
    first, second = desk.wake(), desk.wake()
    desk.passes(0.5)
    desk.informs()
    desk.passes(1)
    assert [record.outcome for record in first + second] == ["came", "came"]
    assert desk.outcomes == [("http", "timed_out"), ("udp", "came")]


def test_asking_again_while_only_the_inform_is_awaited_sends_again(desk) -> None:
    desk.ways.http = [ACCEPTED, ACCEPTED]
    first, second = desk.wake(), desk.wake()
    assert [record.outcome for record in first + second] == ["accepted", "accepted"]
    assert desk.ways.asked == 2


def test_a_stopping_process_gives_its_phones_back_and_a_dead_one_loses_them_with_the_lease(desk) -> None:
    desk.ways.http, desk.ways.addresses = [TIMED_OUT] * 3, (UDP,)
    desk.wake()
    Deferred.fromCoroutine(desk.service.stop())
    assert not desk.waiting().under_way
    other = desk.another()
    other.start()
    desk.clock.advance(TICK)
    assert desk.ways.asked == 2
    # it never comes to an end: as if its process was killed
    job = desk.waiting().job
    assert desk.waiting().due_at == pytest.approx(job.asked_at + TICK + LEASE)


def test_an_unknown_phone_leaves_nothing_behind(desk) -> None:
    told: list[WakeRecord] = []
    Deferred.fromCoroutine(desk.service.wake("no-such-phone", "Alice")).addCallback(told.append)
    assert [record.outcome for record in told] == ["unknown"]
    assert desk.blocking.drive(wakes.overview(limit=1, now=NOW)).total == 0
