"""The Range field of a download: which bytes of a file a phone wants (RFC 9110 14)."""

from __future__ import annotations

import re

from msgspec import Struct

_RANGE = re.compile(rb"\s*bytes\s*=\s*(\d{0,40})\s*-\s*(\d{0,40})\s*", re.IGNORECASE)


class Span(Struct, frozen=True):
    """Bytes from `start` on, `length` of them."""

    start: int
    length: int

    def content_range(self, size: int) -> bytes:
        return b"bytes %d-%d/%d" % (self.start, self.start + self.length - 1, size)


class NotSatisfiable(Exception):
    """The range lies outside the file, or says nothing: answer 416."""


def wanted_span(field: bytes | None, size: int) -> Span | None:
    """The bytes that the field asks for; None for the whole file.

    Several ranges at once, and units other than bytes, may be answered with the whole file, and are: no
    phone has been seen to ask for them.

    :raises NotSatisfiable:
    """
    if field is None or not field.strip().lower().startswith(b"bytes") or b"," in field:
        return None
    match = _RANGE.fullmatch(field)
    if match is None or not (match[1] or match[2]):
        raise NotSatisfiable(f"{_shown(field)!r} is not a range")
    if not match[1]:
        length = min(int(match[2]), size)
        start = size - length
    else:
        start = int(match[1])
        end = min(int(match[2]), size - 1) if match[2] else size - 1
        length = end - start + 1
    if length <= 0 or start >= size:
        raise NotSatisfiable(f"{_shown(field)!r} is outside a file of {size} bytes")
    return Span(start, length)


def same_entity(field: bytes | None, etag: bytes, *, weak: bool) -> bool:
    """Whether a field of entity tags, or `*`, names this one. `weak` also takes `W/` before it."""
    if field is None:
        return False
    tags = [tag.strip() for tag in field.split(b",")]
    if weak:
        tags = [tag.removeprefix(b"W/") for tag in tags]
    return etag in tags or tags == [b"*"]


def _shown(field: bytes) -> str:
    return field[:60].decode("latin-1")
