"""When a rollout will be over, from how it went so far; before anything was seen, from what is usual.

Phones take turns at so many places, so a wave takes its phones' turns divided by the places, then what its
last phone needs to be proved well, then the soak. Where some phones so far never came or never confirmed,
each later wave large enough for one of them is counted with the time until such a phone is given up.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from acs.fleet.rollout import window
from acs.fleet.rollout.definition import GUESS, Definition
from acs.fleet.rollout.member import Outcome
from acs.fleet.rollout.tally import Tally
from acs.fleet.rollout.window import Window
from acs.fleet.rollout.zones import Clock

#: From so many phones on, what was seen counts and not what is usual.
ENOUGH = 3

#: A wave is counted with a phone of some kind from this expected number on.
LIKELY = 0.7

#: Openings looked through at most.
_OPENINGS = 1000


class Speed(Struct, frozen=True):
    """What was seen of phones so far: turns that ended and their seconds, checks that ended and theirs."""

    turns: int = 0
    turn_seconds: float = 0
    checks: int = 0
    check_seconds: float = 0
    #: phones that were waited for in vain
    never: int = 0


UNSEEN = Speed()


class Forecast(Struct, frozen=True):
    """`seconds` from now, windows included; `rate` in phones a minute."""

    ends_at: float
    seconds: float
    rate: float
    #: from phones of this rollout; else from what is usual
    seen: bool


def of(
    definition: Definition,
    waves: Sequence[Tally],
    *,
    wave: int,
    through_at: float,
    speed: Speed,
    size: int,
    clock: Clock | None,
    now: float,
) -> Forecast:
    """`waves` are all of them, `wave` the present one; `size` is of the image."""
    seconds = 0.0
    for number in range(wave, len(waves)):
        if number == wave and through_at:
            seconds += max(0.0, through_at + definition.soak - now)
            continue
        seconds += work(definition, waves, number, size=size, speed=speed)
        if number + 1 < len(waves):
            seconds += definition.soak
    turn, _ = _seconds(definition, speed)
    places = _places(definition, turn, size)
    ends_at = _through_windows(definition.windows, clock, seconds, now=now)
    return Forecast(ends_at, ends_at - now, 60.0 * places / turn, speed.turns >= ENOUGH)


def work(definition: Definition, waves: Sequence[Tally], wave: int, *, size: int, speed: Speed) -> float:
    """Seconds of open windows that are left to this wave, without its soak."""
    tally = waves[wave]
    left = tally.size - tally.settled
    if left <= 0:
        return 0.0
    turn, check = _seconds(definition, speed)
    begun = sum(tally.of(outcome) for outcome in _UNDER_WAY)
    to_begin = left - begun
    seconds = max(turn if to_begin else turn / 2, to_begin * turn / _places(definition, turn, size)) + check
    share = left / tally.size
    for expected, waited in _tails(definition, waves, speed):
        if expected * tally.size >= LIKELY:
            seconds = max(seconds, waited * (1.0 if share > 0.5 else 0.5 + share))
    return seconds


_UNDER_WAY = (Outcome.SENT, Outcome.TRANSFERRING, Outcome.REBOOTING, Outcome.CHECKING)


def _seconds(definition: Definition, speed: Speed) -> tuple[float, float]:
    """Of one turn, and of one check."""
    turn = speed.turn_seconds / speed.turns if speed.turns >= ENOUGH else GUESS[definition.kind]
    if speed.checks >= ENOUGH:
        check = speed.check_seconds / speed.checks
    else:
        check = definition.informs * GUESS[definition.kind] / 2
    return max(turn, 0.5), check


def _places(definition: Definition, turn: float, size: int) -> float:
    """How many have their turn at once on average: as many as may, or as the line carries."""
    places = float(definition.pace.at_once)
    if definition.pace.bandwidth and size:
        places = min(places, turn * definition.pace.bandwidth / size)
    return max(places, 0.001)


def _tails(definition: Definition, waves: Sequence[Tally], speed: Speed) -> list[tuple[float, float]]:
    """Share of the phones that keep a wave waiting, and for how long; from the waves so far."""
    settled = sum(tally.settled for tally in waves)
    if not settled:
        return []
    unsure = sum(tally.of(Outcome.UNCONFIRMED) for tally in waves) / settled
    return [(speed.never / settled, definition.patience), (unsure, definition.confirm)]


def _through_windows(windows: Sequence[Window], clock: Clock | None, seconds: float, *, now: float) -> float:
    """When so many seconds of work are over that go on only while a window is open."""
    if not windows or seconds <= 0:
        return now + seconds
    at, left = now, seconds
    for _ in range(_OPENINGS):
        opening = window.opening(windows, clock, clock, now=at, step=0.0)
        if opening is None:
            break
        start = max(at, opening.start)
        if start + left <= opening.end:
            return start + left
        left -= max(0.0, opening.end - start)
        at = opening.end + 1.0
    return at + left
