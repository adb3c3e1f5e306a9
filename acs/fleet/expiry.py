"""Tasks whose time has run out: those never sent, and those whose proof never came."""

from __future__ import annotations

from collections.abc import Iterable

from acs.fleet import outcome, proof
from acs.fleet.changes import Changes
from acs.fleet.task import (
    DownloadWork,
    FactoryResetWork,
    RebootWork,
    ScheduleInformWork,
    Task,
    TaskState,
    UploadWork,
)

#: A task whose answer is outstanding may still get it; after this many seconds the session is surely over.
ANSWER_GRACE = 900.0


def overdue(tasks: Iterable[Task], now: float) -> Changes:
    """The tasks among these that have run out of time, closed, with a sentence on what was missing."""
    given = tuple(tasks)
    closed = tuple(over for task in given if (over := _overdue(task, now)) is not task)
    return outcome.changed(now, *closed, was=given) if closed else Changes()


def _overdue(task: Task, now: float) -> Task:
    if task.state is TaskState.PENDING and 0 < task.expires_at <= now:
        if not task.attempts:
            return outcome.expired(task, now, "The phone did not call before the task's time was over")
        return outcome.expired(task, now, f"Tried {task.attempts} times before the task's time was over")
    if task.state is TaskState.RUNNING and 0 < task.expires_at <= now:
        if now - max(task.expires_at, task.started_at) < ANSWER_GRACE:
            return task
        return outcome.expired(
            task, now, "It was sent, but its answer was lost and the phone did not call again"
        )
    if task.state is TaskState.WAITING and 0 < task.deadline <= now:
        by_file = proof.proved_by_file(task, now)
        return by_file if by_file is not task else outcome.failed(task, now, 0, missing(task), unproved=True)
    return task


def missing(task: Task) -> str:
    """What was waited for in vain, as a sentence for the operator."""
    match task.work:
        case RebootWork():
            return "The phone accepted the reboot but was not seen to boot"
        case FactoryResetWork():
            return "The phone accepted the factory reset but never came back with 0 BOOTSTRAP"
        case ScheduleInformWork():
            return "The phone accepted the schedule but never sent the scheduled Inform"
        case DownloadWork() as work:
            if proof.is_firmware(task) and work.version:
                before = task.evidence.get("version_before") or "no known version"
                return (
                    f"The phone was never seen with version {work.version} (it had {before}); {_file(task)}"
                )
            if proof.is_firmware(task):
                return f"The phone was not seen to boot into other firmware; {_file(task)}"
            if "transfer_complete" in task.evidence:
                return f"The phone reported the download as complete, but {_file(task)}"
            return f"The phone never reported the download as complete; {_file(task)}"
        case UploadWork():
            return "The phone accepted the upload but no file came"
        case _:
            return "The proof that it was done never came"


def _file(task: Task) -> str:
    work = task.work
    if not isinstance(work, DownloadWork) or not work.file:
        return "the file lies on another server"
    if task.evidence.get("served_complete"):
        return "it fetched the whole file"
    sent = task.evidence.get("bytes_served", 0)
    return f"it fetched {sent} of {work.size} bytes" if sent else "it never fetched the file"
