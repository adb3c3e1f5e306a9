"""One connection on its transport: reads requests one after the other, asks the handler, writes its answers.

Theory of operation. The reader (`http_reading`) holds what has arrived and gives out one request at a time.
While a request is being answered nothing more is taken from the reader, so that answers go out in order;
reading from the socket goes on, so that a lost connection is noticed, and pauses only when a client sends
far ahead of its answers.

A connection is in one of these phases:

  READING    waits for a request, or takes one in
  ANSWERING  the handler has the request, or its response is on its way out
  DRAINING   the last response has been sent; what still arrives is thrown away for a while, because closing
             a socket with unread bytes in it resets the connection, and the client might lose the response
             (RFC 9112 9.6)
  CLOSED     nothing more happens

Time-outs count inactivity: each arriving byte, and each piece of a file that the client takes, starts the
count anew (quirks 19 and 21). One sweep of the factory looks after all connections; a timer for each would
cost more than parsing the request.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, cast

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from acs.southbound.http_decoding import Decoder, body_too_large, decoded, decoders_for
from acs.southbound.http_messages import (
    BadRequest,
    BodyRefused,
    BodySink,
    Connection,
    FileBody,
    Request,
    Response,
    response_head,
    text_response,
)
from acs.southbound.http_reading import ParsedHead, RequestReader
from acs.southbound.http_sending import FileSender

if TYPE_CHECKING:
    from acs.southbound.http import HttpFactory

log = structlog.get_logger("acs.southbound.http")

#: Bytes a client may send ahead of the answer it waits for, before reading from it pauses.
_SENT_AHEAD = 64 * 1024

#: What is thrown away of a body that nobody wants, before the connection is cut. Most clients send all of
#: theirs before they look at the answer, so this is as large as firmware is.
_DRAIN_BYTES = 32 * 1024 * 1024


_INTERNAL_ERROR = text_response(500, "internal error; the server's log has the details")

#: Stands for an answer that is still to come.
_LATER = object()


class _Phase(Enum):
    READING = auto()
    ANSWERING = auto()
    DRAINING = auto()
    CLOSED = auto()


class HttpConnection(Protocol):
    """Made by `HttpFactory` for each client that connects."""

    def __init__(self, factory: HttpFactory) -> None:
        self.factory = factory
        self._reader = RequestReader(factory.head_limit)
        self._phase = _Phase.READING
        self._paused = False
        self._input_over = False  # the client has closed its side
        self._drained = 0
        self._sender: FileSender | None = None
        self._forget_request()

    def _forget_request(self) -> None:
        self._request: Request | None = None
        self._keep_alive = True
        self._say_keep_alive = False
        self._head_only = False
        self._body = bytearray()
        self._layers: list[Decoder] = []
        self._sink: BodySink | None = None

    # What the transport tells

    def connectionMade(self) -> None:
        transport: Any = self.transport
        secure = ISSLTransport.providedBy(transport)
        if secure:
            transport.setTcpNoDelay(True)  # plain ones have it from their port
        peer = getattr(transport.getPeer(), "host", "")
        self.connection = Connection(peer.removeprefix("::ffff:"), secure)
        if secure:
            self.connection.certificate = transport.getPeerCertificate
        self.last_active = self.factory.clock()
        self.factory.joined(self)

    def dataReceived(self, data: bytes) -> None:
        if self._phase is _Phase.DRAINING:  # its time is counted from the last answer, whatever still comes
            self._drained += len(data)
            if self._drained > _DRAIN_BYTES:
                self.cut()
            return
        self.last_active = self.factory.clock()
        if self._phase is _Phase.READING:
            self._reader.receive(data)
            self._advance()
        elif self._phase is _Phase.ANSWERING:
            self._reader.receive(data)
            if self._reader.buffered > _SENT_AHEAD and not self._paused:
                self._paused = True
                self._transport.pauseProducing()

    def readConnectionLost(self) -> None:
        """The client has closed its side, perhaps to mark the end of its request; it may still listen."""
        self._input_over = True
        if self._phase is not _Phase.ANSWERING:
            self._abort_sink("the client closed the connection")
            self._close()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._phase = _Phase.CLOSED
        self.factory.left(self)
        self._abort_sink("the connection was lost")
        if self._sender is not None:
            self._sender.connection_lost()
        self.connection.lose()

    # Requests

    def _advance(self) -> None:
        """Take requests from the reader for as long as they are complete and answered at once."""
        try:
            while self._phase is _Phase.READING:
                if self._request is None:
                    head = self._reader.next_head() if self._reader.buffered else None
                    if head is None:
                        break
                    self._begin(head)
                else:
                    part = self._reader.next_body()
                    over = self._reader.body_over
                    if part or over:
                        self._take(part, over)
                    if not over:
                        break
        except BadRequest as error:
            self._refuse(error)
        if self._input_over and self._phase is _Phase.READING:
            self._close()

    def _begin(self, head: ParsedHead) -> None:
        request = Request(
            head.method, head.target, head.headers, version=head.version, connection=self.connection
        )
        self._keep_alive = head.keep_alive
        self._say_keep_alive = head.version == "1.0"
        self._head_only = head.method == "HEAD"
        self._request = request
        decision = self._attempt(self.factory.begin, request) if self.factory.begin is not None else None
        if isinstance(decision, Response):
            self._keep_alive = head.keep_alive and self._reader.body_over
            self._phase = _Phase.ANSWERING
            self._send(decision)
            return
        self._sink = decision
        limit = None if decision is not None else self.factory.body_limit
        self._layers = decoders_for(head.headers.get(b"content-encoding"), limit)
        if limit is not None and head.length is not None and head.length > limit:
            raise body_too_large(limit)
        if head.expects_continue and not self._reader.body_over and not self._reader.buffered:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _take(self, part: bytes, over: bool) -> None:
        request = cast(Request, self._request)
        if over and not self._layers and not self._body and self._sink is None:
            request.body = part  # the whole body in one piece, as nearly always
            if len(part) > self.factory.body_limit:
                raise body_too_large(self.factory.body_limit)
        else:
            for piece in decoded(self._layers, part, over) if self._layers else (part,):
                self._keep(piece)
                if self._phase is not _Phase.READING:
                    return  # the sink has refused the rest
        if over:
            self._handle(request)

    def _keep(self, piece: bytes) -> None:
        if self._sink is None:
            self._body += piece
            if len(self._body) > self.factory.body_limit:
                raise body_too_large(self.factory.body_limit)
        elif piece:
            refusal = self._attempt(self._sink.write, piece)
            if isinstance(refusal, Response):
                self._sink = None
                self._answer_early(refusal)

    def _handle(self, request: Request) -> None:
        self._phase = _Phase.ANSWERING
        sink, self._sink = self._sink, None
        if sink is not None:
            answer = self._attempt(sink.finish)
        else:
            if self._body:
                request.body = bytes(self._body)
            answer = self._attempt(self.factory.handler, request)
        if isinstance(answer, Deferred):
            answer = _result_of(answer)
        if inspect.iscoroutine(answer):
            answer = self._drive(answer)
        if answer is not _LATER:
            self._answer(answer)

    def _drive(self, work: Coroutine[Deferred[Any], Any, Any], heard: Any = None) -> Any:
        """Let a coroutine that awaits Deferreds run to its answer, or to its next wait: then `_LATER`.
        `heard` is what it has waited for; of that it is told only a Failure, the rest `await` fetches itself.

        `Deferred.fromCoroutine` does the same for those who want to cancel. Here nobody does, and its second
        Deferred for each request is a few per cent of a session.
        """
        error = heard.value if isinstance(heard, Failure) else None
        try:
            waits_for = work.send(None) if error is None else work.throw(error)
        except StopIteration as end:
            return end.value
        except BodyRefused as refusal:
            return refusal.response
        except Exception:
            log.exception("request failed", **self._whose())
            return _INTERNAL_ERROR
        waits_for.addBoth(self._go_on, work)
        return _LATER

    def _go_on(self, heard: Any, work: Coroutine[Deferred[Any], Any, Any]) -> None:
        answer = self._drive(work, heard)
        if answer is not _LATER:
            self._answer(answer)
            self._advance()

    def _answer(self, answer: Any) -> None:
        if not isinstance(answer, Response):
            log.error("request failed: the handler gave no response", answer=repr(answer), **self._whose())
            answer = _INTERNAL_ERROR
        self._send(answer)

    def _attempt(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """What the call returns. Whatever it does wrong costs this request alone: then it is the answer to
        that."""
        try:
            return call(*arguments)
        except BodyRefused as refusal:
            return refusal.response
        except Exception:
            log.exception("request failed", **self._whose())
            return _INTERNAL_ERROR

    def _whose(self) -> dict[str, str]:
        request = self._request
        return {"peer": self.connection.peer, "request": repr(request) if request is not None else ""}

    # Responses

    def _send(self, response: Response) -> None:
        """Write the response to the request that is being answered; dropped when the client is gone."""
        if self._phase is _Phase.CLOSED:
            if isinstance(response.body, FileBody) and response.body.on_end and not self._head_only:
                response.body.on_end(0, False)
            return
        close = response.close or not self._keep_alive or self._input_over or self.factory.closing
        try:
            head = response_head(response, close=close, say_keep_alive=self._say_keep_alive)
        except ValueError:
            log.exception("response cannot be written", **self._whose())
            self._send(_INTERNAL_ERROR)
            return
        body = response.body
        self._keep_alive = not close
        self.last_active = self.factory.clock()
        if self._head_only or response.status in (204, 304):
            self._transport.write(head)
        elif isinstance(body, bytes):
            self._transport.write(head + body)
        else:
            self._send_file(head, body)
            return
        self._sent()

    def _send_file(self, head: bytes, body: FileBody) -> None:
        try:
            self._sender = FileSender(self, body)
        except OSError:
            if body.on_end is not None:
                body.on_end(0, False)
            log.exception("file cannot be opened", **self._whose())
            self._send(_INTERNAL_ERROR)
            return
        self._sender.start(head)

    def file_sent(self, complete: bool) -> None:
        """Called by the `FileSender` when the file has gone out, or cannot be read to its end."""
        self._sender = None
        if self._phase is not _Phase.ANSWERING:
            return
        if not complete:
            self.cut()  # the stated length can no longer be kept
            return
        self._sent()
        self._advance()

    def _sent(self) -> None:
        if not self._keep_alive:
            unread = not self._reader.body_over or self._reader.buffered
            self._drain() if unread and not self._input_over else self._close()
            return
        self._forget_request()
        self._phase = _Phase.READING
        if self._paused:
            self._paused = False
            self._transport.resumeProducing()

    def _refuse(self, error: BadRequest) -> None:
        self.factory.refused(self.connection.peer, error.status, error.reason)
        self._abort_sink(error.reason)
        self._answer_early(text_response(error.status, error.reason))

    def _answer_early(self, response: Response) -> None:
        """Answer before the request is complete: nothing that follows on this connection is of use."""
        self._phase = _Phase.ANSWERING
        self._keep_alive = False
        self._send(response)

    # The end

    def _drain(self) -> None:
        """Send all that was written, then wait a little for the client to close before cutting it off."""
        self._phase = _Phase.DRAINING
        self.last_active = self.factory.clock()
        if self._paused:
            self._transport.resumeProducing()
        if self.connection.secure:
            self._transport.loseConnection()  # TLS waits for the client's own farewell
        else:
            self._transport.loseWriteConnection()

    def _close(self) -> None:
        self._phase = _Phase.DRAINING
        self.last_active = self.factory.clock()
        self._transport.loseConnection()

    def cut(self) -> None:
        """End the connection at once, whatever it is doing."""
        self._phase = _Phase.CLOSED
        self._abort_sink("the connection was cut")
        try:
            self._transport.abortConnection()
        except Exception:  # a transport whose socket is gone already; others must be cut all the same
            log.exception("a connection could not be cut", **self._whose())
            self.connectionLost()

    def check_idle(self, now: float) -> None:
        """End the connection if nothing has happened on it for too long. Called by the factory's sweep."""
        quiet = now - self.last_active
        if self._phase is _Phase.DRAINING:
            if quiet > self.factory.drain_timeout:
                self.cut()
        elif quiet <= self.factory.idle_timeout:
            return
        elif self._phase is _Phase.ANSWERING:
            if self._sender is not None and not self._sender.waiting:
                self.cut()  # the client takes nothing of its file; a handler may take its time
        elif self._request is None and self._reader.between_requests:
            self._close()
        else:
            self._refuse(BadRequest(408, f"nothing came for {self.factory.idle_timeout:g} seconds"))

    def finish(self) -> None:
        """End the connection now, or after the answer that is under way; called when the server stops."""
        if self._phase is _Phase.READING:
            self._abort_sink("the server stops")
            self._close()

    @property
    def _transport(self) -> Any:
        return self.transport

    def _abort_sink(self, reason: str) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            try:
                sink.abort(reason)
            except Exception:
                log.exception("a body could not be given up", **self._whose())


async def _result_of(deferred: Deferred[Response]) -> Response:
    return await deferred
