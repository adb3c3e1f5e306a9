"""Requests and responses as values, and the connection they travel on.

`Request` is what a handler gets, `Response` what it gives back. Field names and values are bytes, because
phones put there what they like; a handler decodes what it understands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qs

import structlog
from msgspec import Struct
from twisted.internet.defer import Deferred

log = structlog.get_logger("acs.southbound.http")

#: Fields that may stand once: of several the first counts, the others are dropped. All others are joined.
_SINGLE = frozenset(
    {b"authorization", b"host", b"content-type", b"user-agent", b"range", b"if-range", b"soapaction", b"date"}
)

_HOST = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._~-]+)(?::(\d*))?")
_ABSOLUTE = re.compile(rb"https?://(?:[^/?#@]*@)?([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)

TEXT = (b"Content-Type", b"text/plain; charset=utf-8")


class Headers:
    """Header fields by name, in whatever case the names were sent."""

    __slots__ = ("_fields",)

    def __init__(self, lines: Iterable[tuple[bytes, bytes]] = ()) -> None:
        self._fields: dict[bytes, bytes] = {}
        fields = self._fields
        for name, value in lines:
            name = name.lower()
            fields[name] = _joined(name, fields[name], value) if name in fields else value

    def get(self, name: bytes) -> bytes | None:
        """The value without blanks around it, or None. The name is asked for in lower case."""
        return self._fields.get(name)

    def text(self, name: bytes, default: str = "") -> str:
        """The value as text (UTF-8 where it is, else ISO-8859-1); `default` where the field is missing."""
        value = self._fields.get(name)
        if value is None:
            return default
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.decode("latin-1")

    def tokens(self, name: bytes) -> list[bytes]:
        """A comma-separated field, lower case, such as `Connection`."""
        value = self._fields.get(name)
        return [token.strip().lower() for token in value.split(b",")] if value else []

    def items(self) -> list[tuple[bytes, bytes]]:
        """Names in lower case, in order of arrival."""
        return list(self._fields.items())

    def __contains__(self, name: bytes) -> bool:
        return name in self._fields

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"


def _joined(name: bytes, before: bytes, value: bytes) -> bytes:
    """A field that stands twice, as RFC 9110 5.3 has it; cookies by "; "."""
    if name in _SINGLE:
        return before
    return before + (b"; " if name == b"cookie" else b", ") + value


class Connection:
    """One connection of a phone, for as long as it lasts. Handlers may keep what they need in `state`.

    `certificate` gives the client's, None where it has shown none.
    """

    __slots__ = ("_callbacks", "certificate", "lost", "peer", "secure", "state")

    def __init__(self, peer: str = "", secure: bool = False) -> None:
        self.state: dict[str, Any] = {}
        self.peer = peer
        self.secure = secure
        self.certificate: Callable[[], Any] = _no_certificate
        self.lost = False
        self._callbacks: list[Callable[[], object]] = []

    def on_lost(self, callback: Callable[[], object]) -> None:
        """`callback` is called once when the connection is gone; at once when it already is."""
        if self.lost:
            callback()
        else:
            self._callbacks.append(callback)

    def lose(self) -> None:
        """Called by the transport's side when the connection has ended."""
        if self.lost:
            return
        self.lost = True
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            try:
                callback()
            except Exception:
                log.exception("a callback of a lost connection failed", peer=self.peer)


def _no_certificate() -> None:
    """For connections without TLS."""


class RequestHead:
    """A request before its body. `path` is as it was sent: percent escapes are not decoded."""

    __slots__ = ("_authority", "_query", "connection", "headers", "method", "path", "target", "version")

    def __init__(
        self,
        method: str,
        target: bytes,
        headers: Headers | None = None,
        *,
        version: str = "1.1",
        connection: Connection | None = None,
    ) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.headers = Headers() if headers is None else headers
        self.connection = Connection() if connection is None else connection
        self._authority: bytes | None = None
        if not target.startswith(b"/"):
            target = self._without_authority(target)
        path, _, self._query = target.partition(b"?")
        self.path = path.decode("latin-1")

    def _without_authority(self, target: bytes) -> bytes:
        absolute = _ABSOLUTE.fullmatch(target)
        if absolute is None:
            return target if target == b"*" else b"/" + target
        self._authority = absolute[1]
        return absolute[2] if absolute[2].startswith(b"/") else b"/" + absolute[2]

    @property
    def peer(self) -> str:
        """The address that the request came from."""
        return self.connection.peer

    @property
    def secure(self) -> bool:
        """Whether it came over TLS."""
        return self.connection.secure

    @property
    def query(self) -> dict[str, str]:
        """What stands behind the question mark, decoded; of a repeated name the last value."""
        fields = parse_qs(self._query.decode("latin-1"), keep_blank_values=True, max_num_fields=None)
        return {name: values[-1] for name, values in fields.items()}

    @property
    def authority(self) -> str:
        """`host` or `host:port` by which the client reached this server, "" when it did not say (RFC 9112
        3.2.2)."""
        raw = self._authority if self._authority is not None else self.headers.get(b"host")
        text = (raw or b"").decode("latin-1").strip()
        return text if _HOST.fullmatch(text) else ""

    @property
    def host(self) -> str:
        """The host of `authority` as it stands in a URL: an IPv6 address keeps its brackets."""
        match = _HOST.fullmatch(self.authority)
        return match[1] if match else ""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.method} {self.target!r} from {self.peer or 'nowhere'}>"


class Request(RequestHead):
    """A whole request: `body` is de-chunked and decompressed."""

    __slots__ = ("body",)

    def __init__(
        self,
        method: str,
        target: bytes,
        headers: Headers | None = None,
        body: bytes = b"",
        *,
        version: str = "1.1",
        connection: Connection | None = None,
    ) -> None:
        super().__init__(method, target, headers, version=version, connection=connection)
        self.body = body


class Line(Protocol):
    """What says when bytes of a file may go out."""

    def ask(self, wanted: int, granted: Callable[[int], object]) -> Callable[[], object]:
        """Calls `granted` once, at once or later, with how many bytes may go, `wanted` at most. To give up
        waiting, call what it returns."""


class FileBody(Struct, frozen=True):
    """A part of a file on disk, sent piece by piece as the client takes it, never held in memory."""

    path: str
    #: bytes to send, from `start` on; the file must hold them
    length: int
    start: int = 0
    #: called once at the end with the bytes the client's side acknowledged, and whether that was all of them.
    #: Not called where nothing of the file is to be sent (HEAD).
    on_end: Callable[[int, bool], object] | None = None
    #: called now and then, while it goes on, with the bytes acknowledged so far
    on_progress: Callable[[int], object] | None = None
    #: asked before each piece; None for no cap
    line: Line | None = None


class Response(Struct, frozen=True):
    """What is sent back. Content-Length and Connection are added when it is written.

    A status of 204 or 304 never carries a body. `close` ends the connection after this response.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes | FileBody = b""
    close: bool = False


def text_response(
    status: int, text: str, headers: tuple[tuple[bytes, bytes], ...] = (), close: bool = False
) -> Response:
    """A response with one line of plain text."""
    line = " ".join(text.split())
    return Response(status, (TEXT, *headers), line.encode() + b"\n", close)


def refused_unless_read(method: str) -> Response | None:
    """The answer to a method that does more than read, None for one that does not."""
    if method in ("GET", "HEAD"):
        return None
    return text_response(405, "only GET, HEAD", ((b"Allow", b"GET, HEAD"),))


class BadRequest(Exception):
    """The client's bytes cannot be served: `status` and one line that says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class BodyRefused(Exception):
    """Raised by a sink's `write` or `finish`: stop taking the body and answer with `response`."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"body refused with {response.status}")
        self.response = response


class BodySink(Protocol):
    """Takes a body as it comes. After `finish` or `abort`, or an exception of `write`, nothing else is
    called."""

    def write(self, data: bytes) -> None:
        """The next bytes, never empty. May raise `BodyRefused`; the sink has then cleaned up after itself."""

    def finish(self) -> Response | Deferred[Response]:
        """The body is complete."""

    def abort(self, reason: str) -> None:
        """The body will never be complete: the connection broke, or its framing was wrong."""


_STATUS_LINES = {
    int(status): b"HTTP/1.1 %d %s\r\n" % (status, status.phrase.encode("ascii")) for status in HTTPStatus
}
_CLOSE = b"Connection: close\r\n"
_KEEP = b"Connection: keep-alive\r\n"


def response_head(response: Response, *, close: bool, say_keep_alive: bool) -> bytes:
    """The status line and the header block, up to and including the blank line.

    `say_keep_alive` is for clients of HTTP/1.0, which need to be told. Every response but 304 has a
    Content-Length; 204 too, against the letter of RFC 9110 8.6, because small clients otherwise wait for
    the connection to end.

    :raises ValueError: when a field holds a line end, which would let its value add fields or bodies.
    """
    body = response.body
    length = len(body) if isinstance(body, bytes) else body.length
    lines = [b"%s: %s\r\n" % field for field in response.headers]
    if response.status == 204:
        lines.append(b"Content-Length: 0\r\n")
    elif response.status != 304:
        lines.append(b"Content-Length: %d\r\n" % length)
    if close:
        lines.append(_CLOSE)
    elif say_keep_alive:
        lines.append(_KEEP)
    block = b"".join(lines)
    if block.count(b"\n") != len(lines) or block.count(b"\r") != len(lines) or b"\0" in block:
        raise ValueError(f"a response field holds a line end: {response.headers!r}")
    status_line = _STATUS_LINES.get(response.status) or b"HTTP/1.1 %d Status\r\n" % response.status
    return status_line + block + b"\r\n"
