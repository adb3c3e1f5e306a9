"""The plan of a rollout from looks at its phones: counts, and the same forecast as under way."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from acs.fleet.rollout import forecast, plan, waves
from acs.fleet.rollout.definition import Definition, Kind, Pace
from acs.fleet.rollout.firmware_check import Refusal, Why
from acs.fleet.rollout.forecast import Speed
from acs.fleet.rollout.plan import Look
from acs.fleet.rollout.tally import Tally
from acs.fleet.rollout.window import Window

NOON = datetime(2030, 7, 1, 12, tzinfo=UTC).timestamp()
SPEED = Speed(turns=20, turn_seconds=1800.0, checks=20, check_seconds=400.0)
HAS_IT = Refusal(Why.ALREADY, "it has it already")


def definition(**fields) -> Definition:
    return Definition(**{"name": "x", "kind": Kind.REBOOT, "step": 60.0, "stop": None, **fields})


def made(wanted: Definition, looks: list[Look], *, total: int = 0, size: int = 0) -> plan.Plan:
    return plan.made(wanted, looks, total=total or len(looks), size=size, speed=SPEED, starts_at=NOON)


def looks(count: int, prefix: str = "p", **fields) -> list[Look]:
    return [Look(f"{prefix}{number}", **fields) for number in range(count)]


def test_a_part_stands_for_all():
    seen = [*looks(60), *looks(30, "r", refusal=HAS_IT), *looks(10, "o", offline=True)]
    found = made(definition(waves=("10%", "rest")), seen, total=1000, size=5)
    assert (found.total, found.looked_at, found.takes, found.bytes) == (1000, 100, 700, 3500)
    assert [(wave.phones, wave.takes, wave.bytes) for wave in found.waves] == [
        (100, 70, 350),
        (900, 630, 3150),
    ]
    assert (found.offline.phones, found.offline.named[0]) == (100, "o0")
    [refused] = found.refused
    assert (refused.why, refused.phones, len(refused.named)) == (Why.ALREADY, 300, plan.NAMED)
    assert any("100 of 1000 phones were looked at" in one for one in plan.remarks(definition(), found))


def test_waves_of_takers_add_up_to_all_takers():
    found = made(definition(waves=tuple([1] * 9)), [*looks(7), *looks(3, "r", refusal=HAS_IT)])
    assert sum(wave.takes for wave in found.waves) == found.takes == 7
    assert sum(wave.phones for wave in found.waves) == 10


def test_shut_out_phones_are_told_apart():
    seen = [*looks(2, opens_at=None), *looks(3, "z", opens_at=None, zone_known=False), *looks(5)]
    found = made(definition(), seen)
    assert (found.never_open.phones, found.zone_unknown.phones, found.takes) == (2, 3, 5)


def test_nothing_at_all():
    found = made(definition(), [])
    assert (found.total, found.waves, found.forecast.seconds) == (0, (), 0.0)
    assert list(plan.remarks(definition(), found)) == ["No phone is meant: the selector finds none now."]


def test_how_long_a_phone_that_is_away_is_waited_for_reads_well():
    def told(patience: float) -> str:
        wanted = definition(patience=patience)
        return " ".join(plan.remarks(wanted, made(wanted, looks(1, offline=True))))

    assert "waited for up to 5 s," in told(5)
    assert "waited for up to 2 h," in told(7200)
    assert "waited for up to 1.39 h," in told(5000)


def test_canaries_that_are_none_of_the_phones_are_told():
    wanted = definition(canary="pioneers")
    assert any("pioneers" in one for one in plan.remarks(wanted, made(wanted, looks(2))))
    with_one = made(wanted, [*looks(2), *looks(1, "c", canary=True)])
    assert not any("pioneers" in one for one in plan.remarks(wanted, with_one))


NIGHT = Window(start="01:00", end="05:00")


@pytest.mark.parametrize(
    "wanted",
    [
        definition(waves=("10%", "rest"), soak=600, pace=Pace(at_once=7)),
        definition(window=NIGHT, waves=("50%", "rest"), pace=Pace(at_once=3)),
        definition(pace=Pace(at_once=20, per_site=1)),
        definition(patience=7200, waves=(5, "rest")),
        definition(kind=Kind.FIRMWARE, file="x", pace=Pace(bandwidth=1000)),
    ],
    ids=["waves", "night", "sites", "away", "line"],
)
def test_the_plan_and_the_start_foresee_the_same(wanted):
    """What is kept with a rollout when its phones are found leads to the forecast that the plan made."""
    seen = [
        *looks(50, "b", zone="Europe/Berlin", site="site1"),
        *looks(40, "n", zone="America/New_York", site="site2"),
        *looks(10, "o", zone="America/New_York", site="site3", offline=True),
    ]
    found = made(wanted, seen, size=20_000)
    ends = waves.ends(wanted.waves, total=100)
    fleet = forecast.fleet_of(
        ((one.zone, one.group_zone) for one in seen), (one.site for one in seen), offline=10
    )
    begun = forecast.of(
        wanted,
        [Tally(waves.size(number, ends)) for number in range(len(ends))],
        speed=forecast.UNSEEN,
        usual=SPEED,
        size=20_000,
        fleet=fleet,
        now=NOON,
    )
    assert begun.ends_at == pytest.approx(found.forecast.ends_at)
    assert begun.rate == pytest.approx(found.forecast.rate)
