"""Tasks whose request went out and whose answer never came: what was done, and may it be asked again?

Reads and sets may: doing them twice is doing them once. A reboot or a reset shows in the next Inform, but for
one that repeats an earlier boot. Such a one, a download, or an object that was added is asked about first
(`acs.fleet.questions`), because sending it again could do it twice. A task that the phone answered is never
here.
"""

from __future__ import annotations

from acs.fleet import gathering, outcome, proof
from acs.fleet.proof import Heard
from acs.fleet.task import (
    AddObjectWork,
    DeleteObjectWork,
    DownloadWork,
    FactoryResetWork,
    RebootWork,
    Task,
    TaskState,
    UploadWork,
)

BROKEN = "the session broke off"


def unanswered(task: Task, now: float, reason: str) -> Task:
    """The task when its request is known to stay without an answer."""
    match task.work:
        case RebootWork() | FactoryResetWork() | DownloadWork():
            return task.noting(unanswered=reason)
        case AddObjectWork() if "instance_number" not in task.evidence:
            return task.noting(unanswered=reason)
        case UploadWork() if "received" in task.evidence:
            return proof.settle(outcome.waiting(task, now + proof.REPORT_WAIT), "", now)
        case DeleteObjectWork():
            return outcome.again(task.noting(maybe_deleted=True), now, reason)
        case _:
            return outcome.again(gathering.unheard(task), now, reason)


def at_inform(task: Task, heard: Heard, now: float, session: str, *, can_ask: bool) -> Task:
    """A running task of an earlier session, after `proof.by_inform` found no proof of it in this Inform.
    `can_ask`: the phone may be able to say which transfers it has queued."""
    if task.state is not TaskState.RUNNING or task.session == session:
        return task
    reason = task.evidence.get("unanswered") or BROKEN
    match task.work:
        case RebootWork() | FactoryResetWork() if heard.repeated:
            # The boot may be the one before the request, told once more, or the one it asked for.
            return task.noting(unanswered=reason, boot_repeated=True)
        case RebootWork():
            return outcome.again(task, now, f"{reason}, and it did not boot")
        case FactoryResetWork():
            return outcome.again(task, now, f"{reason}, and it was not reset")
        case DownloadWork():
            return _download(task, heard, now, session, reason, can_ask)
        case AddObjectWork() if "instance_number" not in task.evidence:
            return task.noting(unanswered=reason)
        case _:
            return unanswered(task, now, reason)


def _download(task: Task, heard: Heard, now: float, session: str, reason: str, can_ask: bool) -> Task:
    # Without this task's key, an event may be another transfer's: the TransferComplete that comes with it is
    # heard before this phone is asked or sent anything.
    if proof.taken(task) or task.id in (*heard.keys("M Download"), *heard.keys("M ScheduleDownload")):
        return waiting_for_transfer(task, now)
    if "cannot_ask" in task.evidence or not can_ask:
        return quiet(task, now, session, reason)
    return task.noting(unanswered=reason)


def waiting_for_transfer(task: Task, now: float) -> Task:
    """It was taken after all: wait for what proves it."""
    delay = task.work.delay if isinstance(task.work, DownloadWork) else 0
    return outcome.waiting(task, now + delay + proof.patience(task))


def quiet(task: Task, now: float, session: str, reason: str) -> Task:
    """A lost download that cannot be asked about: sent again once the phone was quiet about it for one whole
    session more, that is, when neither the file server nor two Informs in a row have seen anything of it."""
    seen = task.evidence.get("quiet_session", "")
    if seen and seen != session:
        return outcome.again(task, now, f"{reason}, and nothing was fetched since")
    return task.noting(unanswered=reason, quiet_session=session, cannot_ask=True)
