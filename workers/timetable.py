"""Which job runs how often, and the thread that enqueues what is due.

Every worker process keeps the timetable, so that none has to be the one that must not die. A job's id is its
name and the number of its interval since the epoch; RQ takes an id once, so each is enqueued once however
many ask for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from msgspec import Struct
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.exceptions import DuplicateJobError

from acs.store.errors import StoreError
from workers.queues import LATER, USUAL, WATCH

QUEUE = USUAL

_log = logging.getLogger(__name__)


class Entry(Struct, frozen=True):
    """One line: the job's dotted name, and the seconds from one run to the next."""

    function: str
    every: int
    #: seconds after which a run is given up
    timeout: int = 300
    queue: str = USUAL


TIMETABLE = (
    Entry("workers.presence.look", every=5, queue=WATCH),
    Entry("workers.hooks.pass_on", every=5, queue=WATCH),
    Entry("workers.upkeep.expire_overdue_tasks", every=30),
    Entry("workers.rollouts.rescue", every=60),
    Entry("workers.schedules.rescue", every=60),
    Entry("workers.retention.drop_surplus", every=60, queue=LATER),
    Entry("workers.census.count_tasks", every=60, queue=LATER),
    Entry("workers.presence.repair", every=3600, timeout=1800, queue=LATER),
    Entry("workers.upkeep.prune_files", every=3600, timeout=1800, queue=LATER),
    Entry("workers.rollouts.forget", every=6 * 3600, timeout=1800, queue=LATER),
    Entry("workers.upkeep.repair_indexes", every=3600, timeout=1800, queue=LATER),
)


def enqueue(entry: Entry, queue: Queue, now: float) -> bool:
    """Enqueue the run of the interval that `now` (since the epoch) is in; False when that was done."""
    try:
        queue.enqueue(
            entry.function,
            job_id=f"{entry.function.rpartition('.')[2]}-{int(now // entry.every)}",
            unique=True,
            job_timeout=entry.timeout,
            # not begun before the next is due: the next does the same
            ttl=entry.every,
            # ids must be remembered until their interval is over
            result_ttl=2 * entry.every,
            failure_ttl=max(2 * entry.every, min(1000 * entry.every, 24 * 3600)),
        )
    except DuplicateJobError:
        return False
    return True


def until_due(now: float, entries: tuple[Entry, ...] = TIMETABLE) -> float:
    """Seconds from `now` until the next interval of any entry begins."""
    return min(entry.every - now % entry.every for entry in entries)


class Timetable(threading.Thread):
    """Enqueues what is due, until `stop`. A Redis that is away is tried again at the next interval.

    :param report: says with each look at what is due that this process is there.
    """

    def __init__(
        self, connection: Redis, report: Callable[[], None], entries: tuple[Entry, ...] = TIMETABLE
    ) -> None:
        super().__init__(name="timetable", daemon=True)
        self._queues = {
            name: Queue(name, connection=connection) for name in {entry.queue for entry in entries}
        }
        self._report = report
        self._entries = entries
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.is_set():
            now = time.time()
            try:
                self._report()
                for entry in self._entries:
                    enqueue(entry, self._queues[entry.queue], now)
            except (RedisError, StoreError, OSError) as error:
                _log.warning("Redis is away, jobs are not enqueued: %s", error)
            self._stopped.wait(until_due(time.time(), self._entries))

    def stop(self) -> None:
        self._stopped.set()
