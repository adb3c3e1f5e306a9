"""Phones that a rollout has inform more often while they have their turn, and that get back what they had.

Each is told in its own next session (`acs.fleet.steering`). What is asked for here ends by itself after the
longest time that the phone can be under way, should nobody live to end it.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from acs.fleet.device import OperatorNotes
from acs.fleet.rollout.member import Member, Outcome
from acs.fleet.rollout.rollout import Rollout
from acs.store import notes
from acs.store.rollouts import Decision
from workers.rollout_desk import Desk

#: Seconds beyond those that can be reckoned.
SLACK = 60.0


def tighten(desk: Desk, rollout: Rollout, device: str, member: Member) -> None:
    """The phone is to inform more often from its next session on. Done again it changes nothing."""
    definition = rollout.definition
    interval = definition.inform_interval
    if not interval:
        return
    until = member.turn_ends + definition.confirm + definition.informs * interval + SLACK

    def asked(before: OperatorNotes) -> OperatorNotes:
        others = before.inform_by != rollout.id and desk.now() < before.inform_until
        if others and before.inform_interval <= interval:
            return before  # another rollout has it come as often already
        return structs.replace(before, inform_interval=interval, inform_until=until, inform_by=rollout.id)

    desk.runner.drive(notes.change(device, asked))


def give_back(desk: Desk, rollout: Rollout, written: Iterable[Decision]) -> None:
    """Those of these phones that are through, or lost their turn, are to inform as before."""
    if not rollout.definition.inform_interval:
        return
    for one in written:
        if _is_over(one.known.member, one.member):
            desk.runner.drive(notes.change(one.known.device, lambda before: _ended(before, rollout.id)))


def _is_over(was: Member, after: Member) -> bool:
    return after.settled or (was.active and not after.active and after.outcome is Outcome.DEFERRED)


def _ended(before: OperatorNotes, rollout: str) -> OperatorNotes:
    if before.inform_by != rollout:
        return before
    return structs.replace(before, inform_interval=0, inform_until=0.0, inform_by="")
