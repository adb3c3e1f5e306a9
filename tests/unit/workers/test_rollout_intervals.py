"""Phones that inform more often while a rollout has them: until they are through, whatever dies."""

from __future__ import annotations

import pytest
from msgspec import structs

from acs.fleet import steering
from acs.fleet.identity import device_key
from acs.fleet.rollout import rollout as rules
from acs.fleet.rollout.definition import Gate, Pace
from acs.fleet.rollout.rollout import State
from acs.store import devices, notes
from tests.unit.workers.rollout_fleet import Fleet, never_comes, silent_for_ever


@pytest.fixture
def fleet(runner, redis) -> Fleet:
    return Fleet(runner, redis)


def tight(fleet: Fleet, device: str) -> int:
    """What the phone's next session has it set, 0 for what it has."""
    known = fleet.runner.run(devices.get(device_key(device)))
    return steering.tight(known.notes, (), fleet.now)


def test_those_that_have_their_turn_and_no_others(fleet):
    ids = fleet.phones(4)
    fleet.rollout(inform_interval=5, pace=Pace(at_once=2))
    fleet.step()
    assert sorted(tight(fleet, one) for one in ids) == [0, 0, 5, 5]
    state = fleet.run(ids)
    assert state.state is State.COMPLETED
    assert [tight(fleet, one) for one in ids] == [0] * 4


def test_while_their_health_is_watched_too(fleet):
    ids = fleet.phones(1)
    fleet.rollout(inform_interval=5, gate=Gate(0, 3))
    fleet.step()
    fleet.sessions(ids)
    fleet.now += 5
    fleet.step()
    assert fleet.member(ids[0]).outcome == "checking"
    assert tight(fleet, ids[0]) == 5
    fleet.run(ids)
    assert tight(fleet, ids[0]) == 0


@pytest.mark.parametrize(
    "stop",
    [
        lambda one, now: rules.aborted(one, by="Alice", now=now),
        lambda one, now: rules.halted(one, "x", now=now),
    ],
)
def test_they_get_it_back_when_the_rollout_is_stopped(fleet, stop):
    ids = fleet.phones(3)
    fleet.conduct = dict.fromkeys(ids, never_comes)
    fleet.rollout(inform_interval=5)
    fleet.step()
    assert [tight(fleet, one) for one in ids] == [5] * 3
    fleet.change(lambda one: stop(one, fleet.now))
    fleet.step()
    assert [tight(fleet, one) for one in ids] == [0] * 3


def test_one_that_never_shows_what_became_of_it(fleet):
    ids = fleet.phones(1)
    fleet.conduct = {ids[0]: silent_for_ever}
    fleet.rollout(inform_interval=5, confirm=60.0)
    state = fleet.run(ids)
    assert fleet.outcomes() == {"unconfirmed": 1}
    assert state.state is not State.RUNNING
    assert tight(fleet, ids[0]) == 0


@pytest.mark.parametrize("trips", range(1, 25))
def test_a_worker_that_dies_anywhere_leaves_none_tight_for_long(fleet, trips):
    ids = fleet.phones(3)
    fleet.rollout(inform_interval=5, confirm=60.0)
    fleet.step(die_after=trips)
    for _ in range(3):
        fleet.sessions(ids)
        fleet.step(die_after=trips)
        fleet.now += 5
    fleet.now += 3600  # nobody lives to end it
    assert [tight(fleet, one) for one in ids] == [0] * 3
    fleet.run(ids)
    assert [tight(fleet, one) for one in ids] == [0] * 3
    assert set(fleet.started.values()) == {1}


def test_what_another_rollout_asked_for_stays(fleet):
    [device] = fleet.phones(1)
    fleet.runner.drive(
        notes.change(
            device,
            lambda one: structs.replace(one, inform_interval=5, inform_until=fleet.now + 900, inform_by="r9"),
        )
    )
    fleet.rollout(inform_interval=30)
    fleet.run([device])
    assert tight(fleet, device) == 5
