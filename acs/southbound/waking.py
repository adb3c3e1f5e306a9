"""Waking phones as a service: takes what is due from the wake queue and has it attempted.

The queue is in Redis and shared by all server processes; each looks into it a few times a second and leases
what it takes. A process that dies leaves its leases: when they end, another one tries their phones.
"""

from __future__ import annotations

from typing import Any

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from acs.fleet.device import WakeRecord
from acs.fleet.identity import device_key
from acs.southbound.wake_attempt import Means, attempt
from acs.store import devices, wakes
from acs.store.errors import StoreError
from acs.store.wakes import Job, Pace

log = structlog.get_logger("acs.wake")

#: Seconds between two looks into the queue, and phones taken from it at a time.
TICK = 0.25
MOST_AT_A_TIME = 50

#: Seconds for which a phone is leased: longer than any attempt takes.
LEASE = 60.0


class WakeService:
    """:param pace: limits that all processes keep together."""

    def __init__(self, means: Means, pace: Pace, *, lease: float = LEASE) -> None:
        self._means = means
        self._pace = pace
        self._lease = lease
        self._timer: Any = None
        self._running = False
        self._failing = False
        self._under_way: set[Job] = set()

    def start(self) -> None:
        """Begin to look into the queue. To be called on the reactor."""
        self._running = True
        self._look_soon()

    async def stop(self) -> None:
        """Take no more, and give back what is under way: another process or the next start tries it again."""
        self._running = False
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        returned = [wakes.finish(job, again_at=self._means.now()) for job in self._under_way]
        try:
            await self._means.runner.run_all(returned)
        except StoreError as error:
            log.warning("connection requests under way are left to their leases", reason=str(error))

    async def wake(self, device_id: str, by: str) -> WakeRecord:
        """Wake this phone now, before all that wait, as `by` asked for. Gives the first outcome: what follows
        (the Inform, or another attempt) is recorded at the device.

        Never fails for what the phone does.
        """
        runner, now = self._means.runner, self._means.now
        asked_at = now()
        while True:
            job = await runner.run(wakes.claim_one(device_id, by=by, lease=self._lease, now=now()))
            if job is not None:
                told: Deferred[WakeRecord] = Deferred()
                self._begin(job, told)
                return await told
            # an attempt at the same phone is under way, here or elsewhere: its outcome is this one's
            await deferLater(self._means.clock, TICK)
            known = await runner.run(devices.get(device_key(device_id)))
            if known is not None and known.wake is not None and known.wake.at >= asked_at:
                return known.wake

    def _look_soon(self) -> None:
        if self._running:
            self._timer = self._means.clock.callLater(TICK, self._look)

    def _look(self) -> None:
        Deferred.fromCoroutine(self._take()).addBoth(self._looked)

    async def _take(self) -> None:
        more = True
        while more and self._running:
            claiming = wakes.claim(self._pace, most=MOST_AT_A_TIME, lease=self._lease, now=self._means.now())
            claim = await self._means.runner.run(claiming)
            for job in claim.jobs:
                self._begin(job, Deferred())
            more = claim.more

    def _looked(self, result: Any) -> None:
        failed = isinstance(result, Failure)
        if failed and not self._failing:
            log.warning("the wake queue cannot be read", reason=result.getErrorMessage())
        self._failing = failed
        self._look_soon()

    def _begin(self, job: Job, told: Deferred[WakeRecord]) -> None:
        def ended(result: Any) -> None:
            self._under_way.discard(job)
            if not isinstance(result, Failure):
                return
            # its lease ends, and it is tried again; a store that is away is told of elsewhere
            if not isinstance(result.value, StoreError):
                log.error("connection request failed", device=job.device_id, exc_info=result.value)
            if not told.called:
                told.errback(result)

        self._under_way.add(job)
        told.addErrback(_heard)
        Deferred.fromCoroutine(attempt(self._means, job, told)).addBoth(ended)


def _heard(failure: Failure) -> WakeRecord:
    """What whoever waits is told when the attempt broke off for a fault that is not the phone's."""
    text = f"the connection request broke off: {failure.getErrorMessage()}; it will be tried again"
    return WakeRecord(0, "failed", text)
