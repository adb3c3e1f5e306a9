"""Proof by upload on a schedule: a phone is asked for its configuration now and then, and what it sends is
compared with what it ought to have."""

from __future__ import annotations

from msgspec import structs

from acs.fleet import sending
from acs.fleet.changes import Changes
from acs.fleet.convergence.own_tasks import own_task
from acs.fleet.device import Learning
from acs.fleet.situation import Situation
from acs.fleet.step import Step
from acs.fleet.task import UploadWork


def next_step(situation: Situation) -> Step | None:
    """The upload that is due, as a task of its own; None where none is."""
    device, every, now = situation.device, situation.upload_every, situation.now
    if not every or now - device.upload_asked_at < every or device.learning is not Learning.COMPLETE:
        return None
    if not situation.may_know("Upload"):
        return None
    if any(isinstance(task.work, UploadWork) for task in situation.tasks):
        return None
    task = own_task(situation, UploadWork(), "upload")
    changes = Changes(device=structs.replace(device, upload_asked_at=now), tasks=(task,), urgent=True)
    step = sending.step(task, situation.after(changes))
    return Step(step.request, step.ref, changes.then(step.changes))
