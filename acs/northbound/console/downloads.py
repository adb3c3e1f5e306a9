"""Tables for spreadsheets, written as fast as the browser takes them."""

from __future__ import annotations

import codecs
from collections.abc import AsyncIterator

from acs.northbound.rest.audit import CSV
from acs.northbound.streaming import Streamed


def table(name: str, pieces: AsyncIterator[bytes]) -> Streamed:
    """CSV to be saved under this name."""
    return Streamed(_marked(pieces), CSV, (("Content-Disposition", f'attachment; filename="{name}"'),))


async def _marked(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield codecs.BOM_UTF8  # it tells spreadsheets that this is UTF-8
    async for piece in pieces:
        yield piece
