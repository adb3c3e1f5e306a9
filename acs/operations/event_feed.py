"""The events of the fleet as they come, for all who follow them in this process.

Redis is read once for everybody, and only while somebody follows. The newest events stay in memory: who is up
to date gets them from there, who is behind (or reads slowly) from Redis, at its own pace. So nobody's pace
costs memory, and nobody misses an event that is still kept.

    feed.enter(actor.key)                        # raises TooMany
    while chunk := await feed.after(place): ...  # what comes behind a place
    await feed.more()                            # there is something new
    feed.leave(actor.key)
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

import structlog
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from acs.operations.errors import TooMany
from acs.operations.ports import Runner
from acs.store import events as store
from acs.store.errors import StoreError
from acs.store.events import Kept

log = structlog.get_logger("events")

#: Seconds between two looks at Redis.
PAUSE = 0.5

#: Events read at once, and those kept in memory.
CHUNK = 500
KEPT = 2000

#: Streams that one actor may have open in one server process.
MOST_STREAMS = 20

Place = tuple[int, int]


class EventFeed:
    """The one reader of a process. `runner` sees everything: who may see what is decided by who follows."""

    def __init__(self, runner: Runner, clock: IReactorTime) -> None:
        self._runner = runner
        self._clock = clock
        self._followers: Counter[str] = Counter()
        self._look: Any = None
        #: everything behind `_start` up to `_last` is in `_newest`; not known before the first look
        self._start: str = ""
        self._last: str = ""
        self._newest: deque[Kept] = deque()
        self._waiting: set[Deferred[None]] = set()

    def enter(self, who: str) -> None:
        """Raises TooMany where this actor has too many streams open."""
        if self._followers[who] >= MOST_STREAMS:
            raise TooMany(f"{MOST_STREAMS} streams are open already, the most that one caller may have.", 15)
        self._followers[who] += 1
        if self._look is None:
            self._look = LoopingCall(lambda: ensureDeferred(self._read()))
            self._look.clock = self._clock
            self._look.start(PAUSE)

    def leave(self, who: str) -> None:
        self._followers[who] -= 1
        if not self._followers[who]:
            del self._followers[who]
        if not self._followers and self._look is not None:
            self._look.stop()
            self._look = None
            self._start = self._last = ""
            self._newest.clear()

    async def newest(self) -> str:
        """The place of the newest event."""
        return await _newest_of(self._runner)

    async def after(self, place: str) -> list[Kept]:
        """The next events behind this place, oldest first; none where there are none yet."""
        if self._start and _number(place) >= _number(self._start):
            return [kept for kept in self._newest if _number(kept.place) > _number(place)][:CHUNK]
        return await self._runner.run(store.after(place, CHUNK))

    def more(self) -> Deferred[None]:
        """Fires with the next events, whosever they are."""
        waiting: Deferred[None] = Deferred(self._waiting.discard)
        self._waiting.add(waiting)
        return waiting

    async def _read(self) -> None:
        reading = self._look
        try:
            first = not self._start
            if first:
                found: list[Kept] = []
                place = await self.newest()
            else:
                place = self._last
                found = await self._runner.run(store.after(place, CHUNK))
        except StoreError:
            return  # away for a moment; the next look tells
        if reading is not self._look:
            return  # the last follower has left meanwhile
        if first:
            self._start = self._last = place
        for kept in found:
            self._newest.append(kept)
            self._last = kept.place
        while len(self._newest) > KEPT:
            self._start = self._newest.popleft().place
        if first or found:
            self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, set()
        for one in waiting:
            one.callback(None)


async def _newest_of(runner: Runner) -> str:
    found = await runner.run(store.before("", 1))
    return found[0].place if found else "0-0"


def _number(place: str) -> Place:
    """Places in their order; one without its second part is the first of its time."""
    at, _, count = place.partition("-")
    return int(at), int(count or 0)
