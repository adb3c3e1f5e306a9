"""The thread that enqueues what is due: steps of rollouts, schedules, and RQ's own scheduled jobs.

Every worker process has one. A rollout is taken for `LEASE` seconds by whoever enqueues its step; should that
job be lost, the step is due again then. RQ's scheduler is driven here too: one process at a time has its
lock, and another takes over when that one dies.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.scheduler import RQScheduler

from acs.store import rollouts
from acs.store.errors import StoreError
from acs.store.runner_blocking import BlockingRunner
from workers import schedules, taking
from workers.queues import LATER, QUEUES, URGENT, USUAL

#: Seconds between two looks at what is due, and for which a rollout's step is taken: so long it stands still
#: when its job was killed. A job that takes longer meets another one, which does no harm.
TICK = 0.5
LEASE = 15.0

#: Rollouts taken at once.
AT_ONCE = 50

#: Seconds between two refreshes of the lock of RQ's scheduler, which holds for a minute.
LOCK_EVERY = 15.0

_log = logging.getLogger(__name__)


def queue_of(priority: int) -> str:
    """The queue for the steps of a rollout with this priority."""
    if priority > 0:
        return URGENT
    return USUAL if priority == 0 else LATER


class RolloutClock(threading.Thread):
    """Enqueues what is due, until `stop`. A Redis that is away is tried again at the next tick."""

    def __init__(self, redis_url: str, connection: Redis) -> None:
        super().__init__(name="rollout clock", daemon=True)
        self._runner = BlockingRunner(redis_url)
        self._connection = connection
        # untyped in the library
        self._scheduler: Any = RQScheduler(list(QUEUES), connection, logging_level=logging.WARNING)
        self._locked_at = 0.0
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.is_set():
            now = time.time()
            try:
                enqueue_due(self._runner, self._connection, now)
                schedules.enqueue_due(self._runner, Queue(URGENT, connection=self._connection), now)
                self._scheduled(now)
            except (RedisError, StoreError, OSError) as error:
                _log.warning("Redis is away, rollouts and schedules stand still: %s", error)
            self._stopped.wait(TICK)
        self._leave()

    def stop(self) -> None:
        self._stopped.set()

    def _scheduled(self, now: float) -> None:
        """Enqueue the jobs whose time RQ's scheduler keeps: jobs tried again."""
        if now - self._locked_at > LOCK_EVERY:
            self._scheduler.acquire_locks()
            self._locked_at = now
        if self._scheduler.acquired_locks:
            self._scheduler.enqueue_scheduled_jobs()

    def _leave(self) -> None:
        try:
            self._scheduler.release_locks()
        except (RedisError, OSError) as error:
            _log.warning("the lock of RQ's scheduler stays for a minute: %s", error)


def enqueue_due(runner: BlockingRunner, connection: Redis, now: float) -> int:
    """Enqueue the next step of every rollout that has one due; how many."""
    until = round(now + LEASE, 3)
    taken = runner.run(rollouts.claim(now=now, until=until, limit=AT_ONCE))
    for identifier, stored in zip(taken, runner.run_all([rollouts.get(one) for one in taken]), strict=True):
        name = stored.rollout.definition.name if stored is not None else "that is gone"
        priority = stored.rollout.definition.priority if stored is not None else 0
        taking.enqueue(
            Queue(queue_of(priority), connection=connection),
            "workers.rollouts.advance",
            "rollout",
            identifier,
            until=until,
            lease=LEASE,
            description=f"rollout {name}: next steps",
        )
    return len(taken)
