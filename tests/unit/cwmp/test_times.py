"""Times as phones write them, and as the server writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.cwmp.times import clock_is_set, read_time, write_time


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024-05-01T10:20:30Z", datetime(2024, 5, 1, 10, 20, 30, tzinfo=UTC)),
        ("2024-05-01T10:20:30", datetime(2024, 5, 1, 10, 20, 30, tzinfo=UTC)),
        (" 2024-05-01 10:20:30 ", datetime(2024, 5, 1, 10, 20, 30, tzinfo=UTC)),
        ("2024-05-01T10:20:30.123Z", datetime(2024, 5, 1, 10, 20, 30, 123000, tzinfo=UTC)),
        ("2024-05-01T10:20:30+02:00", datetime(2024, 5, 1, 8, 20, 30, tzinfo=UTC)),
        ("2024-05-01T10:20:30-0430", datetime(2024, 5, 1, 14, 50, 30, tzinfo=UTC)),
        ("2024-05-01T10:20:30+08", datetime(2024, 5, 1, 2, 20, 30, tzinfo=UTC)),
        ("2024-5-1T1:2:3", datetime(2024, 5, 1, 1, 2, 3, tzinfo=UTC)),
        ("2024-05-01", datetime(2024, 5, 1, tzinfo=UTC)),
        ("2024-05-01T24:00:00Z", datetime(2024, 5, 2, tzinfo=UTC)),
        ("1970-01-01T00:28:51Z", datetime(1970, 1, 1, 0, 28, 51, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_with_its_zone(written, meant):
    assert read_time(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        *("", None, "0001-01-01T00:00:00Z", "0000-00-00T00:00:00", "0000-00-00", "11:54::14", "now"),
        *("2024-13-01T00:00:00", "2024-05-01T25:00:00", "2024-05-01T10:99:00", "2024-05-01T10:20:30+99:00"),
    ],
)
def test_what_is_no_time_or_the_unknown_one_is_none(written):
    assert read_time(written) is None


def test_a_clock_that_was_never_set():
    assert not clock_is_set(read_time("1970-01-01T00:28:51Z"))
    assert not clock_is_set(None)
    assert clock_is_set(read_time("2024-05-01T10:20:30Z"))


def test_times_are_written_in_utc_to_the_second():
    moment = datetime(2024, 5, 1, 12, 0, 0, 999, tzinfo=timezone(timedelta(hours=2)))
    assert write_time(moment) == "2024-05-01T10:00:00Z"
    assert write_time(None) == "0001-01-01T00:00:00Z"


def test_a_moment_without_a_zone_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="zone"):
        write_time(datetime(2024, 5, 1))


@given(
    st.text(max_size=40) | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([+-]\d\d:\d\d|Z)?", fullmatch=True)
)
def test_any_text_is_read_or_none(text):
    found = read_time(text)
    assert found is None or found.tzinfo is not None
