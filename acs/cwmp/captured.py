"""A captured message as somebody saved it: the bare XML, or the whole HTTP request with its head.

Captures come from packet dumps, logs and editors: line ends may have changed and lengths may no longer fit.
What cannot be undone exactly is taken as it is.
"""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple

_REQUEST = re.compile(rb"\s*(?:[A-Z]{3,10} \S+ HTTP/\d(?:\.\d)?|HTTP/\d(?:\.\d)? \d{3}[^\r\n]*)\r?\n")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_LONE_SIZE_LINE = re.compile(rb"(?:\A|\r?\n)[0-9A-Fa-f]{1,8}\r?\n")
_CHARSET = re.compile(r"charset\s*=\s*([^;]+)", re.IGNORECASE)

#: What a compressed capture may grow to.
_LARGEST = 64 * 1024 * 1024


class Captured(NamedTuple):
    """A message without its transport.

    `charset` is the Content-Type's, as written there; `odd` are sentences on the HTTP around it. `shifts`
    says how many lines of the file come before those of the body, as pairs: beyond which line, how many.
    """

    body: bytes
    charset: str | None = None
    user_agent: str = ""
    odd: tuple[str, ...] = ()
    shifts: tuple[tuple[int, int], ...] = ((0, 0),)

    def file_line(self, line: int) -> int:
        """The line of the file (from 1) on which this line of the body begins."""
        return line + next(shift for beyond, shift in reversed(self.shifts) if beyond < line)


def split_request(raw: bytes) -> Captured:
    """Take the HTTP off a captured message, if there is any."""
    if _REQUEST.match(raw) is None:
        return Captured(raw)
    end = _HEAD_END.search(raw)
    head, body = (raw, b"") if end is None else (raw[: end.start()], raw[end.end() :])
    shifts = [(0, raw[: len(raw) - len(body)].count(b"\n"))]
    headers: dict[str, str] = {}
    for line in head.decode("latin-1").splitlines()[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    odd: list[str] = []
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = _unchunked(body, odd, shifts)
    elif headers.get("content-length", "").isdigit() and int(headers["content-length"]) != len(body):
        odd.append(f"Content-Length says {headers['content-length']} bytes, the file has {len(body)}")
    body = _decompressed(body, headers.get("content-encoding", ""), odd)
    charset = _CHARSET.search(headers.get("content-type", ""))
    return Captured(
        body, charset[1] if charset else None, headers.get("user-agent", ""), tuple(odd), tuple(shifts)
    )


def _unchunked(body: bytes, odd: list[str], shifts: list[tuple[int, int]]) -> bytes:
    """The body without its chunk sizes; where their lines were is added to `shifts`."""
    parts: list[bytes] = []
    at, lines, head_lines = 0, 0, shifts[0][1]
    while found := _CHUNK_SIZE.match(body, at):
        size = int(found[1], 16)
        if size == 0:
            return b"".join(parts)
        part = body[found.end() : found.end() + size]
        # A line that goes on in this part began in the part before.
        begins_a_line = not parts or parts[-1].endswith(b"\n")
        beyond = lines if begins_a_line else lines + 1
        shifts.append((beyond, head_lines + body[: found.end()].count(b"\n") - lines))
        parts.append(part)
        lines += part.count(b"\n")
        at = found.end() + size
        at += 2 if body[at : at + 2] == b"\r\n" else 1 if body[at : at + 1] == b"\n" else 0
    odd.append("the chunk sizes do not fit the file; lines that are only a size were left out")
    return _LONE_SIZE_LINE.sub(b"", body)


def _decompressed(body: bytes, encoding: str, odd: list[str]) -> bytes:
    if encoding.lower() not in ("gzip", "x-gzip", "deflate"):
        return body
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # gzip or zlib; bare deflate
        try:
            return zlib.decompressobj(window).decompress(body, _LARGEST)
        except zlib.error:
            continue
    odd.append(f"the body is not {encoding}, as its Content-Encoding says")
    return body
