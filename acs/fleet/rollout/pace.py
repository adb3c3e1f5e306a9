"""How many more phones may have their turn now."""

from __future__ import annotations

from acs.fleet.rollout.definition import Pace

#: Phones let through in one go, whatever the pace: what one job looks at.
BATCH = 100


def free(pace: Pace, *, active: int, size: int, allowed_at: float, now: float) -> int:
    """How many may begin. `size` is of the image in bytes, `allowed_at` what `after` said last."""
    if allowed_at > now:
        return 0
    places = min(pace.at_once - active, BATCH)
    if pace.bandwidth and size:
        # what the line carries in one second, and one phone at least: `after` makes up for it
        places = min(places, max(1, pace.bandwidth // size))
    return max(0, places)


def after(pace: Pace, *, begun: int, size: int, now: float) -> float:
    """When the next phones may begin, after so many have: the line needs its time for them."""
    if not (pace.bandwidth and size and begun):
        return 0.0
    return now + begun * size / pace.bandwidth
