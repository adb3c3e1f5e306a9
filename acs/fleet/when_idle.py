"""Firmware for phones that tell no CallState and know ScheduleDownload (CWMP 1.2): they wait themselves.

Such a phone gets the image in one window, `3 When Idle` (TR-069, A.4.1.8): it fetches and installs it when
nobody is on the line. The window begins at once and ends when the step may not begin any more, or when a
transfer without a sign is given up. A phone that lists the method and refuses it gets an ordinary Download.
"""

from __future__ import annotations

from acs.cwmp import messages as cwmp
from acs.cwmp import versions
from acs.cwmp.structures import TimeWindow
from acs.fleet import guarding, methods, proof
from acs.fleet.situation import Situation
from acs.fleet.task import Task

#: Evidence: `asked` where the phone was asked like this, `refused` where it would not.
EVIDENCE = "when_idle"

MODE = "3 When Idle"

#: Faults of a phone that does not know the method, or not this window of it.
_NOT_LIKE_THIS = frozenset({9000, 9001, 9003, 9004})


def wanted(task: Task, situation: Situation) -> bool:
    """Whether the phone is to wait for the end of a call by itself."""
    if EVIDENCE in task.evidence:
        return asked(task)
    if not task.guard.not_in_call or not proof.is_firmware(task):
        return False
    told = task.evidence.get(guarding.CALL_STATE, {})
    return (
        not told.get("lines")
        and versions.exists(cwmp.ScheduleDownload, situation.device.namespace)
        and cwmp.ScheduleDownload.__name__ in methods.of_phone(situation.device, situation.known_profile)
    )


def request(task: Task, download: cwmp.Download, situation: Situation) -> tuple[Task, cwmp.ScheduleDownload]:
    """The same download, when nobody is on the line; and the task with what must be remembered."""
    span = proof.TRANSFER_WAIT
    if task.guard.not_after:
        span = min(span, max(1.0, task.guard.not_after - situation.now))
    asked = cwmp.ScheduleDownload(
        command_key=download.command_key,
        file_type=download.file_type,
        url=download.url,
        username=download.username,
        password=download.password,
        file_size=download.file_size,
        target_file_name=download.target_file_name,
        time_window_list=(TimeWindow(0, int(span), MODE),),
    )
    return task.noting(**{EVIDENCE: "asked"}), asked


def asked(task: Task) -> bool:
    return task.evidence.get(EVIDENCE) == "asked"


def refused(task: Task, fault: cwmp.Fault) -> bool:
    """Whether the phone does not take a download like this, and is to be asked for an ordinary one."""
    return asked(task) and fault.fault_code in _NOT_LIKE_THIS
