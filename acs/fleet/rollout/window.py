"""The hours in which phones may be touched: weekdays, hours and a zone, without black-out dates.

A step that cannot end before the window does is not begun. Windows that touch are one. On a black-out date,
by the phone's clock, nothing is open, also not the rest of a night that began before it. In the night in
which clocks are changed a window begins and ends so that no clock shows an hour outside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

from msgspec import Struct

from acs.fleet.rollout import zones
from acs.fleet.rollout.zones import Clock

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

#: `zone` that means each phone's own: as it tells it; or as its group's configuration has it.
PHONE, GROUP = "phone", "group"

#: So many days are looked ahead for an opening.
AHEAD = 400

_DAY = 86_400.0
_HOUR = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
_EPOCH = date(1970, 1, 1)


class Window(
    Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={"start": "from", "end": "to", "without": "except"},
):
    """From `start` until `end` on the named days; over midnight where `end` is not later."""

    start: str
    end: str
    days: tuple[str, ...] = DAYS
    #: `phone`, `group`, or an IANA name
    zone: str = PHONE
    #: an IANA name for phones whose zone is not known; without it they are never touched
    fallback: str = ""
    #: dates, such as 2026-12-24
    without: tuple[str, ...] = ()


class Opening(Struct, frozen=True):
    """Seconds since the epoch."""

    start: float
    end: float


def faults(window: Window, step: float) -> Iterator[tuple[str, object, str, str]]:
    """What is wrong with it: field, value, message, what is allowed."""
    hours = True
    for field, text in (("from", window.start), ("to", window.end)):
        if not _HOUR.fullmatch(text):
            hours = False
            yield field, text, "is no time of day", "from 00:00 to 24:00"
    if hours and _length(window) < step:
        yield "to", window.end, f"leaves less than the {step:g} s of one step", "a longer window, or `step`"
    if not window.days:
        yield "days", [], "is empty", ", ".join(DAYS)
    for number, day in enumerate(window.days):
        if not _is_day(day):
            yield f"days[{number}]", day, "is no weekday", ", ".join(DAYS)
    if window.zone not in (PHONE, GROUP) and zones.iana(window.zone) is None:
        yield "zone", window.zone, "is no time zone", "`phone`, `group`, or a name such as Europe/Berlin"
    if window.fallback and zones.iana(window.fallback) is None:
        yield "fallback", window.fallback, "is no time zone", "a name such as Europe/Berlin"
    for number, text in enumerate(window.without):
        try:
            date.fromisoformat(text)
        except ValueError:
            yield f"except[{number}]", text, "is no date", "a date such as 2026-12-24"


def _is_day(text: str) -> bool:
    """Whether this is a weekday, by its first three letters or more of its name."""
    return len(text) >= 3 and any(name.startswith(text.lower()) for name in _WEEKDAYS)


def clock_for(window: Window, phone: Clock | None, group: Clock | None = None) -> Clock | None:
    """The clock that the window goes by; None where nobody knows the phone's."""
    if window.zone == PHONE:
        found = phone or group
    elif window.zone == GROUP:
        found = group or phone
    else:
        found = zones.iana(window.zone)
    return found or zones.iana(window.fallback)


def own_zones(windows: Sequence[Window]) -> bool:
    """Whether the phones' own zones count."""
    return any(window.zone in (PHONE, GROUP) for window in windows)


def opening(
    windows: Sequence[Window], phone: Clock | None, group: Clock | None, *, now: float, step: float
) -> Opening | None:
    """The opening in which a step of so many seconds can begin now, or can first begin; None for never."""
    found: list[Opening] = []
    for window in windows:
        clock = clock_for(window, phone, group)
        if clock is not None:
            found += _openings(window, clock, now, step)
    for one in _merged(found):
        if one.end - step >= max(now, one.start):
            return one
    return None


def _openings(window: Window, clock: Clock, now: float, step: float) -> list[Opening]:
    """Those of the next week in which there are some, long enough together."""
    today = (now + clock.ahead(now)) // _DAY
    dark = {(date.fromisoformat(text) - _EPOCH).days for text in window.without}
    days = {DAYS.index(day.lower()[:3]) for day in window.days}
    found: list[Opening] = []
    for number in range(-1, AHEAD):
        day = int(today) + number
        if (day + 3) % 7 not in days:  # 1 January 1970 was a Thursday
            continue
        start, length = day * _DAY + _seconds(window.start), _length(window)
        for first, last in _without(start, start + length, dark):
            one = Opening(max(_at(clock, first)), min(_at(clock, last)))
            if one.end > max(now, one.start):
                found.append(one)
        if len(found) > 7 and found[-1].end - step >= now:
            break
    return found


def _without(start: float, end: float, dark: set[int]) -> list[tuple[float, float]]:
    """Parts of a span of local seconds that lie on no dark day."""
    parts: list[tuple[float, float]] = []
    while start < end:
        day = int(start // _DAY)
        until = min(end, (day + 1) * _DAY)
        if day not in dark:
            if parts and parts[-1][1] == start:
                parts[-1] = (parts[-1][0], until)
            else:
                parts.append((start, until))
        start = until
    return parts


def _merged(openings: list[Opening]) -> list[Opening]:
    merged: list[Opening] = []
    for one in sorted(openings, key=lambda each: each.start):
        if merged and one.start <= merged[-1].end:
            merged[-1] = Opening(merged[-1].start, max(merged[-1].end, one.end))
        else:
            merged.append(one)
    return merged


def _at(clock: Clock, local: float) -> list[float]:
    """When a clock shows this: `local` in seconds since the epoch as if the place were at Greenwich. Twice in
    the hour that comes twice; for one that is left out, by the time before and by the time after it."""
    found = [local - clock.ahead(local + side) for side in (-_DAY, _DAY)]
    return [at for at in found if at + clock.ahead(at) == local] or found


def _seconds(text: str) -> float:
    hour, _, minute = text.partition(":")
    return 3600.0 * int(hour) + 60.0 * int(minute)


def _length(window: Window) -> float:
    start, end = _seconds(window.start), _seconds(window.end)
    return end - start if end > start else end + _DAY - start


def shown(at: float) -> str:
    """A time for sentences."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
