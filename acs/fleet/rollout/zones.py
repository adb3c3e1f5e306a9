"""What time it is at a phone: its zone as it tells it, as it is configured, or as an IANA name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from acs.datamodel import time_zones
from acs.datamodel.joint_transforms import JOINT_TRANSFORMS
from acs.datamodel.time_zones import Change, Zone
from acs.datamodel.transforms import Options

#: The parameter that holds a phone's zone, below its root, and the keys that say the same.
PARAMETER = "Time.LocalTimeZone"
KEYS = (
    "local_time.time_zone",
    "local_time.summer_time",
    "local_time.dst_time_type",
    "local_time.start_time",
    "local_time.end_time",
    "local_time.offset_time",
)

#: Where a zone has a summer and does not say when, it is that of POSIX's usual default.
_SUMMER_START = Change(3, 7, 2, week=2)
_SUMMER_END = Change(11, 7, 2, week=1)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


#: What a clock is kept as: the zone that a phone keeps, or an IANA name.
Kept = Zone | str


class Clock(Protocol):
    """A place's clock: seconds that it is ahead of UTC at a time (seconds since the epoch)."""

    def ahead(self, at: float, /) -> float: ...


class IanaClock:
    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    def ahead(self, at: float) -> float:
        offset = datetime.fromtimestamp(at, self.zone).utcoffset()
        return offset.total_seconds() if offset else 0.0


class PhoneClock:
    """The clock of a phone that keeps time by what its parameter or its keys say."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone

    def ahead(self, at: float) -> float:
        zone = self.zone
        if zone.summer is None:
            return 60.0 * zone.offset
        summer = zone.summer
        standard, shifted = 60.0 * zone.offset, 60.0 * (zone.offset + summer.shift)
        year = (_EPOCH + timedelta(seconds=at + standard)).year
        start = _local(summer.start or _SUMMER_START, year) - standard
        end = _local(summer.end or _SUMMER_END, year) - shifted
        in_summer = start <= at < end if start < end else at >= start or at < end
        return shifted if in_summer else standard


@lru_cache(maxsize=1024)
def iana(name: str) -> IanaClock | None:
    """The clock of an IANA zone; None where there is no such zone."""
    try:
        return IanaClock(ZoneInfo(name)) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=4096)
def told(text: str) -> Clock | None:
    """The clock of a phone whose parameter says this: POSIX, an offset, or an IANA name."""
    zone = time_zones.parse(text)
    if zone is None:
        return iana(text.strip())
    return PhoneClock(zone)


def kept(clock: Clock | None) -> Kept | None:
    """The clock as it can be stored."""
    match clock:
        case IanaClock():
            return clock.zone.key
        case PhoneClock():
            return clock.zone
        case _:
            return None


@lru_cache(maxsize=4096)
def clock_of(zone: Kept | None) -> Clock | None:
    """The clock that was kept as this."""
    if zone is None:
        return None
    return iana(zone) if isinstance(zone, str) else PhoneClock(zone)


def configured(values: Mapping[str, str]) -> Clock | None:
    """The clock of a phone with these keys; None where they say too little, as with an automatic summer."""
    wanted = {key: values[key] for key in KEYS if key in values}
    if "local_time.time_zone" not in wanted:
        return None
    if wanted.get("local_time.summer_time") == "2":
        return None
    written = JOINT_TRANSFORMS["time_zone"].write(wanted, "", KEYS, Options())
    if written.value is not None:
        return told(written.value)
    return told(wanted["local_time.time_zone"]) if "local_time.summer_time" not in wanted else None


def of_phone(parameter: str | None, known: Mapping[str, str], desired: Mapping[str, str]) -> Clock | None:
    """What the phone tells counts before what it is known, then what it ought, to be configured to."""
    found = told(parameter) if parameter else None
    return found or configured(known) or configured(desired)


def _local(change: Change, year: int) -> float:
    """The local time of a change in this year, as if it were UTC: seconds since the epoch."""
    if change.week:
        first = date(year, change.month, 1)
        day = 1 + (change.day - first.isoweekday()) % 7 + 7 * (change.week - 1)
        following = date(year + change.month // 12, change.month % 12 + 1, 1)
        while day > (following - first).days:
            day -= 7
        when = date(year, change.month, day)
    else:
        last = 28 if change.month == 2 else 31
        when = date(year, change.month, min(change.day, last))
    return (datetime(when.year, when.month, when.day, tzinfo=UTC) - _EPOCH).total_seconds() + (
        3600.0 * change.hour
    )
