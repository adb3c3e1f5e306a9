"""Rollouts as operators make and steer them; what they do to phones is done by jobs (`workers.rollouts`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from acs.datamodel.keys import Catalogue
from acs.fleet import layers
from acs.fleet.requests import DOWNLOAD_TYPES
from acs.fleet.rollout import definition as definitions
from acs.fleet.rollout import firmware_check, forecast, gate
from acs.fleet.rollout import rollout as rules
from acs.fleet.rollout.definition import Definition, Kind
from acs.fleet.rollout.firmware_check import Image
from acs.fleet.rollout.member import Outcome
from acs.fleet.rollout.rollout import RETRIED, Rollout, State, WrongState
from acs.fleet.rollout.tally import Tally, together
from acs.fleet.task import DownloadWork, Work
from acs.operations import configuration_values, limits, selectors, task_requests
from acs.operations.errors import Conflict, FieldError, Invalid, NotFound
from acs.operations.ports import Runner, moment
from acs.store import files, groups
from acs.store import rollouts as store
from acs.store.files import StoredFile
from acs.store.rollouts import Counts, Known

#: Stored files looked through for the images of a rollback.
_FILES_PAGE = 500


class WaveView(Struct, frozen=True):
    """`outcomes` has how many of its phones are how far."""

    phones: int
    outcomes: dict[str, int]
    success: float | None


class ForecastView(Struct, frozen=True):
    """`rate` in phones a minute; `seen` is false while it is drawn from what is usual."""

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


async def create(
    runner: Runner,
    catalogue: Catalogue,
    asked: Definition,
    *,
    by: str,
    now: float,
    randomness: Callable[[int], bytes],
) -> RolloutView:
    """Raises Invalid with every field that cannot be."""
    rollout = await _made(runner, catalogue, asked, randomness(8).hex(), by=by, now=now)
    return await _kept(runner, rollout, now)


async def _kept(runner: Runner, rollout: Rollout, now: float) -> RolloutView:
    at = definitions.starts_at(rollout.definition)
    if at is not None:
        rollout = (
            rules.scheduled(rollout, at=at, by=rollout.created_by, now=now)
            if at > now
            else rules.started(rollout, by=rollout.created_by, now=now)
        )
    await runner.run(store.create(rollout))
    if rollout.state is not State.DRAFT:
        await runner.run(store.due_at(rollout.id, rollout.start_at or now))
    return await show(runner, rollout.id, now=now)


async def _made(
    runner: Runner, catalogue: Catalogue, asked: Definition, identifier: str, *, by: str, now: float
) -> Rollout:
    faults = [
        FieldError(field, message, value, allowed)
        for field, value, message, allowed in definitions.faults(asked)
    ]
    if faults:
        raise Invalid(faults)
    selectors.read(asked.select, catalogue, field="select")
    if asked.canary and await runner.run(groups.get(asked.canary)) is None:
        raise Invalid.field("canary", "is no group", value=asked.canary, allowed="the name of a group")
    narrowed = limits.narrowed_text(runner, asked.select)
    definition = msgspec.structs.replace(asked, select=narrowed)
    rollout = Rollout(id=identifier, definition=definition, created_at=now, created_by=by, state_at=now)
    if asked.kind is Kind.FIRMWARE:
        return rollout.replace(image=await _image(runner, asked))
    if asked.kind is Kind.TASK:
        return rollout.replace(work=await _work(runner, asked))
    if asked.values is not None:
        values, _ = configuration_values.checked(catalogue, asked.values)
        return rollout.replace(values=values, definition=_blanked(definition, values, catalogue))
    return rollout


def _blanked(definition: Definition, values: dict[str, str | None], catalogue: Catalogue) -> Definition:
    """The definition as it may be shown; what is written stands apart."""
    shown = layers.blanked({key: text for key, text in values.items() if text is not None}, catalogue.secret)
    return msgspec.structs.replace(definition, values={**dict.fromkeys(values), **shown})


async def _image(runner: Runner, asked: Definition) -> Image:
    file = await runner.run(files.get(asked.file))
    if file is None or not file.file_type.startswith("1 "):
        raise Invalid.field(
            "file",
            "is no stored firmware",
            value=asked.file,
            allowed="the name of a firmware in /api/v1/files",
        )
    image = _image_of(file)
    wrong = firmware_check.of_image(image, override=asked.override)
    if wrong:
        allowed = "a file with model and version, or `override` with the reason"
        raise Invalid.field("file", wrong, value=asked.file, allowed=allowed)
    if asked.sha256 and asked.sha256.lower() != file.sha256:
        raise Invalid.field("sha256", "is not the file's", value=asked.sha256, allowed=file.sha256)
    return image


def _image_of(file: StoredFile) -> Image:
    return Image(file.name, file.size, file.sha256, file.version, file.model)


async def _work(runner: Runner, asked: Definition) -> Work:
    work, _ = task_requests.read(asked.task)
    if isinstance(work, DownloadWork) and (work.file_type == DOWNLOAD_TYPES[0] or work.file.endswith(".rom")):
        raise Invalid.field("task", "brings firmware", value=asked.task, allowed="kind firmware for that")
    if isinstance(work, DownloadWork) and work.file:
        file = await runner.run(files.get(work.file))
        if file is None:
            raise Invalid.field("task.file", "is not stored here", value=work.file, allowed="a stored file")
        work = msgspec.structs.replace(
            work, size=file.size, sha256=file.sha256, file_type=work.file_type or file.file_type
        )
    return work


# --- looking ------------------------------------------------------------------------------------------------


async def show(runner: Runner, identifier: str, *, now: float) -> RolloutView:
    """Raises NotFound."""
    return await _view(runner, await _find(runner, identifier), now)


async def list_all(runner: Runner, *, cursor: str, limit: int, now: float) -> RolloutList:
    listed = await runner.drive(store.ids(after=cursor, limit=limit))
    found = await runner.run_all([store.get(one) for one in listed])
    items = [await _view(runner, one.rollout, now) for one in found if one is not None]
    following = listed[-1] if len(listed) == limit else None
    return RolloutList(items, following, await runner.run(store.count()))


async def members(
    runner: Runner, identifier: str, *, outcome: Outcome | None, cursor: str, limit: int
) -> MemberList:
    await _find(runner, identifier)
    page = await runner.drive(store.page(identifier, outcome=outcome, cursor=cursor, limit=limit))
    return MemberList([_member(one) for one in page.members], page.next)


async def _find(runner: Runner, identifier: str) -> Rollout:
    stored = await runner.run(store.get(identifier))
    if stored is None:
        raise NotFound("rollout", identifier)
    return stored.rollout


async def _view(runner: Runner, rollout: Rollout, now: float) -> RolloutView:
    counts: Counts = await runner.run(store.counts(rollout.id))
    tallies = counts.tallies(rollout.ends)
    definition = msgspec.to_builtins(rollout.definition)
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


async def start(runner: Runner, identifier: str, *, by: str, now: float) -> RolloutView:
    return await _change(runner, identifier, lambda one: rules.started(one, by=by, now=now), now)


async def pause(runner: Runner, identifier: str, *, by: str, now: float) -> RolloutView:
    return await _change(runner, identifier, lambda one: rules.paused(one, by=by, now=now), now)


async def resume(runner: Runner, identifier: str, *, by: str, now: float) -> RolloutView:
    """What went wrong so far is forgiven."""
    rollout = await _find(runner, identifier)
    counts: Counts = await runner.run(store.counts(identifier))
    whole = together(counts.tallies(rollout.ends))
    return await _change(runner, identifier, lambda one: rules.resumed(one, whole, by=by, now=now), now)


async def abort(runner: Runner, identifier: str, *, by: str, now: float) -> RolloutView:
    return await _change(runner, identifier, lambda one: rules.aborted(one, by=by, now=now), now)


async def retry(runner: Runner, identifier: str, asked: RetryRequest, *, by: str, now: float) -> RolloutView:
    wrong = [str(one) for one in asked.outcomes if one not in RETRIED]
    if wrong:
        raise Invalid.field(
            "outcomes", "cannot be retried", value=wrong, allowed=[str(one) for one in RETRIED]
        )
    return await _change(
        runner, identifier, lambda one: rules.retried(one, asked.outcomes, by=by, now=now), now
    )


async def rollback(
    runner: Runner, identifier: str, *, by: str, now: float, randomness: Callable[[int], bytes]
) -> RolloutView:
    """A rollout of its own that brings back what the changed phones had, at the same pace, and begins now.

    Raises Conflict for one that is running, and for kinds that change nothing that could be brought back.
    """
    source = await _find(runner, identifier)
    was = source.definition
    if source.state is State.RUNNING:
        raise Conflict("A rollout that is running cannot be taken back; pause or abort it first.")
    if was.kind not in (Kind.FIRMWARE, Kind.CONFIG) or (was.kind is Kind.CONFIG and not source.values):
        raise Conflict(f"A rollout of kind {was.kind} changes nothing that could be brought back.")
    definition = msgspec.structs.replace(
        was,
        name=f"{was.name} taken back"[: definitions.LONGEST_NAME],
        waves=("rest",),
        canary="",
        soak=0,
        start="now",
    )
    made = Rollout(
        id=randomness(8).hex(),
        definition=definition,
        created_at=now,
        created_by=by,
        state_at=now,
        rollback_of=source.id,
        images=await _images(runner) if was.kind is Kind.FIRMWARE else {},
    )
    return await _kept(runner, made, now)


async def _images(runner: Runner) -> dict[str, Image]:
    """All stored firmware by its version."""
    found: dict[str, Image] = {}
    cursor: str | None = ""
    while cursor is not None:
        page = await runner.drive(files.page(cursor=cursor, limit=_FILES_PAGE))
        for file in page.files:
            version = file.version or firmware_check.version_in(file.name)
            if file.file_type.startswith("1 ") and version:
                found[version] = _image_of(file)
        cursor = page.next
    return found


async def _change(
    runner: Runner, identifier: str, changed: Callable[[Rollout], Rollout], now: float
) -> RolloutView:
    try:
        after = await runner.drive(store.change(identifier, changed))
    except WrongState as wrong:
        raise Conflict(str(wrong)) from None
    if after is None:
        raise NotFound("rollout", identifier)
    await runner.run(store.due_at(identifier, now))
    return await _view(runner, after, now)
