"""What workers count, and that RQ keeps its queue where the metrics look for it."""

from __future__ import annotations

from rq import Queue
from rq.registry import FailedJobRegistry, StartedJobRegistry

from acs.store import keyspace
from workers.timetable import QUEUE


def test_rq_keeps_its_queue_where_the_metrics_look(redis):
    queue = Queue(QUEUE, connection=redis)
    assert queue.key.encode() == keyspace.JOBS_QUEUED
    assert StartedJobRegistry(queue=queue).key.encode() == keyspace.JOBS_RUNNING
    assert FailedJobRegistry(queue=queue).key.encode() == keyspace.JOBS_FAILED
    queue.enqueue("workers.upkeep.prune_files")
    assert redis.llen(keyspace.JOBS_QUEUED) == 1
