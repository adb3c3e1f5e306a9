"""`GET /api/v1/events` as server-sent events: one open answer, kept going by a `_Following`.

It writes what the feed has behind its place, then waits for more. While the connection takes no bytes it
writes nothing and remembers its place only. Every `SIGN_OF_LIFE` seconds it says that it is there. Before
each sign, and before it tells anything, it looks whether its caller may still see what it could see at
first; if not, the answer ends.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

import msgspec
import structlog
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.interfaces import IPushProducer, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request
from zope.interface import implementer  # type: ignore[import-untyped]  # it ships no types

from acs.northbound.rest.routing import Call
from acs.operations import events, limits
from acs.operations.errors import OperationError
from acs.operations.event_feed import EventFeed
from acs.operations.ports import Runner
from acs.store.errors import StoreError
from acs.store.events import Kept

log = structlog.get_logger("events")

CONTENT_TYPE = "text/event-stream"

#: Seconds between two signs of life, and how many of them in a row may find the connection stuck.
SIGN_OF_LIFE = 15.0
MOST_STUCK = 4

#: Milliseconds after which a client that lost its stream should come back.
RETRY = 3000

#: Seconds before a place is read again where the store did not answer.
AGAIN = 1.0

_OVER = "who asked may not see it any more"

#: Lets through what is asked for and may be seen.
Passing = Callable[[list[Kept]], Awaitable[list[Kept]]]

#: Whether the caller is still who it was, and may still see the same.
StillGood = Callable[[], Awaitable[bool]]


def feed_of(call: Call) -> EventFeed:
    """The one of this process."""
    runner: Any = limits.whole(call.services.runner)  # as `cache` wants it
    return _feed(runner, call.services.reactor)


@cache
def _feed(runner: Runner, clock: IReactorTime) -> EventFeed:
    return EventFeed(runner, clock)


class EventStream(Resource):
    """The answer to one request. Its place in the feed was taken already, by `EventFeed.enter`."""

    isLeaf = True

    def __init__(
        self, feed: EventFeed, who: str, place: str, passing: Passing, good: StillGood, clock: IReactorTime
    ) -> None:
        construct: Any = super().__init__  # twisted.web is not typed throughout
        construct()
        self._feed = feed
        self._who = who
        self._place = place
        self._passing = passing
        self._good = good
        self._clock = clock

    def render(self, request: Request) -> Any:
        for name, value in (
            ("Content-Type", f"{CONTENT_TYPE}; charset=utf-8"),
            ("Cache-Control", "no-store"),
            ("Vary", "Accept"),
            ("X-Accel-Buffering", "no"),
        ):
            request.responseHeaders.setRawHeaders(name, [value])
        if request.method == b"HEAD":
            self._feed.leave(self._who)
            return b""
        following = _Following(request, self._feed, self._place, self._passing, self._good, self._clock)
        following.ended.addBoth(lambda _: self._feed.leave(self._who))
        following.start()
        return NOT_DONE_YET


@implementer(IPushProducer)
class _Following:
    """One open stream."""

    def __init__(
        self,
        request: Request,
        feed: EventFeed,
        place: str,
        passing: Passing,
        good: StillGood,
        clock: IReactorTime,
    ) -> None:
        self._request: Any = request
        self._feed = feed
        self._place = place
        self._passing = passing
        self._good = good
        self._clock: Any = clock
        self.ended: Deferred[None] = Deferred()
        #: set while the connection takes no bytes
        self._stuck: Deferred[None] | None = None
        self._stuck_signs = 0
        self._pump: Any = None
        self._signs: Any = LoopingCall(lambda: ensureDeferred(self._sign()))
        self._signs.clock = clock

    def start(self) -> None:
        self._request.notifyFinish().addBoth(lambda _: self._end())
        self._request.registerProducer(self, True)
        self._request.write(b"retry: %d\n\n" % RETRY)
        self._signs.start(SIGN_OF_LIFE, now=False)
        self._pump = ensureDeferred(self._follow())
        self._pump.addErrback(self._failed)

    async def _follow(self) -> None:
        while True:
            if self._stuck is not None:
                await self._stuck
            try:
                chunk = await self._feed.after(self._place)
                passing = await self._passing(chunk)
                good = not passing or await self._good()
            except StoreError:
                await self._pause(AGAIN)
                continue
            if not good:
                self._close(_OVER)
                return
            for kept in passing:
                self._request.write(_block(kept))
                self._place = kept.place
                if self._stuck is not None:
                    await self._stuck
            if chunk:
                self._place = chunk[-1].place
            else:
                await self._feed.more()

    def _pause(self, seconds: float) -> Deferred[None]:
        waited: Deferred[None] = Deferred(lambda _: delayed.cancel())
        delayed = self._clock.callLater(seconds, waited.callback, None)
        return waited

    async def _sign(self) -> None:
        if self._stuck is not None:
            self._stuck_signs += 1
            if self._stuck_signs >= MOST_STUCK:
                self._request.channel.forceAbortClient()
            return
        try:
            good = await self._good()
        except StoreError:
            return  # nobody knows; nor does any event come meanwhile
        if self.ended.called:
            return
        if good:
            self._request.write(b": there\n\n")
        else:
            self._close(_OVER)

    def _failed(self, failure: Any) -> None:
        """A saved selector that is gone, say: the next request of the client is told."""
        if failure.check(CancelledError):
            return
        if not failure.check(OperationError):
            log.error("a stream of events failed", exc_info=failure.value)
        self._close("it cannot go on")

    def _close(self, why: str) -> None:
        if self.ended.called:
            return
        self._request.write(b": ended: %b\n\n" % why.encode())
        self._request.unregisterProducer()
        self._request.finish()

    def _end(self) -> None:
        """The answer is over, or its connection is lost."""
        if self.ended.called:
            return
        self.ended.callback(None)
        if self._signs.running:
            self._signs.stop()
        self._pump.cancel()

    # --- the connection -------------------------------------------------------------------------------------

    def pauseProducing(self) -> None:
        if self._stuck is None:
            self._stuck = Deferred(lambda _: None)

    def resumeProducing(self) -> None:
        stuck, self._stuck, self._stuck_signs = self._stuck, None, 0
        if stuck is not None and not stuck.called:
            stuck.callback(None)

    def stopProducing(self) -> None:
        """The connection is lost; `notifyFinish` tells too."""


def _block(kept: Kept) -> bytes:
    return b"id: %b\ndata: %b\n\n" % (kept.place.encode(), msgspec.json.encode(events.view(kept)))
