"""What one server process counted and how it is, told to the store every few seconds.

Part of `acs.serving`; needs a clock, not the reactor itself. While Redis is away counts stay here; what was
on its way when a connection broke is told again, because a count too many does less harm than one too few.
"""

from __future__ import annotations

import os
import resource
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall

from acs.fleet.metrics import REDIS_LOSSES, REDIS_SECONDS, Tally
from acs.store import metrics
from acs.store.errors import StoreError
from acs.store.metrics import Report
from acs.store.runner_reactor import ReactorRunner

log = structlog.get_logger("acs.metrics")

#: Seconds between two reports.
EVERY = 2.0

_PAGE = os.sysconf("SC_PAGE_SIZE")


def process_name() -> str:
    """This process among all that share a Redis."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Reporting:
    """:param clock: the reactor, for the timer."""

    def __init__(self, tally: Tally, *, clock: Any, every: float = EVERY) -> None:
        self._tally = tally
        self._clock = clock
        self._every = every
        self._name = process_name()
        self._started_at = time.time()
        self._lag = 0.0
        self._due = 0.0
        self._runner: ReactorRunner | None = None
        self._sessions: Callable[[], int] = int
        self._loop: Any = LoopingCall(self._tell)
        self._loop.clock = clock

    def timed(self, seconds: float) -> None:
        """A round trip to Redis took so long."""
        self._tally.observe(seconds, REDIS_SECONDS)

    def lost(self, _: str) -> None:
        """The connection to Redis broke."""
        self._tally.count(REDIS_LOSSES)

    def start(self, runner: ReactorRunner, sessions: Callable[[], int]) -> Deferred[None]:
        """Begin to report; fires when the first report is in. `sessions` tells how many are in hand."""
        self._runner, self._sessions = runner, sessions
        self._due = self._clock.seconds()
        self._loop.start(self._every, now=False)
        return Deferred.fromCoroutine(self._send())

    async def stop(self) -> None:
        """Tell what is not told yet, and that this process ends."""
        if self._loop.running:
            self._loop.stop()
        if self._runner is None:
            return
        counts = self._tally.take()
        try:
            if counts:
                await self._runner.run(metrics.add(counts))
            await self._runner.run(metrics.leave(self._name))
        except StoreError as error:
            log.warning("the last counts of this process are lost", reason=str(error))

    def _tell(self) -> Deferred[None]:
        now = self._clock.seconds()
        self._lag = max(0.0, now - self._due - self._every)
        self._due = now
        return Deferred.fromCoroutine(self._send())

    async def _send(self) -> None:
        assert self._runner is not None, "reports begin with start"
        counts = self._tally.take()
        calls: list[Any] = [metrics.say(self._report())]
        if counts:
            calls.append(metrics.add(counts))
        try:
            await self._runner.run_all(calls)
        except StoreError as error:
            log.debug("counts wait", reason=str(error))  # the loss of Redis itself has a line
            self._tally.give_back(counts)

    def _report(self) -> Report:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return Report(
            name=self._name,
            kind="server",
            at=time.time(),
            started_at=self._started_at,
            cpu_seconds=used.ru_utime + used.ru_stime,
            resident_bytes=resident_bytes(),
            open_files=open_files(),
            sessions=self._sessions(),
            lag=self._lag,
        )


def resident_bytes() -> int:
    """Memory of this process; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


def open_files() -> int:
    """Open descriptors; 0 where the system does not tell (Linux before 6.2). Never lists them: a server may
    have a hundred thousand."""
    try:
        return os.stat("/proc/self/fd").st_size
    except OSError:
        return 0
