"""Tasks that nobody but an operator's wish for a phone's configuration led to."""

from __future__ import annotations

from hashlib import blake2b

from acs.fleet import outcome
from acs.fleet.identity import device_key, task_id
from acs.fleet.situation import Situation
from acs.fleet.task import Task, Work

#: Who put them down.
ACTOR = "desired configuration"


def own_task(situation: Situation, work: Work, which: str) -> Task:
    """A task that an operator's wish led to, claimed for this session. `which` tells it from others of the
    session: made again, it is the same."""
    device, now = situation.device, situation.now
    salt = blake2b(f"{situation.session} {which}".encode(), digest_size=6).digest()
    task = Task(
        id=task_id(device_key(device.id), salt),
        device=device.id,
        work=work,
        created_at=now,
        created_by=ACTOR,
    )
    return outcome.claimed(task, now, situation.session)
