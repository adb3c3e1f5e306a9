"""When cron expressions are due: against a clock that is looked at every minute, also where clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acs.fleet import schedule_cron, schedule_times

BERLIN = ZoneInfo("Europe/Berlin")
#: half an hour put forward and back
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")

#: The zone, and some hours before its clocks change.
CHANGES = {
    "Berlin forward": (BERLIN, "2026-03-28T12:00:00+00:00"),
    "Berlin back": (BERLIN, "2026-10-24T12:00:00+00:00"),
    "New York forward": (ZoneInfo("America/New_York"), "2026-03-07T18:00:00+00:00"),
    "New York back": (ZoneInfo("America/New_York"), "2026-10-31T18:00:00+00:00"),
    "Lord Howe forward": (LORD_HOWE, "2026-10-03T04:00:00+00:00"),
    "Lord Howe back": (LORD_HOWE, "2026-04-04T04:00:00+00:00"),
    "UTC": (ZoneInfo("UTC"), "2026-03-28T12:00:00+00:00"),
    "Kathmandu": (ZoneInfo("Asia/Kathmandu"), "2026-03-28T12:00:00+00:00"),
}


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def due(cron: str, zone: ZoneInfo, after: str, count: int) -> list[str]:
    times = islice(schedule_times.times_after(cron, zone, at(after)), count)
    return [datetime.fromtimestamp(one, zone).strftime("%m-%d %H:%M%z") for one in times]


def test_an_hour_that_is_left_out_is_made_up_for_once() -> None:
    assert due("30 2 * * *", BERLIN, "2026-03-28T00:00+01:00", 3) == [
        "03-28 02:30+0100",
        "03-29 03:30+0200",
        "03-30 02:30+0200",
    ]


def test_an_hour_that_comes_twice_counts_once() -> None:
    assert due("30 2 * * *", BERLIN, "2026-10-24T12:00+02:00", 2) == ["10-25 02:30+0200", "10-26 02:30+0100"]


def test_what_is_due_every_hour_goes_by_the_passing_of_time() -> None:
    assert due("0 * * * *", BERLIN, "2026-10-25T01:30+02:00", 3) == [
        "10-25 02:00+0200",
        "10-25 02:00+0100",
        "10-25 03:00+0100",
    ]
    assert due("0 * * * *", BERLIN, "2026-03-29T00:30+01:00", 3) == [
        "03-29 01:00+0100",
        "03-29 03:00+0200",
        "03-29 04:00+0200",
    ]


def test_either_day_will_do_where_both_are_restricted() -> None:
    assert due("0 0 13 * fri", BERLIN, "2026-02-10T00:00+01:00", 3) == [
        "02-13 00:00+0100",
        "02-20 00:00+0100",
        "02-27 00:00+0100",
    ]


@pytest.mark.parametrize(
    ("cron", "days"),
    [
        ("0 0 l * *", ["01-31", "02-28", "03-31"]),
        ("0 0 * * MON#1", ["01-05", "02-02", "03-02"]),
        ("0 0 * * sat-sun", ["01-03", "01-04", "01-10"]),
        ("@weekly", ["01-04", "01-11", "01-18"]),
        ("0 0 29 feb *", ["02-29", "02-29", "02-29"]),
        ("0 0 * * 7", ["01-04", "01-11", "01-18"]),
    ],
)
def test_which_days(cron: str, days: list[str]) -> None:
    assert schedule_cron.fault(cron) is None
    assert [one[:5] for one in due(cron, ZoneInfo("UTC"), "2026-01-01T00:00+00:00", 3)] == days


@pytest.mark.parametrize("cron", ["0 0 30 2 *", "0 0 31 4,6,9,11 *"])
def test_what_never_comes(cron: str) -> None:
    assert schedule_times.next_after(cron, BERLIN, 0) == 0


FIELDS = st.tuples(
    st.sampled_from(["0", "30", "*/15", "7,38", "0-10/5", "*"]),
    st.sampled_from(["*", "2", "1-4", "0,2,3", "*/2", "23"]),
)


@settings(max_examples=150, deadline=None)
@given(fields=FIELDS, change=st.sampled_from(sorted(CHANGES)), offset=st.integers(0, 36 * 60))
def test_the_same_as_a_clock_that_is_looked_at_every_minute(
    fields: tuple[str, str], change: str, offset: int
) -> None:
    zone, before = CHANGES[change]
    start = at(before) + 60 * offset
    end = start + 30 * 3600
    cron = f"{fields[0]} {fields[1]} * * *"
    found = list(takewhile(lambda one: one <= end, schedule_times.times_after(cron, zone, start)))
    assert found == sorted(set(found))
    assert all(one > start for one in found)
    shown = [datetime.fromtimestamp(start + 60 * minute, zone) for minute in range(1, 30 * 60 + 1)]
    fitting = [one for one in shown if _fits(fields, one)]
    if fields[1] == "*":
        assert found == [one.timestamp() for one in fitting]
        return
    # what a clock shows the first time, and the hour that it leaves out
    first = {one.timestamp() for one in fitting if one.fold == 0}
    made_up = {one for one in found if one not in first}
    assert first <= set(found)
    for one in made_up:
        local = datetime.fromtimestamp(one, zone)
        skipped = _put_forward(local, zone)
        assert skipped
        assert _fits(fields, local - skipped)


def _fits(fields: tuple[str, str], local: datetime) -> bool:
    return all(
        value in _values(field, most)
        for field, value, most in zip(fields, (local.minute, local.hour), (60, 24), strict=True)
    )


def _values(field: str, most: int) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        numbers = range(most) if span == "*" else range(int(first), int(last or first) + 1)
        found.update(list(numbers)[:: int(step or 1)])
    return found


def _put_forward(local: datetime, zone: ZoneInfo) -> timedelta:
    """By how much clocks were put forward within the last hours before this."""
    earlier = (local.astimezone(UTC) - timedelta(hours=2)).astimezone(zone)
    now, then = local.utcoffset(), earlier.utcoffset()
    assert now is not None
    assert then is not None
    return now - then


@settings(max_examples=50, deadline=None)
@given(change=st.sampled_from(sorted(CHANGES)), minute=st.integers(0, 59), hour=st.integers(0, 23))
def test_a_daily_run_comes_once_on_each_day(change: str, minute: int, hour: int) -> None:
    zone, before = CHANGES[change]
    start = datetime.fromisoformat(before).astimezone(zone).replace(hour=0, minute=0, fold=0)
    times = list(islice(schedule_times.times_after(f"{minute} {hour} * * *", zone, start.timestamp() - 1), 4))
    days = [datetime.fromtimestamp(one, zone).date() for one in times]
    assert days == [start.date() + timedelta(days=number) for number in range(4)]


def test_missed_runs_are_counted() -> None:
    first = at("2026-01-01T02:30+01:00")
    assert schedule_times.missed("30 2 * * *", BERLIN, first, first) == 0
    assert schedule_times.missed("30 2 * * *", BERLIN, first, first + 3 * 86_400) == 3


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-07-01T02:30", "2026-07-01T00:30:00+00:00"),
        ("2026-07-01 02:30", "2026-07-01T00:30:00+00:00"),
        ("2026-07-01T02:30Z", "2026-07-01T02:30:00+00:00"),
        ("2026-03-29T02:30", "2026-03-29T01:30:00+00:00"),
        ("2026-10-25T02:30", "2026-10-25T00:30:00+00:00"),
    ],
)
def test_a_single_time_is_read_on_the_zones_clock(text: str, moment: str) -> None:
    assert schedule_times.read_time(text, BERLIN) == at(moment)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-02-30T00:00", "25:00"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any message will do
        schedule_times.read_time(text, BERLIN)


@pytest.mark.parametrize(
    ("cron", "position", "word"),
    [
        ("60 2 * * *", 0, "minute"),
        ("0 24 * * *", 2, "hour"),
        ("0 2 0 * *", 4, "day of month"),
        ("0 2 * foo *", 6, "month"),
        ("0 2 * * mon,fry", 12, "day of week"),
        ("0 2 * * 1-8", 8, "day of week"),
        ("*/0 * * * *", 0, "step"),
        ("0 4-2 * * *", 2, "ends before"),
        ("1,,2 * * * *", 2, "comma"),
        ("", 0, "empty"),
        ("0 2 * *", 7, "4 fields"),
        ("0 0 2 * * *", 10, "6 fields"),
        ("@reboot", 0, "'@reboot' is no word"),
        ("30", 2, "1 field,"),
        ("H 2 * * *", 0, "minute"),
        ("0 2 L * L", 8, "day of week"),
    ],
)
def test_what_is_wrong_is_pointed_at(cron: str, position: int, word: str) -> None:
    wrong = schedule_cron.fault(cron)
    assert wrong is not None
    assert wrong.position == position
    assert word in wrong.message
    assert wrong.allowed


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_any_text_has_a_fault_or_is_understood(text: str) -> None:
    if schedule_cron.fault(text) is None:
        schedule_times.next_after(text, BERLIN, 0)
