"""What happened in the fleet, in the order in which the server learnt it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct

from acs.fleet.fleet_event import FAMILIES, Kind, is_kind
from acs.operations import limits
from acs.operations.errors import Invalid
from acs.operations.ports import Runner, moment, within_time
from acs.store import events as store
from acs.store.events import Kept

#: Events looked at for one answer; a filter that meets few of them says where to go on.
BUDGET = 5000
_CHUNK = 500

_PLACE = re.compile(r"\d{1,19}-\d{1,19}")
_EVENT_ID = re.compile(r"[0-9a-f]{16}")

#: Which of these phones are meant.
Phones = Callable[[Runner, Iterable[str]], Awaitable[set[str]]]

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


def wanted(kind: str, device: str) -> Filter:
    """What is asked for: kinds with commas between, and a device id; "" for all. Raises Invalid."""
    kinds = tuple(check_kind(one.strip(), "kind") for one in kind.split(",") if one.strip())
    return Filter(kinds, device)


async def page(
    runner: Runner, *, since: str, kind: str, device: str, limit: int, phones: Phones | None = None
) -> EventPage:
    """The next events behind `since`: the `next` of an earlier answer, or a time; "" for the newest.

    `phones` narrows them to events of phones that it lets through. Of events of no single phone, a limited
    caller sees none.
    """
    asked = wanted(kind, device)
    if not since:
        return await _newest(runner, asked, limit, phones)
    place = await place_of(runner, since)
    found: list[Kept] = []
    for _ in range(BUDGET // _CHUNK):
        chunk = await runner.run(store.after(place, _CHUNK))
        for kept in await passing(runner, asked, chunk, phones):
            found.append(kept)
            if len(found) == limit:
                return _page(found, kept.place, more=True)
        place = chunk[-1].place if chunk else place
        if len(chunk) < _CHUNK:
            return _page(found, place, more=False)
    return _page(found, place, more=True)


async def _newest(runner: Runner, asked: Filter, limit: int, phones: Phones | None) -> EventPage:
    found: list[Kept] = []
    last = place = ""
    for _ in range(BUDGET // _CHUNK):
        chunk = await runner.run(store.before(place, _CHUNK))
        if chunk and not last:
            last = chunk[0].place
        found += await passing(runner, asked, chunk, phones)
        if len(chunk) < _CHUNK or len(found) >= limit:
            break
        place = chunk[-1].place
    return _page(found[:limit][::-1], last or "0-0", more=False)


async def passing(
    runner: Runner, asked: Filter, chunk: list[Kept], phones: Phones | None = None
) -> list[Kept]:
    """Those of these events that are asked for and that the caller may see."""
    found = [kept for kept in chunk if asked.passes(kept)]
    if phones is None and not limits.is_limited(runner):
        return found
    seen = await (phones or limits.visible)(runner, {kept.event.device for kept in found} - {""})
    return [kept for kept in found if kept.event.device in seen]


def _page(found: list[Kept], place: str, *, more: bool) -> EventPage:
    return EventPage([view(kept) for kept in found], place, more)


def view(kept: Kept) -> EventView:
    event = kept.event
    return EventView(event.id, moment(event.at), event.kind, event.device or None, event.text, event.data)


async def place_of(runner: Runner, since: str, field: str = "since") -> str:
    """The place that is meant by a place, a time, or the id of one of the newest events. Raises Invalid."""
    if _PLACE.fullmatch(since):
        return since
    if _EVENT_ID.fullmatch(since):
        found = await runner.drive(store.place_of(since))
        if found:
            return found
    try:
        return f"{int(_time(since) * 1000)}-0"
    except (ValueError, OverflowError):
        raise Invalid.field(
            field,
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
        return within_time(read.timestamp())
    if not 0 <= seconds < 1e12:
        raise ValueError("no time of this age")
    return seconds
