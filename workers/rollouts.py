"""Rollouts advance by short jobs: each decides on a batch of phones and may die or be repeated at any point.

advance   some steps of one rollout; the clock (`workers.rollout_clock`) enqueues it when one is due
rescue    has every rollout looked at that goes on and that no step is due for
forget    drops what was over long ago
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

from acs.fleet.fleet_event import FleetEvent, event
from acs.fleet.rollout import gate, stop_rule
from acs.fleet.rollout import rollout as rules
from acs.fleet.rollout.member import Outcome
from acs.fleet.rollout.rollout import OVER, STILL, Rollout, State
from acs.fleet.rollout.tally import together
from acs.store import events, rollouts
from acs.store.errors import StoreError
from acs.store.rollouts import Counts, Stored
from workers import rollout_members, taking
from workers.rollout_desk import Desk
from workers.rollout_looks import look, take_back
from workers.rollout_turns import give, shut_until
from workers.surroundings import current

#: Phones looked at in one step, steps in one job, and seconds after which a job begins no other step.
BATCH = 100
STEPS = 50
SECONDS = 5.0

#: A rollout that goes on is looked at no later than this, in seconds.
LATEST = 30.0

#: Phones that are named in the event of a halt.
NAMED = 10

#: Seconds for which a rollout is kept once it is over.
LIFE = 180 * 86_400

_log = logging.getLogger(__name__)


def advance(identifier: str, taken_until: float = 0.0) -> dict[str, int | str]:
    """Some steps of a rollout. `taken_until` is what the clock took it until, 0 where nobody did."""
    desk = Desk(current().runner, files=current().data_dir / "files")
    try:
        steps = steps_of(desk, identifier)
    except Exception as error:
        _surface(desk, identifier, error)
        raise
    stored: Stored | None = desk.runner.run(rollouts.get(identifier))
    next_at = _next(desk, stored.rollout, more=steps >= STEPS) if stored is not None else 0.0
    if stored is None:
        desk.runner.drive(rollouts.delete(identifier))
    elif taken_until:
        desk.runner.run(rollouts.put_back(identifier, taken_until=taken_until, next_at=next_at))
    elif next_at:
        desk.runner.run(rollouts.due_at(identifier, next_at))
    return {"steps": steps, "state": str(stored.rollout.state) if stored is not None else "gone"}


def steps_of(desk: Desk, identifier: str) -> int:
    """Step on until there is nothing to do for now, or this job has done enough."""
    give_up = time.monotonic() + SECONDS
    for number in range(STEPS):
        stored: Stored | None = desk.runner.run(rollouts.get(identifier))
        if stored is None or not step(desk, stored):
            return number
        if time.monotonic() > give_up:
            return STEPS
    return STEPS


def step(desk: Desk, stored: Stored) -> bool:
    """One step; True where there is more to do at once."""
    rollout, now = stored.rollout, desk.now()
    if rollout.state is State.DRAFT:
        return False
    if rollout.state is State.SCHEDULED:
        return rollout.start_at <= now and _put(desk, stored, rules.started(rollout, by="", now=now))
    if rollout.told != rules.told_as(rollout):
        return _announce(desk, stored)
    if rollout.state is State.RUNNING and not rollout.gathered:
        return rollout_members.gather(desk, stored)
    if rollout.state is State.RUNNING and rollout.retrying:
        return rollout_members.retry(desk, stored)
    due = desk.runner.run(rollouts.to_look_at(rollout.id, now=now, limit=BATCH))
    if due:
        look(desk, rollout, due)
    if rollout.state is not State.RUNNING:
        return len(due) == BATCH
    counts: Counts = desk.runner.run(rollouts.counts(rollout.id))
    return _onward(desk, stored, counts, now) or len(due) == BATCH


def _onward(desk: Desk, stored: Stored, counts: Counts, now: float) -> bool:
    """Halt, let the wave through, go to the next one, or give more turns."""
    rollout = stored.rollout
    tallies = counts.tallies(rollout.ends)
    why = stop_rule.tripped(
        rollout.definition.stop, together(tallies), in_a_row=counts.in_a_row, pardon=rollout.pardon
    )
    if why:
        return _put(desk, stored, rules.halted(rollout, f"{why}", now=now))
    if not together(tallies[: rollout.wave + 1]).complete:
        why = desk.damage(rollout)
        if why:
            return _put(desk, stored, rules.halted(rollout, why, now=now))
        return give(desk, stored)
    if not rollout.through_at:
        desk.runner.run(events.push((_wave_event(rollout, tallies[rollout.wave].shown(), now),)))
        return _put(desk, stored, rules.through(rollout, now=now))
    if rollout.wave >= rollout.waved:
        why = gate.closed(rollout.definition.gate, tallies[rollout.wave], rollout.wave)
        if why:
            return _put(desk, stored, rules.halted(rollout, why, now=now))
    last = rollout.wave + 1 == len(rollout.ends)
    if now < rollout.through_at + (0 if last else rollout.definition.soak):
        return False
    return _put(desk, stored, rules.next_wave(rollout, now=now))


def _put(desk: Desk, stored: Stored, after: Rollout) -> bool:
    """Written or overtaken, there is more to do: it is another rollout now."""
    desk.runner.run(rollouts.put(stored, after))
    return True


# --- what is told -------------------------------------------------------------------------------------------


def _announce(desk: Desk, stored: Stored) -> bool:
    """Take back what has not begun where nothing is to begin any more, and tell of the new state, once."""
    rollout = stored.rollout
    if rollout.state in STILL:
        take_back(desk, rollout)
    desk.runner.run(events.push((_state_event(desk, rollout),)))
    return _put(desk, stored, rollout.replace(told=rules.told_as(rollout)))


def _state_event(desk: Desk, rollout: Rollout) -> FleetEvent:
    name, state = rollout.definition.name, rollout.state
    text = f"The rollout {name} {_VERBS[state]}" + (f": {rollout.reason}" if rollout.reason else "")
    data: dict[str, object] = {
        "rollout": rollout.id,
        "name": name,
        "state": str(state),
        "reason": rollout.reason,
        "by": rollout.state_by,
        "wave": rollout.wave + 1,
    }
    if state is State.HALTED:
        data["phones"] = list(_in_trouble(desk, rollout))
    occasion = f"{rollout.id} {rules.told_as(rollout)}"
    return event(f"rollout_{state}", rollout.state_at, text, data, occasion=occasion)


def _in_trouble(desk: Desk, rollout: Rollout) -> Iterator[dict[str, str]]:
    for outcome in (Outcome.FAILED, Outcome.UNCONFIRMED):
        page = desk.runner.drive(rollouts.page(rollout.id, outcome=outcome, limit=NAMED))
        for one in page.members:
            yield {"device": one.device, "outcome": str(outcome), "reason": one.member.reason}


def _wave_event(rollout: Rollout, shown: dict[str, int], now: float) -> FleetEvent:
    counted = ", ".join(f"{number} {outcome}" for outcome, number in shown.items())
    text = f"Wave {rollout.wave + 1} of the rollout {rollout.definition.name} is through: {counted}"
    data = {"rollout": rollout.id, "wave": rollout.wave + 1, "outcomes": shown}
    return event(
        "rollout_wave", now, text, data, occasion=f"{rollout.id} {rollout.wave} {rollout.state_at:.3f}"
    )


_VERBS = {
    State.RUNNING: "runs",
    State.PAUSED: "is paused",
    State.HALTED: "halted",
    State.COMPLETED: "is complete",
    State.ABORTED: "was aborted",
}


def _surface(desk: Desk, identifier: str, error: Exception) -> None:
    """Keep with the rollout what went wrong; RQ tries the job again, then keeps it among the failed ones."""
    text, now = f"{type(error).__name__}: {error}", desk.now()
    try:
        desk.runner.drive(
            rollouts.change(identifier, lambda one: one.replace(trouble=text[:500], trouble_at=now))
        )
    except StoreError as away:
        _log.warning("the trouble of rollout %s is not kept: %s", identifier, away)


# --- when the next step is due ------------------------------------------------------------------------------


def _next(desk: Desk, rollout: Rollout, *, more: bool) -> float:
    """When the rollout's next step is due, 0 for never unless something happens to one of its phones."""
    now = desk.now()
    if more:
        return now
    if rollout.state is State.SCHEDULED:
        return rollout.start_at
    look_at, later = desk.runner.drive(rollouts.next_times(rollout.id))
    times = [look_at] if look_at else []
    if rollout.state is State.RUNNING:
        times.append(now + LATEST)
        shut = shut_until(rollout, now)
        if shut:
            times = [*([look_at] if look_at else []), shut]
        elif later:
            times.append(max(later, now + 1))
        if rollout.allowed_at > now:
            times.append(rollout.allowed_at)
        if rollout.through_at:
            times.append(max(now + 0.1, rollout.through_at + rollout.definition.soak))
    elif rollout.state is State.DRAFT:
        return 0.0
    return max(min(times), now) if times else 0.0


def rescue() -> dict[str, int]:
    """Have those rollouts stepped on that go on and that no step is due for: somebody died over them."""
    runner, now, found = current().runner, time.time(), 0
    for listed in taking.pages(runner, rollouts.ids):
        due = runner.run(rollouts.are_due(listed))
        lost = [one for one, is_due in zip(listed, due, strict=True) if not is_due]
        for stored in runner.run_all([rollouts.get(one) for one in lost]):
            if stored is not None and stored.rollout.state in (State.RUNNING, State.SCHEDULED):
                runner.run(rollouts.due_at(stored.rollout.id, now))
                found += 1
    return {"rescued": found}


def forget() -> dict[str, int]:
    """Drop rollouts that were over long ago."""
    runner, now, dropped = current().runner, time.time(), 0
    for listed in list(taking.pages(runner, rollouts.ids)):  # a page goes on behind one that is still there
        for one, stored in zip(listed, runner.run_all([rollouts.get(one) for one in listed]), strict=True):
            gone = stored is None or (
                stored.rollout.state in OVER and 0 < stored.rollout.ended_at < now - LIFE
            )
            if gone:
                runner.drive(rollouts.delete(one))
                dropped += 1
    return {"dropped": dropped}
