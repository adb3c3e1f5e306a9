"""Schedules whose time has come: each makes a rollout, which then goes its own way.

run      deals with one schedule; `enqueue_due` has it done for all that are due
rescue   has those looked at that nobody would look at: somebody died over them

A rollout's id says for which due time it is, so that a job that runs twice, or dies at any point and is made
good by the next, makes one rollout.
"""

from __future__ import annotations

import time
from typing import Any

from msgspec import structs
from rq import Queue

from acs.fleet import schedule as rules
from acs.fleet.fleet_event import FleetEvent, event
from acs.fleet.rollout import firmware_check
from acs.fleet.rollout.approval import Approval
from acs.fleet.rollout.definition import Kind
from acs.fleet.rollout.firmware_check import Image
from acs.fleet.rollout.rollout import Rollout
from acs.fleet.schedule import Run, RunOutcome, Schedule
from acs.fleet.task import DownloadWork
from acs.store import approvals, events, files, rollouts, schedules
from acs.store.runner_blocking import BlockingRunner
from acs.store.schedules import Stored
from workers import taking
from workers.surroundings import current

#: Seconds for which a schedule that is due is taken by whoever enqueues its job.
LEASE = 30.0

#: Schedules taken at once.
AT_ONCE = 50

_TEXTS = {
    RunOutcome.STARTED: "started a rollout",
    RunOutcome.SKIPPED: "was skipped",
    RunOutcome.MISSED: "missed its time",
    RunOutcome.FAILED: "could not make its rollout",
}


def enqueue_due(runner: BlockingRunner, queue: Queue, now: float) -> int:
    """Enqueue the job of every schedule that is due; how many."""
    until = round(now + LEASE, 3)
    taken = runner.run(schedules.claim(now=now, until=until, limit=AT_ONCE))
    for identifier in taken:
        taking.enqueue(
            queue,
            "workers.schedules.run",
            "schedule",
            identifier,
            until=until,
            lease=LEASE,
            description=f"schedule {identifier}: what is due",
        )
    return len(taken)


def run(identifier: str, taken_until: float = 0.0) -> dict[str, Any]:
    """Do what is due of one schedule. `taken_until` is what the clock took it until, 0 where nobody did."""
    runner, now = current().runner, time.time()
    done = step(runner, identifier, now)
    stored: Stored | None = runner.run(schedules.get(identifier))
    if stored is None:
        runner.drive(schedules.delete(identifier))
        return {"schedule": identifier, "outcome": "gone"}
    next_at = stored.schedule.next_at if stored.schedule.enabled else 0.0
    if taken_until:
        runner.run(schedules.put_back(identifier, taken_until=taken_until, next_at=next_at))
    elif next_at:
        runner.run(schedules.due_at(identifier, next_at))
    return {"schedule": identifier, "outcome": str(done.outcome) if done else "not due"}


def step(runner: BlockingRunner, identifier: str, now: float) -> Run | None:
    """Deal with the due time of a schedule; None where it is not due."""
    stored: Stored | None = runner.run(schedules.get(identifier))
    if stored is None or not rules.is_due(stored.schedule, now):
        return None
    schedule = stored.schedule
    own = rules.rollout_id(schedule.id, schedule.next_at)
    found = runner.run_all([rollouts.get(one) for one in (schedule.last_rollout or own, own)])
    earlier, present = (one.rollout if one is not None else None for one in found)
    verdict = rules.decided(schedule, earlier, present, _template(runner, schedule.template), now)
    if verdict.rollout is not None:
        if schedule.approved_by:
            note = f"turned on the schedule {schedule.name}"
            runner.run_all(approvals.add(verdict.rollout.id, Approval(schedule.approved_by, now, note)))
        runner.run(rollouts.create(verdict.rollout))
        runner.run(rollouts.due_at(verdict.rollout.id, now))
    runner.run(events.push((_event(schedule, verdict.run, verdict.rollout),)))
    runner.drive(schedules.change(identifier, lambda one: rules.after_run(one, verdict.run, now)))
    return verdict.run


def _template(runner: BlockingRunner, template: Rollout) -> Rollout | str:
    """What the rollout is made from, with its files as they are now; or why none can be made."""
    definition, work = template.definition, template.work
    if definition.kind is Kind.FIRMWARE:
        file = runner.run(files.get(definition.file))
        if file is None or not file.file_type.startswith("1 "):
            return f"{definition.file} is no stored firmware any more"
        image = Image(file.name, file.size, file.sha256, file.version, file.model, file.md5)
        wrong = firmware_check.of_image(image, override=definition.override)
        if wrong:
            return f"{definition.file} {wrong}"
        other = firmware_check.wrong_sum(image, sha256=definition.sha256, md5=definition.md5)
        if other is not None:
            return f"{definition.file} is not the file with the {other.field} {other.stated} any more"
        return template.replace(image=image)
    if isinstance(work, DownloadWork) and work.file:
        file = runner.run(files.get(work.file))
        if file is None:
            return f"{work.file} is not stored here any more"
        return template.replace(work=structs.replace(work, size=file.size, sha256=file.sha256))
    return template


def _event(schedule: Schedule, done: Run, made: Rollout | None) -> FleetEvent:
    said = f": {done.reason}" if done.reason else ""
    name = f" {made.definition.name}" if made is not None else ""
    text = f"The schedule {schedule.name} {_TEXTS[done.outcome]}{name}{said}"
    if done.missed:
        text += f"; {done.missed} times after it were missed too"
    data = {
        "schedule": schedule.id,
        "name": schedule.name,
        "due": done.due,
        "rollout": done.rollout,
        "reason": done.reason,
        "missed": done.missed,
    }
    occasion = f"{schedule.id} {done.due:.3f} {done.outcome}"
    return event(f"schedule_{done.outcome}", done.at, text, data, occasion=occasion)


def rescue() -> dict[str, int]:
    """Have those schedules looked at that have a due time and that nobody looks at."""
    runner, found = current().runner, 0
    for listed in taking.pages(runner, schedules.ids):
        looked_at = runner.run(schedules.due_times(listed))
        lost = [one for one, at in zip(listed, looked_at, strict=True) if not at]
        for stored in runner.run_all([schedules.get(one) for one in lost]):
            if stored is not None and stored.schedule.enabled and stored.schedule.next_at:
                runner.run(schedules.due_at(stored.schedule.id, stored.schedule.next_at))
                found += 1
    return {"rescued": found}
