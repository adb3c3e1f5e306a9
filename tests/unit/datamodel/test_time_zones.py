"""Time zones as parameters have them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.datamodel.time_zones import FARTHEST, Change, Summer, Zone, offset_of, offset_text, parse, write


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("CST-8", 480),
        ("UTC0", 0),
        ("UTC-5:30", 330),
        ("NST3:30", -210),
        ("<+1245>-12:45", 765),
        ("EST5EDT", -300),
        ("+08:00", 480),
        ("-04:30", -270),
        ("+5", 300),
        ("0", 0),
    ],
)
def test_offsets_are_counted_east(text, minutes):
    zone = parse(text)
    assert zone is not None
    assert zone.offset == minutes


@pytest.mark.parametrize(
    "text", ["", "Europe/Berlin", "CST", "X-8", "UTC-99", "+8:77", "CST-8,M1.1.1,M2.1.1", "²"]
)
def test_what_is_no_zone(text):
    assert parse(text) is None


def test_summers_by_week_and_by_date():
    berlin = parse("CET-1CEST,M3.5.0,M10.5.0/3")
    assert berlin == Zone(60, Summer(60, Change(3, 7, 2, 5), Change(10, 7, 3, 5)))
    tehran = parse("IRST-3:30IRDT-4:30,J80/0,J264/0")
    assert tehran == Zone(210, Summer(60, Change(3, 21, 0), Change(9, 21, 0)))
    assert parse("LHST-10:30LHDT-11,M10.1.0,M4.1.0") == Zone(
        630, Summer(30, Change(10, 7, 2, 1), Change(4, 7, 2, 1))
    )


def test_changes_that_are_not_in_whole_hours_are_not_told():
    zone = parse("AAA-1BBB,M3.5.0/1:30,M10.5.0/25")
    assert zone == Zone(60, Summer(60, None, None))


def test_writing():
    assert write(Zone(480)) == "UTC-8"
    assert write(Zone(-270)) == "UTC4:30"
    assert write(Zone(0)) == "UTC0"
    assert write(Zone(330, plain=True)) == "+05:30"
    summer = Summer(60, Change(3, 7, 2, 5), Change(10, 7, 3, 5))
    assert write(Zone(60, summer)) == "UTC-1DST,M3.5.0/2,M10.5.0/3"
    assert write(Zone(60, Summer(30, summer.start, summer.end))) == "UTC-1DST-1:30,M3.5.0/2,M10.5.0/3"
    assert write(Zone(60, Summer(60, Change(2, 29, 0), summer.end))) is None, "Julian days do not count it"
    assert write(Zone(60, summer, plain=True)) is None


_WEEKS = st.builds(Change, st.integers(1, 12), st.integers(1, 7), st.integers(0, 23), st.integers(1, 5))
_DATES = st.builds(Change, st.integers(1, 12), st.integers(1, 28), st.integers(0, 23))


@given(
    st.integers(-FARTHEST, FARTHEST),
    st.none() | st.builds(Summer, st.integers(-300, 300), _WEEKS | _DATES, _WEEKS | _DATES),
)
def test_what_is_written_is_read_again(offset, summer):
    text = write(Zone(offset, summer))
    if text is not None:
        assert parse(text) == Zone(offset, summer)


@given(st.integers(-FARTHEST, FARTHEST))
def test_offsets_of_keys_are_read_again(minutes):
    assert offset_of(offset_text(minutes)) == minutes


@given(st.text(max_size=40))
def test_any_text_is_read_without_complaint(text):
    parse(text)
    offset_of(text)
