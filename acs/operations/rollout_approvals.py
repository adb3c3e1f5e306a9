"""A second person's approval of a rollout: given, looked at, and asked for before a start."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from acs.fleet.rollout import approval as rule
from acs.fleet.rollout.approval import Approval
from acs.fleet.rollout.rollout import OVER, Rollout, State
from acs.operations.actors import Actor
from acs.operations.errors import Conflict, Invalid, NotFound
from acs.operations.ports import Runner, moment
from acs.store import approvals as store
from acs.store import rollouts


class ApprovalRequest(Struct, frozen=True, forbid_unknown_fields=True):
    note: Annotated[str, Meta(max_length=200)] = ""


class ApprovalView(Struct, frozen=True):
    by: str
    at: datetime | None
    note: str


class ApprovalList(Struct, frozen=True):
    """Oldest first."""

    items: list[ApprovalView]


async def approve(
    runner: Runner, identifier: str, asked: ApprovalRequest, actor: Actor, *, now: float
) -> ApprovalList:
    """Raises NotFound, and Conflict for who cannot approve, or what has begun already."""
    rollout = await _find(runner, identifier)
    if not asked.note.isprintable():
        raise Invalid.field("note", "has control characters", value=asked.note, allowed="printable text")
    if rollout.state not in (State.DRAFT, State.SCHEDULED):
        done = "over" if rollout.state in OVER else "under way"
        raise Conflict(f"The rollout is {done}; approvals are given before the start.")
    given = await runner.run(store.of(identifier))
    fault = rule.fault_of_approver(actor.user, rollout.created_by, given)
    if fault:
        raise Conflict(fault)
    await runner.run_all(store.add(identifier, Approval(actor.user, now, asked.note)))
    return await list_all(runner, identifier)


async def list_all(runner: Runner, identifier: str) -> ApprovalList:
    """Raises NotFound."""
    await _find(runner, identifier)
    found = await runner.run(store.of(identifier))
    return ApprovalList([ApprovalView(one.by, moment(one.at), one.note) for one in found])


async def require(runner: Runner, rollout: Rollout, actor: Actor, *, phones: int, most_alone: int) -> None:
    """To be called before a rollout to so many phones is started or scheduled. Raises Conflict."""
    if not rule.needed(phones, most_alone, takes_back=bool(rollout.rollback_of)):
        return
    given = await runner.run(store.of(rollout.id))
    lacking = rule.missing(phones, actor.name, rollout.created_by, given)
    if lacking:
        raise Conflict(f"{lacking} POST /api/v1/rollouts/{rollout.id}/approve gives it.")


async def _find(runner: Runner, identifier: str) -> Rollout:
    stored = await runner.run(rollouts.get(identifier))
    if stored is None:
        raise NotFound("rollout", identifier)
    return stored.rollout
