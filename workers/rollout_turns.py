"""Giving phones their turn: first that they have it, then their task, then a call.

Whoever dies in between leaves a phone with a turn and no task; its next look puts the task down. A task's id
says whose turn it is for, so it is put down once.
"""

from __future__ import annotations

from math import ceil

from acs.fleet.layers import BLANK
from acs.fleet.rollout import pace, turns, window
from acs.fleet.rollout.definition import Kind
from acs.fleet.rollout.member import Member, Outcome
from acs.fleet.rollout.rollout import Rollout, State
from acs.fleet.rollout.turns import Turn
from acs.store import metrics, rollout_phones, rollout_values, rollouts, tasks, wakes
from acs.store.rollouts import Decision, Known, Stored
from workers import rollout_intervals
from workers.rollout_desk import Desk, values_of

#: Seconds after which a phone that has just got its turn is looked at, should its task not have come to be.
CHECK_AFTER = 5.0

#: Seconds until a phone is tried again for which there was no place, at its site or at all.
NO_PLACE_AGAIN = 2.0

#: So many places are looked through for phones that were not looked at yet.
PLACES = 500


def give(desk: Desk, stored: Stored) -> bool:
    """Give as many turns as may be given; True where there may be more to do at once."""
    rollout, now = stored.rollout, desk.now()
    if shut_until(rollout, now):
        return False
    active: int = desk.runner.run(rollouts.count_active(rollout.id))
    free = pace.free(
        rollout.definition.pace,
        active=active,
        size=rollout.image_size,
        allowed_at=rollout.allowed_at,
        now=now,
    )
    if not free:
        return False
    again = desk.runner.run(rollouts.to_try_again(rollout.id, now=now, limit=free))
    chosen = desk.known(rollout.id, [due.device for due in again])
    place, new = _unseen(desk, rollout, free - len(chosen))
    begun, decided = _consider(desk, rollout, [*chosen, *new])
    allowed_at = pace.after(rollout.definition.pace, begun=begun, size=rollout.image_size, now=now)
    moved = rollout.replace(place=place, allowed_at=allowed_at or rollout.allowed_at)
    if moved != rollout:
        desk.runner.run(rollouts.put(stored, moved))
    return decided > 0 and begun < free


def shut_until(rollout: Rollout, now: float) -> float:
    """When the window opens that all phones share; 0 while it is open, or where each has its own."""
    definition = rollout.definition
    if not definition.windows or window.own_zones(definition.windows):
        return 0.0
    opening = window.opening(definition.windows, None, None, now=now, step=definition.seconds)
    return opening.start if opening is not None and opening.start > now else 0.0


def _unseen(desk: Desk, rollout: Rollout, wanted: int) -> tuple[int, list[Known]]:
    """The next phones of the waves so far that nobody looked at yet, and the place behind them."""
    place = rollout.place
    found: list[Known] = []
    while len(found) < wanted and place < rollout.end:
        end = min(place + min(PLACES, wanted - len(found)), rollout.end)
        listed: list[str] = desk.runner.run(rollouts.in_order(rollout.id, place, end))
        if not listed:
            return rollout.end, found
        found += [one for one in desk.known(rollout.id, listed) if not one.raw]
        place = end
    return place, found


def _consider(desk: Desk, rollout: Rollout, chosen: list[Known]) -> tuple[int, int]:
    """Decide on these phones; how many got their turn, and how many were decided on."""
    if not chosen:
        return 0, 0
    now, ids = desk.now(), [one.device for one in chosen]
    clocks = window.own_zones(rollout.definition.windows)
    if clocks or rollout.definition.kind is Kind.CONFIG:
        desk.runner.drive(desk.layers.refresh())
    phones = desk.runner.drive(
        rollout_phones.load(ids, desk.shapes, desk.layers, desk.models, clocks=clocks, now=now)
    )
    sources = desk.sources(rollout, ids)
    verdicts: dict[str, tuple[Known, Turn]] = {}
    for one, phone in zip(chosen, phones, strict=True):
        member = _placed(rollout, one, desk)
        turn = turns.considered(
            rollout, member, phone, sources.get(one.device), number_of=desk.number_of, now=now
        )
        if turn.begins and rollout.definition.kind is Kind.CONFIG:
            turn = _with_before(desk, rollout, one.device, turn, sources.get(one.device))
        verdicts[one.device] = (one, turn)
    granted = _write(desk, rollout, verdicts, now)
    _begin(desk, rollout, granted)
    return len(granted), len(chosen)


def _placed(rollout: Rollout, one: Known, desk: Desk) -> Member:
    """The phone with the wave that it belongs to: one never looked at is of the present wave, whose phones
    alone are taken from the list."""
    return one.member if one.raw else one.member.replace(wave=rollout.wave)


def _with_before(desk: Desk, rollout: Rollout, device_id: str, turn: Turn, source: Member | None) -> Turn:
    """What the phone's layer says, and what the phone has of which no layer speaks, is noted before it is
    changed; of a second turn the first note counts."""
    member = turn.member
    if member.before is None:
        values = values_of(rollout, source)
        before = desk.runner.drive(rollout_values.before(device_id, sorted(values)))
        member = member.replace(before=before, had=_had(desk, rollout, device_id))
    return Turn(member, turn.later, turn.begins, turn.latest)


def _had(desk: Desk, rollout: Rollout, device_id: str) -> dict[str, str]:
    """What a rollback is to bring back of a phone although no layer says it; of secrets nothing is known."""
    shown = rollout.definition.values or {}
    written = {
        key: text for key, text in rollout.values.items() if text is not None and shown.get(key) != BLANK
    }
    if not written or rollout.rollback_of:
        return {}
    found = desk.runner.drive(rollout_values.had(device_id, sorted(written), desk.shapes, desk.layers))
    return {key: text for key, text in found.items() if text != written[key]}


def _write(
    desk: Desk, rollout: Rollout, verdicts: dict[str, tuple[Known, Turn]], now: float
) -> dict[str, Turn]:
    """Write what was decided; the turns that began."""
    limits = rollout.definition.pace
    decisions = [
        Decision(
            known=one,
            member=turn.member,
            look=ceil(now + CHECK_AFTER) if turn.begins else 0,
            later=turn.later,
            never=turn.never,
        )
        for one, turn in verdicts.values()
    ]
    call = rollouts.write(rollout.id, decisions, at_once=limits.at_once, per_site=limits.per_site)
    results = desk.runner.run(call)
    granted: dict[str, Turn] = {}
    turned_away: list[Decision] = []
    for (device, (one, turn)), result in zip(verdicts.items(), results, strict=True):
        if result == "written" and turn.begins:
            granted[device] = turn
        elif result in ("no_place", "site_full"):
            reason = "its site is busy" if result == "site_full" else "waits for a place"
            was = _placed(rollout, one, desk)
            member = was.replace(outcome=Outcome.DEFERRED, reason=reason, since=turn.member.since)
            turned_away.append(Decision(known=one, member=member, later=now + NO_PLACE_AGAIN))
    if turned_away:
        desk.runner.run(rollouts.write(rollout.id, turned_away))
    return granted


def _begin(desk: Desk, rollout: Rollout, granted: dict[str, Turn]) -> None:
    """Put the tasks down, unless somebody has stopped the rollout, and call the phones."""
    if not granted:
        return
    stored: Stored | None = desk.runner.run(rollouts.get(rollout.id))
    if stored is None or stored.rollout.state is not State.RUNNING:
        return  # the look that is noted for them takes the turn back
    sources = desk.sources(rollout, list(granted))
    for device, turn in granted.items():
        put_down(desk, rollout, device, turn.member, sources.get(device), latest=turn.latest)
    desk.runner.drive(wakes.enqueue(list(granted), by=f"rollout {rollout.definition.name}", now=desk.now()))


def put_down(
    desk: Desk, rollout: Rollout, device: str, member: Member, source: Member | None, *, latest: float
) -> str:
    """What the phone is to do, put where it will be found; "unknown" or "full" where that cannot be.

    Done again it changes nothing.
    """
    rollout_intervals.tighten(desk, rollout, device, member)
    if rollout.definition.kind is Kind.CONFIG:
        return _want(desk, rollout, device, member, source)
    task = turns.task_for(rollout, device, member, latest=latest)
    made: str = desk.runner.run(tasks.create_once(task, stamp=tasks.fresh_stamp()))
    if made == "created":
        desk.runner.run(metrics.entered([task]))
        desk.tell(rollout, device, "its turn has come", task=task.id, wave=member.wave + 1)
    return made


def _want(desk: Desk, rollout: Rollout, device: str, member: Member, source: Member | None) -> str:
    values = values_of(rollout, source)
    by, reason = rollout.created_by, f"rollout {rollout.definition.name}"
    reboot, at = rollout.definition.reboot, member.turn_at
    if values:
        over = desk.written_before(rollout)
        steps = rollout_values.write(device, values, over=over, by=by, reason=reason, reboot=reboot, at=at)
        if not desk.runner.drive(steps):
            return "unknown"
    applied = desk.runner.drive(rollout_values.apply(device, at=at, reboot=reboot))
    return "created" if applied is not None else "unknown"
