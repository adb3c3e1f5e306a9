"""When a schedule's runs are due: a cron expression on the clock of a zone, made into points in time.

Where clocks are put forward, a time that does not exist is as much later as they were put forward: `30 2 * *
*` runs at 03:30 that night. Where they are put back, a time that comes twice counts the first time. An
expression for every hour (`0 * * * *`) goes by the passing of time instead: nothing is made up for an hour
that is left out, and an hour that comes twice has its runs twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from heapq import heappop, heappush
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterError, croniter  # type: ignore[import-untyped]  # it ships no types

from acs.fleet import schedule_cron

#: No zone's clocks are put forward or back by more at once.
_SHIFT = timedelta(hours=3)

#: Missed runs are counted up to here.
MOST_COUNTED = 10_000


def zone_of(name: str) -> ZoneInfo | None:
    """The zone with this IANA name; None where there is none."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def times_after(cron: str, zone: ZoneInfo, after: float) -> Iterator[float]:
    """Every due time later than `after` (seconds since the epoch), in order; none where it never comes."""
    fields = schedule_cron.fields_of(cron)
    hourly = schedule_cron.every_hour(fields)
    start = datetime.fromtimestamp(after, zone).replace(tzinfo=None) - _SHIFT
    waiting: list[float] = []
    told = after
    for local in _matching(fields, start):
        # what lies so far back cannot be overtaken any more by a clock that is put forward or back
        while waiting and _local(waiting[0], zone) + _SHIFT < local:
            at = heappop(waiting)
            if at > told:
                told = at
                yield at
        for at in _instants(local, zone, hourly):
            heappush(waiting, at)
    while waiting:
        at = heappop(waiting)
        if at > told:
            told = at
            yield at


def next_after(cron: str, zone: ZoneInfo, after: float) -> float:
    """The first due time later than `after`, 0 for never."""
    return next(times_after(cron, zone, after), 0.0)


def missed(cron: str, zone: ZoneInfo, first: float, now: float) -> int:
    """How many due times there are after `first` up to `now`, counted up to `MOST_COUNTED`."""
    count = 0
    for at in islice(times_after(cron, zone, first), MOST_COUNTED):
        if at > now:
            break
        count += 1
    return count


def read_time(text: str, zone: ZoneInfo) -> float:
    """A single time: with an offset of its own, or on the zone's clock. Raises ValueError."""
    try:
        read = datetime.fromisoformat(text.strip())
        if read.tzinfo is not None:
            return read.timestamp()
        return _instants(read, zone, False)[0]
    except OverflowError:
        raise ValueError("a time that no calendar has") from None


def shown(at: float, zone: ZoneInfo) -> str:
    """A due time on the zone's clock, for people."""
    return datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M")


def _matching(fields: str, start: datetime) -> Iterator[datetime]:
    """The local times that fit, without regard to what clocks show."""
    times = croniter(fields, start - timedelta(minutes=1))
    while True:
        try:
            yield times.get_next(datetime)
        except (CroniterError, OverflowError):  # there is none, or none in a year that can be told
            return


def _instants(local: datetime, zone: ZoneInfo, hourly: bool) -> list[float]:
    """When a clock of the zone shows this."""
    early, late = (local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    assert early is not None
    assert late is not None
    first = local.replace(tzinfo=timezone(early)).timestamp()
    if early == late:
        return [first]
    if early > late and hourly:
        return [first, local.replace(tzinfo=timezone(late)).timestamp()]
    if early < late and hourly:
        return []
    return [first]


def _local(at: float, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone(zone).replace(tzinfo=None)
