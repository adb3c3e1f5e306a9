"""What changes, told to open pages as server-sent events.

Each topic is looked at once in this process, for all who listen, and only while somebody does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import structlog
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.web.server import Request

from acs.northbound import browser_session
from acs.northbound.console.visits import Answer, Page, Visit
from acs.northbound.rest.routing import Services
from acs.operations import limits, rollout_finding, watching
from acs.operations.errors import Invalid, OperationError
from acs.operations.ports import Runner
from acs.operations.watching import Mark
from acs.store.errors import StoreError

log = structlog.get_logger("console")

#: Topics that one page may listen to, and seconds after which a silent stream says that it is there.
MOST_TOPICS = 8
SIGN_OF_LIFE = 15.0


class Watch:
    """The topics that are listened to, and who listens."""

    def __init__(self, mark: Mark, reactor: IReactorTime) -> None:
        self._mark = mark
        self._reactor = reactor
        self._listeners: dict[str, set[Listener]] = {}
        self._looks: dict[str, Any] = {}
        self._marks: dict[str, str] = {}

    def add(self, topic: str, listener: Listener) -> None:
        self._listeners.setdefault(topic, set()).add(listener)
        if topic not in self._looks:
            look: Any = LoopingCall(lambda: ensureDeferred(self._look(topic)))
            look.clock = self._reactor
            self._looks[topic] = look
            look.start(watching.PAUSES[watching.family(topic)])

    def remove(self, topic: str, listener: Listener) -> None:
        listeners = self._listeners.get(topic, set())
        listeners.discard(listener)
        if not listeners and topic in self._looks:
            self._looks.pop(topic).stop()
            self._listeners.pop(topic, None)
            self._marks.pop(topic, None)

    async def _look(self, topic: str) -> None:
        try:
            found = await self._mark(topic)
        except StoreError:
            return  # the store is away for a moment; the next look tells
        except Exception as error:
            log.error("a look at a topic failed", topic=topic, exc_info=error)
            return
        before = self._marks.get(topic)
        if topic in self._looks:
            self._marks[topic] = found
        if before is not None and before != found:
            for listener in tuple(self._listeners.get(topic, ())):
                listener.tell(topic)


class Listener:
    """One open stream."""

    def __init__(self, request: Request) -> None:
        self._request: Any = request
        self.ended: Deferred[None] = Deferred()
        request.notifyFinish().addBoth(self._end)

    def tell(self, topic: str) -> None:
        self._write(f"event: changed\ndata: {topic}\n\n")

    def sign(self) -> None:
        self._write(": there\n\n")

    def end(self) -> None:
        self._end(None)

    def _end(self, _: object) -> None:
        if not self.ended.called:
            self.ended.callback(None)

    def _write(self, text: str) -> None:
        if not self.ended.called:
            self._request.write(text.encode())


def _watch_of(services: Services) -> Watch:
    """The one of this process, whosever services these are."""
    runner: Any = limits.whole(services.runner)  # as `cache` wants it
    return _watch(runner, services.reactor, services.now)


@cache
def _watch(runner: Runner, reactor: IReactorTime, now: Callable[[], float]) -> Watch:
    async def mark(topic: str) -> str:
        return await watching.mark(runner, topic, now=now())

    return Watch(mark, reactor)


async def _listen(visit: Visit) -> Answer:
    topics = list(dict.fromkeys(visit.query.every("topic")))[:MOST_TOPICS]
    for topic in topics:
        if not watching.is_topic(topic):
            raise Invalid.field("topic", "is none", value=topic, allowed=sorted(watching.PAUSES))
    await _require(visit, topics)
    request: Any = visit.request
    request.responseHeaders.setRawHeaders("Content-Type", ["text/event-stream; charset=utf-8"])
    request.responseHeaders.setRawHeaders("Cache-Control", ["no-store"])
    request.responseHeaders.setRawHeaders("X-Accel-Buffering", ["no"])
    request.write(b"retry: 3000\n\n")
    listener, watch = Listener(request), _watch_of(visit.services)
    for topic in topics:
        watch.add(topic, listener)
    signs: Any = LoopingCall(lambda: ensureDeferred(_sign(visit, topics, listener)))
    signs.clock = visit.services.reactor
    signs.start(SIGN_OF_LIFE, now=False)
    try:
        await listener.ended
    except CancelledError:
        pass  # the browser has gone
    finally:
        signs.stop()
        for topic in topics:
            watch.remove(topic, listener)
    return STREAMED


async def _require(visit: Visit, topics: list[str]) -> None:
    """Raises NotFound for what the visitor does not see."""
    for topic in topics:
        name, _, rest = topic.partition(":")
        if name == "phone":
            await limits.require(visit.runner, rest)
        if name == "rollout":
            await rollout_finding.find(visit.runner, rest)


async def _sign(visit: Visit, topics: list[str], listener: Listener) -> None:
    """Say that the stream is there; end it where its visitor has gone, or may not see the same any more. The
    page, where it is still open, asks again."""
    try:
        seat = await browser_session.seat_of(visit.services, visit.request)
        if seat is None or seat.actor != visit.actor:
            return listener.end()
        await _require(visit, topics)
    except StoreError:
        return  # nobody knows; the next sign tells
    except OperationError:
        return listener.end()
    listener.sign()


#: The answer has gone out already.
STREAMED = Answer(status=0)

PAGES = (Page(method="GET", path="/live", handle=_listen, limited=True),)
