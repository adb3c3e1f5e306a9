"""What happened to a device, newest first. Sessions write their lines with their steps."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from acs.fleet.changes import TimelineEntry
from acs.store import codec, keyspace
from acs.store.calls import Call, nothing, script, scripted

#: Lines a device keeps: months of a quiet phone, and no more than 30 KB of a busy one.
CAP = 200

_PUSH = script("push_capped")


def push(key: str, entries: Sequence[TimelineEntry]) -> Call[None]:
    """Add these lines, oldest first, to the timeline of the device with this key."""
    return scripted(
        _PUSH,
        (keyspace.device_prefix(key) + keyspace.TIMELINE,),
        (CAP, *map(codec.encode_entry, entries)),
        nothing,
    )


def read(key: str, *, limit: int = CAP, before: float = inf) -> Call[list[TimelineEntry]]:
    """The newest lines older than `before`, newest first.

    To go on, ask again with the time of the last line. So that none is lost between two pages, lines of the
    very same time are never parted: a page may be longer than `limit` by those.
    """

    def decode(answer: list[Any]) -> list[TimelineEntry]:
        page: list[TimelineEntry] = []
        for stored in answer:
            entry = codec.decode_entry(stored)
            if len(page) >= limit and entry.at != page[-1].at:
                break
            if entry.at < before:
                page.append(entry)
        return page

    return Call(("LRANGE", keyspace.device_prefix(key) + keyspace.TIMELINE, 0, -1), decode)
