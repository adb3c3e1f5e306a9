"""A JSON array that is written while it is made, as fast as its reader takes it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import structlog
from twisted.internet.defer import Deferred
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from acs.northbound.rest.replies import JSON

log = structlog.get_logger("api")

#: Bytes collected before they are written.
CHUNK = 64 << 10


class JsonArray(Resource):
    """What goes wrong after the first byte breaks the connection off, so that nobody takes a part for all."""

    isLeaf = True

    def __init__(self, items: AsyncIterator[Any], headers: Sequence[tuple[str, str]]) -> None:
        construct: Any = super().__init__  # twisted.web is not typed
        construct()
        self._items = items
        self._headers = headers

    def render(self, request: Request) -> int:
        for name, value in (*self._headers, ("Content-Type", JSON), ("Cache-Control", "no-store")):
            request.responseHeaders.setRawHeaders(name, [value])
        Deferred.fromCoroutine(_Writer(request).write(self._items))
        return NOT_DONE_YET


class _Writer:
    """Waits while the reader is behind, and stops when it has gone."""

    def __init__(self, request: Request) -> None:
        answering: Any = request  # twisted.web is not typed throughout
        self._request = answering
        self._gone = False
        self._waiting: Deferred[None] | None = None
        self._paused = False
        self._request.notifyFinish().addErrback(lambda _: self.stopProducing())
        self._request.registerProducer(self, True)

    async def write(self, items: AsyncIterator[Any]) -> None:
        buffer = bytearray(b"[\n")
        first = True
        try:
            async for item in items:
                buffer += b"" if first else b",\n"
                buffer += msgspec.json.encode(item)
                first = False
                if len(buffer) >= CHUNK:
                    self._request.write(bytes(buffer))
                    buffer.clear()
                    await self._room()
                if self._gone:
                    return
        except Exception as error:
            log.error("an answer could not be finished", exc_info=error)
            self._request.transport.abortConnection()
            return
        self._request.write(bytes(buffer) + b"\n]")
        self._request.unregisterProducer()
        self._request.finish()

    async def _room(self) -> None:
        if self._paused and not self._gone:
            self._waiting = Deferred()
            await self._waiting

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        self._paused = False
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(None)

    def stopProducing(self) -> None:
        self._gone = True
        self.resumeProducing()
