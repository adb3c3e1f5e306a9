"""When a rollout will be over: pace, windows in many zones, soaks, sites, phones that are away."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec import structs

from acs.datamodel.time_zones import Zone as PhoneZone
from acs.fleet.rollout import forecast, zones
from acs.fleet.rollout.definition import Definition, Gate, Kind, Pace
from acs.fleet.rollout.forecast import UNKNOWN, UNSEEN, Fleet, Speed, Zone
from acs.fleet.rollout.member import Outcome
from acs.fleet.rollout.tally import Tally
from acs.fleet.rollout.window import Window

#: A Monday noon, and a phone's turn of a minute whose check is over at once.
NOON = datetime(2030, 7, 1, 12, tzinfo=UTC).timestamp()
MINUTE = Speed(turns=10, turn_seconds=600.0, checks=10)
HOUR, DAY = 3600.0, 86_400.0
NIGHT = Window(start="01:00", end="05:00")


def definition(**fields) -> Definition:
    return Definition(
        **{"name": "x", "kind": Kind.REBOOT, "pace": Pace(at_once=10), "step": 60.0, "stop": None, **fields}
    )


def seconds(wanted: Definition, *sizes: int, fleet: Fleet = UNKNOWN, now: float = NOON, **more) -> float:
    tallies = [Tally(size) for size in sizes]
    how = {"speed": MINUTE, "size": 0, **more}
    return forecast.of(wanted, tallies, fleet=fleet, now=now, **how).seconds


def test_phones_take_turns_at_so_many_places():
    assert seconds(definition(), 100) == pytest.approx(600)
    assert seconds(definition(), 5) == pytest.approx(60)
    found = forecast.of(definition(), [Tally(100)], speed=MINUTE, size=0, now=NOON)
    assert (found.rate, found.seen) == (pytest.approx(10), True)
    few = forecast.of(definition(), [Tally(2), Tally(3)], speed=MINUTE, size=0, now=NOON)
    assert few.rate == pytest.approx(3), "there are no more phones that could be at it"


def test_waves_follow_each_other_after_their_soak():
    assert seconds(definition(soak=HOUR), 10, 10, 10) == pytest.approx(180 + 2 * HOUR)


def test_the_line_and_the_largest_site_slow_it_down():
    slow = definition(kind=Kind.FIRMWARE, pace=Pace(at_once=10, bandwidth=1000))
    assert seconds(slow, 100, size=60_000) == pytest.approx(6000)
    sites = definition(pace=Pace(at_once=10, per_site=1))
    assert seconds(sites, 100, fleet=Fleet(crowd=0.5)) == pytest.approx(50 * 60)
    assert seconds(sites, 100, fleet=Fleet(crowd=0.01)) == pytest.approx(600)


def test_before_the_window_nothing_goes_on_and_a_soak_goes_on_outside():
    night = definition(window=Window(start="01:00", end="05:00", zone="UTC"))
    assert seconds(night, 100) == pytest.approx(13 * HOUR + 600)
    soaked = definition(window=Window(start="01:00", end="05:00", zone="UTC"), soak=6 * HOUR)
    assert seconds(soaked, 10, 10) == pytest.approx(DAY + 13 * HOUR + 60)


def test_work_beyond_one_window_goes_on_in_the_next():
    night = definition(window=Window(start="01:00", end="05:00", zone="UTC"), pace=Pace(at_once=1))
    assert seconds(night, 300) == pytest.approx(DAY + 13 * HOUR + HOUR)


def test_a_step_that_could_not_end_in_time_is_not_begun():
    night = definition(
        window=Window(start="01:00", end="05:00", zone="UTC"), pace=Pace(at_once=1), step=2 * HOUR
    )
    assert seconds(night, 180) > DAY


def test_each_zone_has_its_own_night_and_a_wave_waits_for_the_last():
    both = Fleet(zones=(Zone(0.5, "Europe/Berlin"), Zone(0.5, "America/New_York")))
    berlin = seconds(definition(window=NIGHT), 100, fleet=Fleet(zones=(Zone(1.0, "Europe/Berlin"),)))
    assert berlin == pytest.approx(11 * HOUR + 600)
    assert seconds(definition(window=NIGHT), 100, fleet=both) == pytest.approx(17 * HOUR + 300)
    # the second wave begins in New York's night; Berlin's phones wait for the next one
    assert seconds(definition(window=NIGHT), 50, 50, fleet=both) == pytest.approx(DAY + 11 * HOUR + 150)


def test_zones_that_are_open_together_share_the_places():
    same = Fleet(zones=(Zone(0.5, "Europe/Berlin"), Zone(0.5, "Europe/Paris")))
    assert seconds(definition(window=NIGHT), 100, fleet=same) == pytest.approx(11 * HOUR + 600)


def test_phones_for_which_no_window_opens_are_not_waited_for():
    some = Fleet(zones=(Zone(0.5, "Europe/Berlin"), Zone(0.5)))
    assert seconds(definition(window=NIGHT), 100, fleet=some) == pytest.approx(11 * HOUR + 300)


def test_a_wave_waits_for_those_that_are_away():
    wanted = definition(patience=HOUR, confirm=60)
    # from the turn of the last of them on, which comes after two thirds of the others
    assert seconds(wanted, 100, fleet=Fleet(away=0.02)) == pytest.approx(HOUR + 360)
    assert seconds(wanted, 5, fleet=Fleet(away=0.02)) == pytest.approx(60)
    counts = {Outcome.SUCCEEDED: 50}
    seen = forecast.of(
        wanted, [Tally(50, counts), Tally(50)], wave=1, speed=MINUTE, size=0, fleet=Fleet(away=0.02), now=NOON
    )
    assert seen.seconds == pytest.approx(300)


def test_a_large_wave_is_counted_with_phones_that_never_confirm():
    wanted = definition(kind=Kind.FIRMWARE, confirm=HOUR, pace=Pace(at_once=1000))
    assert seconds(wanted, 100) == pytest.approx(60)
    assert seconds(wanted, 1000) == pytest.approx(HOUR)
    # those that are away count, too, though they are waited for longer
    assert seconds(wanted, 100, fleet=Fleet(away=0.004)) == pytest.approx(HOUR)
    # a thousand that all confirmed weigh more than what is usual
    all_well = Tally(1000, {Outcome.SUCCEEDED: 1000})
    found = forecast.of(wanted, [all_well, Tally(1000)], wave=1, speed=MINUTE, size=0, now=NOON)
    assert found.seconds == pytest.approx(60)
    a_few = Tally(1000, {Outcome.SUCCEEDED: 990, Outcome.UNCONFIRMED: 10})
    found = forecast.of(wanted, [a_few, Tally(1000)], wave=1, speed=MINUTE, size=0, now=NOON)
    assert found.seconds == pytest.approx(HOUR)


def test_nothing_else_than_a_boot_is_counted_with_phones_that_never_confirm():
    wanted = definition(kind=Kind.BACKUP, confirm=HOUR, pace=Pace(at_once=1000))
    assert seconds(wanted, 1000) == pytest.approx(60)


def test_before_anything_was_seen_a_turn_is_no_longer_than_somebody_waits_for_its_proof():
    usual = definition(kind=Kind.FIRMWARE, gate=Gate(informs=0), pace=Pace(at_once=1))
    assert seconds(usual, 10, speed=UNSEEN) == pytest.approx(3000)
    assert seconds(structs.replace(usual, confirm=120), 10, speed=UNSEEN) == pytest.approx(100)


def test_a_check_takes_as_long_as_the_phones_next_inform():
    wanted = definition(kind=Kind.FIRMWARE, gate=Gate(informs=2), pace=Pace(at_once=10))
    unchecked = structs.replace(MINUTE, checks=0)
    assert seconds(wanted, 10, speed=unchecked, fleet=Fleet(interval=20)) == pytest.approx(60 + 40)
    assert seconds(wanted, 10, speed=unchecked, fleet=Fleet(interval=3600)) == pytest.approx(60 + 120)


def test_what_is_usual_counts_until_enough_was_seen():
    usual = Speed(turns=100, turn_seconds=1000.0)
    found = forecast.of(definition(), [Tally(10)], speed=UNSEEN, usual=usual, size=0, now=NOON)
    assert (found.seconds, found.seen) == (pytest.approx(10), False)
    found = forecast.of(definition(), [Tally(10)], speed=MINUTE, usual=usual, size=0, now=NOON)
    assert (found.seconds, found.seen) == (pytest.approx(60), True)


def test_the_present_wave_counts_from_where_it_is():
    half = Tally(100, {Outcome.SUCCEEDED: 50})
    found = forecast.of(definition(), [half, Tally(100)], speed=MINUTE, size=0, now=NOON)
    assert found.seconds == pytest.approx(900)
    soaking = forecast.of(
        definition(soak=HOUR),
        [Tally(10, {Outcome.SUCCEEDED: 10}), Tally(100)],
        through_at=NOON - 600,
        speed=MINUTE,
        size=0,
        now=NOON,
    )
    assert soaking.seconds == pytest.approx(HOUR - 600 + 600)


@pytest.mark.parametrize("zone", ["Europe/Berlin", PhoneZone(offset=60), None])
def test_a_clock_is_kept_as_its_zone(zone):
    assert zones.kept(zones.clock_of(zone)) == zone
