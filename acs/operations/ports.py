"""What operations need from outside, as narrow as they need it; `acs.app` brings the real ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from acs.fleet.device import WakeRecord
from acs.fleet.trace.comparison import Replayed
from acs.fleet.trace.records import TraceMessage, TraceStart
from acs.store.calls import Call, Steps

T = TypeVar("T")


class Runner(Protocol):
    """Runs the store's calls; `acs.store.runner_reactor.ReactorRunner` is one."""

    def run(self, call: Call[T]) -> Awaitable[T]: ...

    def run_all(self, calls: Sequence[Call[Any]]) -> Awaitable[list[Any]]: ...

    def drive(self, steps: Steps[T]) -> Awaitable[T]: ...


#: Sends a connection request to the device with this id, as this person asked for, and tells how that went.
Wake = Callable[[str, str], Awaitable[WakeRecord]]

#: What this server answers to these messages of a phone, in order, beginning from how things stood; nothing
#: is stored or sent.
Replay = Callable[[TraceStart, Sequence[TraceMessage]], Awaitable[Sequence[Replayed]]]

#: Lets so many seconds pass.
Sleep = Callable[[float], Awaitable[None]]


#: The last second that has a date.
LAST = 253_402_300_799.0


def moment(seconds: float) -> datetime | None:
    """Seconds since the epoch as the interfaces show them: a UTC time, None for never."""
    return datetime.fromtimestamp(within_time(seconds), UTC) if seconds else None


def within_time(seconds: float) -> float:
    """The nearest time from 1970 to 9999: the zone of a date may carry it beyond these."""
    return min(max(seconds, 0.0), LAST)
