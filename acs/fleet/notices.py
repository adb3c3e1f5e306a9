"""What a phone says of its own accord within a session: how it is answered, and what it means for tasks.

TransferComplete is matched by its CommandKey. A key that is nobody's counts for the one transfer that is
open, if there is exactly one (quirk 31); the key of a task that is closed by now counts for no other. The
phone repeats TransferComplete until it is answered, so the answer does not depend on any of this.
"""

from __future__ import annotations

from typing import Any

from acs.cwmp import messages as cwmp
from acs.cwmp import versions
from acs.cwmp.structures import DeploymentResult, TransferFault
from acs.fleet import outcome, proof
from acs.fleet.changes import Changes, TimelineEntry
from acs.fleet.identity import device_key, device_key_of_task
from acs.fleet.situation import Situation
from acs.fleet.task import Task, TaskState

#: What this server takes from a CPE, in the order of the standard.
METHODS: tuple[type[cwmp.Message], ...] = (
    cwmp.GetRPCMethods,
    cwmp.Inform,
    cwmp.TransferComplete,
    cwmp.AutonomousTransferComplete,
    cwmp.RequestDownload,
    cwmp.Kicked,
    cwmp.DUStateChangeComplete,
    cwmp.AutonomousDUStateChangeComplete,
)


def noticed(situation: Situation, request: cwmp.CpeRequest) -> tuple[cwmp.AcsResponse, Changes]:
    """The response to this request of the phone, and what the request changes. An Inform opens a session and
    is `acs.fleet.inform`'s."""
    match request:
        case cwmp.TransferComplete():
            return cwmp.TransferCompleteResponse(), _transfer_complete(situation, request)
        case cwmp.AutonomousTransferComplete():
            return cwmp.AutonomousTransferCompleteResponse(), _entry(
                situation,
                "transfer",
                f"{'Fetched' if request.is_download else 'Sent'} a file on its own"
                f" ({request.file_type or 'of an unknown type'}){_fault(request.fault_struct)}",
                announce_url=request.announce_url,
                transfer_url=request.transfer_url,
                file_type=request.file_type,
                file_size=request.file_size,
                target_file_name=request.target_file_name,
                fault_code=request.fault_struct.fault_code,
            )
        case cwmp.RequestDownload():
            arguments = {argument.name: argument.value for argument in request.file_type_arg}
            text = f"Asked for a file: {request.file_type or 'of an unknown type'}"
            if arguments:
                text += " with " + ", ".join(f"{name} {value}" for name, value in arguments.items())
            return cwmp.RequestDownloadResponse(), _entry(
                situation, "transfer", text, file_type=request.file_type, arguments=arguments
            )
        case cwmp.Kicked():
            # NextURL is where the phone sends its user's browser; the page that the user wanted will do.
            return cwmp.KickedResponse(request.next), _entry(
                situation,
                "session",
                "Its user was sent here by its web pages",
                command=request.command,
                referer=request.referer,
                arg=request.arg,
                next=request.next,
            )
        case cwmp.DUStateChangeComplete():
            return cwmp.DUStateChangeCompleteResponse(), _modules(
                situation, "Changed its software modules as ordered", request.results, request.command_key
            )
        case cwmp.AutonomousDUStateChangeComplete():
            return cwmp.AutonomousDUStateChangeCompleteResponse(), _modules(
                situation, "Changed its software modules on its own", request.results, ""
            )
        case cwmp.GetRPCMethods():
            offered = tuple(m.__name__ for m in METHODS if versions.exists(m, situation.device.namespace))
            changes = _entry(situation, "session", "Asked which methods this server offers")
            return cwmp.GetRPCMethodsResponse(offered), changes
        case cwmp.Inform():
            raise ValueError("an Inform opens a session; acs.fleet.inform absorbs it")


# --- TransferComplete ---------------------------------------------------------------------------------------


def _whose(situation: Situation, key: str) -> str:
    """What to say of a report that no open task waits for; a task may have been proved before its report."""
    ours = key and device_key_of_task(key) == device_key(situation.device.id)
    return "; its task is closed already" if ours else ", which no open task waits for"


def late_report(situation: Situation, request: cwmp.CpeRequest) -> tuple[str, dict[str, Any]] | None:
    """The id of a task of this phone that is closed by now, and what its report adds to its evidence:
    firmware is proved by the Inform that comes before the report."""
    if not isinstance(request, cwmp.TransferComplete):
        return None
    key = request.command_key.strip()
    ours = key and device_key_of_task(key) == device_key(situation.device.id)
    if not ours or any(task.id == key for task in situation.tasks):
        return None
    return key, {"transfer_complete": _report(request)}


def may_be_cut_off(situation: Situation, request: cwmp.CpeRequest) -> bool:
    """Whether what is reported depends on when a process of this server was missing
    (`Situation.server_missing_at`)."""
    if not isinstance(request, cwmp.TransferComplete) or request.fault_struct.fault_code == 0:
        return False
    task = _task_of(situation, request.command_key)
    return task is not None and proof.may_be_cut_off(task, request.fault_struct.fault_code)


def _report(request: cwmp.TransferComplete) -> dict[str, Any]:
    fault = request.fault_struct
    said = {"fault_string": fault.fault_string} if fault.fault_string else {}
    return {
        "fault_code": fault.fault_code,
        **said,
        "start_time": request.start_time,
        "complete_time": request.complete_time,
    }


def _transfer_complete(situation: Situation, request: cwmp.TransferComplete) -> Changes:
    task = _task_of(situation, request.command_key)
    fault = request.fault_struct
    told = _entry(
        situation,
        "transfer",
        f"Reported a transfer as {'complete' if fault.fault_code == 0 else 'failed'}{_fault(fault)}"
        + ("" if task is not None else _whose(situation, request.command_key)),
        command_key=request.command_key,
        fault_code=fault.fault_code,
        start_time=request.start_time,
        complete_time=request.complete_time,
    )
    if task is None:
        return told
    now = situation.now
    reported = task.noting(transfer_complete=_report(request))
    if request.command_key != task.id:
        reported = reported.noting(matched_by="being the only open transfer")
    if fault.fault_code != 0 and proof.cut_off(reported, fault.fault_code, situation.server_missing_at):
        text = outcome.code_text(fault.fault_code, fault.fault_string)
        again = outcome.again(proof.begun_anew(reported), now, text, fault.fault_code, failure=text)
        return told.then(outcome.changed(now, again, was=situation.tasks))
    if fault.fault_code != 0:
        closed = outcome.failed(
            reported, now, fault.fault_code, outcome.code_text(fault.fault_code, fault.fault_string)
        )
        return told.then(outcome.changed(now, closed, was=situation.tasks))
    if (
        task.state is TaskState.RUNNING
        and task.session == situation.session
        and "unanswered" not in task.evidence
    ):
        # The answer to Download is still to come in this session (quirk 34) and will find this report.
        return told.then(Changes(tasks=(reported,), urgent=True))
    settled = proof.settle(_waiting_on(reported, now), situation.device.software_version, now)
    return told.then(outcome.changed(now, settled, was=situation.tasks))


def _task_of(situation: Situation, command_key: str) -> Task | None:
    key = command_key.strip()
    transfers = [
        task
        for task in situation.tasks
        if proof.is_transfer(task) and task.state in (TaskState.WAITING, TaskState.RUNNING)
    ]
    named = [task for task in transfers if task.id == key]
    if named:
        return named[0]
    ours = key and device_key_of_task(key) == device_key(situation.device.id)
    return transfers[0] if len(transfers) == 1 and not ours else None


def _waiting_on(task: Task, now: float) -> Task:
    """The report is in; what else is to come, a boot or the file server's word, gets time of its own."""
    if proof.is_firmware(task):
        return outcome.waiting(task, max(task.deadline, now + proof.BOOT_WAIT))
    return outcome.waiting(task, now + proof.FETCH_WAIT)


# --- the timeline -------------------------------------------------------------------------------------------


def _fault(fault: TransferFault) -> str:
    if fault.fault_code == 0:
        return ""
    return f": {outcome.code_text(fault.fault_code, fault.fault_string)}"


def _modules(situation: Situation, text: str, results: tuple[DeploymentResult, ...], key: str) -> Changes:
    lines = [
        f"{result.uuid or result.deployment_unit_ref} {result.version}"
        f" is {result.current_state}{_fault(result.fault)}"
        for result in results
    ]
    return _entry(
        situation,
        "device",
        text + (": " + "; ".join(lines) if lines else ""),
        command_key=key,
        results=[
            {
                "uuid": result.uuid,
                "version": result.version,
                "state": result.current_state,
                "fault_code": result.fault.fault_code,
            }
            for result in results
        ],
    )


def _entry(situation: Situation, kind: str, text: str, **data: Any) -> Changes:
    facts = {name: value for name, value in data.items() if value not in ("", None)}
    return Changes(timeline=(TimelineEntry(situation.now, kind, text, facts),), urgent=True)
