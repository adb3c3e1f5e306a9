"""How many open tasks there are in each state: counted phone by phone, for nobody keeps the sum."""

from __future__ import annotations

import time
from collections import Counter

from acs.fleet.identity import device_key
from acs.store import devices, metrics, tasks
from acs.store.metrics import Census
from workers.surroundings import current

#: Phones of one round trip.
BATCH = 500


def count_tasks() -> dict[str, int]:
    """Count them, for the metrics."""
    runner, began, after = current().runner, time.time(), ""
    found: Counter[str] = Counter()
    while True:
        ids: list[str] = runner.run(devices.ids(after=after, limit=BATCH))
        if not ids:
            break
        for open_tasks in runner.run_all([tasks.open_tasks(device_key(one)) for one in ids]):
            found.update(str(task.state) for task in open_tasks)
        after = ids[-1]
    runner.run(metrics.put_census(Census(began, dict(found))))
    return dict(found)
