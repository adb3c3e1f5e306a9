"""Looking at phones that have their turn or are watched: what their tasks and records show, and what follows.

A phone is looked at when one of its tasks was written, and at the latest when its turn ends. Looking twice
decides the same; what two decide at once is written once.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any, Literal

from acs.fleet import planner, presence
from acs.fleet.convergence.wishing import mark_of
from acs.fleet.identity import device_key
from acs.fleet.rollout import configuring, health, progress, turns
from acs.fleet.rollout.definition import Kind
from acs.fleet.rollout.member import Member, Outcome
from acs.fleet.rollout.rollout import STILL, Rollout
from acs.fleet.selector.values import same_version
from acs.fleet.task import Task, TaskState
from acs.store import configured, devices, metrics, rollout_values, rollouts, tasks, wakes
from acs.store.devices import KnownDevice
from acs.store.rollouts import Decision, Due, Known
from acs.store.tasks import FoundTask
from workers import rollout_intervals, rollout_lines
from workers.rollout_desk import Desk
from workers.rollout_turns import put_down

#: Seconds until a phone is looked at again about which something was told that is not to be seen yet.
SOON = 2.0

#: A phone is looked at no later than this, whether somebody told of it or not.
LATEST = 60.0

#: Seconds after which a phone that was told to call again and did not is called.
CALL_SLACK = 5.0

_DONE = frozenset({Outcome.CHECKING, Outcome.SUCCEEDED})

#: Phones with a longer interval are called, so that the Inform that their health waits for comes.
CALLED_FROM = 60.0


def look(desk: Desk, rollout: Rollout, due: Sequence[Due]) -> int:
    """Look at these phones; how many were written."""
    everyone = desk.known(rollout.id, [one.device for one in due])
    strays = [one.device for one in everyone if not one.raw]
    desk.runner.run_all([rollouts.forget_look(rollout.id, device) for device in strays])
    noted = {one.device: one for one in due}
    chosen = [one for one in everyone if one.raw]
    if not chosen:
        return 0
    now = desk.now()
    seen = _by_record if rollout.definition.kind is Kind.CONFIG else _by_task
    after = seen(desk, rollout, chosen, now)
    after, looks = _checked(desk, rollout, chosen, after, now)
    _call_again(desk, rollout, chosen, after, now)
    decisions = [
        _decision(rollout, one, member, noted[one.device], looks.get(one.device, 0.0), now)
        for one, member in zip(chosen, after, strict=True)
    ]
    for decision in decisions:
        if decision.never and rollout.definition.kind is Kind.CONFIG:
            _restore(desk, rollout, decision.known.device, decision.member, decision.member.reason)
    results = desk.runner.run(rollouts.write(rollout.id, decisions))
    written = [one for one, result in zip(decisions, results, strict=True) if result == "written"]
    rollout_intervals.give_back(desk, rollout, written)
    _tell(desk, rollout, written)
    return len(written)


def _call_again(
    desk: Desk, rollout: Rollout, chosen: Sequence[Known], after: Sequence[Member], now: float
) -> None:
    """Call those that were in a call and should have called by now: not all let themselves be told when."""
    late = [
        one.device
        for one, member in zip(chosen, after, strict=True)
        if 0 < _expected(rollout, member) <= now and rollout.state not in STILL
    ]
    if late:
        desk.runner.drive(wakes.enqueue(late, by=f"rollout {rollout.definition.name}", now=now))


def _expected(rollout: Rollout, member: Member) -> float:
    """When a phone that is in a call should have called again, 0 for one that is not."""
    if member.outcome is not Outcome.DEFERRED or not member.active:
        return 0.0
    told = member.evidence.get("in_a_call")
    return float(told["last"]) + rollout.definition.ask_again + CALL_SLACK if told else 0.0


def take_back(desk: Desk, rollout: Rollout) -> None:
    """Nothing of this rollout begins any more: have all phones that have their turn looked at."""
    now = desk.now()
    active: list[str] = desk.runner.run(
        rollouts.active(rollout.id, limit=rollout.definition.pace.at_once * 2)
    )
    for start in range(0, len(active), 100):
        look(desk, rollout, [Due(device, now) for device in active[start : start + 100]])


# --- by tasks -----------------------------------------------------------------------------------------------


def _by_task(desk: Desk, rollout: Rollout, chosen: Sequence[Known], now: float) -> list[Member]:
    with_task = [one for one in chosen if one.member.task]
    found: list[FoundTask | None] = desk.runner.run_all([tasks.get(one.member.task) for one in with_task])
    by_id = {one.member.task: stored for one, stored in zip(with_task, found, strict=True)}
    return [_one_by_task(desk, rollout, one, by_id.get(one.member.task), now) for one in chosen]


def _one_by_task(desk: Desk, rollout: Rollout, one: Known, found: FoundTask | None, now: float) -> Member:
    member = one.member
    if found is not None and member.outcome in _DONE:
        return progress.with_evidence(member, found.task)  # the phone's report came after the proof
    if not (member.active or member.outcome is Outcome.UNCONFIRMED):
        return member
    if found is None:
        return _without_task(desk, rollout, one, now) if member.active else member
    task = found.task
    over = rollout.state in STILL or (member.active and now >= member.turn_ends)
    if task.state is TaskState.PENDING and over:
        task = _taken_back(desk, task, now) or task
    after = progress.seen(member, task, now=now, confirm=rollout.definition.confirm)
    if after.reason == progress.UNHEARD:
        return after.replace(reason=_unasked(desk, one.device, after))
    if member.outcome is Outcome.UNCONFIRMED and after.outcome in (
        Outcome.UNCONFIRMED,
        Outcome.SENT,
        Outcome.REBOOTING,
        Outcome.TRANSFERRING,
    ):
        return member
    return after


def _unasked(desk: Desk, device_id: str, member: Member) -> str:
    """Why a phone was not asked in its turn: it did not call, or it did, and something was in the way."""
    key = device_key(device_id)
    found: KnownDevice | None
    open_tasks: tuple[Task, ...]
    found, open_tasks = desk.runner.run_all([devices.get(key), tasks.open_tasks(key)])
    if found is None or found.device.last_inform < member.turn_at:
        return progress.UNHEARD
    before, now = member.evidence.get("version_before", ""), found.device.software_version
    if member.file and before and not same_version(now, before):
        return f"it called with {now} by now, not with the {before} of when its turn came"
    for task in open_tasks:
        if planner.disruptive(task) and task.state is not TaskState.PENDING:
            return f"it called, but an earlier task of it ({task.type}) is under way"
    return "it called, but other tasks of it came first"


def _without_task(desk: Desk, rollout: Rollout, one: Known, now: float) -> Member:
    """Whoever gave the turn died before the task was put down."""
    member = one.member
    if rollout.state in STILL or now >= member.turn_ends:
        return member.replace(outcome=Outcome.DEFERRED, reason="its turn was lost", active=False)
    source = desk.sources(rollout, [one.device]).get(one.device)
    latest = member.turn_ends if rollout.definition.windows else 0.0
    made = put_down(desk, rollout, one.device, member, source, latest=latest)
    if made == "unknown":
        reason = "it is no longer known"
        return member.replace(outcome=Outcome.SKIPPED, reason=reason, active=False, ended_at=now)
    if made == "full":
        return member.replace(outcome=Outcome.DEFERRED, reason="it has too many tasks", active=False)
    desk.runner.drive(wakes.enqueue([one.device], by=f"rollout {rollout.definition.name}", now=now))
    return member


def _taken_back(desk: Desk, task: Task, now: float) -> Task | None:
    def change(present: Task) -> Task | None:
        return progress.withdrawn(present, now)

    after: Task | None = desk.runner.drive(tasks.update(task.id, change, stamp=tasks.fresh_stamp()))
    if after is not None and after.evidence.get(progress.WITHDRAWN):
        desk.runner.run(metrics.entered([after]))
    return after


# --- by records ---------------------------------------------------------------------------------------------


def _by_record(desk: Desk, rollout: Rollout, chosen: Sequence[Known], now: float) -> list[Member]:
    """Phones whose configuration is changed."""
    desk.runner.drive(desk.layers.refresh())
    keys = [device_key(one.device) for one in chosen]
    answers = desk.runner.run_all([*devices.get_many(keys), *map(configured.own_layer, keys)])
    found: list[Member] = []
    for place, one in enumerate(chosen):
        known: KnownDevice | None = answers[place]
        member = one.member
        going_on = member.active or member.outcome in (Outcome.SENT, Outcome.UNCONFIRMED)
        if known is None and going_on:
            reason = "it is no longer known"
            member = member.replace(outcome=Outcome.SKIPPED, reason=reason, active=False, ended_at=now)
        elif known is not None and going_on:
            member = _one_by_record(desk, rollout, one, known, answers[len(chosen) + place], now)
        found.append(member)
    return found


def _one_by_record(
    desk: Desk, rollout: Rollout, one: Known, known: KnownDevice, own: Any, now: float
) -> Member:
    member, device, notes = one.member, known.device, known.notes
    if notes.apply_at < member.turn_at and rollout.state not in STILL and now < member.turn_ends:
        # whoever gave the turn died before all was written
        source = desk.sources(rollout, [one.device]).get(one.device)
        put_down(desk, rollout, one.device, member, source, latest=0.0)
        desk.runner.drive(wakes.enqueue([one.device], by=f"rollout {rollout.definition.name}", now=now))
        return member
    over = rollout.state in STILL or now >= member.turn_ends
    if over and member.active and configuring.untouched(member, device):
        return _undone(desk, rollout, one)
    mark = mark_of(desk.layers.layers_for(device.id, device.product_class, notes.groups, own), notes)
    definition = rollout.definition
    after = configuring.seen(
        member, device, mark, confirm=definition.confirm, patience=definition.patience, now=now
    )
    still_unsure = member.outcome is Outcome.UNCONFIRMED and after.outcome in (
        Outcome.UNCONFIRMED,
        Outcome.SENT,
        Outcome.WAITING,
    )
    return member if still_unsure else after


def _undone(desk: Desk, rollout: Rollout, one: Known) -> Member:
    """The phone did not call in its turn: its layer says again what it said before."""
    _restore(desk, rollout, one.device, one.member, "the phone did not call")
    reason = progress.unheard(one.member)
    return one.member.replace(outcome=Outcome.DEFERRED, reason=reason, active=False, before=None)


def _restore(desk: Desk, rollout: Rollout, device: str, member: Member, why: str) -> None:
    if member.before:
        reason = f"rollout {rollout.definition.name}: taken back, {why}"
        over = None if rollout.rollback_of else rollout.values
        steps = rollout_values.write(
            device,
            member.before,
            over=over,
            by=rollout.created_by,
            reason=reason,
            reboot=False,
            at=desk.now(),
        )
        desk.runner.drive(steps)


# --- health -------------------------------------------------------------------------------------------------


def _checked(
    desk: Desk, rollout: Rollout, chosen: Sequence[Known], members: Sequence[Member], now: float
) -> tuple[list[Member], dict[str, float]]:
    """The same phones, those whose step is done after a look at their health; and when to look again."""
    watched = [
        one.device for one, member in zip(chosen, members, strict=True) if member.outcome is Outcome.CHECKING
    ]
    found: list[KnownDevice | None] = desk.runner.run_all(devices.get_many(map(device_key, watched)))
    known = dict(zip(watched, found, strict=True))
    there = {device: phone for device, phone in known.items() if phone is not None}
    begun = {
        one.device: (health.begun(member, there[one.device].device, now), there[one.device].device)
        for one, member in zip(chosen, members, strict=True)
        if one.device in there
    }
    heard = rollout_lines.heard(desk, rollout, begun, now)
    after: list[Member] = []
    looks: dict[str, float] = {}
    called: list[str] = []
    for one, member in zip(chosen, members, strict=True):
        if one.device not in known:
            after.append(member)
            continue
        if one.device not in there:
            reason = "it is no longer known"
            gone = member.replace(outcome=Outcome.UNCONFIRMED, reason=reason, active=False, ended_at=now)
            after.append(gone)
            continue
        device = there[one.device].device
        asked, told = heard[one.device]
        wanted = turns.version_wanted(member)
        checked = health.looked_at(
            asked, device, version=wanted, informs=rollout.definition.informs, now=now, told=told
        )
        after.append(checked)
        interval = presence.interval_of(device)
        looks[one.device] = min(max(now + SOON, there[one.device].last_inform + interval + 1), now + LATEST)
        if not told.awaited and health.down(asked, told):
            again = now + health.ASKED_AGAIN * max(1, asked.asked)
            looks[one.device] = min(looks[one.device], again)
        begins = not member.checked_from or asked.asked > max(1, member.asked)
        if checked.outcome is Outcome.CHECKING and interval >= CALLED_FROM and begins:
            called.append(one.device)
            looks[one.device] = now + 3 * SOON
    if called:
        desk.runner.drive(wakes.enqueue(called, by=f"rollout {rollout.definition.name}", now=now))
    return after, looks


# --- decisions ----------------------------------------------------------------------------------------------


def _decision(rollout: Rollout, one: Known, after: Member, due: Due, check_at: float, now: float) -> Decision:
    was = one.member
    later: float | None = 0.0 if after.settled else None
    never = False
    if was.active and not after.active and after.outcome is Outcome.DEFERRED:
        after, later, never = _later(rollout, after, now)
    row: Literal["", "0", "1"] = ""
    if after.outcome is not was.outcome:
        row = {Outcome.FAILED: "1", Outcome.SUCCEEDED: "0"}.get(after.outcome, "")  # type: ignore[assignment]
    checked_from = after.checked_from if was.outcome is Outcome.CHECKING else 0.0
    return Decision(
        known=one,
        member=after,
        look=ceil(_next_look(rollout, was, after, due, check_at, now)),
        noted=due.noted,
        later=later,
        row=row,
        turn_seconds=now - was.turn_at if was.active and not after.active else None,
        check_seconds=now - checked_from if checked_from and after.settled else None,
        never=never,
    )


def _later(rollout: Rollout, member: Member, now: float) -> tuple[Member, float, bool]:
    """A turn ended without the phone being asked: it gets another, or was waited for long enough."""
    if rollout.state in STILL:
        return member, now, False
    busy = "in_a_call" in member.evidence and "in a call" in member.reason
    pause = rollout.definition.ask_again if busy else 0.0
    turn = turns.put_off(rollout, member, member.reason, now, after=pause)
    return turn.member, turn.later, turn.never


def _next_look(rollout: Rollout, was: Member, after: Member, due: Due, check_at: float, now: float) -> float:
    """When the phone is looked at though nobody tells of it; 0 for not."""
    if after.outcome is Outcome.CHECKING:
        return check_at
    if not after.active and after.outcome is not Outcome.SENT:
        return 0.0
    if due.told and after == was:
        return now + SOON
    if rollout.definition.kind is Kind.CONFIG and after.outcome is not Outcome.DEFERRED:
        # nobody tells how its configuration stands: looked at the more seldom the longer it takes
        return now + min(max(SOON, now - after.turn_at), LATEST)
    if after.outcome in (Outcome.WAITING, Outcome.DEFERRED):
        expected = _expected(rollout, after)
        latest = min(now + LATEST, after.turn_ends)
        return max(now + 1, min(latest, expected) if expected > now else latest)
    return min(now + LATEST, max(now + 1, after.sent_at + rollout.definition.confirm + 1))


def _tell(desk: Desk, rollout: Rollout, written: Sequence[Decision]) -> None:
    for one in written:
        after = one.member
        if after.settled and after.outcome is not one.known.member.outcome:
            text = f"{after.outcome}: {after.reason}" if after.reason else str(after.outcome)
            desk.tell(rollout, one.known.device, text, outcome=str(after.outcome))
