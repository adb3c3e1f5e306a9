"""Schedules as operators make and steer them; what is due is done by a job (`workers.schedules`)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from acs.fleet import retention, schedule_times
from acs.fleet import schedule as rules
from acs.fleet.layers import BLANK
from acs.fleet.rollout import approval
from acs.fleet.rollout.approval import Approval
from acs.fleet.rollout.definition import Definition, Essentials, Kind
from acs.fleet.rollout.rollout import Rollout
from acs.fleet.schedule import Run, RunOutcome, Schedule
from acs.operations import configuration_values, rollout_making, rollouts, selectors, task_secrets
from acs.operations.errors import Conflict, FieldError, Invalid, NotFound
from acs.operations.ports import Runner
from acs.operations.rollout_desk import Desk
from acs.operations.rollouts import RolloutView
from acs.operations.schedule_views import ScheduleView, essentials, find, show
from acs.store import approvals
from acs.store import rollouts as rollout_store
from acs.store import schedules as store

#: Schedules there may be: all of them are looked through now and then.
MOST = 1000

#: Shorter than a rollout's name, which goes on with the time of the run.
LONGEST_NAME = 80

Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
Cron = Annotated[
    str, Meta(max_length=200, description="minute hour day-of-month month day-of-week, such as `30 2 * * *`")
]
At = Annotated[
    str, Meta(max_length=40, description="for one that runs once, such as 2030-01-31T02:00:00, in `zone`")
]
Zone = Annotated[str, Meta(max_length=64, description="the IANA name of the time zone")]
Late = Annotated[
    float, Meta(ge=0, le=31_622_400, description="seconds that a run may be late; null for however late")
]
Keeping = Annotated[
    int | str, Meta(description="backup: files kept of each phone, such as 7, or for so long, such as `30d`")
]


class ScheduleRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Either `cron` or `at`; null and "" are as if left out. `what` is a rollout without name and start."""

    name: Name
    what: Essentials
    cron: Cron | None = None
    at: At | None = None
    zone: Zone = rules.UTC
    enabled: bool = True
    late: Late | None = None
    keep: Keeping | None = None


class ScheduleChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays. `what` is given as a whole."""

    name: Name | UnsetType = UNSET
    what: Essentials | UnsetType = UNSET
    cron: Cron | UnsetType | None = UNSET
    at: At | UnsetType | None = UNSET
    zone: Zone | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    late: Late | UnsetType | None = UNSET
    keep: Keeping | UnsetType | None = UNSET


# --- making and changing ------------------------------------------------------------------------------------


async def create(desk: Desk, asked: ScheduleRequest) -> ScheduleView:
    """Raises Invalid with every field that cannot be, and Conflict for a name that is taken or where a second
    person is needed."""
    _check(asked, desk.now)
    template = await _template(desk, asked.name, asked.what)
    await _check_name(desk.runner, asked.name, "")
    if await desk.runner.run(store.count()) >= MOST:
        raise Conflict(f"There are {MOST} schedules, and no more may be; delete some that are over.")
    if asked.enabled:
        await _second(desk, template, desk.by)
    made = Schedule(
        id=desk.randomness(4).hex(),
        name=asked.name,
        template=template,
        created_at=desk.now,
        created_by=desk.by,
        changed_at=desk.now,
        changed_by=desk.by,
        **_settings(asked),
    )
    await desk.runner.run(store.create(rules.planned(made, desk.now)))
    return await show(desk.runner, made.id, now=desk.now)


async def change(desk: Desk, identifier: str, asked: ScheduleChange) -> ScheduleView:
    """Raises NotFound, Invalid and Conflict as `create`."""
    before = await find(desk.runner, identifier)
    given = {name: value for name, value in structs.asdict(asked).items() if value is not UNSET}
    wanted = _request(before, given)
    moved = bool({"cron", "at", "zone"} & given.keys())
    _check(wanted, desk.now, time=moved or bool(given.get("enabled") and before.once))
    await _check_name(desk.runner, wanted.name, identifier)
    template = before.template
    if "what" in given:
        template = await _template(desk, wanted.name, _with_secrets(wanted.what, before.template))
    by = desk.by if given.keys() - {"enabled"} else before.changed_by
    approved_by = before.approved_by if by == before.changed_by and before.enabled else ""
    if wanted.enabled and not approved_by:
        approved_by = await _second(desk, template, by)

    def changed(one: Schedule) -> Schedule:
        if not given:
            return one
        after = one.replace(
            name=wanted.name,
            template=template,
            changed_at=desk.now,
            changed_by=by,
            approved_by=approved_by,
            **_settings(wanted),
        )
        if moved or after.enabled is not one.enabled:
            return rules.planned(after, desk.now)
        return after

    if await desk.runner.drive(store.change(identifier, changed)) is None:
        raise NotFound("schedule", identifier)
    return await show(desk.runner, identifier, now=desk.now)


async def delete(runner: Runner, identifier: str) -> None:
    """A rollout that it made goes on. Raises NotFound."""
    await find(runner, identifier)
    if not await runner.drive(store.delete(identifier)):
        raise NotFound("schedule", identifier)


async def run(desk: Desk, identifier: str) -> RolloutView:
    """Make its rollout now; its due times stay. Raises NotFound, Invalid for what cannot be any more, and
    Conflict while the rollout of an earlier run is not over."""
    schedule, now = await find(desk.runner, identifier), desk.now
    if schedule.last_rollout:
        earlier = await desk.runner.run(rollout_store.get(schedule.last_rollout))
        busy = rules.still_going(schedule, earlier.rollout if earlier is not None else None)
        if busy:
            raise Conflict(f"It cannot run now: {busy}.")
    template, approved_by = schedule.template, schedule.approved_by
    if not approved_by:
        approved_by = await _second(desk, template, schedule.changed_by)
    if template.definition.kind in (Kind.FIRMWARE, Kind.TASK):  # with its files as they are now
        fresh = await _template(desk, schedule.name, essentials(template.definition))
        template = template.replace(image=fresh.image, work=fresh.work)
    made = rules.made_from(schedule, template, now, now, identifier=f"{schedule.id}-{int(now * 1000):x}")
    if approved_by:
        note = f"had the schedule {schedule.name} run"
        await desk.runner.run_all(approvals.add(made.id, Approval(approved_by, now, note)))
    if not await desk.runner.run(rollout_store.create(made)):
        raise Conflict("It was told to run in this very moment already.")
    await desk.runner.run(rollout_store.due_at(made.id, now))
    noted = Run(now, now, RunOutcome.STARTED, made.id, by=desk.by)
    await desk.runner.drive(
        store.change(identifier, lambda one: one.replace(runs=(noted, *one.runs)[: rules.REMEMBERED]))
    )
    return await rollouts.show(desk.runner, made.id, now=now)


# --- what may be --------------------------------------------------------------------------------------------


def _check(asked: ScheduleRequest, now: float, *, time: bool = True) -> None:
    faults: list[FieldError] = []
    if not asked.name.isprintable() or asked.name != asked.name.strip():
        allowed = "printable text, without blanks around it"
        faults.append(FieldError("name", "is no name", asked.name, allowed))
    for (field, value, message, allowed), at in (
        rules.faults_of_time(asked.cron or "", asked.at or "", asked.zone, now) if time else ()
    ):
        faults.append(FieldError(field, message, value, allowed, position=UNSET if at is None else at))
    if asked.keep is not None:
        if asked.what.kind is not Kind.BACKUP:
            allowed = "it for kind backup only"
            faults.append(FieldError("keep", f"is of no use for {asked.what.kind}", asked.keep, allowed))
        try:
            retention.read_keep(asked.keep)
        except ValueError:
            faults.append(FieldError("keep", "cannot be kept", asked.keep, retention.ALLOWED))
    if faults:
        raise Invalid(faults)


async def _template(desk: Desk, name: str, what: Essentials) -> Rollout:
    """What its rollouts are made from. Raises Invalid."""
    blank = [
        configuration_values.nothing_to_keep(key)
        for key, value in (what.values or {}).items()
        if value == BLANK and desk.catalogue.secret(key)
    ]
    try:
        if blank:
            raise Invalid(blank)
        made = await rollout_making.draft(desk, Definition(name=name, **_fields(what)))
    except Invalid as wrong:
        raise Invalid(
            [structs.replace(error, field=f"what.{error.field}") for error in wrong.errors]
        ) from None
    # a backup changes nothing, so that one person will do
    return made.replace(most_alone=0 if what.kind is Kind.BACKUP else desk.most_alone)


async def _check_name(runner: Runner, name: str, own: str) -> None:
    schedules = await runner.drive(store.every())
    if any(one.name == name and one.id != own for one in schedules):
        raise Conflict(f"There is a schedule {name!r} already.")


async def _second(desk: Desk, template: Rollout, made_by: str) -> str:
    """The user who agrees by turning it on, "" where it takes but one person. Raises Conflict.

    What two persons have to agree on when they do it by hand, two have to agree on here: whoever says what is
    done does not also turn it on. The phones are counted again by each run.
    """
    fault = approval.fault_of_approver(desk.actor.user, made_by, ())
    if not fault:
        return desk.actor.user
    if not desk.most_alone or not template.most_alone:
        return ""
    query = selectors.read(template.definition.select, desk.catalogue, field="what.select")
    chosen = await selectors.prepared(desk.runner, desk.shapes, query, now=desk.now, field="what.select")
    phones = await desk.runner.drive(chosen.count())
    if not approval.needed(phones, desk.most_alone):
        return ""
    raise Conflict(
        f"A schedule for {phones} phones needs the approval of a second person: leave it with `enabled` "
        f"false, and somebody else turns it on. {fault}"
    )


def _settings(asked: ScheduleRequest) -> dict[str, Any]:
    clock = schedule_times.zone_of(asked.zone)
    assert clock is not None, "it was checked"
    return {
        "cron": " ".join((asked.cron or "").split()),
        "once": schedule_times.read_time(asked.at, clock) if asked.at else 0.0,
        "zone": asked.zone,
        "enabled": asked.enabled,
        "late": asked.late,
        "keep": retention.read_keep(asked.keep) if asked.keep is not None else None,
    }


def _request(before: Schedule, given: dict[str, Any]) -> ScheduleRequest:
    """What would have to be asked for to get the schedule as it is to be. A new kind of time puts the old one
    in its place."""
    at = datetime.fromtimestamp(before.once, before.clock).isoformat() if before.once else ""
    was: dict[str, Any] = {
        "name": before.name,
        "what": essentials(before.template.definition),
        "cron": before.cron,
        "at": at,
        "zone": before.zone,
        "enabled": before.enabled,
        "late": before.late,
        "keep": before.keep.text if before.keep is not None else None,
    }
    if given.get("cron") and "at" not in given:
        was["at"] = ""
    if given.get("at") and "cron" not in given:
        was["cron"] = ""
    return ScheduleRequest(**{**was, **given})


def _with_secrets(what: Essentials, before: Rollout) -> Essentials:
    """What was shown blanked and comes back so stays as it is stored."""
    what = structs.replace(what, task=task_secrets.with_stored(what.task, before.definition.task))
    if what.values is None:
        return what
    values = {
        key: before.values[key] if value == BLANK and before.values.get(key) is not None else value
        for key, value in what.values.items()
    }
    return structs.replace(what, values=values)


def _fields(what: Essentials) -> dict[str, Any]:
    return {name: getattr(what, name) for name in what.__struct_fields__}
