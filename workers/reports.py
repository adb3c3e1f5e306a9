"""What a worker process says of itself and counts: jobs by how they ended, and how long they took."""

from __future__ import annotations

import logging
import os
import resource
import socket
import time
from pathlib import Path
from typing import Any

from rq import Queue, Worker
from rq.job import Job

from acs.fleet.metrics import JOB_SECONDS, JOBS, Tally
from acs.store import metrics
from acs.store.errors import StoreError
from acs.store.metrics import Report
from acs.store.runner_blocking import BlockingRunner
from workers.surroundings import current

_log = logging.getLogger(__name__)

_PAGE = os.sysconf("SC_PAGE_SIZE")


class Reports:
    """The reports of this process, each sent by `send`. CPU is that of its ended jobs too."""

    def __init__(self, redis_url: str) -> None:
        self._runner = BlockingRunner(redis_url)
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._started_at = time.time()

    def send(self) -> None:
        """Raises StoreError."""
        self._runner.run(metrics.say(self._report()))

    def leave(self) -> None:
        try:
            self._runner.run(metrics.leave(self._name))
        except StoreError as error:
            _log.warning("the end of this worker is not told: %s", error)

    def _report(self) -> Report:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return Report(
            name=self._name,
            kind="worker",
            at=time.time(),
            started_at=self._started_at,
            cpu_seconds=sum(one.ru_utime + one.ru_stime for one in used),
            resident_bytes=_resident_bytes(),
            open_files=len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0,
        )


def _resident_bytes() -> int:
    """Memory of this process; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


class CountingWorker(Worker):
    """An RQ worker whose jobs are counted. A job that is killed with its process is not."""

    def perform_job(self, job: Job, queue: Queue, *more: Any, **named: Any) -> bool:
        began = time.monotonic()
        succeeded: bool = super().perform_job(job, queue, *more, **named)
        tally = Tally()
        # jobs of ours are few, and each is a function of a module: `presence.look`
        name = str(job.func_name).removeprefix("workers.")
        tally.count(JOBS, name, "done" if succeeded else "failed")
        tally.observe(time.monotonic() - began, JOB_SECONDS, name)
        try:
            current().runner.run(metrics.add(tally.take()))
        except StoreError as error:
            _log.warning("a job is not counted: %s", error)
        return succeeded
