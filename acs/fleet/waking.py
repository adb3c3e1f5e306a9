"""Rules of waking: which way to try first, when to ask again, and what to say when nothing reached the phone.

A way is how a connection request travels: `http` to the ConnectionRequestURL, or `udp` to the address that a
STUN binding keeps open (TR-069 Annex G). Times are seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

from msgspec import Struct

from acs.fleet.device import Device
from acs.fleet.nat import behind_nat

#: Attempts remembered of each phone.
HISTORY = 20

#: Seconds before the next attempt after the first, second, ... one that did not reach the phone.
PAUSES = (5.0, 20.0, 60.0)
#: The same for a phone that declined: it is there, and most sessions are over within seconds.
BUSY_PAUSES = (5.0, 10.0, 20.0, 30.0, 60.0, 60.0)

#: A way that failed so often in a row goes last.
_FAILED_OFTEN = 2


class Way(StrEnum):
    HTTP = "http"
    UDP = "udp"


class Kind(StrEnum):
    """How one attempt went."""

    ACCEPTED = "accepted"
    SENT = "sent"
    CAME = "came"
    DECLINED = "declined"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    MALFORMED_URL = "malformed_url"
    UNEXPECTED = "unexpected"
    TIMED_OUT = "timed_out"
    UNANSWERED = "unanswered"


#: Asking again changes nothing about these: somebody has to mend something first.
_FINAL = (Kind.REFUSED, Kind.MALFORMED_URL)


class Attempt(Struct, frozen=True, array_like=True):
    """One connection request that went out."""

    at: float
    way: str
    outcome: str
    text: str = ""
    #: seconds until the phone's Inform, None where none came
    came_after: float | None = None

    @property
    def worked(self) -> bool:
        """The phone came, or said at least that it is there."""
        return self.came_after is not None or self.outcome == Kind.DECLINED


def ways(device: Device, *, udp: bool, history: Sequence[Attempt]) -> tuple[Way, ...]:
    """The ways to this phone, the most promising first. `udp` says whether one by UDP is known.

    What brought the phone last goes first; before anything did, UDP for phones behind NAT, else HTTP. A way
    that failed several times since gives way to the other.
    """
    if not udp:
        return (Way.HTTP,)
    if not device.connection_request_url:
        return (Way.UDP,)
    first = Way.UDP if behind_nat(device) else Way.HTTP
    return tuple(sorted(Way, key=lambda way: (*_merit(way, history), way != first)))


def _merit(way: Way, history: Sequence[Attempt]) -> tuple[bool, float]:
    mine = [attempt for attempt in history if attempt.way == way]
    last = next((attempt.at for attempt in mine if attempt.worked), 0.0)
    failures = sum(attempt.at > last for attempt in mine)
    return failures >= _FAILED_OFTEN, -last


def pause(kind: str, attempts: int, chance: float) -> float | None:
    """Seconds before the next attempt after so many, None for no more. `chance` from 0 to 1 spreads it."""
    if kind in _FINAL:
        return None
    pauses = BUSY_PAUSES if kind == Kind.DECLINED else PAUSES
    if attempts > len(pauses):
        return None
    return pauses[attempts - 1] * (0.8 + 0.4 * chance)


def next_inform(device: Device, last_inform: float) -> float:
    """When the phone will call by itself, as it is set or as is its habit; 0 when neither is known."""
    interval = device.inform_interval or device.inform_habit
    return last_inform + interval if interval and last_inform else 0.0


def left_to_wait(device: Device, last_inform: float, now: float) -> str:
    """What remains when nothing reaches the phone, as a clause."""
    due = next_inform(device, last_inform)
    if not due:
        return "it is left to call by itself; its Inform interval is not known"
    when = f"{datetime.fromtimestamp(due, UTC):%Y-%m-%d %H:%M:%S} UTC"
    if due < now:
        return f"it is left to call by itself, and its Inform has been overdue since {when}"
    return f"its next Inform is due at {when} (every {device.inform_interval or device.inform_habit:.0f} s)"
