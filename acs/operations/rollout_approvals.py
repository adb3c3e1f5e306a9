"""A second person's approval of a rollout: given, looked at, and asked for before a start.

How many phones a rollout goes to is counted when somebody starts it, or wants it to go on; and once more by
the job that finds its phones (`workers.rollout_members`), so that neither a start that was scheduled nor
phones that came since get by without.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from acs.fleet.rollout import approval as rule
from acs.fleet.rollout.approval import Approval
from acs.fleet.rollout.rollout import OVER, Rollout, State
from acs.operations import rollout_finding, selectors
from acs.operations.errors import Conflict, Invalid
from acs.operations.ports import Runner, moment
from acs.operations.rollout_desk import Desk
from acs.store import approvals as store


class ApprovalRequest(Struct, frozen=True, forbid_unknown_fields=True):
    note: Annotated[str, Meta(max_length=200)] = ""


class ApprovalView(Struct, frozen=True):
    """`phones`: it holds for so many and a tenth more, 0 for any number."""

    by: str
    at: datetime | None
    note: str
    phones: int


class ApprovalList(Struct, frozen=True):
    """Oldest first."""

    items: list[ApprovalView]


async def approve(desk: Desk, identifier: str, asked: ApprovalRequest) -> ApprovalList:
    """For as many phones as it goes to now.

    Raises NotFound, and Conflict for who cannot approve, or what goes on already.
    """
    runner, user = desk.runner, desk.actor.user
    rollout = await rollout_finding.find(runner, identifier)
    if not asked.note.isprintable():
        raise Invalid.field("note", "has control characters", value=asked.note, allowed="printable text")
    if rollout.state is State.RUNNING or rollout.state in OVER:
        done = "over" if rollout.state in OVER else "under way"
        raise Conflict(f"The rollout is {done}; approvals are given before the start.")
    phones = rollout.total if rollout.gathered else await _count(desk, rollout)
    given = await runner.run(store.of(identifier))
    fault = rule.fault_of_approver(user, rollout.created_by, given, phones)
    if fault:
        raise Conflict(fault)
    await runner.run_all(store.add(identifier, Approval(user, desk.now, asked.note, max(1, phones))))
    return await list_all(runner, identifier)


async def list_all(runner: Runner, identifier: str) -> ApprovalList:
    """Raises NotFound."""
    await rollout_finding.find(runner, identifier)
    found = await runner.run(store.of(identifier))
    return ApprovalList([ApprovalView(one.by, moment(one.at), one.note, one.phones) for one in found])


async def require(desk: Desk, rollout: Rollout) -> None:
    """Raises Conflict where the rollout may not start or go on at the caller's word alone."""
    if not desk.most_alone or rollout.state not in (State.DRAFT, State.SCHEDULED, State.PAUSED, State.HALTED):
        return  # nobody is needed, or the state is in the way and says so
    phones = rollout.total if rollout.gathered else await _count(desk, rollout)
    if not rule.needed(phones, desk.most_alone, takes_back=bool(rollout.rollback_of)):
        return
    given = await desk.runner.run(store.of(rollout.id))
    # one that is under way goes on with the approval that it began with, whoever says so
    starts = rollout.created_by if rollout.place else desk.by
    lacking = rule.missing(phones, starts, rollout.created_by, given)
    if lacking:
        raise Conflict(f"{lacking} POST /api/v1/rollouts/{rollout.id}/approve gives it.")


async def require_for_new(desk: Desk, rollout: Rollout) -> None:
    """Raises Conflict where a rollout that is being made may not start at once."""
    if not desk.most_alone:
        return
    phones = await _count(desk, rollout)
    if rule.needed(phones, desk.most_alone, takes_back=bool(rollout.rollback_of)):
        lacking = rule.missing(phones, desk.by, rollout.created_by, [])
        raise Conflict(f"{lacking} Make it without `start`; once it is approved of, it can be started.")


async def _count(desk: Desk, rollout: Rollout) -> int:
    if rollout.rollback_of:
        return 0  # taking back needs nobody
    query = selectors.read(rollout.definition.select, desk.catalogue, field="select")
    chosen = await selectors.prepared(desk.runner, desk.shapes, query, now=desk.now, field="select")
    counted: int = await desk.runner.drive(chosen.count())
    return counted
