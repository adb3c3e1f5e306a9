"""Signs of life of phones, told to the store twice a second and not once a session.

What is not told yet when a process dies is found again: the presence job asks a phone's record before it
calls it missing. While Redis is away signs are kept, the newest of each phone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall

from acs.fleet import presence as rules
from acs.fleet.device import Device
from acs.fleet.identity import device_key
from acs.store import presence
from acs.store.errors import StoreError
from acs.store.presence import Sign
from acs.store.runner_reactor import ReactorRunner

log = structlog.get_logger("acs.presence")

#: Seconds between two batches.
EVERY = 0.5

#: A batch without a sign is sent so often, to say that the server is there, in seconds.
STILL_THERE = 5.0

#: Signs sent at once: about 2 ms of Redis' time.
AT_ONCE = 2000


class SignsOfLife:
    """:param now: seconds since the epoch."""

    def __init__(
        self, runner: ReactorRunner, *, clock: Any, now: Callable[[], float] = time.time, every: float = EVERY
    ) -> None:
        self._runner = runner
        self._now = now
        self._every = every
        self._signs: dict[str, Sign] = {}
        self._informs = 0
        self._told_at = 0.0
        self._loop: Any = LoopingCall(self._tell)
        self._loop.clock = clock

    def start(self) -> None:
        self._loop.start(self._every)

    async def stop(self) -> None:
        """Tell what is not told yet."""
        if self._loop.running:
            self._loop.stop()
        while self._signs:
            before = len(self._signs)
            await self._tell()
            if len(self._signs) >= before:
                return  # Redis is away

    def informed(self, key: str, device: Device, at: float) -> None:
        """The phone with this device key sent an Inform."""
        self._informs += 1
        self._note(key, device, at)

    def spoke(self, device: Device, at: float) -> None:
        """The phone gave a sign of life that was no Inform."""
        self._note(device_key(device.id), device, at)

    def _note(self, key: str, device: Device, at: float) -> None:
        self._signs[key] = Sign(key, at, rules.late_at(rules.interval_of(device), at))

    def _tell(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._send())

    async def _send(self) -> None:
        now = self._now()
        if not self._signs and now - self._told_at < STILL_THERE:
            return
        told = list(self._signs.values())[:AT_ONCE]
        informs, self._informs = self._informs, 0
        for sign in told:
            del self._signs[sign.key]
        try:
            await self._runner.run(presence.heard(told, informs=informs, now=now))
            self._told_at = now
        except StoreError as error:
            log.warning("signs of life wait", phones=len(told), reason=str(error))
            self._informs += informs
            self._signs = {sign.key: sign for sign in told} | self._signs
