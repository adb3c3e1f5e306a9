"""What happened in the fleet, in the order in which the server learnt it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from msgspec import Struct

from acs.fleet.fleet_event import FAMILIES, Kind, is_kind
from acs.operations.errors import Invalid
from acs.operations.ports import Runner, moment
from acs.store import events as store
from acs.store.events import Kept

#: Events looked at for one answer; a filter that meets few of them says where to go on.
BUDGET = 5000
_CHUNK = 500

_PLACE = re.compile(r"\d{1,20}-\d{1,20}")

#: What a filter may be.
KINDS = [*Kind, *(f"{family}*" for family in ("device_", "site_", *FAMILIES))]


class EventView(Struct, frozen=True):
    """`device` is null where no single phone is meant."""

    id: str
    at: datetime | None
    kind: str
    device: str | None
    text: str
    data: dict[str, Any]


class EventPage(Struct, frozen=True):
    """In order of time. `next` is the `since` of what comes after these; `more`: there is some already."""

    items: list[EventView]
    next: str
    more: bool


class Filter(Struct, frozen=True):
    kinds: tuple[str, ...]
    device: str

    def passes(self, kept: Kept) -> bool:
        event = kept.event
        return (not self.device or event.device == self.device) and (
            not self.kinds or any(matches(kind, event.kind) for kind in self.kinds)
        )


def matches(pattern: str, kind: str) -> bool:
    """Whether a kind is meant: itself, a family such as `rollout_*`, or `*`."""
    return kind.startswith(pattern[:-1]) if pattern.endswith("*") else kind == pattern


def check_kind(kind: str, field: str) -> str:
    """The kind or family. Raises Invalid for what no event is."""
    if kind == "*" or kind in KINDS or is_kind(kind):
        return kind
    raise Invalid.field(field, "is no kind of event", value=kind, allowed=[*KINDS, "*"])


async def page(runner: Runner, *, since: str, kind: str, device: str, limit: int) -> EventPage:
    """The next events behind `since`: the `next` of an earlier answer, or a time; "" for the newest."""
    kinds = tuple(check_kind(one.strip(), "kind") for one in kind.split(",") if one.strip())
    wanted = Filter(kinds, device)
    if not since:
        return await _newest(runner, wanted, limit)
    place = _place(since)
    found: list[Kept] = []
    for _ in range(BUDGET // _CHUNK):
        chunk = await runner.run(store.after(place, _CHUNK))
        for kept in chunk:
            place = kept.place
            if wanted.passes(kept):
                found.append(kept)
                if len(found) == limit:
                    return _page(found, place, more=True)
        if len(chunk) < _CHUNK:
            return _page(found, place, more=False)
    return _page(found, place, more=True)


async def _newest(runner: Runner, wanted: Filter, limit: int) -> EventPage:
    found: list[Kept] = []
    last = place = ""
    for _ in range(BUDGET // _CHUNK):
        chunk = await runner.run(store.before(place, _CHUNK))
        if chunk and not last:
            last = chunk[0].place
        found += [kept for kept in chunk if wanted.passes(kept)]
        if len(chunk) < _CHUNK or len(found) >= limit:
            break
        place = chunk[-1].place
    return _page(found[:limit][::-1], last or "0-0", more=False)


def _page(found: list[Kept], place: str, *, more: bool) -> EventPage:
    return EventPage([_view(kept) for kept in found], place, more)


def _view(kept: Kept) -> EventView:
    event = kept.event
    return EventView(event.id, moment(event.at), event.kind, event.device or None, event.text, event.data)


def _place(since: str) -> str:
    if _PLACE.fullmatch(since):
        return since
    try:
        return f"{int(_time(since) * 1000)}-0"
    except (ValueError, OverflowError):
        raise Invalid.field(
            "since",
            "is no time and no place among the events",
            value=since,
            allowed="a time with its zone such as 2030-01-31T12:00:00Z, or the next of an earlier answer",
        ) from None


def _time(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        read = datetime.fromisoformat(text)
        if read.tzinfo is None:
            raise ValueError("a time without a zone") from None
        return read.timestamp()
    if not 0 <= seconds < 1e12:
        raise ValueError("no time of this age")
    return seconds
