"""Before the start: what a rollout would do, from its phones as they are now.

The same rules decide as later at each phone's turn (`turns.refused`, `window.opening`) and under way
(`forecast.course`). Of a large fleet a part is looked at, and the numbers are drawn up to the whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from acs.fleet.presence import State as Presence
from acs.fleet.presence import interval_of
from acs.fleet.rollout import forecast, turns, waves, window, zones
from acs.fleet.rollout.definition import Definition
from acs.fleet.rollout.firmware_check import NumberOf, Refusal, Why
from acs.fleet.rollout.forecast import Forecast, Speed
from acs.fleet.rollout.rollout import Rollout
from acs.fleet.rollout.tally import Tally
from acs.fleet.rollout.turns import Phone
from acs.fleet.rollout.zones import Kept

#: So many phones are named for each thing that is said of some.
NAMED = 10

#: So many sites are named, the largest first.
SITES = 20


class Look(Struct, frozen=True):
    """What was found of one phone. `opens_at`: when its window is open, 0 for now, None for never."""

    device: str
    canary: bool = False
    offline: bool = False
    refusal: Refusal | None = None
    opens_at: float | None = 0.0
    zone_known: bool = True
    site: str = ""
    zone: Kept | None = None
    group_zone: Kept | None = None
    #: seconds between its Informs, 0 where nobody knows
    interval: float = 0.0

    @property
    def takes(self) -> bool:
        """Whether it gets its turn at some time."""
        return self.refusal is None and self.opens_at is not None


class Some(Struct, frozen=True):
    """Some of the phones: how many, and the first of them."""

    phones: int
    named: tuple[str, ...]


class RefusedSome(Struct, frozen=True):
    """Phones that do not get it for the same kind of reason; `text` is that of the first."""

    why: Why
    text: str
    phones: int
    named: tuple[str, ...]


class PlannedWave(Struct, frozen=True):
    """`takes` of its phones get their turn, and are sent so many bytes. Times since the epoch."""

    phones: int
    takes: int
    bytes: int
    starts_at: float
    ends_at: float


class Plan(Struct, frozen=True):
    """`looked_at` of `total` phones were looked at; the counts are for all."""

    total: int
    looked_at: int
    takes: int
    bytes: int
    canaries: int
    waves: tuple[PlannedWave, ...]
    offline: Some
    zone_unknown: Some
    never_open: Some
    refused: tuple[RefusedSome, ...]
    #: site to its phones that get their turn, the largest first, and how many sites there are
    sites: tuple[tuple[str, int], ...]
    sites_count: int
    #: when the first phone may begin
    opens_at: float
    forecast: Forecast


def look(rollout: Rollout, phone: Phone, *, canary: bool, number_of: NumberOf, now: float) -> Look:
    """A phone as it is now, in a rollout that begins at this time."""
    definition = rollout.definition
    opens_at: float | None = 0.0
    if definition.windows:
        opening = window.opening(
            definition.windows, phone.clock, phone.group_clock, now=now, step=definition.seconds
        )
        opens_at = None if opening is None else max(0.0, opening.start)
    return Look(
        device=phone.device.id,
        canary=canary,
        offline=phone.presence == Presence.OFFLINE,
        refusal=turns.refused(rollout, phone.device, None, number_of=number_of),
        opens_at=opens_at,
        zone_known=phone.clock is not None or phone.group_clock is not None,
        site=phone.site,
        zone=zones.kept(phone.clock),
        group_zone=zones.kept(phone.group_clock),
        interval=interval_of(phone.device),
    )


def made(
    definition: Definition,
    looks: Sequence[Look],
    *,
    total: int,
    size: int,
    speed: Speed,
    starts_at: float,
) -> Plan:
    """`looks` are at all `total` phones, or at some that stand for them; `size` is of the image in bytes."""
    scale = total / len(looks) if looks else 0.0
    takers = [one for one in looks if one.takes]
    share = len(takers) / len(looks) if looks else 0.0
    canary = round(scale * sum(one.canary for one in looks))
    ends = waves.ends(definition.waves, total=total, canary=min(canary, total))
    sizes = [waves.size(number, ends) for number in range(len(ends))]
    tallies = [Tally(count) for count in _shared_out(sizes, share)]
    fleet = forecast.fleet_of(
        ((one.zone, one.group_zone) for one in takers),
        (one.site for one in takers),
        offline=sum(one.offline for one in takers),
        intervals=(one.interval for one in takers),
    )
    legs = forecast.course(definition, tallies, speed=speed, size=size, fleet=fleet, now=starts_at)
    sites = Counter(one.site for one in takers)
    shut = [one for one in looks if one.refusal is None and one.opens_at is None]
    return Plan(
        total=total,
        looked_at=len(looks),
        takes=sum(tally.size for tally in tallies),
        bytes=sum(tally.size for tally in tallies) * size,
        canaries=canary,
        waves=tuple(
            PlannedWave(phones, tally.size, tally.size * size, leg.starts_at, leg.ends_at)
            for phones, tally, leg in zip(sizes, tallies, legs, strict=True)
        ),
        offline=_some((one for one in looks if one.offline), scale),
        zone_unknown=_some((one for one in shut if not one.zone_known), scale),
        never_open=_some((one for one in shut if one.zone_known), scale),
        refused=_refused(looks, scale),
        sites=tuple((site, round(scale * count)) for site, count in sites.most_common(SITES)),
        sites_count=len(sites),
        opens_at=legs[0].starts_at if legs else starts_at,
        forecast=forecast.drawn(
            definition, tallies, legs, speed=speed, size=size, fleet=fleet, seen=False, now=starts_at
        ),
    )


def remarks(definition: Definition, plan: Plan) -> Iterator[str]:
    """What somebody should know before the start, as sentences."""
    if not plan.total:
        yield "No phone is meant: the selector finds none now."
    elif not plan.takes:
        yield "No phone would get its turn: each is refused, or no window is open for it."
    if plan.looked_at < plan.total:
        yield f"{plan.looked_at} of {plan.total} phones were looked at; the counts are drawn from these."
    if plan.takes and plan.offline.phones:
        phones, waited = plan.offline.phones, definition.patience
        how_long = f"{waited / 3600:.3g} h" if waited >= 3600 else f"{waited:g} s"
        yield f"Offline now: {phones} phones. Each is waited for up to {how_long}, and its wave with it."
    if definition.canary and plan.total and not plan.canaries:
        yield f"None of the phones is in the group {definition.canary}: no canaries go before the others."
    if plan.zone_unknown.phones:
        yield (
            f"The time zone of {plan.zone_unknown.phones} phones is not known; `fallback` of the window "
            "says which one counts for them."
        )


def _shared_out(sizes: Sequence[int], share: float) -> list[int]:
    """That share of each wave, so that all of them together are as many as that share of all phones."""
    found: list[int] = []
    covered = counted = 0
    for size in sizes:
        covered += size
        found.append(round(share * covered) - counted)
        counted += found[-1]
    return found


def _some(chosen: Iterable[Look], scale: float) -> Some:
    found = [one.device for one in chosen]
    return Some(round(scale * len(found)), tuple(found[:NAMED]))


def _refused(looks: Sequence[Look], scale: float) -> tuple[RefusedSome, ...]:
    by_reason: dict[Why, list[Look]] = {}
    for one in looks:
        if one.refusal is not None:
            by_reason.setdefault(one.refusal.why, []).append(one)
    found: list[RefusedSome] = []
    for why, some in by_reason.items():
        first = some[0].refusal
        assert first is not None, "it is among the refused"
        counted = _some(some, scale)
        found.append(RefusedSome(why, first.text, counted.phones, counted.named))
    return tuple(sorted(found, key=lambda one: -one.phones))
