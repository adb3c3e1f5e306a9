"""What a rollout would do, told before it starts. Nothing is stored, no phone is touched.

Phones are looked at a batch at a time, so that others get their turn meanwhile. In a fleet of more than
`LOOKED_AT` every second, third … phone is looked at, in the order of their ids, so that each model is there
with its share.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from acs.fleet.profile import ModelProfile
from acs.fleet.rollout import approval, plan, window
from acs.fleet.rollout import definition as definitions
from acs.fleet.rollout.definition import Definition, Kind
from acs.fleet.rollout.firmware_check import Why
from acs.fleet.rollout.plan import Look, Plan, PlannedWave, Some
from acs.fleet.rollout.rollout import Rollout, State
from acs.operations import rollout_finding, rollout_making, selectors
from acs.operations.errors import Conflict
from acs.operations.ports import Runner, moment
from acs.operations.rollout_desk import Desk
from acs.operations.rollouts import ForecastView
from acs.store import groups, rollout_phones, rollout_speeds
from acs.store.layer_cache import LayerCache
from acs.store.selection import Selection

#: Phones looked at one by one: less than a second, and a few where each one's clock is read as well.
LOOKED_AT = 10_000

#: Phones looked at before others get their turn: some ten milliseconds of work.
BATCH = 100
BATCH_WITH_CLOCKS = 20

#: Ids found in one go.
_FOUND = 1000

Named = Annotated[list[str], Meta(description=f"the first of them, {plan.NAMED} at most")]


class PlannedWaveView(Struct, frozen=True):
    """`takes` of its phones get their turn, which sends them so many bytes."""

    phones: int
    takes: int
    bytes: int
    starts_at: datetime | None
    ends_at: datetime | None
    seconds: float


class SomeView(Struct, frozen=True):
    phones: int
    devices: Named


class RefusedView(Struct, frozen=True):
    """Phones that would be skipped because the image is not for them; `text` is what the first is told."""

    why: Why
    text: str
    phones: int
    devices: Named


class SiteView(Struct, frozen=True):
    """A tag such as `site7`, else a network; "" for phones whose address is not known."""

    site: str
    phones: int


class RolloutPlan(Struct, frozen=True):
    """Counts are for all `total` phones; `looked_at` of them were looked at, and stand for the others.

    `takes`: how many get their turn. `starts_at`: when the rollout starts, `opens_at`: when its first phone
    may begin. `speed_of`: the earlier rollout from which it is known how long a phone takes, "" where that is
    what is usual. `remarks`: what somebody should know before the start.
    """

    name: str
    kind: Kind
    total: int
    looked_at: int
    takes: int
    bytes: int
    starts_at: datetime | None
    opens_at: datetime | None
    waves: list[PlannedWaveView]
    forecast: ForecastView
    speed_of: str
    offline: SomeView
    zone_unknown: SomeView
    never_open: SomeView
    refused: list[RefusedView]
    sites: list[SiteView]
    sites_count: int
    needs_approval: bool
    remarks: list[str]


async def of_definition(desk: Desk, asked: Definition) -> RolloutPlan:
    """The plan of a rollout that is not made. Raises Invalid with every field that cannot be."""
    return await _plan(desk, await rollout_making.draft(desk, asked))


async def of_stored(desk: Desk, identifier: str) -> RolloutPlan:
    """The plan of a draft, or of a rollout that is scheduled. Raises NotFound, and Conflict once it began."""
    rollout = await rollout_finding.find(desk.runner, identifier)
    if rollout.state not in (State.DRAFT, State.SCHEDULED):
        raise Conflict(f"A rollout that is {rollout.state} has begun; its forecast tells how it goes on.")
    return await _plan(desk, rollout)


async def _plan(desk: Desk, rollout: Rollout) -> RolloutPlan:
    definition = rollout.definition
    starts_at = max(desk.now, rollout.start_at or definitions.starts_at(definition) or 0.0)
    query = selectors.read(definition.select, desk.catalogue, field="select")
    chosen = await selectors.prepared(desk.runner, desk.shapes, query, now=desk.now, field="select")
    looks, total = await _looks(desk, rollout, chosen, starts_at)
    source, speed = await desk.runner.drive(rollout_speeds.usual(definition.kind))
    made = plan.made(
        definition, looks, total=total, size=rollout.image_size, speed=speed, starts_at=starts_at
    )
    needs = approval.needed(total, desk.most_alone)
    return _view(definition, made, starts_at, source, needs)


async def _looks(desk: Desk, rollout: Rollout, chosen: Selection, starts_at: float) -> tuple[list[Look], int]:
    """A look at each phone, or at some that stand for all; and how many there are."""
    clocks = window.own_zones(rollout.definition.windows)
    total: int = await desk.runner.drive(chosen.count())
    every = max(1, -(-total // LOOKED_AT))
    looks: list[Look] = []
    batch: list[str] = []
    shared, models = LayerCache(), dict[str, ModelProfile]()
    if clocks:
        await desk.runner.drive(shared.refresh())
    number = 0
    async for device in _ids(desk.runner, chosen):
        if number % every == 0:
            batch.append(device)
        number += 1
        if len(batch) == (BATCH_WITH_CLOCKS if clocks else BATCH):
            looks += await _batch(desk, rollout, batch, shared, models, clocks, starts_at)
            batch = []
    if batch:
        looks += await _batch(desk, rollout, batch, shared, models, clocks, starts_at)
    return looks, number


async def _ids(runner: Runner, chosen: Selection) -> AsyncIterator[str]:
    after: str | None = ""
    while after is not None:
        page = await runner.drive(chosen.page(after=after, limit=_FOUND))
        for device in page.ids:
            yield device
        after = page.next


async def _batch(
    desk: Desk,
    rollout: Rollout,
    batch: list[str],
    shared: LayerCache,
    models: dict[str, ModelProfile],
    clocks: bool,
    starts_at: float,
) -> list[Look]:
    phones = await desk.runner.drive(
        rollout_phones.load(batch, desk.shapes, shared, models, clocks=clocks, now=desk.now)
    )
    canaries = [False] * len(batch)
    if rollout.definition.canary:
        canaries = await desk.runner.run(groups.are_members(rollout.definition.canary, batch))
    return [
        plan.look(rollout, phone, canary=canary, number_of=desk.number_of, now=starts_at)
        for phone, canary in zip(phones, canaries, strict=True)
        if phone is not None
    ]


# --- what is shown ------------------------------------------------------------------------------------------


def _view(definition: Definition, made: Plan, starts_at: float, source: str, needs: bool) -> RolloutPlan:
    foreseen = made.forecast
    return RolloutPlan(
        name=definition.name,
        kind=definition.kind,
        total=made.total,
        looked_at=made.looked_at,
        takes=made.takes,
        bytes=made.bytes,
        starts_at=moment(starts_at),
        opens_at=moment(made.opens_at),
        waves=[_wave(one) for one in made.waves],
        forecast=ForecastView(moment(foreseen.ends_at), foreseen.seconds, foreseen.rate, foreseen.seen),
        speed_of=source,
        offline=_some(made.offline),
        zone_unknown=_some(made.zone_unknown),
        never_open=_some(made.never_open),
        refused=[RefusedView(one.why, one.text, one.phones, list(one.named)) for one in made.refused],
        sites=[SiteView(site, phones) for site, phones in made.sites],
        sites_count=made.sites_count,
        needs_approval=needs,
        remarks=list(plan.remarks(definition, made)),
    )


def _wave(wave: PlannedWave) -> PlannedWaveView:
    seconds = wave.ends_at - wave.starts_at
    return PlannedWaveView(
        wave.phones, wave.takes, wave.bytes, moment(wave.starts_at), moment(wave.ends_at), seconds
    )


def _some(some: Some) -> SomeView:
    return SomeView(some.phones, list(some.named))
