"""Whose phones a rollout's are: found page by page before its first wave; and those that get another turn."""

from __future__ import annotations

from collections.abc import Sequence

from acs.fleet.presence import State as Presence
from acs.fleet.presence import interval_of
from acs.fleet.rollout import approval, forecast, waves, window, zones
from acs.fleet.rollout import rollout as rules
from acs.fleet.rollout.member import TOUCHED, Outcome
from acs.fleet.rollout.rollout import STILL, Rollout
from acs.fleet.selector.errors import SelectorError
from acs.fleet.selector.parsing import parse
from acs.store import approvals, groups, rollout_phones, rollout_speeds, rollouts, selection, tasks
from acs.store.rollouts import Decision, Known, Stored
from acs.store.tasks import FoundTask
from workers.rollout_desk import Desk
from workers.rollout_looks import take_back

#: Phones put on the list in one step.
PAGE = 1000

#: Phones looked at for the forecast.
SAMPLE = 400

#: Those that may have been changed, in the order in which they are taken back.
_CHANGED = tuple(outcome for outcome in Outcome if outcome in TOUCHED)


def gather(desk: Desk, stored: Stored) -> bool:
    """Put the next page of phones on the list. A page that was put there already changes nothing."""
    rollout = stored.rollout
    try:
        ids, cursor = _changed(desk, rollout) if rollout.rollback_of else _selected(desk, rollout)
    except SelectorError as error:
        return _halt(desk, stored, f"its selector cannot be used: {error.message}")
    if _canaries_gone(desk, rollout):
        return _halt(desk, stored, f"the group of its canaries, {rollout.definition.canary}, is gone")
    if ids:
        canaries = _canaries(desk, rollout, ids)
        desk.runner.run_all(rollouts.add_members(rollout.id, ids, canaries))
    if cursor is not None:
        desk.runner.run(rollouts.put(stored, rollout.replace(cursor=cursor)))
        return True
    total, canary = desk.runner.drive(rollouts.sizes(rollout.id))
    ends = waves.ends(rollout.definition.waves, total=total, canary=canary)
    after = _foreseen(desk, rollout.replace(gathered=True, cursor="", ends=ends), canary)
    lacking = _lacks_approval(desk, rollout, total)
    if lacking:
        after = rules.halted(after, lacking, now=desk.now())
    elif not total:
        after = rules.next_wave(after, now=desk.now()).replace(reason="no phone is meant")
    desk.runner.run(rollouts.put(stored, after))
    return True


def _halt(desk: Desk, stored: Stored, why: str) -> bool:
    desk.runner.run(rollouts.put(stored, rules.halted(stored.rollout, why, now=desk.now())))
    return True


def _canaries_gone(desk: Desk, rollout: Rollout) -> bool:
    name = rollout.definition.canary
    return bool(name) and desk.runner.run(groups.get(name)) is None


def _foreseen(desk: Desk, rollout: Rollout, canary: int) -> Rollout:
    """The rollout with what its forecast goes by: some of its phones stand for all, because behind the
    canaries the order of turns has nothing to do with what the phones are like."""
    start = canary if canary < rollout.total else 0
    sample = desk.runner.run(rollouts.in_order(rollout.id, start, start + SAMPLE))
    clocks = window.own_zones(rollout.definition.windows)
    if clocks:
        desk.runner.drive(desk.layers.refresh())
    phones = desk.runner.drive(
        rollout_phones.load(sample, desk.shapes, desk.layers, desk.models, clocks=clocks, now=desk.now())
    )
    known = [phone for phone in phones if phone is not None]
    fleet = forecast.fleet_of(
        ((zones.kept(phone.clock), zones.kept(phone.group_clock)) for phone in known),
        (phone.site for phone in known),
        offline=sum(phone.presence == Presence.OFFLINE for phone in known),
        intervals=(interval_of(phone.device) for phone in known),
    )
    _, usual = desk.runner.drive(rollout_speeds.usual(rollout.definition.kind))
    return rollout.replace(fleet=fleet, usual=usual)


def _lacks_approval(desk: Desk, rollout: Rollout, phones: int) -> str:
    """Why the rollout may not begin without a second person, "" where it may: now its phones are known."""
    if not approval.needed(phones, rollout.most_alone, takes_back=bool(rollout.rollback_of)):
        return ""
    given = desk.runner.run(approvals.of(rollout.id))
    return approval.missing(phones, rollout.state_by or rollout.created_by, rollout.created_by, given)


def _selected(desk: Desk, rollout: Rollout) -> tuple[Sequence[str], str | None]:
    query = parse(rollout.definition.select)
    chosen = desk.runner.drive(selection.prepare(query, desk.shapes, now=desk.now()))
    page = desk.runner.drive(chosen.page(after=rollout.cursor, limit=PAGE))
    return page.ids, page.next


def _changed(desk: Desk, rollout: Rollout) -> tuple[Sequence[str], str | None]:
    """The phones that the other rollout changed or may have: those of one outcome after the other. The cursor
    is outcome and place. Nobody may have looked yet at those that it asked in its last moments."""
    if not rollout.cursor:
        source: Stored | None = desk.runner.run(rollouts.get(rollout.rollback_of))
        if source is not None and source.rollout.state in STILL:
            take_back(desk, source.rollout)
    name, _, place = rollout.cursor.partition(" ")
    at = _CHANGED.index(Outcome(name)) if name else 0
    page = desk.runner.drive(
        rollouts.page(rollout.rollback_of, outcome=_CHANGED[at], cursor=place, limit=PAGE)
    )
    ids = [one.device for one in page.members]
    if page.next is not None:
        return ids, f"{_CHANGED[at]} {page.next}"
    return ids, f"{_CHANGED[at + 1]} " if at + 1 < len(_CHANGED) else None


def _canaries(desk: Desk, rollout: Rollout, ids: Sequence[str]) -> frozenset[str]:
    if not rollout.definition.canary:
        return frozenset()
    among: list[bool] = desk.runner.run(groups.are_members(rollout.definition.canary, ids))
    return frozenset(one for one, is_member in zip(ids, among, strict=True) if is_member)


def retry(desk: Desk, stored: Stored) -> bool:
    """Give the next of those that ended like this another turn; a phone whose task goes on keeps it."""
    rollout = stored.rollout
    outcome = rollout.retrying[0]
    page = desk.runner.drive(
        rollouts.page(rollout.id, outcome=outcome, cursor=rollout.cursor, limit=PAGE // 10)
    )
    chosen = _without_open_task(desk, page.members)
    now = desk.now()
    decisions = [
        Decision(
            known=one,
            member=one.member.replace(
                outcome=Outcome.DEFERRED, reason="to be tried again", since=0.0, ended_at=0.0
            ),
            later=now,
            row="0",
        )
        for one in chosen
    ]
    if decisions:
        desk.runner.run(rollouts.write(rollout.id, decisions))
    if page.next is None:
        after = rollout.replace(retrying=rollout.retrying[1:], cursor="")
    else:
        after = rollout.replace(cursor=page.next)
    desk.runner.run(rollouts.put(stored, after))
    return True


def _without_open_task(desk: Desk, members: Sequence[Known]) -> list[Known]:
    calls = [tasks.get(one.member.task) for one in members if one.member.task]
    found: list[FoundTask | None] = desk.runner.run_all(calls)
    still = {one.task.id for one in found if one is not None and one.task.open}
    return [one for one in members if one.member.task not in still]
