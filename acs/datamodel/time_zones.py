"""Time zones as phones' parameters have them: POSIX `TZ` (TR-106, LocalTimeZone), or an offset `+08:00`.

POSIX counts west of Greenwich as positive: `CST-8` is eight hours ahead. The offset alone, the form of older
data models, counts east as positive, as the guide's keys do. Minutes east of Greenwich are what is computed
with here.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from msgspec import Struct

#: How far POSIX lets a zone be from Greenwich, in minutes.
FARTHEST = 24 * 60 + 59
#: A year without 29 February, which Julian days do not count.
_YEAR = 2025
_HOUR = 60

_NAME = r"(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)"
_OFFSET = r"[+-]?\d{1,2}(?::\d{2}){0,2}"
_DAY = r"(?:M\d{1,2}\.\d\.\d|J\d{1,3}|\d{1,3})(?:/[+-]?\d{1,3}(?::\d{2}){0,2})?"
_ZONE = re.compile(rf"{_NAME}({_OFFSET})(?:({_NAME})({_OFFSET})?(?:,({_DAY}),({_DAY}))?)?")
_PLAIN = re.compile(r"([+-]?)(\d{1,2})(?::?(\d{2}))?")


class Change(Struct, frozen=True):
    """A day of the year and an hour. By week where `week` is not 0: 5 is the last, day 7 Sunday."""

    month: int
    day: int
    hour: int
    week: int = 0


class Summer(Struct, frozen=True):
    """Daylight saving time; `start` and `end` None where they are not said or not in whole hours."""

    shift: int = _HOUR
    start: Change | None = None
    end: Change | None = None


class Zone(Struct, frozen=True):
    """`offset` in minutes east. `plain`: written as an offset alone, which has no place for a summer."""

    offset: int
    summer: Summer | None = None
    plain: bool = False


def parse(text: str) -> Zone | None:
    """What a parameter says; None for what is neither form, such as `Europe/Berlin`."""
    text = text.strip()
    posix = _ZONE.fullmatch(text)
    if posix is None:
        offset = offset_of(text)
        return None if offset is None else Zone(offset, plain=True)
    west = _minutes(posix[1])
    if west is None or abs(west) > FARTHEST:
        return None
    if posix[2] is None:
        return Zone(-west)
    ahead = _minutes(posix[3]) if posix[3] else west - _HOUR
    if ahead is None:
        return None
    summer = Summer(west - ahead, _change(posix[4] or ""), _change(posix[5] or ""))
    return Zone(-west, summer)


def offset_of(text: str) -> int | None:
    """Minutes east of `+8`, `8`, `-04:30` or `0`."""
    found = _PLAIN.fullmatch(text.strip())
    if found is None or int(found[3] or 0) >= _HOUR:
        return None
    minutes = int(found[2]) * _HOUR + int(found[3] or 0)
    return None if minutes > FARTHEST else -minutes if found[1] == "-" else minutes


def offset_text(minutes: int) -> str:
    """As the keys have it: `+8`, `-4:30`, `0`."""
    hours, rest = divmod(abs(minutes), _HOUR)
    sign = "" if minutes == 0 else "-" if minutes < 0 else "+"
    return f"{sign}{hours}" + (f":{rest:02}" if rest else "")


def write(zone: Zone) -> str | None:
    """The parameter's value; None where its form has no place for it, as for 29 February."""
    if zone.plain:
        hours, rest = divmod(abs(zone.offset), _HOUR)
        return None if zone.summer else f"{'-' if zone.offset < 0 else '+'}{hours:02}:{rest:02}"
    text = "UTC" + _west(zone.offset)
    summer = zone.summer
    if summer is None:
        return text
    if summer.start is None or summer.end is None:
        return None
    days = (_day(summer.start), _day(summer.end))
    if None in days or abs(zone.offset + summer.shift) > FARTHEST:
        return None
    ahead = "" if summer.shift == _HOUR else _west(zone.offset + summer.shift)
    return f"{text}DST{ahead},{days[0]},{days[1]}"


def _west(east: int) -> str:
    """Of POSIX: an offset whose sign says west."""
    return offset_text(-east).removeprefix("+")


def _minutes(text: str) -> int | None:
    sign = -1 if text.startswith("-") else 1
    hours, _, rest = text.lstrip("+-").partition(":")
    minutes, _, seconds = rest.partition(":")
    if int(seconds or 0) or int(minutes or 0) >= _HOUR:
        return None
    return sign * (int(hours) * _HOUR + int(minutes or 0))


def _change(text: str) -> Change | None:
    day, _, time = text.partition("/")
    minutes = _minutes(time) if time else 2 * _HOUR
    if minutes is None or minutes % _HOUR or not 0 <= minutes < 24 * _HOUR:
        return None
    hour = minutes // _HOUR
    if day.startswith("M"):
        month, week, weekday = (int(part) for part in day[1:].split("."))
        good = 1 <= month <= 12 and 1 <= week <= 5 and weekday <= 6
        return Change(month, weekday or 7, hour, week) if good else None
    if not day:
        return None
    number = int(day[1:]) if day.startswith("J") else int(day) + 1
    if not 1 <= number <= 365:
        return None
    found = date(_YEAR, 1, 1) + timedelta(days=number - 1)
    return Change(found.month, found.day, hour)


def _day(change: Change) -> str | None:
    if change.week:
        return f"M{change.month}.{change.week}.{change.day % 7}/{change.hour}"
    try:
        number = date(_YEAR, change.month, change.day).timetuple().tm_yday
    except ValueError:  # 29 February, or no day at all
        return None
    return f"J{number}/{change.hour}"
