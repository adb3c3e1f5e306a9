"""From bytes to requests, without a socket: `RequestReader` is fed what arrives and asked for what it holds.

Phones' HTTP is mended rather than refused wherever the framing stays beyond doubt: bare line feeds, blanks
before a colon, lines without one, folded lines, any bytes in values, repeated equal lengths, blank lines
between requests. Where two readers could disagree on where a body ends (different lengths, nonsense sizes),
it is a `BadRequest`.

The reader gives one request at a time and keeps the rest, so that pipelined requests wait their turn and
nothing is parsed ahead of its answer. It is written by hand because the usual C parser refuses several of
these outright (repeated Content-Length, a header line without a colon, bytes above 127 in a target), parses
ahead, and would save one microsecond a request.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from acs.southbound.http_messages import BadRequest, Headers

#: A CWMP request has some 600 bytes of header; certificates in headers and long cookies stay below this.
HEAD_LIMIT = 32 * 1024

#: A chunk-size line with its extensions.
_CHUNK_LINE_LIMIT = 1024

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VERSION = re.compile(rb"HTTP/(\d)\.(\d)", re.IGNORECASE)
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")
_LENGTH = re.compile(rb"[0-9]{1,15}")
_BLANKS = (b" ", b"\t")


class _Stage(Enum):
    HEAD = auto()
    LENGTH = auto()
    CHUNK_SIZE = auto()
    CHUNK_DATA = auto()
    CHUNK_END = auto()
    TRAILERS = auto()
    OVER = auto()  # the body is complete; `next_head` starts the next request


class ParsedHead:
    """The head of one request, and what it says about its body and its connection."""

    __slots__ = ("expects_continue", "headers", "keep_alive", "length", "method", "target", "version")

    def __init__(self, method: str, target: bytes, version: str, headers: Headers) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.headers = headers
        #: bytes in the body; None for a chunked one
        self.length: int | None = 0
        tokens = headers.tokens(b"connection")
        self.keep_alive = b"close" not in tokens if version == "1.1" else b"keep-alive" in tokens
        expectation = headers.get(b"expect")
        self.expects_continue = (
            expectation is not None and version == "1.1" and b"100-continue" in expectation.lower()
        )


class RequestReader:
    """Use: `receive` bytes; `next_head` until it gives one; `next_body` until `body_over`; and again."""

    def __init__(self, head_limit: int = HEAD_LIMIT) -> None:
        self._head_limit = head_limit
        self._data = b""
        self._at = 0
        self._searched = 0
        self._stage = _Stage.HEAD
        self._remaining = 0
        self._trailer_bytes = 0

    def receive(self, data: bytes) -> None:
        if self._at == len(self._data):
            self._data = data
        else:
            self._data = self._data[self._at :] + data
        self._searched = max(self._searched - self._at, 0)
        self._at = 0

    @property
    def buffered(self) -> int:
        """Bytes received and not yet given out."""
        return len(self._data) - self._at

    @property
    def body_over(self) -> bool:
        return self._stage is _Stage.OVER

    @property
    def between_requests(self) -> bool:
        """Whether nothing of a further request has arrived yet."""
        return self._stage in (_Stage.HEAD, _Stage.OVER) and not self._data[self._at :].strip(b"\r\n")

    def next_head(self) -> ParsedHead | None:
        """The head of the next request, or None until more has arrived.

        :raises BadRequest: the bytes are no request; nothing that follows can be understood.
        """
        data = self._data
        at = self._at
        while at < len(data) and data[at] in b"\r\n":
            at += 1
        self._at = at
        end = self._head_end(max(at, self._searched - 3))
        if end < 0:
            self._searched = len(data)
            self._refuse_what_cannot_become_a_head(data, at)
            return None
        if end - at > self._head_limit:
            raise _head_too_large(self._head_limit)
        lines = data[at:end].split(b"\n")
        self._at = end + (3 if data[end + 1 : end + 2] == b"\r" else 2)
        self._searched = self._at
        head = _parse_head(lines)
        head.length = self._start_body(head)
        return head

    def _head_end(self, start: int) -> int:
        """Where the line feed stands that ends the last header line; -1 while it has not come."""
        usual = self._data.find(b"\n\r\n", start)
        bare = self._data.find(b"\n\n", start, usual + 1 if usual >= 0 else len(self._data))
        return bare if bare >= 0 else usual

    def _refuse_what_cannot_become_a_head(self, data: bytes, at: int) -> None:
        if len(data) - at > self._head_limit:
            raise _head_too_large(self._head_limit)
        if data[at : at + 2] == b"\x16\x03":
            raise BadRequest(400, "this is TLS, and this port speaks plain HTTP")
        if at < len(data) and b"\n" not in data[at:] and not _could_be_method(data[at : at + 32]):
            raise BadRequest(400, "this is not an HTTP request")

    def _start_body(self, head: ParsedHead) -> int | None:
        codings = head.headers.tokens(b"transfer-encoding")
        if codings and codings != [b"identity"]:
            if codings[-1] != b"chunked" or len(codings) > 1:
                raise BadRequest(501, "of transfer encodings only chunked is known")
            if b"content-length" in head.headers:
                head.keep_alive = False  # RFC 9112 6.1: serve it as chunked, and trust nothing after it
            self._stage = _Stage.CHUNK_SIZE
            return None
        self._remaining = _content_length(head.headers)
        self._stage = _Stage.LENGTH if self._remaining else _Stage.OVER
        return self._remaining

    def next_body(self) -> bytes:
        """All body bytes that have arrived and were not given yet; empty when there are none (see
        `body_over`).

        :raises BadRequest: the chunks make no sense.
        """
        if self._stage is _Stage.LENGTH:
            part = self._take()
            if not self._remaining:
                self._stage = _Stage.OVER
            return part
        parts = []
        while self._stage is not _Stage.OVER:
            if self._stage is _Stage.CHUNK_DATA:
                part = self._take()
                if not part:
                    break
                parts.append(part)
                if not self._remaining:
                    self._stage = _Stage.CHUNK_END
            elif not self._chunk_framing():
                break
        return b"".join(parts)

    def _take(self) -> bytes:
        part = self._data[self._at : self._at + self._remaining]
        self._at += len(part)
        self._remaining -= len(part)
        return part

    def _chunk_framing(self) -> bool:
        """One step over what stands between chunks; False when its bytes have not arrived."""
        if self._stage is _Stage.CHUNK_END:
            return self._line_end_after_chunk()
        line = self._line()
        if line is None:
            return False
        if self._stage is _Stage.TRAILERS:
            self._trailer_bytes += len(line)
            if self._trailer_bytes > self._head_limit:
                raise _head_too_large(self._head_limit)
            if not line:
                self._stage = _Stage.OVER
            return True
        size = line.partition(b";")[0].strip()
        if _CHUNK_SIZE.fullmatch(size) is None:
            raise BadRequest(400, f"chunk size {_shown(line)} is not a hexadecimal number")
        self._remaining = int(size, 16)
        self._trailer_bytes = 0
        self._stage = _Stage.CHUNK_DATA if self._remaining else _Stage.TRAILERS
        return True

    def _line_end_after_chunk(self) -> bool:
        following = self._data[self._at : self._at + 2]
        if not following or following == b"\r":
            return False
        if following == b"\r\n":
            self._at += 2
        elif following[:1] == b"\n":
            self._at += 1
        else:
            raise BadRequest(400, "a chunk is longer than its size says")
        self._stage = _Stage.CHUNK_SIZE
        return True

    def _line(self) -> bytes | None:
        end = self._data.find(b"\n", self._at)
        limit = self._head_limit if self._stage is _Stage.TRAILERS else _CHUNK_LINE_LIMIT
        if (end if end >= 0 else len(self._data)) - self._at > limit:
            raise BadRequest(400, "a line between the chunks does not end")
        if end < 0:
            return None
        line = self._data[self._at : end].strip()
        self._at = end + 1
        return line


def _parse_head(lines: list[bytes]) -> ParsedHead:
    method, target, version = _request_line(lines[0].strip())
    fields: list[tuple[bytes, bytes]] = []
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if line[:1] in _BLANKS:  # folded, RFC 9112 5.2
            if fields:
                fields[-1] = (fields[-1][0], (fields[-1][1] + b" " + line.strip()).strip())
        elif colon:
            fields.append((name.strip(), value.strip()))
    return ParsedHead(method, target, version, Headers(fields))


def _request_line(line: bytes) -> tuple[str, bytes, str]:
    words = line.split()
    match = _VERSION.fullmatch(words[-1]) if len(words) >= 3 else None
    if match is None or _TOKEN.fullmatch(words[0]) is None:
        raise BadRequest(400, f"request line {_shown(line)} is not an HTTP request")
    if match[1] != b"1":
        raise BadRequest(505, "this server speaks HTTP/1.1 and HTTP/1.0")
    # A blank inside the target is the client's mistake, but no doubt about its meaning arises.
    target = words[1] if len(words) == 3 else b"%20".join(words[1:-1])
    return words[0].decode("ascii"), target, "1.0" if match[2] == b"0" else "1.1"


def _content_length(headers: Headers) -> int:
    """The length the head states. None stated means no body: an empty POST is a message of CWMP, and
    HTTP/1.0 phones send it without a length too; reading on until they close would wait for a phone that
    waits for us."""
    value = headers.get(b"content-length")
    if not value:
        return 0
    if _LENGTH.fullmatch(value) is not None:
        return int(value)
    values = {part.strip() for part in value.split(b",")} - {b""}
    lengths = {int(part) for part in values if _LENGTH.fullmatch(part)}
    if len(lengths) != 1 or any(_LENGTH.fullmatch(part) is None for part in values):
        raise BadRequest(400, f"Content-Length {_shown(value)} is not one number")
    return lengths.pop()


def _could_be_method(start: bytes) -> bool:
    word, blank, _ = start.partition(b" ")
    return _TOKEN.fullmatch(word) is not None and (blank != b"" or len(start) < 32)


def _head_too_large(limit: int) -> BadRequest:
    return BadRequest(431, f"the header is larger than {limit} bytes")


def _shown(raw: bytes) -> str:
    """Foreign bytes, short and printable, for a message."""
    text = raw[:40].decode("latin-1")
    return repr(text + ("…" if len(raw) > 40 else ""))
