"""The HTTP/1.1 server that phones reach: requests in, responses out, and nothing else.

    factory = HttpFactory(handler)
    PlainPort(factory, listening_socket)                             # plain
    endpoint.listen(TLSMemoryBIOFactory(contexts, False, factory))  # TLS

A general web framework costs several times more CPU than all the rest of a session; this serves what CWMP
needs. Which oddities of phones are mended is told in `http_reading`, how connections live and end in
`http_connection`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import ServerFactory
from twisted.internet.task import LoopingCall

from acs.southbound.http_connection import HttpConnection
from acs.southbound.http_messages import (
    TEXT,
    BadRequest,
    BodyRefused,
    BodySink,
    Connection,
    FileBody,
    Headers,
    Request,
    RequestHead,
    Response,
    text_response,
)
from acs.southbound.http_reading import HEAD_LIMIT

__all__ = [
    "TEXT",
    "BadRequest",
    "BodyRefused",
    "BodySink",
    "Connection",
    "FileBody",
    "Headers",
    "HttpFactory",
    "Request",
    "RequestHead",
    "Response",
    "text_response",
]

log = structlog.get_logger("acs.southbound.http")

#: A phone may take minutes to collect the values it was asked for, and sends nothing meanwhile (quirk 17).
IDLE_TIMEOUT = 900.0

#: A GetParameterValuesResponse with some thousand parameters has about 1 MB.
BODY_LIMIT = 16 * 1024 * 1024

#: How long a client may take to close, once its last answer is out.
DRAIN_TIMEOUT = 10.0

Handler = Callable[[Request], "Response | Deferred[Response] | Coroutine[Deferred[Any], Any, Response]"]
Begin = Callable[[RequestHead], "BodySink | Response | None"]
Refused = Callable[[str, int, str], object]


class HttpFactory(ServerFactory):
    """Serves HTTP on every connection.

    :param handler: answers a whole request, at once, by a Deferred or as a coroutine that awaits Deferreds.
        An exception, or a Deferred that fails, becomes a 500 and a log entry.
    :param begin: asked before the body is read. None: collect it, then call `handler`. A sink: the body goes
        there, however large, and `handler` is not called. A response: refuse now; the body is not read.
    :param body_limit: bytes of a collected body, compressed and decompressed; more is answered with 413.
    :param idle_timeout: seconds in which nothing arrives, and nothing of a file is taken, until a
        connection ends.
    :param drain_timeout: seconds for the client to close after its last answer.
    :param refused: told of requests that were no HTTP, or too large: peer, status, reason.
    :param clock: seconds that only grow.
    """

    noisy = False

    def __init__(
        self,
        handler: Handler,
        *,
        begin: Begin | None = None,
        body_limit: int = BODY_LIMIT,
        head_limit: int = HEAD_LIMIT,
        idle_timeout: float = IDLE_TIMEOUT,
        drain_timeout: float = DRAIN_TIMEOUT,
        refused: Refused | None = None,
        clock: Callable[[], float] = time.monotonic,
        reactor: Any = None,
    ) -> None:
        self.handler = handler
        self.begin = begin
        self.body_limit = body_limit
        self.head_limit = head_limit
        self.idle_timeout = idle_timeout
        self.drain_timeout = drain_timeout
        self.clock = clock
        self.closing = False
        self._refused = refused
        self._reactor = reactor
        self._connections: set[HttpConnection] = set()
        self._all_gone: Deferred[None] | None = None
        self._sweep = LoopingCall(self._check_idle)

    @property
    def reactor(self) -> Any:
        """The reactor in use; imported late, because importing it installs it."""
        if self._reactor is None:
            from twisted.internet import reactor

            self._reactor = reactor
        return self._reactor

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    def startFactory(self) -> None:
        if not self._sweep.running:
            self._sweep.clock = self.reactor
            self._sweep.start(min(self.idle_timeout, self.drain_timeout) / 4, now=False)

    def buildProtocol(self, addr: IAddress | None) -> HttpConnection:
        return HttpConnection(self)

    def joined(self, connection: HttpConnection) -> None:
        """Called by a connection when it is made."""
        self._connections.add(connection)

    def left(self, connection: HttpConnection) -> None:
        """Called by a connection when it is gone."""
        self._connections.discard(connection)
        if not self._connections and self._all_gone is not None:
            self._sweep_no_more()
            gone, self._all_gone = self._all_gone, None
            gone.callback(None)

    def refused(self, peer: str, status: int, reason: str) -> None:
        """Called by a connection that turned a client away."""
        if self._refused is not None:
            self._refused(peer, status, reason)

    def stop(self, patience: float = 5.0) -> Deferred[None]:
        """End all connections: idle ones now, others after their answer, those that take longer than
        `patience` seconds by force. Stop listening first. Fires when the last one is gone."""
        self.closing = True
        for connection in list(self._connections):
            connection.finish()
        if not self._connections:
            self._sweep_no_more()
            return succeed(None)
        self._all_gone = Deferred()
        force = self.reactor.callLater(patience, self._cut_all)

        def no_force(result: None) -> None:
            if force.active():
                force.cancel()

        return self._all_gone.addCallback(no_force)

    def _cut_all(self) -> None:
        for connection in list(self._connections):
            connection.cut()

    def _check_idle(self) -> None:
        now = self.clock()
        for connection in list(self._connections):
            try:
                connection.check_idle(now)
            except Exception:  # one that cannot be ended must not keep all others from being looked at
                log.exception("an idle connection could not be ended", peer=connection.connection.peer)
                connection.cut()

    def _sweep_no_more(self) -> None:
        if self._sweep.running:
            self._sweep.stop()
