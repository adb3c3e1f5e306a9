"""Schedules over a real Redis: one rollout for a due time, whatever dies, however late it is."""

from __future__ import annotations

import pytest
from rq import Queue

from acs.fleet import schedule as rules
from acs.fleet.rollout import approval
from acs.fleet.rollout import rollout as rollout_rules
from acs.fleet.rollout.definition import Definition, Kind
from acs.fleet.rollout.rollout import Rollout, State
from acs.fleet.schedule import Schedule
from acs.fleet.task import DownloadWork
from acs.store import approvals, events, files, rollouts, schedules
from acs.store.files import StoredFile
from tests.unit.workers.rollout_fleet import Crash, MortalRunner
from workers import schedules as jobs

DAY = 86_400.0
#: 15 January 2027, 08:00 UTC
NOW = 1_800_000_000.0


class Desk:
    """Jobs of schedules at a time that a test chooses."""

    def __init__(self, runner):
        self.runner = runner
        self.mortal = MortalRunner(runner)
        self.now = NOW

    def make(self, identifier="s1", *, kind=Kind.BACKUP, work=None, cron="0 9 * * *", **how) -> Schedule:
        definition = Definition(name="x", kind=kind, select="all", file=how.pop("file", ""))
        template = Rollout(id="template", definition=definition, work=work)
        made = Schedule(
            id=identifier,
            name="nightly",
            cron=cron,
            template=template,
            created_at=NOW,
            changed_by="Alice",
            **how,
        )
        made = rules.planned(made, self.now)
        self.runner.run(schedules.create(made))
        return made

    def step(self, identifier="s1", *, die_after=0):
        self.mortal.left = die_after
        try:
            return jobs.step(self.mortal, identifier, self.now)
        except Crash:
            return None
        finally:
            self.mortal.left = 0

    def schedule(self, identifier="s1") -> Schedule:
        return self.runner.run(schedules.get(identifier)).schedule

    def outcomes(self, identifier="s1"):
        return [str(run.outcome) for run in self.schedule(identifier).runs]

    def rollouts(self) -> list[Rollout]:
        listed = self.runner.drive(rollouts.ids(limit=100))
        return [one.rollout for one in self.runner.run_all([rollouts.get(each) for each in listed])]

    def end(self, identifier: str) -> None:
        """Its rollout is over."""
        self.runner.drive(
            rollouts.change(identifier, lambda one: rollout_rules.aborted(one, by="Bob", now=self.now))
        )

    def events(self):
        return [kept.event for kept in self.runner.run(events.after("", 100))]


@pytest.fixture
def desk(runner, redis) -> Desk:
    return Desk(runner)


def test_nothing_is_done_before_its_time(desk):
    desk.make()
    assert desk.step() is None
    assert desk.rollouts() == []


def test_at_its_time_it_makes_a_rollout_that_runs(desk):
    made = desk.make(zone="Europe/Berlin", cron="0 10 * * *")
    assert made.next_at == NOW + 3600
    desk.now = NOW + 3600.5
    desk.step()
    [rollout] = desk.rollouts()
    assert rollout.id == rules.rollout_id("s1", NOW + 3600)
    assert rollout.state is State.RUNNING
    assert rollout.definition.name == "nightly 2027-01-15 10:00"
    assert (rollout.created_by, rollout.state_by) == ("Alice", "schedule nightly")
    assert desk.runner.run(rollouts.are_due([rollout.id])) == [True]
    assert desk.schedule().next_at == NOW + 3600 + DAY
    [told] = desk.events()
    assert (told.kind, told.data["rollout"]) == ("schedule_started", rollout.id)
    assert desk.step() is None


def test_whoever_turned_it_on_approves_of_each_run(desk):
    desk.make(approved_by="adam")
    desk.now = NOW + 3600
    desk.step()
    [rollout] = desk.rollouts()
    [given] = desk.runner.run(approvals.of(rollout.id))
    assert (given.by, given.note) == ("adam", "turned on the schedule nightly")
    assert approval.missing(3, rollout.state_by, rollout.created_by, [given]) == ""


def test_phones_are_not_waited_for_until_the_next_run(desk):
    desk.make()
    desk.now = NOW + 3600
    desk.step()
    [rollout] = desk.rollouts()
    assert rollout.definition.patience == DAY / 2


@pytest.mark.parametrize("trips", range(1, 9))
def test_a_worker_that_dies_anywhere_makes_one_rollout(desk, trips):
    desk.make()
    desk.now = NOW + 3600
    desk.step(die_after=trips)
    desk.now += 40
    desk.step()
    assert [one.id for one in desk.rollouts()] == [rules.rollout_id("s1", NOW + 3600)]
    assert desk.outcomes() == ["started"]
    assert desk.schedule().next_at == NOW + 3600 + DAY
    assert [event.kind for event in desk.events()] == ["schedule_started"]
    assert desk.runner.run(rollouts.are_due([desk.rollouts()[0].id])) == [True]


def test_what_was_missed_is_made_good_once(desk):
    desk.make()
    desk.now = NOW + 10 * DAY
    desk.step()
    assert len(desk.rollouts()) == 1
    [run] = desk.schedule().runs
    assert (run.due, run.missed) == (NOW + 3600, 9)
    assert desk.schedule().next_at == NOW + 10 * DAY + 3600
    assert "9 times after it were missed too" in desk.events()[0].text
    assert desk.step() is None


def test_too_late_is_too_late(desk):
    desk.make(late=600)
    desk.now = NOW + 3600 + 601
    desk.step()
    assert desk.rollouts() == []
    assert desk.outcomes() == ["missed"]
    assert desk.schedule().next_at == NOW + 3600 + DAY
    assert desk.events()[0].kind == "schedule_missed"


def test_a_busy_worker_is_not_too_late(desk):
    desk.make(late=0)
    desk.now = NOW + 3600 + 59
    desk.step()
    assert desk.outcomes() == ["started"]


def test_a_rollout_that_was_made_in_time_is_not_too_late(desk):
    """The worker died over it, and the next one came after the time allowed."""
    desk.make(late=30)
    desk.now = NOW + 3600
    desk.step(die_after=4)
    assert len(desk.rollouts()) == 1
    desk.now += 100
    desk.step()
    assert desk.outcomes() == ["started"]


def test_while_the_last_run_goes_on_the_next_is_skipped(desk):
    desk.make()
    desk.now = NOW + 3600
    desk.step()
    [first] = desk.rollouts()
    desk.now += DAY
    desk.step()
    assert [one.id for one in desk.rollouts()] == [first.id]
    assert desk.outcomes() == ["skipped", "started"]
    [_, skipped] = desk.events()
    assert skipped.kind == "schedule_skipped"
    assert f"{first.definition.name}, is running" in skipped.text
    desk.end(first.id)
    desk.now += DAY
    desk.step()
    assert desk.outcomes() == ["started", "skipped", "started"]
    assert len(desk.rollouts()) == 2


def test_a_single_run_is_over_then(desk):
    desk.make(cron="", once=NOW + 2)
    desk.now = NOW + 2
    desk.step()
    assert len(desk.rollouts()) == 1
    assert desk.schedule().next_at == 0
    desk.now += DAY
    assert desk.step() is None


def test_turned_off_it_does_nothing(desk):
    desk.make(enabled=False)
    desk.now = NOW + 5 * DAY
    assert desk.step() is None


def test_it_remembers_some_runs(desk):
    desk.make(cron="* * * * *", late=0)
    for _ in range(rules.REMEMBERED + 5):
        desk.now += 61
        desk.step()
    assert len(desk.outcomes()) == rules.REMEMBERED


# --- what it is made from -----------------------------------------------------------------------------------


def store(desk, name, **facts):
    kept = {"sha256": "ab" * 32, "size": 10, "file_type": "1 Firmware Upgrade Image", **facts}
    desk.runner.run(files.put(StoredFile(name, **kept)))


def test_firmware_is_looked_at_again(desk):
    store(desk, "37.72.0.12.rom", version="37.72.0.12", model="CP860")
    desk.make(kind=Kind.FIRMWARE, file="37.72.0.12.rom")
    desk.now = NOW + 3600
    desk.step()
    [rollout] = desk.rollouts()
    assert (rollout.image.sha256, rollout.image.model) == ("ab" * 32, "CP860")


def test_firmware_that_is_gone_is_told(desk):
    desk.make(kind=Kind.FIRMWARE, file="37.72.0.12.rom")
    desk.now = NOW + 3600
    desk.step()
    assert desk.rollouts() == []
    assert desk.outcomes() == ["failed"]
    assert desk.schedule().runs[0].reason == "37.72.0.12.rom is no stored firmware any more"
    assert desk.events()[0].kind == "schedule_failed"


def test_a_file_of_a_task_is_the_one_of_the_day(desk):
    desk.make(kind=Kind.TASK, work=DownloadWork(file="phones.xml", size=1, sha256="00" * 32))
    store(desk, "phones.xml", file_type="3 Vendor Configuration File", size=77)
    desk.now = NOW + 3600
    desk.step()
    [rollout] = desk.rollouts()
    assert (rollout.work.size, rollout.work.sha256) == (77, "ab" * 32)


# --- the job ------------------------------------------------------------------------------------------------


def test_what_is_due_is_enqueued_once_and_again_after_its_lease(desk, redis):
    desk.make()
    queue = Queue("acs-urgent", connection=redis)
    assert jobs.enqueue_due(desk.runner, queue, NOW) == 0
    assert jobs.enqueue_due(desk.runner, queue, NOW + 3600) == 1
    assert jobs.enqueue_due(desk.runner, queue, NOW + 3601) == 0
    assert queue.count == 1
    assert jobs.enqueue_due(desk.runner, queue, NOW + 3600 + jobs.LEASE) == 1


def test_the_job_says_when_it_is_due_next(desk, monkeypatch):
    desk.make()
    desk.runner.run(schedules.claim(now=NOW + 3600, until=NOW + 3630, limit=9))
    monkeypatch.setattr(jobs.time, "time", lambda: NOW + 3601)
    assert jobs.run("s1", NOW + 3630) == {"schedule": "s1", "outcome": "started"}
    assert desk.runner.run(schedules.due_times(["s1"])) == [NOW + 3600 + DAY]


def test_one_that_was_deleted_is_forgotten(desk):
    desk.make()
    assert desk.runner.drive(schedules.delete("s1"))
    assert jobs.run("s1") == {"schedule": "s1", "outcome": "gone"}


def test_one_that_nobody_looks_at_is_rescued(desk, redis):
    made = desk.make()
    assert jobs.rescue() == {"rescued": 0}
    redis.delete("acs:{schedules}:d")
    assert jobs.rescue() == {"rescued": 1}
    assert desk.runner.run(schedules.due_times(["s1"])) == [made.next_at]


def test_what_an_operator_changes_meanwhile_stays(desk):
    """The schedule is moved while its job decides: the job notes its run and does not move it back."""
    desk.make()
    desk.now = NOW + 3600
    create = rollouts.create

    def moving(rollout):
        desk.runner.drive(schedules.change("s1", lambda one: one.replace(next_at=NOW + 9 * DAY)))
        return create(rollout)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(jobs.rollouts, "create", moving)
        desk.step()
    assert desk.schedule().next_at == NOW + 9 * DAY
    assert desk.outcomes() == ["started"]
