"""What a handler answers, before it is bytes on a connection."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

JSON = "application/json"


class Reply(Struct, frozen=True):
    """`body` is bytes as they are, None for no body, or any value that becomes JSON.

    `phrase` goes with the status where the usual one would not do.
    """

    status: int
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = JSON
    phrase: str = ""

    def encoded(self) -> bytes:
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else msgspec.json.encode(self.body)


def ok(body: Any) -> Reply:
    return Reply(200, body)


def created(body: Any, location: str) -> Reply:
    return Reply(201, body, (("Location", location),))


NO_CONTENT = Reply(204)
