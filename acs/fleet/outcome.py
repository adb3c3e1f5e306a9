"""How a task moves on: done, failed, waiting for its proof, or once more.

All changes of a task's state that a phone brings about are made here, so that each leaves the same traces:
times, evidence, a fault that names code and reason, and one line on the timeline.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from acs.cwmp import faults
from acs.cwmp.messages import Fault
from acs.fleet.changes import Changes, TimelineEntry
from acs.fleet.known_keys import KnownKey, pushed
from acs.fleet.task import Task, TaskFault, TaskState

#: Evidence that only the planner needs, dropped when the task is closed.
PROGRESS = "progress"

#: The first retry follows at once: most lost answers are a lost connection. Then the pause grows, in seconds.
FIRST_PAUSE = 30.0
PAUSE_FACTOR = 4.0
LONGEST_PAUSE = 3600.0

#: Faults that may pass by themselves. The last is an ACS's code, which some phones send in earnest.
RETRYABLE = frozenset({faults.CPE_INTERNAL_ERROR, faults.CPE_RESOURCES_EXCEEDED, faults.RETRY_REQUEST})

_WORDS = {
    TaskState.PENDING: "to be sent again",
    TaskState.WAITING: "accepted, waiting for its proof",
    TaskState.DONE: "done",
    TaskState.FAILED: "failed",
    TaskState.EXPIRED: "expired",
    TaskState.CANCELLED: "cancelled",
}


def back_off(attempts: int) -> float:
    """Seconds to wait after this many attempts. The phone decides when it comes: this only keeps one that
    calls often from being asked each time."""
    if attempts <= 1:
        return 0.0
    return float(min(FIRST_PAUSE * PAUSE_FACTOR ** (attempts - 2), LONGEST_PAUSE))


def claimed(task: Task, now: float, session: str) -> Task:
    """The task as its request goes out."""
    return structs.replace(
        task,
        state=TaskState.RUNNING,
        attempts=task.attempts + 1,
        started_at=now,
        session=session,
        evidence=_without(task.evidence, "unanswered", "last_fault"),
    )


def done(task: Task, now: float, result: Any = None, **evidence: Any) -> Task:
    return _closed(task, TaskState.DONE, now, evidence, result=result)


def failed(
    task: Task, now: float, code: int, text: str, parameters: dict[str, str] | None = None, **evidence: Any
) -> Task:
    return _closed(task, TaskState.FAILED, now, evidence, fault=TaskFault(code, text, parameters or {}))


def expired(task: Task, now: float, text: str) -> Task:
    return _closed(task, TaskState.EXPIRED, now, {}, fault=TaskFault(0, text))


def waiting(task: Task, deadline: float, **evidence: Any) -> Task:
    return structs.replace(
        task,
        state=TaskState.WAITING,
        deadline=deadline,
        evidence={**_without(task.evidence, PROGRESS, "unanswered"), **evidence},
    )


def again(task: Task, now: float, reason: str, code: int = 0, *, failure: str = "") -> Task:
    """Pending once more, or failed with `failure` when it was tried often enough."""
    if task.attempts >= task.max_attempts:
        times = "once" if task.attempts == 1 else f"{task.attempts} times"
        return failed(task, now, code, failure or f"The phone did not answer {times}: {reason}")
    return structs.replace(
        task,
        state=TaskState.PENDING,
        not_before=max(task.not_before, now + back_off(task.attempts)),
        evidence={**_without(task.evidence, "unanswered", "quiet_session"), "last_fault": reason},
    )


def refused(task: Task, now: float, fault: Fault) -> Task:
    """What a Fault makes of the task: failed with the phone's reasons, or once more if it may pass."""
    text = fault_text(fault)
    if fault.fault_code in RETRYABLE:
        return again(task, now, text, fault.fault_code, failure=text)
    return failed(task, now, fault.fault_code, text, parameter_texts(fault))


def fault_text(fault: Fault) -> str:
    return code_text(fault.fault_code, fault.fault_string)


def code_text(code: int, said: str = "") -> str:
    """A fault code as a sentence, with the phone's own words where it had any."""
    said = " ".join(said.split())
    return faults.describe(code) + (f" (the phone said: {said})" if said else "")


def parameter_texts(fault: Fault) -> dict[str, str]:
    """Parameter name to code and text; culprits without a name stand under "" (quirk 48)."""
    return {
        culprit.parameter_name: f"{culprit.fault_code} {culprit.fault_string}".strip()
        for culprit in fault.parameter_faults
    }


def changed(now: float, *tasks: Task, was: tuple[Task, ...] = ()) -> Changes:
    """The changes that store these tasks, with a timeline line for each whose state differs from `was`."""
    before = {task.id: task.state for task in was}
    entries = tuple(
        entry(task, now) for task in tasks if task.state != before.get(task.id, TaskState.RUNNING)
    )
    known: dict[str, KnownKey] = {}
    for task in tasks:
        known |= pushed(task)
    return Changes(tasks=tasks, timeline=entries, known=known, urgent=True)


def entry(task: Task, now: float) -> TimelineEntry:
    text = f"{label(task)} {_WORDS.get(task.state, task.state)}"
    data: dict[str, Any] = {"task": task.id, "type": task.type, "state": str(task.state)}
    if task.fault is not None:
        text += f": {task.fault.text}"
        data["code"] = task.fault.code
    elif task.state is TaskState.PENDING and "last_fault" in task.evidence:
        text += f": {task.evidence['last_fault']}"
    elif task.state is TaskState.DONE and "proved_by" in task.evidence:
        text += f", proved by {task.evidence['proved_by']}"
    return TimelineEntry(at=now, kind="task", text=text, data=data)


def label(task: Task) -> str:
    """`Set parameter values` of `set_parameter_values`."""
    words = task.type.replace("_", " ").replace("rpc", "RPC")
    return words[:1].upper() + words[1:]


def _closed(task: Task, state: TaskState, now: float, evidence: dict[str, Any], **rest: Any) -> Task:
    kept = {**_without(task.evidence, PROGRESS, "unanswered", "quiet_session", "question"), **evidence}
    return structs.replace(task, state=state, finished_at=now, deadline=0.0, evidence=kept, **rest)


def _without(evidence: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in evidence.items() if name not in names}
