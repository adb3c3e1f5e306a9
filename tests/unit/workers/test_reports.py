"""What workers count, and that RQ keeps its queues where the metrics look for them."""

from __future__ import annotations

import pytest
from rq import Queue
from rq.registry import FailedJobRegistry, StartedJobRegistry

from acs.store import keyspace, metrics
from workers.queues import QUEUES


@pytest.mark.parametrize("name", QUEUES)
def test_rq_keeps_its_queues_where_the_metrics_look(redis, runner, name):
    queue = Queue(name, connection=redis)
    place = name.encode()
    assert queue.key.encode() == keyspace.JOBS_QUEUED + place
    assert StartedJobRegistry(queue=queue).key.encode() == keyspace.JOBS_RUNNING + place
    assert FailedJobRegistry(queue=queue).key.encode() == keyspace.JOBS_FAILED + place
    queue.enqueue("workers.upkeep.prune_files")
    assert sum(runner.run_all(metrics.jobs())) == 1
