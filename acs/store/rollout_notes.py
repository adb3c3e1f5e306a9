"""Telling a rollout that something happened to a phone of it: noted wherever one of its tasks is written.

The note is made before the task is written, in another slot. Whoever looks too early finds nothing new and
looks again; a note too many does no harm.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from acs.fleet.task import Task
from acs.store import keyspace
from acs.store.calls import Call, nothing


def told(tasks: Iterable[Task]) -> tuple[Call[None], ...]:
    """The calls that note these tasks' phones; none for tasks of no rollout."""
    calls: list[Call[None]] = []
    for task in tasks:
        if task.rollout:
            calls += note(task.rollout, task.device, time.time())
    return tuple(calls)


def note(rollout: str, device_id: str, at: float) -> list[Call[None]]:
    noted = keyspace.rollout_prefix(rollout) + keyspace.MEMBERS_NOTED
    return [
        Call(("ZADD", noted, at, device_id), nothing),
        Call(("ZADD", keyspace.ROLLOUTS_DUE, "LT", at, rollout), nothing),
    ]
