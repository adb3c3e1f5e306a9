"""Schedules as they are shown: when they run, what came of their runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, structs

from acs.fleet import schedule as rules
from acs.fleet.rollout.definition import Definition, Essentials, Kind
from acs.fleet.rollout.tally import together
from acs.fleet.schedule import Run, RunOutcome, Schedule
from acs.operations import limits, task_secrets
from acs.operations.errors import NotFound
from acs.operations.ports import Runner, moment
from acs.store import rollouts as rollout_store
from acs.store import schedules as store

#: Runs to come that are told.
COMING = 5


class RunView(Struct, frozen=True):
    """What came of a due time, and of its rollout. `missed`: later due times that had passed too."""

    due: datetime | None
    at: datetime | None
    outcome: RunOutcome
    reason: str
    missed: int
    by: str
    rollout: str
    #: of the rollout, "" where there is none any more
    state: str
    phones: int
    outcomes: dict[str, int]


class ScheduleView(Struct, frozen=True):
    """`last` is its last run. `coming` and `runs`, the last first, are told of a single one."""

    id: str
    name: str
    kind: Kind
    cron: str | None
    at: datetime | None
    zone: str
    what: dict[str, Any]
    enabled: bool
    late: float | None
    keep: int | str | None
    next_at: datetime | None
    last: RunView | None
    created_at: datetime | None
    created_by: str
    changed_at: datetime | None
    changed_by: str
    #: who turned it on, where that is somebody else
    approved_by: str
    coming: list[datetime | None] = []
    runs: list[RunView] = []


class ScheduleList(Struct, frozen=True):
    """Newest first."""

    items: list[ScheduleView]
    next: str | None
    total: int


async def show(runner: Runner, identifier: str, *, now: float) -> ScheduleView:
    """Raises NotFound."""
    schedule = await find(runner, identifier)
    runs = [await _run(runner, one) for one in schedule.runs]
    coming = [moment(at) for at in rules.coming(schedule, now, COMING)]
    return structs.replace(_view(schedule, runs[0] if runs else None), coming=coming, runs=runs)


async def list_all(runner: Runner, *, cursor: str, limit: int) -> ScheduleList:
    """For a limited caller those that were made under the same limit."""
    every = await runner.drive(store.every())
    own = [one for one in every if limits.made_within(runner, one.template.limit)]
    place = next((number for number, one in enumerate(own, 1) if one.id == cursor), 0)
    chosen = own[place : place + limit]
    items = [_view(one, await _run(runner, one.runs[0]) if one.runs else None) for one in chosen]
    following = chosen[-1].id if len(own) > place + limit else None
    return ScheduleList(items, following, len(own))


async def find(runner: Runner, identifier: str) -> Schedule:
    """Raises NotFound, also for one that is out of the caller's sight."""
    stored = await runner.run(store.get(identifier))
    if stored is None or not limits.made_within(runner, stored.schedule.template.limit):
        raise NotFound("schedule", identifier)
    return stored.schedule


def _view(one: Schedule, last: RunView | None) -> ScheduleView:
    what = msgspec.to_builtins(essentials(one.template.definition))
    what["task"] = task_secrets.shown(what["task"])
    return ScheduleView(
        id=one.id,
        name=one.name,
        kind=one.template.definition.kind,
        cron=one.cron or None,
        at=moment(one.once),
        zone=one.zone,
        what=what,
        enabled=one.enabled,
        late=one.late,
        keep=one.keep.text if one.keep is not None else None,
        next_at=moment(one.next_at if one.enabled else 0),
        last=last,
        created_at=moment(one.created_at),
        created_by=one.created_by,
        changed_at=moment(one.changed_at),
        changed_by=one.changed_by,
        approved_by=one.approved_by,
    )


async def _run(runner: Runner, one: Run) -> RunView:
    state, phones, outcomes = "", 0, {}
    if one.rollout:
        stored, counts = await runner.run_all(
            [rollout_store.get(one.rollout), rollout_store.counts(one.rollout)]
        )
        if stored is not None:
            rollout = stored.rollout
            state, phones = str(rollout.state), rollout.total
            outcomes = together(counts.tallies(rollout.ends)).shown()
    return RunView(
        moment(one.due),
        moment(one.at),
        one.outcome,
        one.reason,
        one.missed,
        one.by,
        one.rollout,
        state,
        phones,
        outcomes,
    )


def essentials(definition: Definition) -> Essentials:
    """The definition without name and start."""
    fields = structs.asdict(definition)
    return Essentials(**{name: fields[name] for name in Essentials.__struct_fields__})
