"""How many phones are there, and how that was minute by minute."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from acs.fleet.selector.parsing import parse
from acs.operations import limits
from acs.operations.ports import Runner, moment
from acs.store import presence as store

#: The minutes that are kept.
MOST_MINUTES = store.COUNTS_LIFE // 60


class MinuteView(Struct, frozen=True):
    """`informs` came in this minute; the phones are counted at its end, and null where nobody counted."""

    at: datetime | None
    informs: int
    online: int | None
    late: int | None
    offline: int | None
    #: events by kind
    events: dict[str, int]


class FleetPresence(Struct, frozen=True):
    """How many phones there are and in which state, and the minutes, oldest first."""

    total: int
    online: int
    late: int
    offline: int
    minutes: list[MinuteView]


async def show(runner: Runner, *, minutes: int, now: float) -> FleetPresence:
    """A limited caller's own phones are counted; of the minutes, which the fleet shares, it gets none."""
    if limits.is_limited(runner):
        asked = [parse(which) for which in ("all", "late", "offline")]
        total, late, offline = [await limits.count(runner, query) for query in asked]
        return FleetPresence(total, max(0, total - late - offline), late, offline, [])
    last = int(now // 60)
    first = last - minutes + 1
    answers = await runner.run_all([*store.totals(), *store.minutes(first, last)])
    total, late, offline = answers[:3]
    views = []
    for number in range(minutes):
        counted, events = answers[3 + 2 * number], answers[4 + 2 * number]
        one = store.read_minute(first + number, counted, events)
        phones = one.phones
        states = (phones.get("online"), phones.get("late"), phones.get("offline"))
        views.append(MinuteView(moment(one.at), one.informs, *states, one.events))
    return FleetPresence(total, max(0, total - late - offline), late, offline, views)
