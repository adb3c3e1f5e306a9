"""When a rollout will be over, from how it went so far; before anything was seen, from what is usual.

Wave by wave: phones take turns at so many places while a window is open where they are, the last one needs
to be proved well, the wave is watched for its soak. Some phones keep a wave waiting until they are given up:
those that are away, those that never confirm. A wave that is large enough for one of them lasts no less, from
the turn of the last of them. How many there are is taken from who is away and what is usual at first, and the
more from what was seen the more of that there is.

The plan before the start and the forecast under way are drawn here, from the same lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from acs.fleet.rollout import window, zones
from acs.fleet.rollout.definition import GUESS, Definition, Kind
from acs.fleet.rollout.member import Outcome
from acs.fleet.rollout.tally import Tally
from acs.fleet.rollout.window import Opening
from acs.fleet.rollout.zones import Kept

#: From so many phones on, what was seen counts and not what is usual.
ENOUGH = 3

#: A wave is counted with a phone that keeps it waiting from this expected number on.
LIKELY = 0.7

#: The share of phones that never confirm after a boot, before anything was seen; and how many phones that
#: were seen count as much as all that was known before.
UNSURE = 0.005
WEIGHT = 100.0

#: Nobody waits so long for a proof as to have it come in the last moment: before anything was seen, a turn is
#: counted with no more than this part of `confirm`.
PART_OF_CONFIRM = 1 / 12

#: Phones that inform more seldom than this, in seconds, are called to show that they are well.
CALLED_FROM = 60.0

#: Times looked at until a wave is through: openings and closings of the windows of all zones. Beyond them it
#: is taken to go on as it went so far.
_EDGES = 200


class Speed(Struct, frozen=True):
    """What was seen of phones so far: turns that ended and their seconds, checks that ended and theirs."""

    turns: int = 0
    turn_seconds: float = 0
    checks: int = 0
    check_seconds: float = 0
    #: phones that were waited for in vain
    never: int = 0


UNSEEN = Speed()


#: So many zones are counted apart; the phones of all others count with the most frequent one.
ZONES = 12


class Zone(Struct, frozen=True, omit_defaults=True):
    """Phones for which it is the same time: their share, their own zone, and that of their group."""

    share: float = 1.0
    phone: Kept | None = None
    group: Kept | None = None


class Fleet(Struct, frozen=True, omit_defaults=True):
    """What is known of the phones as a whole. `away` and `crowd` are shares of them: those that are offline,
    and those at the largest site; `interval` is what usually lies between two Informs in seconds, 0 where
    nobody knows."""

    zones: tuple[Zone, ...] = (Zone(),)
    away: float = 0.0
    crowd: float = 0.0
    interval: float = 0.0


UNKNOWN = Fleet()


def fleet_of(
    clocks: Iterable[tuple[Kept | None, Kept | None]],
    sites: Iterable[str],
    *,
    offline: int,
    intervals: Iterable[float] = (),
) -> Fleet:
    """What some phones are like: the zones, the site and the Inform interval of each, and how many are
    offline."""
    by_zone, by_site = Counter(clocks), Counter(sites)
    count = by_zone.total()
    if not count:
        return UNKNOWN
    ranked = by_zone.most_common()
    rest = sum(number for _, number in ranked[ZONES:])
    found = tuple(
        Zone((number + (0 if place else rest)) / count, *pair)
        for place, (pair, number) in enumerate(ranked[:ZONES])
    )
    told = sorted(intervals)
    interval = told[len(told) // 2] if told else 0.0
    return Fleet(found, offline / count, max(by_site.values(), default=0) / count, interval)


class Leg(Struct, frozen=True):
    """A wave: when its first phone may begin, and when its last one is settled. Seconds since the epoch."""

    starts_at: float
    ends_at: float


class Forecast(Struct, frozen=True):
    """`seconds` from now, closed windows included; `rate` in phones a minute while one is open."""

    ends_at: float
    seconds: float
    rate: float
    #: from phones of the rollout itself; else from what is usual
    seen: bool


def of(
    definition: Definition,
    waves: Sequence[Tally],
    *,
    wave: int = 0,
    through_at: float = 0.0,
    speed: Speed,
    usual: Speed = UNSEEN,
    size: int,
    fleet: Fleet = UNKNOWN,
    now: float,
) -> Forecast:
    """`waves` are all of them, `wave` the present one; `size` is of the image. `usual` is what was seen in an
    earlier rollout: it counts until enough was seen in this one."""
    seen = speed.turns >= ENOUGH
    speed = _known(speed, usual)
    legs = course(
        definition, waves, wave=wave, through_at=through_at, speed=speed, size=size, fleet=fleet, now=now
    )
    return drawn(definition, waves, legs, speed=speed, size=size, fleet=fleet, seen=seen, now=now)


def _known(speed: Speed, usual: Speed) -> Speed:
    """What was seen; of turns and checks of which there were not enough, what is usual."""
    turns = speed if speed.turns >= ENOUGH else usual
    checks = speed if speed.checks >= ENOUGH else usual
    return Speed(turns.turns, turns.turn_seconds, checks.checks, checks.check_seconds, speed.never)


def drawn(
    definition: Definition,
    waves: Sequence[Tally],
    legs: Sequence[Leg],
    *,
    speed: Speed,
    size: int,
    fleet: Fleet,
    seen: bool,
    now: float,
) -> Forecast:
    """The forecast of a rollout whose waves go like this."""
    turn, _ = _seconds(definition, speed, fleet)
    ends_at = max(now, legs[-1].ends_at) if legs else now
    largest = max((tally.size for tally in waves), default=0)  # no more than these are at it at once
    rate = 60.0 * min(_places(definition, turn, size, fleet), largest) / turn
    return Forecast(ends_at, ends_at - now, rate, seen)


def course(
    definition: Definition,
    waves: Sequence[Tally],
    *,
    wave: int = 0,
    through_at: float = 0.0,
    speed: Speed,
    size: int,
    fleet: Fleet = UNKNOWN,
    now: float,
) -> list[Leg]:
    """The present wave and those after it, one after the other."""
    legs: list[Leg] = []
    at = now
    for number in range(wave, len(waves)):
        if number == wave and through_at:
            leg = Leg(through_at, through_at)
        else:
            leg = _leg(definition, waves, number, size=size, speed=speed, fleet=fleet, at=at)
        legs.append(leg)
        at = max(now, leg.ends_at + definition.soak)
    return legs


def _leg(
    definition: Definition,
    waves: Sequence[Tally],
    number: int,
    *,
    size: int,
    speed: Speed,
    fleet: Fleet,
    at: float,
) -> Leg:
    tally = waves[number]
    left = tally.size - tally.settled
    if left <= 0:
        return Leg(at, at)
    turn, check = _seconds(definition, speed, fleet)
    to_begin = left - sum(tally.of(outcome) for outcome in _UNDER_WAY)
    if not to_begin:
        return Leg(at, _waited_for(definition, waves, tally, speed, fleet, at, at + turn / 2 + check))
    starts_at = _opens(definition, fleet, at)
    work = max(turn, to_begin * turn / _places(definition, turn, size, fleet))
    ends_at = _through_windows(definition, fleet, work, turn, at=starts_at) + check
    spread = ends_at - check - turn - starts_at
    return Leg(starts_at, _waited_for(definition, waves, tally, speed, fleet, starts_at, ends_at, spread))


_UNDER_WAY = (Outcome.SENT, Outcome.TRANSFERRING, Outcome.REBOOTING, Outcome.CHECKING)


def _seconds(definition: Definition, speed: Speed, fleet: Fleet) -> tuple[float, float]:
    """Of one turn, and of one check."""
    if speed.turns >= ENOUGH:
        turn = speed.turn_seconds / speed.turns
    else:
        turn = min(GUESS[definition.kind], PART_OF_CONFIRM * definition.confirm)
    if speed.checks >= ENOUGH:
        check = speed.check_seconds / speed.checks
    else:
        one = min(fleet.interval, CALLED_FROM) if fleet.interval else GUESS[definition.kind] / 2
        check = definition.informs * one
    return max(turn, 0.5), check


def _places(definition: Definition, turn: float, size: int, fleet: Fleet) -> float:
    """How many have their turn at once on average: as many as may, at the largest site too, or as the line
    carries."""
    pace = definition.pace
    places = float(pace.at_once)
    if pace.per_site and fleet.crowd:
        places = min(places, pace.per_site / fleet.crowd)
    if pace.bandwidth and size:
        places = min(places, turn * pace.bandwidth / size)
    return max(places, 0.001)


# --- phones that keep a wave waiting ------------------------------------------------------------------------


def _waited_for(
    definition: Definition,
    waves: Sequence[Tally],
    tally: Tally,
    speed: Speed,
    fleet: Fleet,
    since: float,
    ends_at: float,
    spread: float = 0.0,
) -> float:
    """When the wave ends, should there be phones in it that are waited for in vain. `spread`: seconds from
    the turn of its first phone until that of its last."""
    share = (tally.size - tally.settled) / tally.size
    expected = 0.0
    for part, waited, in_window in _tails(definition, waves, speed, fleet):
        expected += part * tally.size  # those who are waited for longer keep the wave so long at the least
        if expected >= LIKELY:
            last = max(0.0, spread) * expected / (expected + 1)
            given_up = since + last + waited * (1.0 if share > 0.5 else 0.5 + share)
            ends_at = max(ends_at, _opens(definition, fleet, given_up) if in_window else given_up)
    return ends_at


def _tails(
    definition: Definition, waves: Sequence[Tally], speed: Speed, fleet: Fleet
) -> list[tuple[float, float, bool]]:
    """Share of the phones that keep a wave waiting, for how long, and whether they are given up in a window
    only; those that do it longest first."""
    settled = sum(tally.settled for tally in waves)
    unconfirmed = sum(tally.of(Outcome.UNCONFIRMED) for tally in waves)
    usual = UNSURE if definition.kind in _BOOTING else 0.0
    never = (WEIGHT * fleet.away + speed.never) / (WEIGHT + settled)
    unsure = (WEIGHT * usual + unconfirmed) / (WEIGHT + settled)
    tails = [(never, definition.patience, True), (unsure, definition.confirm, False)]
    return sorted(tails, key=lambda tail: -tail[1])


_BOOTING = (Kind.FIRMWARE, Kind.REBOOT)


# --- windows ------------------------------------------------------------------------------------------------


def _opening(definition: Definition, zone: Zone, at: float) -> Opening | None:
    phone, group = zones.clock_of(zone.phone), zones.clock_of(zone.group)
    return window.opening(definition.windows, phone, group, now=at, step=definition.seconds)


def _opens(definition: Definition, fleet: Fleet, at: float) -> float:
    """When the first phone anywhere may begin, at the earliest at this time."""
    if not definition.windows:
        return at
    found = [_opening(definition, zone, at) for zone in fleet.zones]
    return max(at, min((one.start for one in found if one is not None), default=at))


def _through_windows(
    definition: Definition, fleet: Fleet, seconds: float, turn: float, *, at: float
) -> float:
    """When so many seconds of work at all places are done, each zone's share while its window is open; zones
    that are open at the same time share the places."""
    if not definition.windows:
        return at + seconds
    # a step that could not end in time is not begun, so the end of a window is used by phones under way only
    unused = max(0.0, definition.seconds - turn)
    begins = at
    left = {number: zone.share * seconds for number, zone in enumerate(fleet.zones) if zone.share > 0}
    open_: dict[int, Opening] = {}
    for _ in range(_EDGES):
        for number in list(left):
            if number not in open_ or open_[number].end - unused <= at:
                following = _opening(definition, fleet.zones[number], max(at, _closed(open_, number)))
                if following is None:
                    del left[number]
                else:
                    open_[number] = following
        if not left:
            # where no window ever opens, nothing is known but the work
            return at if open_ else at + seconds
        now_open = [number for number in left if open_[number].start <= at]
        opens = min((open_[number].start for number in left if number not in now_open), default=None)
        if not now_open:
            assert opens is not None, "there is some zone left"
            at = opens
            continue
        work = sum(left[number] for number in now_open)
        until = min(at + work, *(open_[number].end - unused for number in now_open))
        until = until if opens is None else min(until, opens)
        for number in now_open:
            left[number] *= max(0.0, 1.0 - (until - at) / work)
            if left[number] < 1e-6:
                del left[number]
        at = until
        if not left:
            return at
    to_do = sum(left.values())
    return at + to_do * (at - begins) / max(seconds - to_do, 1.0)


def _closed(open_: dict[int, Opening], number: int) -> float:
    """Just behind the zone's last opening, 0 where there was none."""
    return open_[number].end + 1.0 if number in open_ else 0.0
