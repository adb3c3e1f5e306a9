"""Times in messages: read as phones write them, written as XML Schema wants them.

Phones send times without a zone (taken as UTC), with a blank for the T, with fractions, in the year 0 or 1,
or text that is no time (quirks 29, 57 and 68). What cannot be read is None, as is the Unknown Time of TR-069.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from acs.cwmp.structures import UNKNOWN_TIME

#: Before this year no clock of a phone was ever set: what is earlier counts seconds since the phone started.
_FIRST_BELIEVABLE_YEAR = 2000

_TIME = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[Tt ]\s*(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,9}))?)?)?"
    r"\s*(?:([Zz])|([+-])(\d{1,2}):?(\d{2})?)?",
    re.ASCII,
)


def read_time(text: str | None) -> datetime | None:
    """The moment a phone means, with a zone; None for unknown times and for what is no time."""
    found = _TIME.fullmatch(text.strip()) if text else None
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, _, sign, zone_hours, zone_minutes = found.groups()
    if int(year) <= 1:
        return None
    try:
        zone = UTC
        if sign:
            offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes or 0))
            zone = timezone(-offset if sign == "-" else offset)
        microsecond = int((fraction or "0").ljust(6, "0")[:6])
        # 24:00:00 and a leap second are legal and mean the next moment.
        start = datetime(int(year), int(month), int(day), tzinfo=zone)
        clock = timedelta(hours=int(hour or 0), minutes=int(minute or 0), seconds=int(second or 0))
        if clock > timedelta(days=1) or int(minute or 0) > 59 or int(second or 0) > 60:
            return None
        return start + clock + timedelta(microseconds=microsecond)
    except (ValueError, OverflowError):
        return None


def clock_is_set(moment: datetime | None) -> bool:
    """Whether a phone that says it is this time has a clock that was ever set."""
    return moment is not None and moment.year >= _FIRST_BELIEVABLE_YEAR


def write_time(moment: datetime | None) -> str:
    """The moment in UTC to the second, as `2024-05-01T12:00:00Z`; None is the Unknown Time."""
    if moment is None:
        return UNKNOWN_TIME
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone cannot be written: say which zone it is in")
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
