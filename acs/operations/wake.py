"""Connection requests: asking a phone to start a session now."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from typing import Any

import structlog
from msgspec import Struct
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from acs.fleet.changes import TimelineEntry
from acs.fleet.device import WakeRecord
from acs.fleet.identity import device_key
from acs.operations.ports import Runner, Wake, moment
from acs.store import timeline

log = structlog.get_logger("acs.wake")

UNDER_WAY = "under way"


class WakeView(Struct, frozen=True, omit_defaults=True):
    """How a connection request went; `outcome` is one word or two, `text` a sentence."""

    at: datetime | None
    outcome: str
    text: str
    #: when it is tried again by itself
    again_at: datetime | None = None
    #: where nothing is left but to wait for the phone: when its next Inform is due, if that is known
    next_inform: datetime | None = None


def wake_view(record: WakeRecord | None) -> WakeView | None:
    return _view(record, record.at) if record is not None else None


def _view(record: WakeRecord, at: float) -> WakeView:
    return WakeView(
        moment(at), record.outcome, record.text, moment(record.again_at), moment(record.next_inform)
    )


async def send(
    runner: Runner,
    wake: Wake,
    reactor: IReactorTime,
    device_id: str,
    *,
    patience: float,
    by: str,
    now: float,
) -> WakeView:
    """Send a connection request and wait for its outcome, for so many seconds at most.

    After that the outcome is `under way`: it goes on, and is recorded at the device when it is known. Who
    asked stands on the timeline; how it went is written there by the sender.
    """
    entry = TimelineEntry(now, "wake", f"{by} asked for a connection request", {"by": by})
    await runner.run(timeline.push(device_key(device_id), [entry]))
    record = await _within(reactor, wake(device_id, by), patience)
    if record is None:
        return WakeView(moment(now), UNDER_WAY, f"no outcome within {patience:g} s; it goes on")
    return _view(record, record.at or now)


def _within(
    reactor: IReactorTime, sending: Awaitable[WakeRecord], patience: float
) -> Deferred[WakeRecord | None]:
    """The record, or None when it takes longer. The connection request itself is never broken off."""
    waiting: Deferred[WakeRecord | None] = Deferred()
    clock: Any = reactor  # type checkers cannot read zope's interfaces
    timer = clock.callLater(patience, waiting.callback, None)

    def sent(record: WakeRecord) -> None:
        if timer.active():
            timer.cancel()
            waiting.callback(record)

    def failed(failure: Failure) -> None:
        # a fault of this server's own; what was asked along with it has been done and must be answered
        log.error("connection request failed", exc_info=failure.value)
        sent(WakeRecord(0, "failed", "the connection request could not be sent; the log says why"))

    under_way = sending if isinstance(sending, Deferred) else ensureDeferred(_awaited(sending))
    under_way.addCallbacks(sent, failed)
    return waiting


async def _awaited(sending: Awaitable[WakeRecord]) -> WakeRecord:
    return await sending
