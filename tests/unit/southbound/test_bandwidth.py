"""What may be sent when: lines in Redis' place, and a clock that only these tests move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from acs.southbound.bandwidth import SMALL, Bandwidth
from acs.store.errors import StoreUnavailable

RATE = 100_000
IMAGE = 10_000_000


class Lines:
    """Room on lines as Redis gives it, by the tests' clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._free: dict[str, float] = {}
        self.away = False

    def take(self, line: str, size: int, rate: int) -> Deferred[float]:
        if self.away:
            return fail(StoreUnavailable("Redis is away"))
        now = self._clock.seconds()
        start = max(self._free.get(line, 0.0), now)
        self._free[line] = start + size / rate
        return succeed(start - now)


class Download:
    """Takes a file as quickly as it may."""

    def __init__(self, line: Any, size: int) -> None:
        self._line = line
        self.left = size
        self.got = 0
        self._give_up: Callable[[], object] = lambda: None
        self.go_on()

    def go_on(self) -> None:
        if self.left:
            self._give_up = self._line.ask(min(65536, self.left), self._take)

    def _take(self, size: int) -> None:
        assert 0 < size <= self.left
        self.left -= size
        self.got += size
        self.go_on()

    def vanish(self) -> None:
        self._give_up()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lines(clock: Clock) -> Lines:
    return Lines(clock)


@pytest.fixture
def server(clock: Clock, lines: Lines) -> Callable[..., Bandwidth]:
    def made(rate: int = RATE, processes: int = 1) -> Bandwidth:
        return Bandwidth(rate, lines.take, processes=processes, clock=clock)

    return made


def pass_time(clock: Clock, seconds: float) -> None:
    clock.pump([0.01] * round(seconds * 100))


def test_nothing_is_capped_unless_asked_for(server):
    bandwidth = server(0)
    assert bandwidth.line(IMAGE) is None
    assert bandwidth.line(IMAGE, "july", 0) is None
    assert bandwidth.room_for(5000) is None


def test_a_file_takes_the_time_that_its_bytes_take(server, clock):
    download = Download(server().line(IMAGE), 10 * RATE)
    pass_time(clock, 5)
    assert download.got == pytest.approx(5 * RATE, rel=0.1)
    pass_time(clock, 4)
    assert download.left > 0
    pass_time(clock, 1.2)
    assert download.left == 0


def test_two_servers_keep_to_the_cap_together_and_one_alone_has_all_of_it(server, clock):
    one, other = server(processes=2), server(processes=2)
    both = [Download(one.line(IMAGE), IMAGE), Download(other.line(IMAGE), 3 * RATE)]
    pass_time(clock, 4)
    assert sum(download.got for download in both) == pytest.approx(4 * RATE, rel=0.15)
    assert both[0].got == pytest.approx(both[1].got, rel=0.2)
    pass_time(clock, 4)
    assert both[1].left == 0
    before = both[0].got
    pass_time(clock, 4)
    assert both[0].got - before == pytest.approx(4 * RATE, rel=0.15)


def test_transfers_come_forward_equally(server, clock):
    bandwidth = server()
    downloads = [Download(bandwidth.line(IMAGE), IMAGE) for _ in range(10)]
    pass_time(clock, 20)
    got = [download.got for download in downloads]
    assert sum(got) == pytest.approx(20 * RATE, rel=0.1)
    assert max(got) - min(got) <= RATE / 10


def test_a_small_file_does_not_wait_behind_images(server, clock):
    bandwidth = server()
    images = [Download(bandwidth.line(IMAGE), IMAGE) for _ in range(50)]
    pass_time(clock, 3)
    small = Download(bandwidth.line(SMALL), 20_000)
    answer: list[None] = []
    bandwidth.room_for(5_000).addCallback(answer.append)
    pass_time(clock, 1)
    assert small.left == 0
    assert answer == [None]
    before = sum(image.got for image in images)
    pass_time(clock, 2)
    assert sum(image.got for image in images) - before > RATE


def test_what_small_files_took_is_counted(server, clock):
    bandwidth = server()
    image = Download(bandwidth.line(IMAGE), IMAGE)
    for _ in range(20):
        bandwidth.room_for(RATE // 10)
        pass_time(clock, 0.2)
    assert image.got == pytest.approx(4 * RATE - 2 * RATE, rel=0.2)


def test_a_rollouts_phones_together_stay_under_its_own_bandwidth(server, clock):
    bandwidth = server()
    rollout = [Download(bandwidth.line(IMAGE, "july", RATE // 10), IMAGE) for _ in range(5)]
    other = Download(bandwidth.line(IMAGE), IMAGE)
    pass_time(clock, 20)
    assert sum(download.got for download in rollout) == pytest.approx(2 * RATE, rel=0.15)
    assert other.got == pytest.approx(18 * RATE, rel=0.1)


def test_a_rollouts_bandwidth_holds_where_the_server_has_no_cap(server, clock):
    one, other = server(0), server(0)
    both = [Download(server.line(IMAGE, "july", RATE), IMAGE) for server in (one, other)]
    pass_time(clock, 10)
    assert sum(download.got for download in both) == pytest.approx(10 * RATE, rel=0.15)


def test_whoever_vanishes_while_waiting_takes_nothing(server, clock):
    bandwidth = server()
    stays, vanishes = (Download(bandwidth.line(IMAGE), IMAGE) for _ in range(2))
    pass_time(clock, 2)
    vanishes.vanish()
    got, before = vanishes.got, stays.got
    pass_time(clock, 4)
    assert vanishes.got == got
    assert stays.got - before == pytest.approx(4 * RATE, rel=0.15)


def test_while_redis_is_away_each_process_takes_its_share(server, clock, lines):
    lines.away = True
    download = Download(server(processes=4).line(IMAGE), IMAGE)
    pass_time(clock, 8)
    assert download.got == pytest.approx(8 * RATE / 4, rel=0.15)
    lines.away = False
    before = download.got
    pass_time(clock, 4)
    assert download.got - before == pytest.approx(4 * RATE, rel=0.25)


def test_a_server_that_stops_lets_nobody_through_and_leaves_no_timer(server, clock):
    bandwidth = server()
    download = Download(bandwidth.line(IMAGE), IMAGE)
    pass_time(clock, 1)
    bandwidth.stop()
    got = download.got
    pass_time(clock, 2)
    assert download.got == got
    assert clock.getDelayedCalls() == []


def test_the_slowest_line_still_moves(server, clock):
    download = Download(server(1024).line(IMAGE), 10_240)
    pass_time(clock, 10.5)
    assert download.left == 0
