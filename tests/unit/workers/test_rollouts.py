"""Rollouts step by step over a real Redis: waves, places, halts, retries, and workers that die anywhere."""

from __future__ import annotations

import pytest
from msgspec import structs

from acs.fleet.device import Learning
from acs.fleet.layers import Group
from acs.fleet.metrics import TASKS
from acs.fleet.rollout import rollout as rules
from acs.fleet.rollout.approval import Approval
from acs.fleet.rollout.definition import Gate, Pace, Stop
from acs.fleet.rollout.member import Outcome
from acs.fleet.rollout.rollout import State
from acs.fleet.rollout.tally import Tally
from acs.fleet.rollout.window import Window
from acs.fleet.task import TaskState
from acs.store import approvals, events, groups, metrics, rollouts, tasks, wakes
from tests.unit.workers.rollout_fleet import (
    IMAGE,
    NEW,
    OLD,
    Fleet,
    broken_image,
    never_comes,
    silent_for_ever,
)


@pytest.fixture
def fleet(runner, redis) -> Fleet:
    return Fleet(runner, redis)


def test_a_fleet_is_upgraded_wave_by_wave(fleet):
    ids = fleet.phones(40)
    fleet.rollout(waves=("10%", 10, "rest"))
    state = fleet.run(ids)
    assert (state.state, state.ends) == (State.COMPLETED, (4, 14, 40))
    assert fleet.outcomes() == {"succeeded": 40}
    assert {fleet.device(one).software_version for one in ids} == {NEW}
    assert set(fleet.started.values()) == {1}


def test_no_more_phones_have_their_turn_than_may(fleet):
    ids = fleet.phones(30)
    fleet.rollout(pace=Pace(at_once=3))
    fleet.run(ids)
    assert fleet.most_at_once == 3


def test_an_image_that_was_damaged_on_disk_halts_it_before_any_phone_gets_it(fleet, tmp_path):
    fleet.files = tmp_path
    ids = fleet.phones(3)
    fleet.rollout()
    state = fleet.run(ids)
    assert state.state is State.HALTED
    assert state.reason.startswith(f"{IMAGE.name} cannot be sent: its bytes cannot be read")
    assert fleet.outcomes() == {"waiting": 3}
    assert fleet.started == {}


def test_at_one_site_no_more_than_may(fleet):
    ids = [*fleet.phones(6), *(fleet.phone(f"0015651{number:05}", ip="198.51.100.9") for number in range(6))]
    fleet.rollout(pace=Pace(at_once=10, per_site=2))
    fleet.step()
    assert fleet.runner.run(rollouts.count_active("r1")) == 4
    fleet.run(ids)
    assert fleet.outcomes() == {"succeeded": 12}


def test_the_next_wave_waits_for_the_soak(fleet):
    ids = fleet.phones(4)
    fleet.rollout(waves=(1, "rest"), soak=600)
    for _ in range(20):
        fleet.step()
        fleet.sessions(ids)
        fleet.now += 5
    assert fleet.outcomes() == {"waiting": 3, "succeeded": 1}
    fleet.now += 600
    fleet.run(ids)
    assert fleet.outcomes() == {"succeeded": 4}


def test_too_many_failures_halt_it_at_once_and_people_are_told(fleet):
    ids = fleet.phones(40)
    fleet.conduct = dict.fromkeys(ids, broken_image)
    fleet.rollout(stop=Stop(failures=3), pace=Pace(at_once=4))
    state = fleet.run(ids)
    assert state.state is State.HALTED
    assert state.reason == "4 phones failed, and at most 3 may"
    assert fleet.outcomes() == {"waiting": 36, "failed": 4}
    [halt] = [
        one.event for one in fleet.runner.run(events.before("", 100)) if one.event.kind == "rollout_halted"
    ]
    assert {one["reason"] for one in halt.data["phones"]} == {"9018 File corrupted"}


def test_a_halt_takes_back_what_has_not_begun(fleet):
    ids = fleet.phones(10)
    fleet.rollout(pace=Pace(at_once=10))
    fleet.step()
    fleet.change(lambda one: rules.halted(one, "enough", now=fleet.now))
    fleet.step()
    fleet.sessions(ids)
    assert fleet.started == {}
    assert fleet.runner.run(rollouts.count_active("r1")) == 0


def test_a_wave_that_does_not_pass_its_gate_halts_it(fleet):
    ids = fleet.phones(20)
    fleet.conduct = dict.fromkeys(ids, broken_image)
    fleet.rollout(waves=(2, "rest"), stop=None)
    state = fleet.run(ids)
    assert (state.state, state.wave) == (State.HALTED, 0)
    assert state.reason == "In wave 1 0 of 2 phones succeeded, 0.0%, and 90.0% must"


def test_resumed_it_forgives_the_wave_and_goes_on(fleet):
    ids = fleet.phones(20)
    fleet.conduct = dict.fromkeys(ids, broken_image)
    fleet.rollout(waves=(2, "rest"), stop=Stop(failures=1))
    assert fleet.run(ids).reason == "2 phones failed, and at most 1 may"
    fleet.conduct = {}
    for _ in range(2):  # the rule, then the gate of the wave, which does not pass either
        fleet.change(lambda one: rules.resumed(one, fleet.tally(), by="Alice", now=fleet.now))
        state = fleet.run(ids)
    assert state.state is State.COMPLETED
    assert fleet.outcomes() == {"succeeded": 18, "failed": 2}


def test_the_failed_are_tried_again(fleet):
    ids = fleet.phones(6)
    fleet.conduct = {ids[0]: broken_image}
    fleet.rollout(gate=Gate(0, 0))
    fleet.run(ids)
    assert fleet.outcomes() == {"succeeded": 5, "failed": 1}
    fleet.conduct = {}
    fleet.change(lambda one: rules.retried(one, rules.RETRIED, by="Alice", now=fleet.now))
    assert fleet.run(ids).state is State.COMPLETED
    assert fleet.outcomes() == {"succeeded": 6}
    assert fleet.started[ids[0]] == 2


def test_a_phone_without_proof_is_unconfirmed_and_a_late_proof_counts(fleet):
    [phone] = fleet.phones(1)
    fleet.conduct = {phone: silent_for_ever}
    fleet.rollout(confirm=60, gate=Gate(0, 0))
    assert fleet.run([phone]).state is State.COMPLETED
    assert fleet.outcomes() == {"unconfirmed": 1}
    task = fleet.member(phone).task
    fleet.runner.drive(
        tasks.update(task, lambda one: one.replace(state=TaskState.DONE, finished_at=fleet.now), stamp="x")
    )
    fleet.keep(structs.replace(fleet.device(phone), software_version=NEW))
    fleet.step()
    assert fleet.outcomes() == {"succeeded": 1}


def test_a_phone_that_never_comes_is_skipped_in_the_end(fleet):
    ids = fleet.phones(3)
    fleet.conduct = {ids[0]: never_comes}
    fleet.rollout(patience=600)
    fleet.run(ids)
    assert fleet.outcomes() == {"succeeded": 2, "skipped": 1}
    assert "waited for 600 s" in fleet.member(ids[0]).reason
    assert ids[0] not in fleet.started


def test_a_phone_that_has_it_already_is_left_alone(fleet):
    has_it = fleet.phone("1", software_version=NEW)
    other_hardware = fleet.phone("2", software_version="44.80.0.5", product_class="SIP-T23G")
    newer = fleet.phone("3", software_version="37.80.0.1")
    ids = [has_it, other_hardware, newer]
    fleet.rollout(select="serial in (1, 2, 3)")
    fleet.run(ids)
    assert fleet.outcomes() == {"skipped": 3}
    assert fleet.member(has_it).reason == f"it has {NEW} already"
    assert "44" in fleet.member(other_hardware).reason
    assert "older" in fleet.member(newer).reason


def test_nothing_begins_outside_the_window(fleet):
    ids = fleet.phones(3)
    fleet.now = 1_800_000_000.0  # 2027-01-15 08:00 UTC, a Friday
    fleet.rollout(window=Window("01:00", "05:00", zone="UTC"))
    for _ in range(10):
        fleet.step()
        fleet.sessions(ids)
        fleet.now += 5
    assert fleet.started == {}
    fleet.now = 1_800_000_000.0 + 17 * 3600 + 60
    fleet.run(ids)
    assert fleet.outcomes() == {"succeeded": 3}


def test_a_phone_whose_time_zone_is_not_known_is_never_touched(fleet):
    ids = fleet.phones(1)
    fleet.rollout(window=Window("01:00", "05:00"))
    fleet.run(ids)
    assert fleet.outcomes() == {"skipped": 1}
    assert "time zone" in fleet.member(ids[0]).reason


def test_a_phone_whose_parameters_are_not_read_yet_may_tell_its_time_zone_later(fleet):
    phone = fleet.phone("1", learning=Learning.RUNNING)
    fleet.rollout(window=Window("01:00", "05:00"), patience=600)
    fleet.step()
    assert fleet.outcomes() == {"deferred": 1}
    fleet.now += 900
    fleet.run([phone])
    assert fleet.outcomes() == {"skipped": 1}
    assert "time zone" in fleet.member(phone).reason


def test_a_phone_that_shows_the_version_later_succeeds_by_a_retry_and_can_be_taken_back(fleet):
    """Some boot twice before they show it."""
    phone = fleet.phone("1")
    fleet.conduct = {phone: broken_image}
    fleet.rollout()
    fleet.run([phone])
    assert fleet.outcomes() == {"failed": 1}
    fleet.keep(structs.replace(fleet.device(phone), software_version=NEW))
    fleet.change(lambda one: rules.retried(one, (Outcome.FAILED,), by="Alice", now=fleet.now))
    fleet.run([phone])
    assert fleet.outcomes() == {"succeeded": 1}
    assert fleet.started == {phone: 1}
    found = fleet.member(phone).evidence
    assert (found["version_before"], found["version"], "fault" in found) == (OLD, NEW, False)
    before = type(IMAGE)(f"{OLD}.rom", 900, "cd" * 32, OLD)
    fleet.conduct = {}
    fleet.rollout("r2", file=before.name, rollback_of="r1", images={OLD: before})
    fleet.run([phone], "r2")
    assert fleet.device(phone).software_version == OLD


def in_a_call(task, device, now):
    busy = {"why": "line 1 is in a call (InCall)", "at": now, "times": 1, "session": "s"}
    return task.noting(busy=busy).replace(not_before=now + 300)


def test_a_phone_in_a_call_that_does_not_call_again_is_called(fleet):
    """It may know no ScheduleInform, or refuse it; its own Inform may be hours away."""
    phone = fleet.phone("1", inform_interval=7200)
    fleet.conduct = {phone: in_a_call}
    fleet.rollout(ask_again=300)
    fleet.step()
    fleet.sessions([phone])
    fleet.step()
    assert fleet.member(phone).outcome is Outcome.DEFERRED

    def called() -> int:
        return fleet.runner.drive(wakes.overview(limit=5, now=fleet.now)).total

    fleet.runner.run(wakes.clear())
    fleet.now += 290
    fleet.step()
    assert called() == 0
    fleet.now += 20
    fleet.step()
    assert called() == 1


LINE = "Device.Services.VoiceService.1.VoiceProfile.2.Line.1"


@pytest.mark.parametrize("status", ["Error", "Registering", "Disabled"])
def test_a_line_that_does_not_come_back_fails_the_phone(fleet, status):
    """Few phones tell it by themselves: they are asked, until it is too late."""
    well, ill = fleet.phone("1", lines={LINE: "Up"}), fleet.phone("2", lines={LINE: "Up"})
    fleet.statuses = {ill: status}
    fleet.rollout(gate=Gate(0, 1))
    fleet.run([well, ill], pass_by=20)
    assert fleet.member(well).outcome is Outcome.SUCCEEDED
    assert fleet.member(ill).outcome is Outcome.FAILED
    assert fleet.member(ill).reason == "line 1 of voice profile 2 did not register again"
    assert 3 < fleet.member(ill).asked < 12
    assert fleet.started == {well: 1, ill: 1}


def test_a_line_that_takes_its_time_to_register_is_asked_for_again(fleet):
    [phone] = [fleet.phone("1", lines={LINE: "Up"})]
    fleet.statuses = {phone: "Registering"}
    fleet.rollout(gate=Gate(0, 1))
    for _ in range(3):
        fleet.step()
        fleet.sessions([phone])
        fleet.now += 10
    fleet.step()
    assert fleet.member(phone).outcome is Outcome.CHECKING
    fleet.statuses = {}
    fleet.run([phone], pass_by=20)
    assert fleet.member(phone).outcome is Outcome.SUCCEEDED


def test_without_its_canary_group_nothing_begins(fleet):
    ids = fleet.phones(3)
    fleet.rollout(canary="pioneers")
    fleet.step()
    found = fleet.state()
    assert (found.state, fleet.started) == (State.HALTED, {})
    assert found.reason == "the group of its canaries, pioneers, is gone"
    fleet.runner.run(groups.create(Group("pioneers")))
    fleet.change(lambda one: rules.resumed(one, Tally(0), by="Alice", now=fleet.now))
    assert fleet.run(ids).state is State.COMPLETED


def test_a_phone_that_falls_back_is_told_with_the_version_that_it_has(fleet):
    phone = fleet.phone("1")
    fleet.rollout(gate=Gate(0, 2))
    fleet.step()
    fleet.sessions([phone])
    fleet.step()
    assert fleet.member(phone).outcome is Outcome.CHECKING
    fleet.keep(structs.replace(fleet.device(phone), software_version=OLD))
    fleet.now += 60
    fleet.step()
    assert fleet.member(phone).outcome is Outcome.FAILED
    assert fleet.member(phone).evidence["version"] == OLD


def test_a_phone_that_informs_and_never_tells_of_its_lines_is_unconfirmed(fleet):
    phone = fleet.phone("1", lines={LINE: "Up"})
    fleet.statuses = {phone: ""}
    fleet.rollout(gate=Gate(0, 1))
    fleet.run([phone], pass_by=20)
    assert fleet.member(phone).outcome is Outcome.UNCONFIRMED
    assert fleet.member(phone).reason == "it did not tell whether its lines are registered again"


def test_lines_are_asked_for_with_the_last_inform_that_is_waited_for(fleet):
    phone = fleet.phone("1", lines={LINE: "Up"})
    fleet.rollout(gate=Gate(0, 3))
    fleet.step()
    fleet.sessions([phone])
    asked = []
    for _ in range(4):
        fleet.now += 10
        fleet.step()
        asked.append(fleet.member(phone).asked)
        fleet.sessions([phone])
    fleet.step()
    assert asked == [0, 0, 1, 1]
    assert fleet.member(phone).outcome is Outcome.SUCCEEDED


def test_a_rollback_brings_back_what_each_phone_had(fleet):
    ids = fleet.phones(5)
    fleet.rollout(waves=(3, "rest"), soak=1e6)
    for _ in range(10):
        fleet.step()
        fleet.sessions(ids)
        fleet.now += 5
    changed = set(fleet.of(Outcome.SUCCEEDED))
    assert len(changed) == 3
    before = type(IMAGE)(f"{OLD}.rom", 900, "cd" * 32, OLD)
    fleet.rollout("r2", file=before.name, rollback_of="r1", images={OLD: before})
    assert fleet.run(ids, "r2").state is State.COMPLETED
    assert fleet.outcomes("r2") == {"succeeded": 3}
    assert {fleet.device(one).software_version for one in ids} == {OLD}


def test_a_rollback_waits_for_a_phone_that_is_on_its_way(fleet):
    """It has the old version still; it would have the new one a minute later, and keep it."""
    [phone] = fleet.phones(1)
    fleet.conduct = {phone: silent_for_ever}
    fleet.rollout()
    fleet.step()
    fleet.sessions([phone])
    fleet.change(lambda one: rules.halted(one, "enough", now=fleet.now))
    fleet.step()
    assert fleet.outcomes() == {"sent": 1}
    before = type(IMAGE)(f"{OLD}.rom", 900, "cd" * 32, OLD)
    fleet.rollout("r2", file=before.name, rollback_of="r1", images={OLD: before})
    fleet.step("r2")
    assert fleet.outcomes("r2") == {"deferred": 1}
    assert fleet.member(phone, "r2").reason == "what is to be taken back is under way still"
    fleet.conduct = {}
    fleet.runner.drive(
        tasks.update(
            fleet.member(phone).task,
            lambda one: one.replace(state=TaskState.DONE, finished_at=fleet.now),
            stamp="x",
        )
    )
    fleet.keep(structs.replace(fleet.device(phone), software_version=NEW))
    fleet.step()
    fleet.now += 5
    assert fleet.run([phone], "r2").state is State.COMPLETED
    assert fleet.outcomes("r2") == {"succeeded": 1}
    assert fleet.device(phone).software_version == OLD


def test_a_rollback_at_once_knows_the_phones_that_were_asked_last(fleet):
    asked, unasked = fleet.phones(2)
    fleet.conduct = {asked: silent_for_ever}
    fleet.rollout()
    fleet.step()
    fleet.sessions([asked])
    fleet.change(lambda one: rules.aborted(one, by="Alice", now=fleet.now))
    before = type(IMAGE)(f"{OLD}.rom", 900, "cd" * 32, OLD)
    fleet.rollout("r2", file=before.name, rollback_of="r1", images={OLD: before})
    fleet.step("r2")
    assert fleet.outcomes("r2") == {"deferred": 1}
    assert fleet.member(asked, "r2").reason == "what is to be taken back is under way still"
    assert fleet.member(unasked).reason == "taken back before it was asked"


def test_a_phone_that_got_another_version_after_its_turn_came_is_looked_at_anew(fleet):
    phone = fleet.phone("1")
    fleet.conduct = {phone: never_comes}
    fleet.rollout()
    fleet.step()
    task = fleet.runner.run(tasks.get(fleet.member(phone).task)).task
    assert task.guard.version == OLD
    device = fleet.device(phone)
    fleet.keep(structs.replace(device, software_version="37.80.0.1", last_inform=fleet.now + 1))
    fleet.now += 130
    fleet.step()
    assert "it called with 37.80.0.1 by now" in fleet.member(phone).reason
    fleet.run([phone])
    assert fleet.member(phone).outcome is Outcome.SKIPPED
    assert fleet.started == {}


def test_nobody_meant_is_complete_at_once(fleet):
    fleet.rollout(select="model = None")
    fleet.step()
    assert (fleet.state().state, fleet.state().reason) == (State.COMPLETED, "no phone is meant")


@pytest.mark.parametrize("number", range(1, 40))
def test_a_worker_may_die_after_any_round_trip(fleet, number):
    """Each job dies at the same place, so that no job ever gets beyond it; then one lives."""
    ids = fleet.phones(6)
    fleet.conduct = {ids[0]: broken_image}
    fleet.rollout(waves=(2, "rest"), gate=Gate(0, 0), pace=Pace(at_once=2))
    for turn in range(200):
        fleet.step(die_after=number if turn % 3 else 0)
        fleet.sessions(ids)
        fleet.now += 3
        if fleet.state().state is State.COMPLETED:
            break
    assert fleet.state().state is State.COMPLETED
    assert fleet.outcomes() == {"succeeded": 5, "failed": 1}
    assert fleet.started == dict.fromkeys(ids, 1)
    assert fleet.most_at_once <= 2
    assert fleet.runner.run(rollouts.count_active("r1")) == 0


def test_two_jobs_at_once_do_no_more_than_one(fleet):
    """The second works on what the first had read before it wrote."""
    ids = fleet.phones(8)
    fleet.rollout(pace=Pace(at_once=3))
    for _ in range(60):
        fleet.step()
        fleet.step()
        fleet.sessions(ids)
        fleet.now += 5
    assert fleet.outcomes() == {"succeeded": 8}
    assert fleet.started == dict.fromkeys(ids, 1)


def test_one_that_started_by_itself_halts_without_the_second_person_that_it_needs(fleet):
    ids = fleet.phones(4)
    fleet.rollout()
    fleet.change(lambda one: one.replace(most_alone=4, state_by="", created_by="eve"))
    assert (state := fleet.run(ids)).state is State.HALTED
    assert "approval of a second person" in state.reason
    assert fleet.outcomes() == {"waiting": 4}
    fleet.runner.run_all(approvals.add("r1", Approval("adam", fleet.now)))
    fleet.change(lambda one: rules.resumed(one, Tally(4), by="eve", now=fleet.now))
    assert fleet.run(ids).state is State.COMPLETED
    assert fleet.outcomes() == {"succeeded": 4}


def test_tasks_are_counted_as_they_come_and_are_taken_back(fleet):
    fleet.phones(3)
    fleet.rollout()
    fleet.step()
    fleet.change(lambda one: rules.aborted(one, by="Alice", now=fleet.now))
    fleet.step()
    counted = fleet.runner.run(metrics.totals())
    assert {key[2]: number for key, number in counted.items() if key[0] == TASKS} == {
        "pending": 3,
        "cancelled": 3,
    }


def test_another_turn_has_evidence_of_its_own(fleet):
    ids = fleet.phones(1)
    fleet.conduct[ids[0]] = broken_image
    fleet.rollout(gate=Gate(0, 0))
    fleet.run(ids)
    assert "fault" in fleet.member(ids[0]).evidence
    del fleet.conduct[ids[0]]
    fleet.change(lambda one: rules.retried(one, (Outcome.FAILED,), by="Alice", now=fleet.now))
    assert fleet.run(ids).state is State.COMPLETED
    assert fleet.member(ids[0]).outcome is Outcome.SUCCEEDED
    assert "fault" not in fleet.member(ids[0]).evidence


def test_a_phone_that_called_and_was_not_asked_is_told_apart_from_a_silent_one(fleet):
    busy, silent = fleet.phone("1"), fleet.phone("2", inform_interval=600)
    fleet.now += 1
    fleet.conduct = {busy: silent_for_ever, silent: never_comes}
    fleet.rollout("r1", confirm=20, gate=Gate(0, 0), patience=60)
    fleet.run([busy, silent])
    assert fleet.outcomes() == {"unconfirmed": 1, "skipped": 1}
    assert fleet.member(silent).reason == "it did not call in its turn; it was waited for 60 s"
    # the download of the first rollout may still come to something: no second one goes out beside it
    fleet.conduct = {busy: lambda task, device, now: None, silent: never_comes}
    fleet.rollout("r2", patience=60, gate=Gate(0, 0))
    fleet.run([busy, silent], "r2")
    assert fleet.member(busy, "r2").reason == (
        "it called, but an earlier task of it (download) is under way; it was waited for 60 s"
    )
