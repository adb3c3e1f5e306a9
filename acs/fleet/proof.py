"""What proves that a task succeeded: success is shown, not reported.

    reboot            `M Reboot` with its CommandKey; weaker, `1 BOOT` alone
    factory_reset     `0 BOOTSTRAP`
    schedule_inform   `M ScheduleInform` with its CommandKey; weaker, `3 SCHEDULED` alone
    sets              the answer; where it was lost, the task's ParameterKey in a later Inform
    firmware          SoftwareVersion, once the file's version is known; else a changed version, or
                      TransferComplete and the boot after it
    stored file       TransferComplete (or Status 0) and the file server's word that it sent the whole file;
                      where the file server was killed before it could give it, that it had begun to send
    file elsewhere    TransferComplete (or Status 0): reported, there is no more to have
    upload            the whole file received, and TransferComplete (or Status 0)

Evidence is gathered in `Task.evidence`, in whatever order it comes (quirks 30, 31 and 34); `settle` looks at
all of it each time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from acs.fleet import outcome
from acs.fleet.selector.values import same_version
from acs.fleet.task import (
    AddObjectWork,
    DeleteObjectWork,
    DownloadWork,
    FactoryResetWork,
    RebootWork,
    ScheduleInformWork,
    SetParameterValuesWork,
    Task,
    TaskState,
    UploadWork,
)

#: How long a transfer may go without a sign before it is given up: large images come over slow lines.
TRANSFER_WAIT = 3600.0
#: A phone boots in two or three minutes; its first Informs may fail and be retried.
BOOT_WAIT = 900.0
#: After a factory reset a phone may provision itself and boot again before it calls.
RESET_WAIT = 1800.0
#: What a scheduled Inform may be late by, retries included.
SCHEDULE_SLACK = 900.0
#: How long a TransferComplete is waited for once an upload has arrived: phones that send one do so at once,
#: and those that never do should not keep an operator waiting.
REPORT_WAIT = 60.0
#: The same once a phone has fetched a configuration or another file that is no firmware: it may apply it and
#: boot before it reports, which takes two or three minutes.
APPLY_WAIT = 300.0
#: How long the file server's word is waited for once the phone has reported a transfer.
FETCH_WAIT = 600.0


#: Events with the CommandKey of a transfer.
_TRANSFERS = ("M Download", "M ScheduleDownload", "M Upload")


class Heard(Struct, frozen=True):
    """What an Inform says about tasks."""

    #: event code to the CommandKeys that came with it
    events: dict[str, tuple[str, ...]]
    parameter_key: str = ""
    #: SoftwareVersion as this Inform told it, "" when it did not
    version: str = ""
    #: this Inform repeats the events of the last one: a boot in it may be an old one
    repeated: bool = False

    def keys(self, code: str) -> tuple[str, ...]:
        return tuple(key for key in self.events.get(code, ()) if key)


def is_firmware(task: Task) -> bool:
    return isinstance(task.work, DownloadWork) and task.work.file_type.startswith("1 ")


def taken(task: Task) -> bool:
    """Whether there is any sign that the phone took this transfer, be its answer lost or not."""
    evidence = task.evidence
    return bool(
        evidence.get("bytes_served") or evidence.get("fetches_open") or "transfer_complete" in evidence
    )


def is_transfer(task: Task) -> bool:
    return isinstance(task.work, DownloadWork | UploadWork)


# --- by an Inform -------------------------------------------------------------------------------------------


def by_inform(
    tasks: Iterable[Task], heard: Heard, version: str, now: float, session: str
) -> tuple[Task, ...]:
    """The tasks that this Inform proves, or adds evidence to. `version` is the device's SoftwareVersion
    now.
    """
    open_tasks = tuple(tasks)
    return tuple(
        proved
        for task in open_tasks
        if (proved := _by_inform(task, open_tasks, heard, version, now, session)) is not task
    )


def _by_inform(
    task: Task, tasks: tuple[Task, ...], heard: Heard, version: str, now: float, session: str
) -> Task:
    if task.state is TaskState.PENDING:
        return _by_parameter_key(task, heard, now)
    if task.session == session:
        return task
    lost = task.state is TaskState.RUNNING
    match task.work:
        case RebootWork():
            by = _by_key(task, tasks, heard, "M Reboot")
            if not by and "1 BOOT" in heard.events and not (lost and heard.repeated):
                by = "1 BOOT, without M Reboot"
            return outcome.done(task, now, {"proved_by": by}, proved_by=by) if by else task
        case FactoryResetWork():
            if "0 BOOTSTRAP" in heard.events and not (lost and heard.repeated):
                return outcome.done(task, now, {"proved_by": "0 BOOTSTRAP"}, proved_by="0 BOOTSTRAP")
            return task
        case ScheduleInformWork():
            by = _by_key(task, tasks, heard, "M ScheduleInform")
            if not by and "3 SCHEDULED" in heard.events and "M ScheduleInform" not in heard.events:
                by = "3 SCHEDULED, without M ScheduleInform"
            return outcome.done(task, now, {"proved_by": by}, proved_by=by) if by else task
        case DownloadWork() | UploadWork():
            if "1 BOOT" in heard.events and not (lost and heard.repeated) and _under_way(task, heard):
                task = task.noting(**({"booted": True} if heard.version else {"boot_unread": True}))
            settled = settle(task, version, now)
            return settled if not settled.open else _by_report(settled, now)
        case _:
            return _by_parameter_key(task, heard, now) if lost else task


def _under_way(task: Task, heard: Heard) -> bool:
    """Whether the transfer has begun: a boot before that, by a power cut perhaps, is not its boot."""
    keys = tuple(key for code in _TRANSFERS for key in heard.keys(code))
    if taken(task) or task.id in keys:
        return True
    return not keys and bool(
        heard.events.keys() & {"7 TRANSFER COMPLETE", "M Download", "M ScheduleDownload"}
    )


def _by_key(task: Task, tasks: tuple[Task, ...], heard: Heard, code: str) -> str:
    """Whether the event is this task's: it has its CommandKey, or a blank or foreign one and no other task of
    the kind is open."""
    if code not in heard.events:
        return ""
    keys = heard.keys(code)
    if task.id in keys:
        return code
    ours = {other.id for other in tasks}
    rivals = [
        other
        for other in tasks
        if other.type == task.type and other.state in (TaskState.WAITING, TaskState.RUNNING)
    ]
    alone = len(rivals) == 1 and not ours.intersection(keys)
    return f"{code}, without this task's CommandKey" if alone else ""


def _by_parameter_key(task: Task, heard: Heard, now: float) -> Task:
    """A phone stores the ParameterKey only when it has applied the change, so the key proves a lost answer.
    (Some phones never store it, quirk 58: for these the change is simply sent again.)"""
    if not task.attempts or heard.parameter_key != task.id:
        return task
    if isinstance(task.work, SetParameterValuesWork | DeleteObjectWork):
        if outcome.PROGRESS in task.evidence:
            return task
        return outcome.done(task, now, {"status": 0, "proved_by": "ParameterKey"}, proved_by="ParameterKey")
    if isinstance(task.work, AddObjectWork) and "instance_number" in task.evidence:
        return outcome.done(task, now, added(task, 0), proved_by="ParameterKey")
    return task


def added(task: Task, status: int) -> dict[str, Any]:
    """The result of an add_object task whose instance is known."""
    number = task.evidence["instance_number"]
    path = task.work.object if isinstance(task.work, AddObjectWork) else ""
    return {"instance": number, "object": f"{path}{number}.", "status": status}


# --- transfers ----------------------------------------------------------------------------------------------


def settle(task: Task, version: str, now: float) -> Task:
    """The transfer task, closed if its evidence suffices. `version` is the device's SoftwareVersion as far as
    it is known, "" when not."""
    if not task.open:
        return task
    match task.work:
        case DownloadWork():
            return _settle_firmware(task, version, now) if is_firmware(task) else _settle_file(task, now)
        case UploadWork():
            return _settle_upload(task, now)
        case _:
            return task


def _settle_firmware(task: Task, version: str, now: float) -> Task:
    evidence, wanted = task.evidence, task.work.version if isinstance(task.work, DownloadWork) else ""
    before = evidence.get("version_before", "")
    arrived, had_it = same_version(version, wanted), same_version(before, wanted)
    if wanted and arrived and not had_it:
        return _transferred(task, now, f"SoftwareVersion {version}", version=version)
    if not wanted and version and before and version != before:
        return _transferred(task, now, f"SoftwareVersion, now {version}", version=version)
    if not evidence.get("booted"):
        return task
    served = bool(evidence.get("served_complete"))
    elsewhere = isinstance(task.work, DownloadWork) and not task.work.file
    # the answer that all is done may come while the transfer still runs (quirk 34)
    answered = not wanted and evidence.get("status") == 0 and (served or elsewhere)
    if not (_reported(task) or answered or (had_it and served)):
        return task
    if wanted and not arrived:
        text = (
            "The phone reported the download as complete and booted, but runs"
            f" {version or 'no known version'} instead of {wanted}"
        )
        return outcome.failed(task, now, 0, text, version=version)
    return _transferred(task, now, "the transfer and the boot after it", version=version)


def _settle_file(task: Task, now: float) -> Task:
    ok = _reported(task) or task.evidence.get("status") == 0
    own = isinstance(task.work, DownloadWork) and bool(task.work.file)
    if ok and own and task.evidence.get("served_complete"):
        return _transferred(task, now, "the phone's report and the file server")
    if ok and not own:
        return _transferred(task, now, "the phone's report")
    return task


def _settle_upload(task: Task, now: float) -> Task:
    ok = _reported(task) or task.evidence.get("status") == 0
    own = isinstance(task.work, UploadWork) and not task.work.url
    if ok and (not own or "received" in task.evidence):
        return _transferred(task, now, "the file received" if own else "the phone's report")
    return task


def _reported(task: Task) -> bool:
    report = task.evidence.get("transfer_complete")
    return report is not None and report.get("fault_code") == 0


def _transferred(task: Task, now: float, proved_by: str, version: str = "") -> Task:
    evidence = task.evidence
    result: dict[str, Any] = {"status": evidence.get("status"), "proved_by": proved_by}
    if version:
        result["version"] = version
    for fact in ("bytes_served", "transfer_complete"):
        if fact in evidence:
            result[fact] = evidence[fact]
    result.update(evidence.get("received", {}))
    return outcome.done(task, now, result, proved_by=proved_by)


#: Faults of a phone whose file did not come over the line (TR-069, A.5.1).
_NOT_FETCHED = frozenset({9010, 9015, 9017})


def may_be_cut_off(task: Task, fault_code: int) -> bool:
    """Whether the phone's report that a download failed can tell of this server's end, not of the phone's."""
    stored = isinstance(task.work, DownloadWork) and bool(task.work.file)
    return stored and fault_code in _NOT_FETCHED and not task.evidence.get("served_complete")


def cut_off(task: Task, fault_code: int, missing_at: float) -> bool:
    """Whether it does: the file server was killed while it sent the file; or nothing of it was sent, and a
    process of this server was missing (`missing_at`, for the last time) after the phone was asked."""
    if not may_be_cut_off(task, fault_code):
        return False
    if task.evidence.get("fetches_open"):
        return True
    return not task.evidence.get("bytes_served") and missing_at > task.started_at


def begun_anew(task: Task) -> Task:
    """The task without what was seen of a transfer that came to nothing."""
    gone = ("fetches_open", "bytes_served", "transfer_complete", "status", "booted", "boot_unread")
    return task.replace(evidence={name: told for name, told in task.evidence.items() if name not in gone})


def proved_by_file(task: Task, now: float) -> Task:
    """What the file server saw, taken for proof when the phone's report never came."""
    if isinstance(task.work, UploadWork) and "received" in task.evidence:
        return _transferred(task, now, "the file received; the phone never reported")
    own = isinstance(task.work, DownloadWork) and bool(task.work.file)
    if own and not is_firmware(task) and task.evidence.get("served_complete"):
        return _transferred(task, now, "the file server; the phone never reported")
    return _by_report(task, now)


def _by_report(task: Task, now: float) -> Task:
    """A stored file that the phone reports as complete and whose sending was begun here, but never ended: the
    server was killed in between, and its word will not come. To be asked only when it had time to come."""
    stored = isinstance(task.work, DownloadWork) and bool(task.work.file) and not is_firmware(task)
    ok = _reported(task) or task.evidence.get("status") == 0
    if stored and ok and task.evidence.get("fetches_open"):
        return _transferred(task, now, "the phone's report; the file server was interrupted")
    return task


def version_read(tasks: Iterable[Task], version: str, now: float) -> tuple[Task, ...]:
    """The tasks changed by SoftwareVersion having been read after an Inform that did not tell it (quirk
    60).
    """
    changed = []
    for task in tasks:
        if is_firmware(task) and task.state in (TaskState.WAITING, TaskState.RUNNING):
            seen = task.noting(booted=True) if task.evidence.get("boot_unread") else task
            settled = settle(seen, version, now)
            if settled is not task:
                changed.append(settled)
    return tuple(changed)


def patience(task: Task) -> float:
    """Seconds for which the proof of a transfer is waited for, from its last sign on."""
    evidence = task.evidence
    if "received" in evidence:
        return REPORT_WAIT
    own = isinstance(task.work, DownloadWork) and bool(task.work.file)
    if own and evidence.get("served_complete") and not is_firmware(task):
        return APPLY_WAIT
    return TRANSFER_WAIT


# --- by this server's own file server -----------------------------------------------------------------------


def serving(task: Task) -> Task:
    """The task before the file server sends the first byte. Should it be killed while it sends, this is what
    remains to show that the phone has taken the task."""
    return task.noting(fetches_open=task.evidence.get("fetches_open", 0) + 1) if task.open else task


def sending(task: Task, sent: int, now: float) -> Task:
    """The task while the file server sends; `sent` bytes went over in the present request. However slow, a
    transfer that goes on is not given up."""
    if not task.open:
        return task
    task = task.noting(bytes_under_way=sent)
    if task.state is not TaskState.WAITING:
        return task
    return task.replace(deadline=max(task.deadline, now + TRANSFER_WAIT))


def served(task: Task, *, bytes_sent: int, complete: bool, now: float) -> Task:
    """The task after the file server sent `bytes_sent` bytes of its file; `complete` when to the last
    byte.
    """
    if not task.open:
        return task
    if task.evidence.get("fetches_open"):
        task = task.noting(fetches_open=task.evidence["fetches_open"] - 1)
    if "bytes_under_way" in task.evidence:
        task = task.replace(evidence={k: v for k, v in task.evidence.items() if k != "bytes_under_way"})
    if bytes_sent <= 0:
        return task
    total = task.evidence.get("bytes_served", 0) + bytes_sent
    size = task.work.size if isinstance(task.work, DownloadWork) else 0
    whole = complete or bool(task.evidence.get("served_complete")) or bool(size and total >= size)
    task = task.noting(bytes_served=total, served_complete=whole)
    if task.state is not TaskState.WAITING:
        return task
    wait = patience(task)
    deadline = (max if wait == TRANSFER_WAIT else min)(task.deadline, now + wait)
    return settle(task.replace(deadline=deadline), "", now)


def received(task: Task, *, size: int, sha256: str, file_name: str, now: float) -> Task:
    """The upload task after its whole file came in; `file_name` is its name in the file store."""
    if not task.open:
        return task
    task = task.noting(received={"file": file_name, "size": size, "sha256": sha256})
    if task.state is not TaskState.WAITING:
        return task
    return settle(task.replace(deadline=min(task.deadline, now + REPORT_WAIT)), "", now)
