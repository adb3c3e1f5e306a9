"""A JSON array that is written while it is made, an item a line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from acs.northbound.rest.replies import JSON
from acs.northbound.streaming import Streamed


class JsonArray(Streamed):
    def __init__(self, items: AsyncIterator[Any], headers: Sequence[tuple[str, str]]) -> None:
        super().__init__(_pieces(items), JSON, headers)


async def _pieces(items: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    before = b"[\n"
    async for item in items:
        yield before + msgspec.json.encode(item)
        before = b",\n"
    yield b"[\n\n]" if before == b"[\n" else b"\n]"
