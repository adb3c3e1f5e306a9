"""Rollouts as operators make and steer them; what they do to phones is done by jobs (`workers.rollouts`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from acs.fleet.rollout import definition as definitions
from acs.fleet.rollout import forecast, gate
from acs.fleet.rollout import rollout as rules
from acs.fleet.rollout.definition import Definition, Kind
from acs.fleet.rollout.member import Outcome
from acs.fleet.rollout.rollout import RETRIED, Rollout, State, WrongState
from acs.fleet.rollout.tally import Tally, together
from acs.operations import limits, rollout_approvals, rollout_finding, rollout_making, task_secrets
from acs.operations.errors import Conflict, Invalid, NotFound
from acs.operations.ports import Runner, moment
from acs.operations.rollout_desk import Desk
from acs.store import rollouts as store
from acs.store.rollouts import Counts, Known

#: Rollouts looked at in one go for those in some states.
_LOOKED_THROUGH = 200


class WaveView(Struct, frozen=True):
    """`outcomes` has how many of its phones are how far."""

    phones: int
    outcomes: dict[str, int]
    success: float | None


class ForecastView(Struct, frozen=True):
    """`rate` in phones a minute; `seen` is false while it is drawn from what is usual. `ends_at` counts on
    windows, soaks and phones that are waited for."""

    ends_at: datetime | None
    seconds: float
    rate: float
    seen: bool


class RolloutView(Struct, frozen=True):
    """`wave` counts from 1, 0 before the phones are known; `trouble` is what a job last failed with."""

    id: str
    name: str
    kind: Kind
    state: State
    reason: str
    definition: dict[str, Any]
    total: int
    outcomes: dict[str, int]
    wave: int
    waves: list[WaveView]
    forecast: ForecastView | None
    created_at: datetime | None
    created_by: str
    start_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    state_by: str
    rollback_of: str
    trouble: str


class RolloutList(Struct, frozen=True):
    """Newest first."""

    items: list[RolloutView]
    next: str | None
    total: int


class MemberView(Struct, frozen=True):
    """`wave` counts from 1, 0 for a phone whose turn has not come."""

    device: str
    outcome: Outcome
    reason: str
    wave: int
    attempt: int
    task: str
    evidence: dict[str, Any]
    turn_at: datetime | None
    sent_at: datetime | None
    ended_at: datetime | None


class MemberList(Struct, frozen=True):
    items: list[MemberView]
    next: str | None


class RetryRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Those that ended like this get another turn."""

    outcomes: Annotated[tuple[Outcome, ...], Meta(min_length=1)] = (Outcome.FAILED, Outcome.UNCONFIRMED)


async def create(desk: Desk, asked: Definition) -> RolloutView:
    """Raises Invalid with every field that cannot be, and Conflict where it is to begin at once and needs
    the approval of a second person."""
    return await _kept(desk, await rollout_making.draft(desk, asked))


async def _kept(desk: Desk, rollout: Rollout) -> RolloutView:
    runner, now = desk.runner, desk.now
    at = definitions.starts_at(rollout.definition)
    if at is not None and at > now:
        rollout = rules.scheduled(rollout, at=at, by=desk.by, now=now)
    elif at is not None:
        await rollout_approvals.require_for_new(desk, rollout)
        rollout = rules.started(rollout, by=desk.by, now=now)
    rollout = rollout.replace(most_alone=desk.most_alone)
    await runner.run(store.create(rollout))
    if rollout.state is not State.DRAFT:
        await runner.run(store.due_at(rollout.id, rollout.start_at or now))
    return await show(runner, rollout.id, now=now)


# --- looking ------------------------------------------------------------------------------------------------


async def show(runner: Runner, identifier: str, *, now: float) -> RolloutView:
    """Raises NotFound."""
    return await _view(runner, await rollout_finding.find(runner, identifier), now)


async def list_all(runner: Runner, *, cursor: str, limit: int, now: float) -> RolloutList:
    found = await rollout_finding.page(runner, cursor=cursor, limit=limit)
    items = [await _view(runner, one, now) for one in found.rollouts]
    return RolloutList(items, found.next, found.total)


async def in_states(
    runner: Runner, states: frozenset[State], *, cursor: str = "", limit: int, now: float
) -> tuple[list[RolloutView], str | None]:
    """The newest rollouts in these states, and the cursor to go on with, None at the end."""
    chosen: list[Rollout] = []
    following: str | None = cursor
    while following is not None and len(chosen) < limit:
        found = await rollout_finding.page(runner, cursor=following, limit=_LOOKED_THROUGH)
        fitting = [one for one in found.rollouts if one.state in states]
        chosen, following = [*chosen, *fitting], found.next
    if len(chosen) > limit or (len(chosen) == limit and following is not None):
        chosen, following = chosen[:limit], chosen[limit - 1].id
    return [await _view(runner, one, now) for one in chosen], following


async def members(
    runner: Runner, identifier: str, *, outcome: Outcome | None, cursor: str, limit: int
) -> MemberList:
    """Phones that the caller does not see (any more) are left out, so that a page may be short."""
    await rollout_finding.find(runner, identifier)
    page = await runner.drive(store.page(identifier, outcome=outcome, cursor=cursor, limit=limit))
    seen = await limits.visible(runner, (one.device for one in page.members))
    return MemberList([_member(one) for one in page.members if one.device in seen], page.next)


async def _view(runner: Runner, rollout: Rollout, now: float) -> RolloutView:
    counts: Counts = await runner.run(store.counts(rollout.id))
    tallies = counts.tallies(rollout.ends)
    definition = msgspec.to_builtins(rollout.definition)
    definition["task"] = task_secrets.shown(definition["task"])
    return RolloutView(
        id=rollout.id,
        name=rollout.definition.name,
        kind=rollout.definition.kind,
        state=rollout.state,
        reason=rollout.reason,
        definition=definition,
        total=rollout.total,
        outcomes=together(tallies).shown(),
        wave=rollout.wave + 1 if tallies else 0,
        waves=[WaveView(one.size, one.shown(), gate.rate(one)) for one in tallies],
        forecast=_forecast(rollout, tallies, counts, now),
        created_at=moment(rollout.created_at),
        created_by=rollout.created_by,
        start_at=moment(rollout.start_at),
        started_at=moment(rollout.started_at),
        ended_at=moment(rollout.ended_at),
        state_by=rollout.state_by,
        rollback_of=rollout.rollback_of,
        trouble=rollout.trouble,
    )


def _forecast(rollout: Rollout, tallies: list[Tally], counts: Counts, now: float) -> ForecastView | None:
    if rollout.state is not State.RUNNING or not tallies:
        return None
    foreseen = forecast.of(
        rollout.definition,
        tallies,
        wave=rollout.wave,
        through_at=rollout.through_at,
        speed=counts.speed,
        usual=rollout.usual,
        fleet=rollout.fleet,
        size=rollout.image_size,
        now=now,
    )
    return ForecastView(moment(foreseen.ends_at), foreseen.seconds, foreseen.rate, foreseen.seen)


def _member(one: Known) -> MemberView:
    member = one.member
    return MemberView(
        one.device,
        member.outcome,
        member.reason,
        member.wave + 1 if one.raw else 0,
        member.attempt,
        member.task,
        member.evidence,
        moment(member.turn_at),
        moment(member.sent_at),
        moment(member.ended_at),
    )


# --- steering -----------------------------------------------------------------------------------------------


async def start(desk: Desk, identifier: str) -> RolloutView:
    """Raises NotFound, and Conflict for one that began, or that lacks the approval that it needs."""
    rollout = await rollout_finding.find(desk.runner, identifier)
    await rollout_approvals.require(desk, rollout)
    await _not_taken_back(desk, rollout)
    return await _change(
        desk,
        identifier,
        lambda one: rules.started(one, by=desk.by, now=desk.now).replace(most_alone=desk.most_alone),
    )


async def pause(desk: Desk, identifier: str) -> RolloutView:
    return await _change(desk, identifier, lambda one: rules.paused(one, by=desk.by, now=desk.now))


async def resume(desk: Desk, identifier: str) -> RolloutView:
    """What went wrong so far is forgiven. Raises NotFound and Conflict as `start` does."""
    rollout = await rollout_finding.find(desk.runner, identifier)
    await rollout_approvals.require(desk, rollout)
    await _not_taken_back(desk, rollout)
    counts: Counts = await desk.runner.run(store.counts(identifier))
    whole = together(counts.tallies(rollout.ends))
    return await _change(desk, identifier, lambda one: rules.resumed(one, whole, by=desk.by, now=desk.now))


async def abort(desk: Desk, identifier: str) -> RolloutView:
    return await _change(desk, identifier, lambda one: rules.aborted(one, by=desk.by, now=desk.now))


async def retry(desk: Desk, identifier: str, asked: RetryRequest) -> RolloutView:
    wrong = [str(one) for one in asked.outcomes if one not in RETRIED]
    if wrong:
        raise Invalid.field(
            "outcomes", "cannot be retried", value=wrong, allowed=[str(one) for one in RETRIED]
        )
    await _not_taken_back(desk, await rollout_finding.find(desk.runner, identifier))
    return await _change(
        desk, identifier, lambda one: rules.retried(one, asked.outcomes, by=desk.by, now=desk.now)
    )


async def rollback(desk: Desk, identifier: str) -> RolloutView:
    """A rollout of its own that brings back what the changed phones had, at the same pace, and begins now.

    Raises Conflict for one that is running, and for kinds that change nothing that could be brought back.
    """
    source = await rollout_finding.find(desk.runner, identifier)
    was = source.definition
    if source.state is State.RUNNING:
        raise Conflict("A rollout that is running cannot be taken back; pause or abort it first.")
    if was.kind not in (Kind.FIRMWARE, Kind.CONFIG) or (was.kind is Kind.CONFIG and not source.values):
        raise Conflict(f"A rollout of kind {was.kind} changes nothing that could be brought back.")
    await _not_taken_back(desk, source)
    definition = msgspec.structs.replace(
        was,
        name=f"{was.name} taken back"[: definitions.LONGEST_NAME],
        waves=("rest",),
        canary="",
        soak=0,
        allowed_from=(),
        start="now",
    )
    images = await rollout_making.images(desk) if was.kind is Kind.FIRMWARE else {}
    made = rollout_making.new(desk, definition)
    made = made.replace(rollback_of=source.id, images=images, limit=source.limit)
    return await _kept(desk, made)


async def _not_taken_back(desk: Desk, rollout: Rollout) -> None:
    """Raises Conflict for a rollout that another one takes back: the two would undo each other's work."""
    under_way = await rollout_finding.taken_back_by(desk.runner, rollout)
    if under_way is not None:
        raise Conflict(f"It is being taken back, by the rollout {under_way.id}, {under_way.state}.")


async def _change(desk: Desk, identifier: str, changed: Callable[[Rollout], Rollout]) -> RolloutView:
    runner, now = desk.runner, desk.now
    await rollout_finding.find(runner, identifier)
    try:
        after = await runner.drive(store.change(identifier, changed))
    except WrongState as wrong:
        raise Conflict(str(wrong)) from None
    if after is None:
        raise NotFound("rollout", identifier)  # it was forgotten in this very moment
    await runner.run(store.due_at(identifier, now))
    return await _view(runner, after, now)
