"""A small HTTP/1.x client on asyncio that can be odd on purpose: `Wire` says how messages are sent.

One `HttpClient` holds at most one connection. It follows nothing and answers no challenge: that is for its
users (`acs.simulator.acs_link`, `acs.simulator.transfers`).
"""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

import httptools
from msgspec import Struct

#: seconds to reach a server, and to wait for the next bytes of an answer
CONNECT_TIMEOUT = 20.0
ANSWER_TIMEOUT = 60.0
#: seconds to wait for `100 Continue` before the body is sent anyway
CONTINUE_TIMEOUT = 1.0
#: pieces of a trickling body
TRICKLE_PIECES = 12
CHUNK = 400


class HttpFailed(Exception):
    """No whole answer came; the message says why. `contacted`: the connection had been made."""

    def __init__(self, reason: str, *, contacted: bool) -> None:
        super().__init__(reason)
        self.contacted = contacted


class WrongUrl(ValueError):
    """Not an http or https URL."""


class Url(Struct, frozen=True):
    secure: bool
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def parse_url(text: str) -> Url:
    """An http or https URL in parts; `target` is its path and query."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise WrongUrl(f"{text!r}: {error}") from error
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise WrongUrl(f"{text!r} is no http or https URL")
    secure = parts.scheme.lower() == "https"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Url(secure, parts.hostname, port or (443 if secure else 80), target)


class Wire(Struct, frozen=True):
    """How requests are put on the wire. `trickle`: seconds over which a body is spread."""

    version: str = "1.1"
    new_connection: bool = False
    chunked: bool = False
    gzip: bool = False
    expect_continue: bool = False
    trickle: float = 0


class HttpResponse(Struct):
    """Header names in lower case, in the order received."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


class _Exchange:
    """One answer being read: the callbacks of httptools' parser."""

    def __init__(self, method: str, sink: Callable[[bytes], object] | None) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.method = method
        self.headers: list[tuple[str, str]] = []
        self.body: list[bytes] = []
        self.sink = sink
        self.proceed = asyncio.Event()
        self.result: asyncio.Future[HttpResponse] = asyncio.get_running_loop().create_future()
        self.keep_alive = False
        self._headers_complete = False

    def on_message_begin(self) -> None:
        self.headers = []
        self.body = []
        self._headers_complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self._headers_complete = self.parser.get_status_code() >= 200
        if self._headers_complete and self.method == "HEAD":  # its Content-Length announces no body
            self._finish()

    def on_body(self, piece: bytes) -> None:
        if self.sink is not None and self.parser.get_status_code() == 200:
            self.sink(piece)
        else:
            self.body.append(piece)

    def on_message_complete(self) -> None:
        if self.parser.get_status_code() < 200:
            self.proceed.set()
            return
        self.keep_alive = self.method != "HEAD" and self.parser.should_keep_alive()
        self._finish()

    def _finish(self) -> None:
        self.proceed.set()
        if not self.result.done():
            self.result.set_result(
                HttpResponse(self.parser.get_status_code(), self.headers, b"".join(self.body))
            )

    def lost(self) -> None:
        """The server closed: that ends a body without a length, and breaks everything else."""
        names = [name for name, _ in self.headers]
        if self._headers_complete and not {"content-length", "transfer-encoding"} & set(names):
            self._finish()
        elif not self.result.done():
            self.proceed.set()
            self.result.set_exception(HttpFailed("the connection broke", contacted=True))


class _Connection(asyncio.Protocol):
    def __init__(self, origin: tuple[bool, str, int]) -> None:
        self.origin = origin
        self.exchange: _Exchange | None = None
        self.transport: asyncio.Transport | None = None
        self.last_heard = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's
        self.transport = cast(asyncio.Transport, transport)

    @property
    def open(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    def data_received(self, data: bytes) -> None:
        self.last_heard = asyncio.get_running_loop().time()
        if self.exchange is None or self.exchange.result.done():
            self.close()
            return
        try:
            self.exchange.parser.feed_data(data)
        except httptools.HttpParserError as error:
            if not self.exchange.result.done():
                failure = HttpFailed(f"the answer is no HTTP: {error}", contacted=True)
                self.exchange.result.set_exception(failure)
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.exchange is not None:
            self.exchange.lost()
        self.transport = None

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()


class HttpClient:
    """Requests one after another. `tls` is used for https URLs."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, wire: Wire | None = None) -> None:
        self._tls = tls
        self._wire = wire or Wire()
        self._connection: _Connection | None = None

    async def exchange(
        self,
        method: str,
        url: Url,
        headers: list[tuple[str, str]],
        body: bytes | None = None,
        sink: Callable[[bytes], object] | None = None,
    ) -> HttpResponse:
        """Send a request, return its answer. The body of a 200 goes to `sink` where one is given."""
        connection = await self._connected(url)
        exchange = connection.exchange = _Exchange(method, sink)
        connection.last_heard = asyncio.get_running_loop().time()
        try:
            await self._send(connection, exchange, method, url, headers, body)
            response = await self._answer(connection, exchange)
        except BaseException:
            if not exchange.result.done():
                exchange.result.cancel()
            self.close()
            raise
        if self._wire.new_connection or self._wire.version == "1.0" or not exchange.keep_alive:
            self.close()
        return response

    async def _answer(self, connection: _Connection, exchange: _Exchange) -> HttpResponse:
        """Wait for the answer as long as bytes keep coming."""
        loop = asyncio.get_running_loop()
        while True:
            done, _ = await asyncio.wait({exchange.result}, timeout=ANSWER_TIMEOUT)
            if done:
                return exchange.result.result()
            if loop.time() - connection.last_heard >= ANSWER_TIMEOUT:
                raise HttpFailed(f"no answer within {ANSWER_TIMEOUT:.0f} s", contacted=True)

    async def _connected(self, url: Url) -> _Connection:
        origin = (url.secure, url.host, url.port)
        if self._connection is not None and self._connection.open and self._connection.origin == origin:
            return self._connection
        self.close()
        tls = (self._tls or ssl.create_default_context()) if url.secure else None
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                _, self._connection = await loop.create_connection(
                    lambda: _Connection(origin), url.host, url.port, ssl=tls
                )
        except TimeoutError as error:
            raise HttpFailed(f"{url.authority} cannot be reached", contacted=False) from error
        except OSError as error:
            raise HttpFailed(f"{url.authority} cannot be reached: {error}", contacted=False) from error
        return self._connection

    async def _send(
        self,
        connection: _Connection,
        exchange: _Exchange,
        method: str,
        url: Url,
        headers: list[tuple[str, str]],
        body: bytes | None,
    ) -> None:
        wire, transport = self._wire, connection.transport
        if transport is None:
            raise HttpFailed("the connection broke", contacted=True)
        lines = [f"{method} {url.target} HTTP/{wire.version}", f"Host: {url.authority}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if wire.new_connection:
            lines.append("Connection: close")
        payload = body or b""
        if payload and wire.gzip:
            payload = gzip.compress(payload, mtime=0)
            lines.append("Content-Encoding: gzip")
        chunked = wire.chunked and bool(payload)
        if chunked:
            lines.append("Transfer-Encoding: chunked")
            payload = _chunked(payload)
        elif body is not None:
            lines.append(f"Content-Length: {len(payload)}")
        wait = wire.expect_continue and bool(payload)
        if wait:
            lines.append("Expect: 100-continue")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        if not wait and not wire.trickle:
            transport.write(head + payload)
            return
        transport.write(head)
        if wait:
            await _signalled(exchange.proceed, CONTINUE_TIMEOUT)
        for piece in _pieces(payload) if wire.trickle else (payload,):
            if exchange.result.done() or not connection.open:
                return  # answered already, such as with a 401: the rest is not wanted
            transport.write(piece)
            if wire.trickle:
                await asyncio.sleep(wire.trickle / TRICKLE_PIECES)

    def abandon(self) -> None:
        """Forget the connection without closing it: it stays half open until the server ends it."""
        self._connection = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


async def _signalled(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, but not longer than this."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def _chunked(payload: bytes) -> bytes:
    chunks = (payload[start : start + CHUNK] for start in range(0, len(payload), CHUNK))
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def _pieces(payload: bytes) -> list[bytes]:
    size = max(1, -(-len(payload) // TRICKLE_PIECES))
    return [payload[start : start + size] for start in range(0, len(payload), size)]
