"""Asking the phone what became of a request whose answer was lost, before anything is done twice.

A download: is it among the queued transfers? An added object: which instances are there now? A reboot or
reset: how long has the phone been up?
"""

from __future__ import annotations

from acs.cwmp import messages as cwmp
from acs.datamodel.paths import instances
from acs.fleet import answers, doubt, outcome, proof
from acs.fleet.changes import Changes
from acs.fleet.profile import ModelProfile
from acs.fleet.situation import Situation
from acs.fleet.task import AddObjectWork, DownloadWork, FactoryResetWork, RebootWork, Task, TaskState

#: So often is one question asked; then the task is settled without it.
MAX_QUESTIONS = 2

#: UpTime counts whole seconds, and no phone goes down and starts again within this many.
FASTEST_BOOT = 2.0

_QUEUED = "GetQueuedTransfers"
_UPTIME = "DeviceInfo.UpTime"
_BOOTS = (RebootWork, FactoryResetWork)


def knows_queue(profile: ModelProfile) -> bool:
    """Whether phones of this model may answer what they have queued; one that never listed its methods
    may.
    """
    return not profile.methods or "GetAllQueuedTransfers" in profile.methods or _QUEUED in profile.methods


def pending(task: Task, profile: ModelProfile) -> bool:
    """Whether this task waits for a question to be asked."""
    if task.state is not TaskState.RUNNING or "unanswered" not in task.evidence:
        return False
    if isinstance(task.work, AddObjectWork):
        return True
    if isinstance(task.work, _BOOTS):
        return "boot_repeated" in task.evidence
    return isinstance(task.work, DownloadWork) and "cannot_ask" not in task.evidence and knows_queue(profile)


def question(task: Task, situation: Situation) -> cwmp.AcsRequest:
    if isinstance(task.work, AddObjectWork):
        return cwmp.GetParameterNames(task.work.object, True)
    if isinstance(task.work, _BOOTS):
        return cwmp.GetParameterValues((situation.device.root + _UPTIME,))
    methods = situation.known_profile.methods
    if "GetAllQueuedTransfers" in methods:
        return cwmp.GetAllQueuedTransfers()
    return cwmp.GetQueuedTransfers()


def completed(situation: Situation, task: Task, answer: cwmp.CpeResponse) -> Changes:
    now = situation.now
    reason = task.evidence.get("unanswered", doubt.BROKEN)
    match answer:
        case cwmp.GetQueuedTransfersResponse() | cwmp.GetAllQueuedTransfersResponse():
            queued = any(transfer.command_key == task.id for transfer in answer.transfer_list)
            if queued or proof.taken(task):
                return _changed(situation, doubt.waiting_for_transfer(task, now))
            return _changed(
                situation, outcome.again(task, now, f"{reason}, and it has not queued the transfer")
            )
        case cwmp.GetParameterNamesResponse() if isinstance(task.work, AddObjectWork):
            return _instances_heard(situation, task, task.work, answer, reason)
        case cwmp.GetParameterValuesResponse() if isinstance(task.work, _BOOTS):
            told = (value.value.strip() for value in answer.parameter_list if value.name.endswith(_UPTIME))
            return _changed(situation, _up_since(task, next(told, ""), now, reason))
        case _ if isinstance(task.work, _BOOTS):
            return _changed(situation, _boot_unknown(task, now, reason))
        case _ if isinstance(task.work, AddObjectWork):
            text = f"{_lost(task.work, reason)}, and the phone does not list it now: look at its parameters"
            code = answer.fault_code if isinstance(answer, cwmp.Fault) else 0
            return _changed(situation, outcome.failed(task, now, code, text))
        case _:
            return _changed(situation, doubt.quiet(task, now, situation.session, reason))


def unanswered(situation: Situation, task: Task, reason: str) -> Changes:
    asked = task.evidence.get("questions", 0) + 1
    if asked < MAX_QUESTIONS:
        return _changed(situation, task.noting(questions=asked))
    if isinstance(task.work, AddObjectWork):
        text = f"{_lost(task.work, reason)}: read its parameters to see whether there is a new instance"
        return _changed(situation, outcome.failed(task, situation.now, 0, text))
    if isinstance(task.work, _BOOTS):
        return _changed(situation, _boot_unknown(task, situation.now, reason))
    return _changed(situation, doubt.waiting_for_transfer(task, situation.now))


def _up_since(task: Task, uptime: str, now: float, reason: str) -> Task:
    """The reboot or reset, by the seconds for which the phone has been up."""
    if not uptime.isdecimal():
        return _boot_unknown(task, now, reason)
    if now - int(uptime) > task.started_at + FASTEST_BOOT:
        return outcome.done(task, now, {"proved_by": "UpTime"}, proved_by="UpTime")
    return outcome.again(task, now, f"{reason}, and it has been up since before")


def _boot_unknown(task: Task, now: float, reason: str) -> Task:
    text = f"Whether the phone did it is not known ({reason}), and it does not tell how long it has been up"
    return outcome.failed(task, now, 0, text)


def _instances_heard(
    situation: Situation,
    task: Task,
    work: AddObjectWork,
    answer: cwmp.GetParameterNamesResponse,
    reason: str,
) -> Changes:
    before = task.evidence.get("instances_before")
    here = instances((info.name + "." for info in answer.parameter_list), work.object)
    if before is None:
        text = (
            f"{_lost(work, reason)}. It has the instances {_listed(here)} now; which were there before is not"
            " known: look whether one of them is new"
        )
        return _changed(situation, outcome.failed(task, situation.now, 0, text, instances=sorted(here)))
    new = sorted(here - set(before))
    if not new:
        return _changed(
            situation, outcome.again(task, situation.now, f"{reason}, and there is no new instance")
        )
    if len(new) > 1:
        text = f"{_lost(work, reason)}. It has several new instances: {_listed(frozenset(new))}"
        return _changed(situation, outcome.failed(task, situation.now, 0, text, instances=new))
    adopted = task.noting(instance_number=new[0], status=0, adopted=True)
    evidence = {name: value for name, value in adopted.evidence.items() if name != "unanswered"}
    return answers.object_added(situation, adopted.replace(session=situation.session, evidence=evidence))


def _lost(work: AddObjectWork, reason: str) -> str:
    return f"Whether {work.object} got a new instance is not known ({reason})"


def _listed(numbers: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(numbers))) or "none"


def _changed(situation: Situation, task: Task) -> Changes:
    return outcome.changed(situation.now, task, was=situation.tasks)
