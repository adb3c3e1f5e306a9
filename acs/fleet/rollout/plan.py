"""Before the start: what a rollout would do, from its phones as they are now.

Of a large fleet a part is looked at, spread by the same order in which phones take turns, and the numbers are
drawn up to the whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from acs.fleet.rollout import forecast, waves
from acs.fleet.rollout.definition import Definition
from acs.fleet.rollout.forecast import UNSEEN, Forecast, Speed
from acs.fleet.rollout.tally import Tally
from acs.fleet.rollout.zones import Clock

#: So many phones are looked at one by one.
SAMPLE = 2_000

#: So many phones are named for each reason.
NAMED = 10


class Look(Struct, frozen=True):
    """What was found of one phone. `opens_at`: when its window is open, 0 for now, None for never."""

    device: str
    online: bool = True
    opens_at: float | None = 0.0
    #: why it would not get it, and whether that is because it has it already
    refused: str = ""
    already: bool = False


class PlannedWave(Struct, frozen=True):
    """Times are seconds from the start of the rollout, closed windows left out."""

    phones: int
    bytes: int
    starts_after: float
    takes: float


class Plan(Struct, frozen=True):
    """`looked_at` of `total` phones were looked at; the counts are for all."""

    total: int
    looked_at: int
    waves: tuple[PlannedWave, ...]
    bytes: int
    offline: int
    #: no window is ever open for them, or their time zone is not known
    outside_any_window: int
    already: int
    #: reason to how many
    refused: dict[str, int]
    #: what to the first phones of it
    named: dict[str, tuple[str, ...]]
    forecast: Forecast
    #: when the first window opens, 0 for now or for no windows
    opens_at: float


def made(
    definition: Definition,
    looks: Sequence[Look],
    *,
    total: int,
    canary: int,
    size: int,
    clock: Clock | None,
    now: float,
    speed: Speed = UNSEEN,
) -> Plan:
    """`size` is of the image in bytes, `canary` how many of the phones are in the canary group."""
    ends = waves.ends(definition.waves, total=total, canary=canary)
    sizes = [waves.size(number, ends) for number in range(len(ends))]
    scale = total / len(looks) if looks else 0.0
    takers = [look for look in looks if not look.refused and look.opens_at is not None]
    share = len(takers) / len(looks) if looks else 1.0

    def counted(chosen: Sequence[Look]) -> int:
        return round(scale * len(chosen))

    offline = [look for look in looks if not look.online]
    outside = [look for look in looks if look.opens_at is None]
    already = [look for look in looks if look.already]
    refused = [look for look in looks if look.refused and not look.already]
    reasons = Counter(look.refused for look in refused)
    tallies = [Tally(round(share * number)) for number in sizes]
    foreseen = _forecast(definition, tallies, size, clock, now, speed)
    opens = [look.opens_at for look in takers if look.opens_at is not None]
    return Plan(
        total=total,
        looked_at=len(looks),
        waves=_waves(definition, tallies, size, speed),
        bytes=round(share * total) * size,
        offline=counted(offline),
        outside_any_window=counted(outside),
        already=counted(already),
        refused={reason: round(scale * number) for reason, number in reasons.most_common()},
        named={
            name: tuple(look.device for look in chosen[:NAMED])
            for name, chosen in (
                ("offline", offline),
                ("outside_any_window", outside),
                ("already", already),
                ("refused", refused),
            )
            if chosen
        },
        forecast=foreseen,
        opens_at=min(opens, default=0.0),
    )


def _forecast(
    definition: Definition, tallies: list[Tally], size: int, clock: Clock | None, now: float, speed: Speed
) -> Forecast:
    return forecast.of(
        definition, tallies, wave=0, through_at=0.0, speed=speed, size=size, clock=clock, now=now
    )


def _waves(definition: Definition, tallies: list[Tally], size: int, speed: Speed) -> tuple[PlannedWave, ...]:
    found: list[PlannedWave] = []
    after = 0.0
    for tally in tallies:
        takes = forecast.work(definition, [tally], 0, size=size, speed=speed)
        found.append(PlannedWave(tally.size, tally.size * size, after, takes))
        after += takes + definition.soak
    return tuple(found)
