"""The figures of the whole server, whichever of its processes is asked."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from msgspec import Struct

from acs.fleet.metrics import Key
from acs.fleet.rollout.rollout import OVER, State
from acs.fleet.rollout.tally import together
from acs.operations import limits
from acs.operations.ports import Runner
from acs.store import metrics as store
from acs.store import presence, rollouts
from acs.store.errors import StoreUnavailable
from acs.store.metrics import Census, Report

#: The newest rollouts, those looked at; of older ones hardly any is still under way.
MOST_ROLLOUTS = 100

#: The names of `acs.store.metrics.queues` and of its `jobs`, in their order.
_QUEUES = (
    "wakes_waiting",
    "wakes_under_way",
    "deliveries_waiting",
    "deliveries_given_up",
    "alerts_open",
    "jobs_waiting",
    "jobs_running",
    "jobs_failed",
)


class Disk(Struct, frozen=True):
    """Of the file system that holds the data directory of the process that was asked, in bytes."""

    size: int
    free: int


class RolloutFigures(Struct, frozen=True):
    """How far a rollout is that is neither a draft nor over. `wave` counts from 1."""

    id: str
    name: str
    kind: str
    state: str
    wave: int
    waves: int
    #: by outcome, those included that wait
    phones: dict[str, int]


class Figures(Struct, frozen=True):
    """Everything there is to tell. Without Redis only `disk` is."""

    disk: Disk
    redis_up: bool = False
    #: counts of all processes since the store was begun
    counts: dict[Key, float] = {}
    #: processes that were heard of lately
    processes: list[Report] = []
    #: phones known, and how many of them are online, late, offline
    phones: dict[str, int] = {}
    census: Census = Census()
    #: lengths by the words of `_QUEUES`
    queues: dict[str, int] = {}
    #: the newest rollouts by state, and those of them that are on their way
    rollout_states: dict[str, int] = {}
    rollouts: list[RolloutFigures] = []
    #: by Redis' own names
    redis: dict[str, str] = {}

    @property
    def known_phones(self) -> int:
        return sum(self.phones.values())


def disk(directory: Path) -> Disk:
    usage = shutil.disk_usage(directory)
    return Disk(usage.total, usage.free)


async def gather(runner: Runner, directory: Path, *, now: float) -> Figures:
    """All figures, in a few round trips. Raises OutOfReach for who is limited to some phones."""
    limits.refuse_fleet_wide(runner, "The server's figures")
    space = disk(directory)
    queues, jobs = store.queues(), store.jobs()
    calls: list[Any] = [store.totals(), store.reports(), store.census(), store.redis_info()]
    try:
        answers = await runner.run_all([*calls, *presence.totals(), *queues, *jobs])
        states, under_way = await _rollouts(runner)
    except StoreUnavailable:
        return Figures(space)
    counts, reports, census, redis, known, late, offline, *lengths = answers
    own, of_jobs = lengths[: len(queues)], lengths[len(queues) :]
    counted = [*own, *(sum(of_jobs[kind::3]) for kind in range(3))]
    return Figures(
        space,
        redis_up=True,
        counts=counts,
        processes=await alive(runner, reports, now),
        phones={"online": max(0, known - late - offline), "late": late, "offline": offline},
        census=census,
        queues=dict(zip(_QUEUES, counted, strict=True)),
        rollout_states=states,
        rollouts=under_way,
        redis=redis,
    )


async def _rollouts(runner: Runner) -> tuple[dict[str, int], list[RolloutFigures]]:
    ids = await runner.drive(rollouts.ids(limit=MOST_ROLLOUTS))
    found: list[rollouts.Stored | None] = await runner.run_all([rollouts.get(one) for one in ids])
    known = [stored.rollout for stored in found if stored is not None]
    states = Counter(str(one.state) for one in known)
    going = [one for one in known if one.state is not State.DRAFT and one.state not in OVER]
    counted: list[rollouts.Counts] = await runner.run_all([rollouts.counts(one.id) for one in going])
    return dict(states), [
        RolloutFigures(
            id=one.id,
            name=one.definition.name,
            kind=str(one.definition.kind),
            state=str(one.state),
            wave=min(one.wave + 1, len(one.ends)),
            waves=len(one.ends),
            phones=together(counts.tallies(one.ends)).shown(),
        )
        for one, counts in zip(going, counted, strict=True)
    ]


async def alive(runner: Runner, reports: list[Report], now: float) -> list[Report]:
    """Those that were heard of lately; what was left by processes long dead is removed."""
    dead = [one.name for one in reports if now - one.at > store.FORGOTTEN]
    await runner.run_all(store.forget(dead))
    return [one for one in reports if now - one.at <= store.SILENT]
