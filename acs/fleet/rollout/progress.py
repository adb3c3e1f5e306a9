"""From a phone's task to its outcome: what the evidence says, and what is to be done next."""

from __future__ import annotations

from typing import Any

from acs.fleet import guarding, proof
from acs.fleet.rollout.member import Member, Outcome
from acs.fleet.task import DownloadWork, FactoryResetWork, RebootWork, Task, TaskState, UploadWork

#: Evidence of a task that a rollout took back before the phone was asked.
WITHDRAWN = "withdrawn"

#: Why a phone got no further in its turn, where nothing else is known.
UNHEARD = "it did not call in its turn"

#: Evidence of a task that is shown with the phone.
_SHOWN = ("version_before", "version", "bytes_served", "transfer_complete", "proved_by", "status", "received")


def seen(member: Member, task: Task, *, now: float, confirm: float) -> Member:
    """The phone as its task shows it. A turn that ended without the phone being asked leaves it DEFERRED."""
    member = with_evidence(member, task)
    if task.started_at:
        member = member.replace(sent_at=task.started_at)
    match task.state:
        case TaskState.PENDING:
            return _pending(member, task)
        case TaskState.RUNNING | TaskState.WAITING:
            return _under_way(member, task, now, confirm)
        case TaskState.DONE:
            return member.replace(outcome=Outcome.CHECKING, reason="", active=False)
        case TaskState.FAILED if task.evidence.get("unproved"):
            return _settled(member, task, Outcome.UNCONFIRMED, _fault(task))
        case TaskState.FAILED:
            return _settled(member, task, Outcome.FAILED, _fault(task))
        case _:
            return _not_begun(member, task)


def withdrawn(task: Task, now: float) -> Task | None:
    """The task taken back, where it waits to go out (again); None where it cannot be."""
    if task.state is not TaskState.PENDING:
        return None
    return task.noting(**{WITHDRAWN: True}).replace(state=TaskState.CANCELLED, finished_at=now)


def bytes_wanted(task: Task) -> int:
    return task.work.size if isinstance(task.work, DownloadWork) else 0


def _pending(member: Member, task: Task) -> Member:
    busy = task.evidence.get(guarding.BUSY)
    if task.attempts:
        reason = f"to be asked again: {task.evidence.get('last_fault', 'no answer')}"
        return member.replace(outcome=Outcome.SENT, reason=reason)
    if busy is not None:
        return member.replace(outcome=Outcome.DEFERRED, reason=busy["why"])
    return member.replace(outcome=Outcome.WAITING, reason="its task is put down; it is called")


def _under_way(member: Member, task: Task, now: float, confirm: float) -> Member:
    evidence = task.evidence
    if now > task.started_at + confirm:
        reason = f"{_missing(task)} within {confirm:g} s; it may still"
        return member.replace(outcome=Outcome.UNCONFIRMED, reason=reason, active=False, ended_at=now)
    if task.state is TaskState.RUNNING and not proof.taken(task):
        return member.replace(outcome=Outcome.SENT, reason="")
    if isinstance(task.work, RebootWork | FactoryResetWork):
        return member.replace(outcome=Outcome.REBOOTING, reason="")
    if proof.is_firmware(task) and _sent(task):
        return member.replace(outcome=Outcome.REBOOTING, reason="")
    if evidence.get("bytes_served") or evidence.get("fetches_open") or "received" in evidence:
        size = bytes_wanted(task)
        of = f" of {size}" if size else ""
        sent = evidence.get("bytes_served", 0) + evidence.get("bytes_under_way", 0)
        return member.replace(outcome=Outcome.TRANSFERRING, reason=f"{sent}{of} bytes")
    return member.replace(outcome=Outcome.SENT, reason="")


def _sent(task: Task) -> bool:
    """Whether the phone has the whole file, as far as anybody told."""
    evidence = task.evidence
    reported = evidence.get("transfer_complete", {}).get("fault_code") == 0
    return bool(evidence.get("served_complete") or reported or evidence.get("booted"))


def _missing(task: Task) -> str:
    """What a phone that was asked did not do."""
    if task.state is TaskState.RUNNING and not proof.taken(task):
        return "it gave no answer"
    match task.work:
        case RebootWork() | FactoryResetWork():
            return "it did not come back from its boot"
        case DownloadWork() if _sent(task):
            back = "did not come back with it" if proof.is_firmware(task) else "did not report it"
            return f"it fetched the file and {back}"
        case DownloadWork() if proof.taken(task):
            return f"it fetched no more than {task.evidence.get('bytes_served', 0)} of {task.work.size} bytes"
        case DownloadWork():
            return "it took the request and fetched nothing"
        case UploadWork() if "received" not in task.evidence:
            return "it took the request and sent nothing"
        case _:
            return "it gave no proof"


def _not_begun(member: Member, task: Task) -> Member:
    """Its turn is over, and its task waited to go out, for the first time or again."""
    if task.state is TaskState.CANCELLED and not task.evidence.get(WITHDRAWN):
        return _settled(member, task, Outcome.SKIPPED, "its task was cancelled")
    busy = task.evidence.get(guarding.BUSY)
    if busy is not None:
        reason = f"{busy['why']}, asked {busy['times']} times"
    elif task.attempts:
        last = task.evidence.get("last_fault", "it gave no answer")
        reason = f"it was asked {'once' if task.attempts == 1 else f'{task.attempts} times'}: {last}"
    elif task.evidence.get(WITHDRAWN) and task.finished_at < member.turn_ends:
        reason = "taken back before it was asked"
    else:
        reason = unheard(member)
    return member.replace(outcome=Outcome.DEFERRED, reason=reason, active=False)


def unheard(member: Member) -> str:
    """Why nothing was heard of a phone in its turn."""
    earlier = member.evidence.get("in_a_call")
    if earlier is not None and earlier["last"] >= member.since:
        return f"{earlier['why']} when it was asked last"
    return UNHEARD


def _settled(member: Member, task: Task, outcome: Outcome, reason: str) -> Member:
    return member.replace(
        outcome=outcome,
        reason=reason,
        active=False,
        ended_at=task.finished_at,
    )


def with_evidence(member: Member, task: Task) -> Member:
    """The member with what its task has for evidence, and the times of both."""
    found: dict[str, Any] = {name: task.evidence[name] for name in _SHOWN if name in task.evidence}
    result = task.result if isinstance(task.result, dict) else {}
    if "version" in result:
        found["version"] = result["version"]
    if task.fault is not None and task.attempts:
        found["fault"] = {"code": task.fault.code, "text": task.fault.text}
    busy = task.evidence.get(guarding.BUSY)
    if busy is not None:
        found["in_a_call"] = {"why": busy["why"], "times": busy["times"], "last": busy["at"]}
    if found.items() <= member.evidence.items():
        return member
    return member.noting(**found)


def _fault(task: Task) -> str:
    return task.fault.text if task.fault is not None else ""
