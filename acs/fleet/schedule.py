"""A schedule: a rollout that is made again and again, or once at a set time.

When its time has come one rollout is made, under an id drawn from the schedule and the due time, so that it
is made once however often it is tried. Of the times that were missed while no worker ran, one is made up for:
late, but no later than the schedule says. While the rollout of an earlier run is not over, a run is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from zoneinfo import ZoneInfo

from croniter import CroniterError, croniter  # type: ignore[import-untyped]  # it ships no types
from msgspec import Struct, structs

from acs.fleet import schedule_cron, schedule_times
from acs.fleet.retention import Keep
from acs.fleet.rollout.definition import Fault
from acs.fleet.rollout.rollout import OVER, Rollout, State

#: Runs that a schedule remembers.
REMEMBERED = 20

#: Part of the time to the next run for which a phone is waited for at most, and for its proof.
_SHARE = 0.5

UTC = "UTC"

#: Seconds that a run may always be late: for workers that are busy, or that die over it.
LEAST_LATE = 60.0

#: Seconds that a single run may be away.
FARTHEST = 10 * 366 * 86_400.0


class RunOutcome(StrEnum):
    """What came of a due time."""

    STARTED = "started"
    #: an earlier run was not over
    SKIPPED = "skipped"
    #: it was noticed too late
    MISSED = "missed"
    #: no rollout could be made
    FAILED = "failed"


class Run(Struct, frozen=True, array_like=True):
    """`due`, and `at`, when it was dealt with, in seconds since the epoch. `missed`: later due times that had
    passed too by then."""

    due: float
    at: float
    outcome: RunOutcome
    rollout: str = ""
    reason: str = ""
    missed: int = 0
    #: who told it to run, "" for its time
    by: str = ""


class Schedule(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Either `cron` or `once` is set. Times are seconds since the epoch, 0 for never."""

    id: str
    name: str
    cron: str = ""
    once: float = 0
    zone: str = UTC
    #: what each run is made from: a rollout that is never stored as such
    template: Rollout
    enabled: bool = True
    #: seconds that a run may be late; None for however late
    late: float | None = None
    #: backup: which of the files that phones sent for it are kept
    keep: Keep | None = None
    created_at: float = 0
    #: who made it, and who said last what it does
    created_by: str = ""
    changed_at: float = 0
    changed_by: str = ""
    #: the user who turned it on, where that is somebody else than who said last what it does
    approved_by: str = ""
    #: when it is due next
    next_at: float = 0
    #: the last ones, newest first
    runs: tuple[Run, ...] = ()

    def replace(self, **changes: object) -> Schedule:
        return structs.replace(self, **changes)

    @property
    def clock(self) -> ZoneInfo:
        """Its zone; UTC where this machine does not know it (any more)."""
        return schedule_times.zone_of(self.zone) or ZoneInfo(UTC)

    @property
    def last_rollout(self) -> str:
        """The rollout that was made last, "" for none."""
        return next((run.rollout for run in self.runs if run.outcome is RunOutcome.STARTED), "")


class Verdict(Struct, frozen=True):
    """What a due time leads to: `run` is noted, and with a rollout that one is made first."""

    run: Run
    rollout: Rollout | None = None


# --- what is wrong with one -------------------------------------------------------------------------------


def faults_of_time(cron: str, at: str, zone: str, now: float) -> Iterator[tuple[Fault, int | None]]:
    """What is wrong in when it is to run, with the character of an expression."""
    clock = schedule_times.zone_of(zone)
    if clock is None:
        yield ("zone", zone, "is no time zone", "an IANA name such as Europe/Berlin, or UTC"), None
    if bool(cron) == bool(at):
        both = "are both given" if cron else "is required, or `at`"
        yield ("cron", cron, both, "`cron` for a recurring one, or `at` for one that runs once"), None
        return
    if cron:
        yield from _faults_of_cron(cron, clock, now)
        return
    try:
        once = schedule_times.read_time(at, clock or ZoneInfo(UTC))
    except ValueError:
        allowed = "a time such as 2030-01-31T12:00:00, on the clock of `zone` unless it has an offset"
        yield ("at", at, "is no time", allowed), None
        return
    if once <= now:
        told = schedule_times.shown(now, ZoneInfo(UTC))
        yield ("at", at, "has passed", f"a time after {told} UTC"), None
    elif once > now + FARTHEST:
        yield ("at", at, "is too far away", "a time within ten years"), None


def _faults_of_cron(cron: str, clock: ZoneInfo | None, now: float) -> Iterator[tuple[Fault, int | None]]:
    wrong = schedule_cron.fault(cron)
    if wrong is not None:
        yield (
            ("cron", cron, f"character {wrong.position + 1}: {wrong.message}", wrong.allowed),
            wrong.position,
        )
        return
    try:
        croniter(schedule_cron.fields_of(cron))
    except CroniterError as error:
        yield ("cron", cron, f"is not understood: {error}", schedule_cron.ALLOWED), None
        return
    if clock is not None and not schedule_times.next_after(cron, clock, now):
        yield ("cron", cron, "never comes: no month has such a day", schedule_cron.ALLOWED), None


# --- when it runs -----------------------------------------------------------------------------------------


def planned(schedule: Schedule, now: float) -> Schedule:
    """The schedule with its next due time, as from now on."""
    return schedule.replace(next_at=following(schedule, now) if schedule.enabled else 0.0)


def following(schedule: Schedule, after: float) -> float:
    """Its first due time later than this, 0 for none."""
    if schedule.cron:
        return schedule_times.next_after(schedule.cron, schedule.clock, after)
    return schedule.once if schedule.once > after else 0.0


def coming(schedule: Schedule, now: float, count: int) -> list[float]:
    """Its next due times; what is due already is the first of them."""
    if not schedule.next_at:
        return []
    times = [schedule.next_at]
    while len(times) < count:
        after = following(schedule, max(times[-1], now))
        if not after:
            break
        times.append(after)
    return times


def is_due(schedule: Schedule, now: float) -> bool:
    return schedule.enabled and 0 < schedule.next_at <= now


# --- what a run is ----------------------------------------------------------------------------------------


def rollout_id(schedule: str, due: float) -> str:
    """The id of the rollout that is made for a due time: for the same time the same."""
    return f"{schedule}-{int(due):x}"


def schedule_of(rollout: str) -> str:
    """The schedule that a rollout was made for, "" for none."""
    schedule, dash, _ = rollout.partition("-")
    return schedule if dash else ""


def decided(
    schedule: Schedule, earlier: Rollout | None, own: Rollout | None, template: Rollout | str, now: float
) -> Verdict:
    """What is done about the due time of a schedule that is due.

    :param earlier: the rollout of its last run, None where there is none any more.
    :param own: the rollout of this due time, where somebody made it and came no further.
    :param template: what the rollout is made from, or why none can be made.
    """
    due = schedule.next_at
    lost = schedule_times.missed(schedule.cron, schedule.clock, due, now) if schedule.cron else 0
    if own is not None:
        return Verdict(Run(due, now, RunOutcome.STARTED, own.id, missed=lost), own)
    allowed = max(schedule.late, LEAST_LATE) if schedule.late is not None else None
    if allowed is not None and now - due > allowed:
        reason = f"it was noticed {now - due:.0f} s late, and {allowed:g} s are allowed"
        return Verdict(Run(due, now, RunOutcome.MISSED, reason=reason, missed=lost))
    busy = still_going(schedule, earlier)
    if busy and earlier is not None:
        return Verdict(Run(due, now, RunOutcome.SKIPPED, earlier.id, busy, missed=lost))
    if isinstance(template, str):
        return Verdict(Run(due, now, RunOutcome.FAILED, reason=template, missed=lost))
    made = made_from(schedule, template, due, now)
    return Verdict(Run(due, now, RunOutcome.STARTED, made.id, missed=lost), made)


def still_going(schedule: Schedule, earlier: Rollout | None) -> str:
    """Why no other rollout is made for now, "" where one may be."""
    if earlier is None or earlier.state in OVER:
        return ""
    return f"the rollout of an earlier run, {earlier.definition.name}, is {earlier.state}"


def made_from(
    schedule: Schedule, template: Rollout, due: float, now: float, *, identifier: str = ""
) -> Rollout:
    """The rollout of a run, which begins at once. Phones are not waited for until long into the next run.

    It is made by who said what the schedule does, and started by none of those who could approve of it.
    """
    definition = template.definition
    after = following(schedule, max(due, now))
    longest = max(1.0, _SHARE * (after - now)) if after else float("inf")
    name = f"{schedule.name} {schedule_times.shown(due, schedule.clock)}"
    definition = structs.replace(
        definition,
        name=name,
        start="now",
        patience=min(definition.patience, longest),
        confirm=min(definition.confirm, longest),
    )
    return template.replace(
        id=identifier or rollout_id(schedule.id, due),
        definition=definition,
        created_at=now,
        created_by=schedule.changed_by,
        state=State.RUNNING,
        state_at=now,
        state_by=f"schedule {schedule.name}",
        started_at=now,
    )


def after_run(schedule: Schedule, run: Run, now: float) -> Schedule:
    """The schedule once a due time was dealt with; where it was given another meanwhile, that stays."""
    kept = tuple(one for one in schedule.runs if one.due != run.due or one.by)
    next_at = schedule.next_at
    if next_at == run.due:
        next_at = following(schedule, max(run.due, now))
    return schedule.replace(runs=(run, *kept)[:REMEMBERED], next_at=next_at)
