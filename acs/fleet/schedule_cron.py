"""Cron expressions: what may stand in one, and where one is wrong.

Five fields: minute, hour, day of month, month, day of week. Each is a list of `*`, a value or a range, each
with a step if wanted; months and days of the week have names too. `L` is the last day of a month, `mon#2` its
second Monday. Where both days are restricted, either will do, as cron has always had it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

#: Words that stand for whole expressions.
WORDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

#: What may be given, for messages.
ALLOWED = "minute hour day-of-month month day-of-week, such as `30 2 * * *`, or " + ", ".join(WORDS)


class _Field(Struct, frozen=True):
    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        named = f" or {self.names[0]} to {self.names[-1]}" if self.names else ""
        return f"{self.least} to {self.most}{named}"


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 7, _DAYS),
)
_PART = re.compile(r"(?P<range>\*|\w+(?:-\w+)?)(?:/(?P<step>\d{1,4}))?", re.ASCII)
_NTH = re.compile(r"(?P<day>\w+)#(?P<number>[1-5])", re.ASCII)


class Fault(Struct, frozen=True):
    """What is wrong, at which character (from 0), and what would be taken there."""

    position: int
    message: str
    allowed: str


def fields_of(text: str) -> str:
    """The expression as five fields in lower case; a word is replaced by what it stands for."""
    plain = " ".join(text.lower().split())
    return WORDS.get(plain, plain)


def fault(text: str) -> Fault | None:
    """The first thing that is wrong with an expression."""
    if text.strip().lower() in WORDS:
        return None
    found = list(re.finditer(r"\S+", text))
    if len(found) != len(_FIELDS):
        return _wrong_count(text, found)
    for field, part in zip(_FIELDS, found, strict=True):
        for wrong in _wrong(field, part[0].lower(), part.start()):
            return wrong
    return None


def _wrong_count(text: str, found: list[re.Match[str]]) -> Fault:
    if not found:
        return Fault(len(text), "is empty", ALLOWED)
    if len(found) == 1 and found[0][0].startswith("@"):
        return Fault(found[0].start(), f"{found[0][0]!r} is no word for an expression", ALLOWED)
    count = "1 field" if len(found) == 1 else f"{len(found)} fields"
    return Fault(found[5].start() if len(found) > 5 else len(text), f"has {count}, not 5", ALLOWED)


def every_hour(fields: str) -> bool:
    """Whether it goes by the passing of time rather than by a place's clock: its hour is any."""
    return fields.split()[1] == "*"


def _wrong(field: _Field, text: str, at: int) -> Iterator[Fault]:
    for part in text.split(","):
        message = _fault_of(field, part)
        if message:
            yield Fault(at, f"{field.name}: {message}", field.allowed)
        at += len(part) + 1


def _fault_of(field: _Field, part: str) -> str:
    if (part == "l" and field.name == "day of month") or (part == "?" and field.name.startswith("day")):
        return ""
    nth = _NTH.fullmatch(part)
    if nth and field.names is _DAYS:
        return "" if _number(field, nth["day"]) is not None else f"{nth['day']!r} is no {field.name}"
    read = _PART.fullmatch(part)
    if read is None:
        return f"{part!r} is not understood" if part else "something is missing beside a comma"
    if read["step"] is not None and not 0 < int(read["step"]) <= field.most:
        return f"a step of {read['step']} never comes"
    if read["range"] == "*":
        return ""
    ends = read["range"].split("-")
    numbers = [_number(field, end) for end in ends]
    for end, number in zip(ends, numbers, strict=True):
        if number is None:
            return f"{end!r} is no {field.name}"
    first, last = numbers[0], numbers[-1]
    assert first is not None
    assert last is not None
    if first > last and field.names is not _DAYS:  # the days of a week go round: fri-mon
        return f"{part!r} ends before it begins"
    return ""


def _number(field: _Field, text: str) -> int | None:
    """The value that a number or a name stands for; None for one that the field does not have."""
    if text in field.names:
        return field.names.index(text) + field.least
    if text.isdecimal() and field.least <= int(text) <= field.most:
        return int(text)
    return None
