"""The rules of rollouts as tables: waves, windows on phones' clocks, firmware, stop rules."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from acs.datamodel import model_files
from acs.fleet.rollout import firmware_check, stop_rule, waves, window, zones
from acs.fleet.rollout.definition import Stop
from acs.fleet.rollout.firmware_check import Image
from acs.fleet.rollout.member import Outcome
from acs.fleet.rollout.tally import Tally
from acs.fleet.rollout.window import Window
from acs.fleet.selector.values import same_version


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("sizes", "total", "canary", "ends"),
    [
        (("1%", "10%", "50%", "rest"), 1000, 0, (10, 110, 610, 1000)),
        (("10%", "rest"), 50, 0, (5, 50)),
        (("1%", "rest"), 10, 0, (1, 10)),
        ((5, 500), 20, 0, (5, 20)),
        (("10%",), 20, 3, (3, 5, 20)),
        (("rest",), 0, 0, ()),
    ],
)
def test_waves(sizes, total, canary, ends):
    assert waves.ends(sizes, total=total, canary=canary) == ends


NIGHT = Window("01:00", "05:00", days=("mon",), zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-06-01T02:00", "2026-06-01T01:00"),  # a Monday
        ("2026-06-01T04:50", "2026-06-08T01:00"),  # ten minutes are too short
        ("2026-06-03T02:00", "2026-06-08T01:00"),
    ],
)
def test_a_step_that_cannot_end_in_time_waits_for_the_next_night(now, opens):
    found = window.opening([NIGHT], None, None, now=at(now, "Europe/Berlin"), step=900)
    assert found.start == at(opens, "Europe/Berlin")


@pytest.mark.parametrize(
    ("hours", "night", "opens", "ends"),
    [
        (("01:00", "02:30"), "2026-10-25", "2026-10-24T23:00", "2026-10-25T00:30"),
        (("02:30", "05:00"), "2026-10-25", "2026-10-25T01:30", "2026-10-25T04:00"),
        (("01:00", "05:00"), "2026-10-25", "2026-10-24T23:00", "2026-10-25T04:00"),
        (("01:00", "02:30"), "2026-03-29", "2026-03-29T00:00", "2026-03-29T00:30"),
        (("02:30", "05:00"), "2026-03-29", "2026-03-29T01:30", "2026-03-29T03:00"),
        (("00:30", "05:00"), "2026-03-29", "2026-03-28T23:30", "2026-03-29T03:00"),
    ],
)
def test_when_clocks_are_changed_no_clock_shows_an_hour_outside_the_window(hours, night, opens, ends):
    """02:40 before the hour comes again is no time between 01:00 and 02:30."""
    before = datetime.fromisoformat(night).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    found = window.opening([Window(*hours, zone="Europe/Berlin")], None, None, now=before, step=900)
    assert [
        datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M") for at in (found.start, found.end)
    ] == [
        opens,
        ends,
    ]


def test_on_a_black_out_date_nothing_is_open_nor_the_rest_of_the_night_before_it():
    late = Window("22:00", "04:00", zone="UTC", without=("2026-12-24",))
    found = window.opening([late], None, None, now=at("2026-12-23T23:30"), step=0)
    assert found.end == at("2026-12-24T00:00")
    found = window.opening([late], None, None, now=at("2026-12-24T02:00"), step=0)
    assert found.start == at("2026-12-25T00:00")


@pytest.mark.parametrize(
    ("told", "when", "hours"),
    [
        ("CST-8", "2026-07-01T00:00", 8),
        ("+05:30", "2026-07-01T00:00", 5.5),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-07-01T00:00", 2),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-12-01T00:00", 1),
        ("EST5EDT", "2026-07-01T00:00", -4),
        ("Europe/Berlin", "2026-07-01T00:00", 2),
    ],
)
def test_what_time_it_is_at_a_phone(told, when, hours):
    assert zones.told(told).ahead(at(when)) == hours * 3600


def test_a_phone_that_sets_its_summer_by_itself_has_no_known_clock():
    assert zones.configured({"local_time.time_zone": "+1", "local_time.summer_time": "2"}) is None
    assert zones.configured({"local_time.time_zone": "+1"}).ahead(0) == 3600


NUMBERS = model_files.with_own("").number_of
IMAGE = Image("37.72.0.12.rom", 10, "aa", "37.72.0.12")


@pytest.mark.parametrize(
    ("phone", "options", "says"),
    [
        ({}, {}, None),
        ({"version": "37.72.0.12"}, {}, "already"),
        ({"version": " V37.72.00.12"}, {}, "already"),
        ({"version": "37.72.0.13"}, {}, "older"),
        ({"version": "37.72.0.13"}, {"downgrade": True}, None),
        ({"model": "SIP-T23G", "version": "44.80.0.1"}, {}, "44"),
        ({"model": "SIP-T23G", "version": "30.80.0.1"}, {"override": True}, None),
        ({"model": "X", "hardware": "37.0.0", "version": ""}, {}, None),
        ({"model": "X", "hardware": "", "version": ""}, {}, "nothing tells"),
        ({}, {"allowed_from": (">= 37.72.0.6",)}, "only"),
        ({}, {"allowed_from": (" >=  37.72.0.5 ",)}, None),
        ({}, {"allowed_from": (" " * 200_000 + ">= 37.72.0.6 x",)}, "only"),
        ({}, {"allowed_from": ("37.72.0.5",)}, None),
    ],
)
def test_firmware_against_a_phone(phone, options, says):
    known = {"model": "CP860", "hardware": "37.0.0.0", "version": "37.72.0.5", **phone}
    refusal = firmware_check.for_phone(IMAGE, number_of=NUMBERS, **known, **options)
    assert (refusal is None) if says is None else says in refusal.text


@pytest.mark.parametrize(
    ("stored", "model", "override", "found"),
    [
        (("a", "b"), "A", False, "a"),
        (("a", "b"), "B", False, "b"),
        (("a",), "B", False, None),
        (("a",), "B", True, "a"),
        (("a", "b"), "C", True, None),
        ((), "A", True, None),
    ],
)
def test_what_brings_a_version_back_is_for_the_phones_model(stored, model, override, found):
    """Two models may have images of one version."""
    images = [Image(name, 1, "", "V1.0.1", name.upper()) for name in stored]
    image = firmware_check.bringing_back(
        images, "1.0.1", model=model, hardware="x", number_of=lambda _: None, override=override
    )
    assert (image.name if image else None) == found


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("37.72.0.12", " 37.72.0.12 ", True),
        ("37.72.0.12", "V37.72.0.12", True),
        ("37.72.0.12", "37.72.00.12", True),
        ("37.72.0.12", "37-72-0-12", True),
        ("37.72.0.12", "37.72.0.12 build 7", False),
        ("37.72.0.12", "37.72.0.1", False),
        ("37.72.0.12", "", False),
        ("vendor", "endor", False),
    ],
)
def test_spellings_of_a_version(one, other, same):
    assert same_version(one, other) is same


@pytest.mark.parametrize(
    ("stop", "failed", "unconfirmed", "row", "halts"),
    [
        (Stop(failures=5), 5, 0, 0, False),
        (Stop(failures=5), 6, 0, 0, True),
        (Stop(failures="2%"), 2, 90, 0, False),
        (Stop(failures="2%"), 3, 0, 0, True),
        (Stop(failures=None, in_a_row=2), 50, 0, 2, False),
        (Stop(failures=None, in_a_row=2), 3, 0, 3, True),
        (Stop(failures=None, unconfirmed="1%"), 0, 2, 0, True),
        (None, 100, 0, 100, False),
    ],
)
def test_stop_rules(stop, failed, unconfirmed, row, halts):
    tally = Tally(100, {Outcome.FAILED: failed, Outcome.UNCONFIRMED: unconfirmed})
    assert bool(stop_rule.tripped(stop, tally, in_a_row=row)) is halts


@pytest.mark.parametrize(
    ("limit", "total", "failed", "says"),
    [
        ("10%", 5, 1, ""),
        ("10%", 5, 2, "2 phones failed, and at most 1 may"),
        ("10%", 1, 1, ""),
        ("10%", 20, 2, ""),
        ("10%", 20, 3, "3 phones failed, and at most 10% of 20 may"),
        ("0%", 5, 1, "1 phone failed, and at most 0% of 5 may"),
        (0, 5, 1, "1 phone failed, and at most 0 may"),
    ],
)
def test_a_share_of_few_phones_is_one_of_them(limit, total, failed, says):
    tally = Tally(total, {Outcome.FAILED: failed})
    assert stop_rule.tripped(Stop(failures=limit), tally, in_a_row=0) == says
