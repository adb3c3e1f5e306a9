"""The cap on what the files port sends: a line for all file servers together, and one for each rollout that
has a bandwidth of its own.

Room on a line is taken in Redis (`acs.store.bandwidth`), for a fraction of a second at a time, by whichever
server process has something to send; so the cap holds for all processes and machines together, and a single
transfer has all of it. While Redis is away each process takes its share of the line.

Within a process whoever asked first goes first, piece by piece, so that transfers that are under way at the
same time come forward equally. Small files, which is what configurations are, go before large ones. A
transfer of a rollout first waits for its rollout's line, so that it does not hold room on the common one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakSet, WeakValueDictionary

import structlog
from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from acs.southbound.http_sending import PIECE

log = structlog.get_logger("acs.files")

#: A file of at most so many bytes goes before larger ones: configurations and phone books do, images do not.
SMALL = 256 * 1024

#: Seconds of a line that a process takes at once, and that one transfer gets at once.
LEASE = 0.25
TURN = 0.1

#: The least that is sent at once, however slow the line.
LEAST = 1024

#: Takes room: line, bytes, bytes a second; the seconds until they may go.
Take = Callable[[str, int, int], Deferred[float]]


class _Room:
    """What this process may send on one line now; less than nothing where more was sent than there was."""

    def __init__(self, line: str, rate: int) -> None:
        self.line = line
        self.rate = rate
        self.bytes = 0
        self.asked = False
        #: transfers that go over it
        self.lines: WeakSet[FileLine] = WeakSet()

    @property
    def turn(self) -> int:
        return max(LEAST, int(self.rate * TURN))


class _Wish:
    """Of one transfer for its next piece."""

    __slots__ = ("granted", "number", "wanted")

    def __init__(self, number: int, wanted: int, granted: Callable[[int], object]) -> None:
        self.number = number
        self.wanted = wanted
        #: None once it was granted or given up
        self.granted: Callable[[int], object] | None = granted

    def give_up(self) -> None:
        self.granted = None


class _Way(Struct, frozen=True):
    """The lines that a transfer needs room on, in the order in which it takes it."""

    small: bool
    rooms: tuple[_Room, ...]


class FileLine:
    """The `Line` of one transfer."""

    def __init__(self, bandwidth: Bandwidth, way: _Way) -> None:
        self._bandwidth = bandwidth
        self._way = way
        for room in way.rooms:
            room.lines.add(self)

    def ask(self, wanted: int, granted: Callable[[int], object]) -> Callable[[], object]:
        return self._bandwidth.ask(self._way, wanted, granted)


class Bandwidth:
    """
    :param rate: bytes a second of all file servers together, 0 for no cap.
    :param take: takes room on a line.
    :param processes: by how many the line is divided while Redis is away.
    :param clock: Twisted's reactor or its like.
    """

    def __init__(self, rate: int, take: Take, *, processes: int = 1, clock: Any) -> None:
        self._take = take
        self._processes = processes
        self._clock = clock
        self._common = _Room("", rate) if rate else None
        self._rollouts: WeakValueDictionary[tuple[str, int], _Room] = WeakValueDictionary()
        self._waiting: dict[_Way, deque[_Wish]] = {}
        self._number = 0
        self._serving = False
        self._timers: set[Any] = set()

    def line(self, size: int, rollout: str = "", rate: int = 0) -> FileLine | None:
        """The line for a file of `size` bytes, sent for a rollout with `rate` bytes a second (0: no such
        limit); None where nothing limits it."""
        rooms: tuple[_Room, ...] = ()
        if rollout and rate:
            room = self._rollouts.get((rollout, rate))
            if room is None:
                room = self._rollouts[(rollout, rate)] = _Room(rollout, rate)
            rooms = (room,)
        if self._common is not None:
            rooms = (*rooms, self._common)
        return FileLine(self, _Way(size <= SMALL, rooms)) if rooms else None

    def room_for(self, size: int) -> Deferred[None] | None:
        """Fires when an answer of so many bytes, which are sent in one go, may go out; None for now."""
        if self._common is None:
            return None
        fires: Deferred[None] = Deferred()
        self._ask(_Way(True, (self._common,)), size, lambda _: fires.callback(None))
        return fires

    def ask(self, way: _Way, wanted: int, granted: Callable[[int], object]) -> Callable[[], object]:
        """For `FileLine`."""
        return self._ask(way, min(wanted, *(room.turn for room in way.rooms)), granted)

    def stop(self) -> None:
        """Nobody is let through any more."""
        self._waiting.clear()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _ask(self, way: _Way, wanted: int, granted: Callable[[int], object]) -> Callable[[], object]:
        self._number += 1
        wish = _Wish(self._number, wanted, granted)
        self._waiting.setdefault(way, deque()).append(wish)
        self._serve()
        return wish.give_up

    def _serve(self) -> None:
        """Let through whom there is room for, and take more room for the others."""
        if self._serving:
            return  # by somebody who asked again at once
        self._serving = True
        try:
            while (way := self._next()) is not None:
                wish = self._waiting[way].popleft()
                granted, wish.granted = wish.granted, None
                assert granted is not None, "those that were given up are dropped by _next"
                for room in way.rooms:
                    room.bytes -= wish.wanted
                granted(wish.wanted)
            for room in self._short_of():
                self._get(room)
        finally:
            self._serving = False

    def _next(self) -> _Way | None:
        """The way of the wish that is to go now: small files first, then whoever asked first."""
        best: tuple[bool, int] | None = None
        found = None
        for way, wishes in list(self._waiting.items()):
            while wishes and wishes[0].granted is None:
                wishes.popleft()
            if not wishes:
                del self._waiting[way]
            elif all(room.bytes > 0 for room in way.rooms):
                rank = (not way.small, wishes[0].number)
                if best is None or rank < best:
                    best, found = rank, way
        return found

    def _short_of(self) -> Iterator[_Room]:
        """The lines that somebody waits for, each once: of a way the first that has no room."""
        short = {id(room): room for way in self._waiting if (room := _lacking(way)) is not None}
        yield from short.values()

    def _get(self, room: _Room) -> None:
        if room.asked:
            return
        room.asked = True
        wanted = sum(
            wish.wanted
            for way, wishes in self._waiting.items()
            if _lacking(way) is room
            for wish in wishes
            if wish.granted is not None
        )
        # also for those whose last piece is still on its way: they will ask, too
        wanted = max(wanted, len(room.lines) * min(room.turn, PIECE))
        size = max(LEAST, min(wanted, int(room.rate * LEASE))) - room.bytes
        self._take(room.line, size, room.rate).addErrback(self._alone, room, size).addCallback(
            self._later, room, size
        )

    def _alone(self, failure: Failure, room: _Room, size: int) -> float:
        log.warning("a line's room is this process's share of it", reason=repr(failure.value))
        return size * self._processes / room.rate

    def _later(self, delay: float, room: _Room, size: int) -> None:
        def come() -> None:
            self._timers.discard(timer)
            room.asked = False
            room.bytes += size
            self._serve()

        timer = self._clock.callLater(delay, come)
        self._timers.add(timer)


def _lacking(way: _Way) -> _Room | None:
    return next((room for room in way.rooms if room.bytes <= 0), None)
