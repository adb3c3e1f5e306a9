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
    """A message without its transport. `first_line` is the file's line on which the body begins (from 1);
    `charset` is the Content-Type's, as written there; `odd` are sentences on the HTTP around it."""

    body: bytes
    charset: str | None = None
    user_agent: str = ""
    first_line: int = 1
    odd: tuple[str, ...] = ()


def split_request(raw: bytes) -> Captured:
    """Take the HTTP off a captured message, if there is any."""
    if _REQUEST.match(raw) is None:
        return Captured(raw)
    end = _HEAD_END.search(raw)
    head, body = (raw, b"") if end is None else (raw[: end.start()], raw[end.end() :])
    first_line = 1 + raw[: len(raw) - len(body)].count(b"\n")
    headers: dict[str, str] = {}
    for line in head.decode("latin-1").splitlines()[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    odd: list[str] = []
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = _unchunked(body, odd)
        first_line += 1
    elif headers.get("content-length", "").isdigit() and int(headers["content-length"]) != len(body):
        odd.append(f"Content-Length says {headers['content-length']} bytes, the file has {len(body)}")
    body = _decompressed(body, headers.get("content-encoding", ""), odd)
    charset = _CHARSET.search(headers.get("content-type", ""))
    return Captured(
        body, charset[1] if charset else None, headers.get("user-agent", ""), first_line, tuple(odd)
    )


def _unchunked(body: bytes, odd: list[str]) -> bytes:
    parts: list[bytes] = []
    at = 0
    while found := _CHUNK_SIZE.match(body, at):
        size = int(found[1], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(body[found.end() : found.end() + size])
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
