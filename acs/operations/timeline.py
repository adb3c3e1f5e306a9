"""What happened to a device, newest first, the heartbeats that are not written yet included."""

from __future__ import annotations

from datetime import datetime
from math import inf
from typing import Any

from msgspec import Struct

from acs.fleet.changes import TimelineEntry
from acs.fleet.identity import device_key
from acs.fleet.inform import heartbeats
from acs.operations.errors import Invalid
from acs.operations.ports import Runner, moment
from acs.store import timeline as store
from acs.store.devices import KnownDevice


class EntryView(Struct, frozen=True):
    """`text` is a sentence for people, `data` its facts."""

    at: datetime | None
    kind: str
    text: str
    data: dict[str, Any]


class TimelinePage(Struct, frozen=True):
    """`next` is the `before` of the next page, None at the end."""

    items: list[EntryView]
    next: str | None


async def page(runner: Runner, known: KnownDevice, *, limit: int, before: str) -> TimelinePage:
    """The newest entries before a time: ISO 8601, seconds since the epoch, or the `next` of a page."""
    limit_time = _read_time(before)
    stored = await runner.run(store.read(device_key(known.device.id), limit=limit, before=limit_time))
    routine = heartbeats(known.device)
    if routine is not None and routine.at < limit_time:
        entries = sorted([routine, *stored], key=lambda entry: -entry.at)
        if len(entries) > limit and entries[limit].at < entries[limit - 1].at:
            entries = entries[:limit]
    else:
        entries = stored
    more = len(entries) >= limit
    return TimelinePage([_view(entry) for entry in entries], repr(entries[-1].at) if more else None)


def _view(entry: TimelineEntry) -> EntryView:
    return EntryView(moment(entry.at), entry.kind, entry.text, entry.data)


def _read_time(text: str) -> float:
    if not text:
        return inf
    try:
        return float(text)
    except ValueError:
        pass
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise Invalid.field(
            "before",
            "is no time",
            value=text,
            allowed="a time with its zone such as 2030-01-31T12:00:00Z, or the next of an earlier answer",
        )
    return read.timestamp()
