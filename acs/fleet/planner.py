"""What one phone should do next: the order of all that may be asked of it.

    1. a task that has more to ask in this session
    2. questions about tasks whose answer was lost
    3. due tasks, by priority, then by age; before a guarded one, whether a call is up (`acs.fleet.guarding`)
    4. learning its data model
    5. credentials for connection requests
    6. for phones behind NAT, the STUN server
    7. what its desired configuration lacks
    8. its configuration as a file, where that is due

A reboot, a factory reset or a firmware download is the last thing in its session. The planner takes a
situation and returns steps and changes; it sends and stores nothing. What an answer belongs to travels in the
step's `ref`, which only the planner reads.
"""

from __future__ import annotations

from acs.cwmp.messages import CpeResponse, GetParameterValuesResponse
from acs.fleet import (
    answers,
    doubt,
    facts,
    guarding,
    learner,
    login,
    outcome,
    proof,
    questions,
    sending,
    steering,
    stun,
)
from acs.fleet.changes import Changes
from acs.fleet.convergence import answers as convergence
from acs.fleet.convergence import settling, steps, uploading
from acs.fleet.selector.values import same_version
from acs.fleet.situation import Situation
from acs.fleet.step import Step
from acs.fleet.task import (
    AddObjectWork,
    FactoryResetWork,
    GetParameterAttributesWork,
    GetParameterValuesWork,
    RebootWork,
    SetParameterAttributesWork,
    SetParameterValuesWork,
    Task,
    TaskState,
)

__all__ = ["Step", "at_rest", "completed", "next_step", "unanswered", "wants_tree"]

_QUESTION = "question:"

#: Work that looks at the known parameters when it goes out or when its answer comes.
_READS_TREE = (
    AddObjectWork
    | SetParameterValuesWork
    | SetParameterAttributesWork
    | GetParameterValuesWork
    | GetParameterAttributesWork
)


def wants_tree(situation: Situation) -> bool:
    """Whether the phone's parameter tree should be loaded before the planner is asked or told anything."""
    if situation.wish is not None or learner.wanted(situation):
        return True
    return any(
        (isinstance(task.work, _READS_TREE) and task.state is TaskState.RUNNING)
        or ((isinstance(task.work, _READS_TREE) or task.guard.not_in_call) and _due(task, situation))
        for task in situation.tasks
    )


def next_step(situation: Situation) -> Step | None:
    """What to ask the phone now, or None to end the session. The step's task is claimed in its changes."""
    if situation.tasks:
        if _phone_is_leaving(situation):
            return None
        step = (
            _going_on(situation)
            or _question(situation)
            or _due_task(situation)
            or guarding.come_again(situation)
        )
        if step is not None:
            return step
    return (
        learner.next_step(situation)
        or login.next_step(situation)
        or stun.next_step(situation)
        or steering.next_step(situation)
        or steps.next_step(situation)
        or uploading.next_step(situation)
    )


def at_rest(situation: Situation) -> Changes:
    """What it changes that there was nothing to ask."""
    return Changes() if _phone_is_leaving(situation) else settling.settled(situation)


def completed(situation: Situation, ref: str, answer: CpeResponse) -> Changes:
    """What the answer to the step with this ref changes. An answer to a task that is closed by now counts for
    nothing but what it says of the phone."""
    kind, task = _of_ref(situation, ref)
    if kind == guarding.ASK:
        changes = guarding.answered(situation, task, answer) if task is not None else Changes()
    elif kind == guarding.COME_AGAIN:
        changes = Changes()  # a phone that will not be told when to call calls when it does
    elif kind == sending.REF:
        changes = answers.completed(situation, task, answer) if task is not None else Changes()
    elif kind == _QUESTION:
        changes = questions.completed(situation, task, answer) if task is not None else Changes()
    elif kind == learner.REF:
        changes = learner.completed(situation, answer)
    elif kind in (stun.ASK, stun.SET):
        changes = stun.completed(situation, ref, answer)
    elif kind == steering.SET:
        changes = steering.completed(situation, answer)
    elif kind == steps.SET:
        changes = convergence.completed(situation, answer)
    elif kind == steps.CALLS:
        changes = convergence.calls_told(situation, answer)
    elif kind == steps.COME_AGAIN:
        changes = Changes()
    else:
        changes = login.completed(situation, ref, answer)
    if isinstance(answer, GetParameterValuesResponse):
        changes = changes.then(_facts_heard(situation.after(changes), answer))
    return changes


def unanswered(situation: Situation, ref: str, reason: str) -> Changes:
    """What it changes that the step with this ref will get no answer. `reason` is a clause for people, such
    as "the connection broke".
    """
    kind, task = _of_ref(situation, ref)
    if kind == learner.REF:
        return learner.unanswered(situation, reason)
    if kind in (login.SET, login.CHECK):
        return login.unanswered(situation, ref, reason)
    if kind in (stun.ASK, stun.SET):
        return stun.unanswered(situation, ref, reason)
    if kind == steering.SET:
        return Changes()  # it counts as unsure since it went out
    if kind in (steps.SET, steps.CALLS):
        return convergence.unanswered(situation, reason)
    if kind == steps.COME_AGAIN:
        return Changes()
    if task is None or kind in (guarding.ASK, guarding.COME_AGAIN):
        return Changes()
    if kind == _QUESTION:
        return questions.unanswered(situation, task, reason)
    doubted = doubt.unanswered(task, situation.now, reason)
    return outcome.changed(situation.now, doubted, was=situation.tasks)


# --- the order ----------------------------------------------------------------------------------------------


def disruptive(task: Task) -> bool:
    """Whether the phone goes away over it: nothing sent after it could be counted on to be done, and a second
    one would fall into the first."""
    return isinstance(task.work, RebootWork | FactoryResetWork) or proof.is_firmware(task)


def _phone_is_leaving(situation: Situation) -> bool:
    """A disruptive task went out in this session and was not refused."""
    return any(
        disruptive(task)
        and task.session == situation.session
        and task.state in (TaskState.WAITING, TaskState.RUNNING)
        for task in situation.tasks
    )


def _going_on(situation: Situation) -> Step | None:
    for task in situation.tasks:
        if task.state is TaskState.RUNNING and task.session == situation.session and sending.goes_on(task):
            return sending.step(task, situation)
    return None


def _question(situation: Situation) -> Step | None:
    for task in situation.tasks:
        if questions.pending(task, situation.known_profile):
            return Step(questions.question(task, situation), _QUESTION + task.id)
    return None


def _due_task(situation: Situation) -> Step | None:
    away = any(
        disruptive(task) and task.state in (TaskState.WAITING, TaskState.RUNNING) for task in situation.tasks
    )
    due = [
        task
        for task in situation.tasks
        if _due(task, situation)
        and not (away and disruptive(task))
        and not (task.guard.not_in_call and not guarding.may_be_asked(situation))
    ]
    if not due:
        return None
    task = min(due, key=lambda task: (-task.priority, task.created_at, task.id))
    if guarding.unasked(task, situation):
        asked = guarding.question(task, situation)
        if isinstance(asked, Step):
            return asked
        task = asked.tasks[0]
    return sending.step(outcome.claimed(task, situation.now, situation.session), situation)


def _due(task: Task, situation: Situation) -> bool:
    now, guard = situation.now, task.guard
    return (
        task.state is TaskState.PENDING
        and task.not_before <= now
        and not 0 < task.expires_at <= now
        and not 0 < guard.not_after < now
        and (not guard.version or same_version(situation.device.software_version, guard.version))
    )


# --- answers ------------------------------------------------------------------------------------------------


def _of_ref(situation: Situation, ref: str) -> tuple[str, Task | None]:
    """The kind of a ref, and its task if that still runs."""
    for kind in (guarding.ASK, guarding.COME_AGAIN):
        if ref.startswith(kind):
            task = situation.task(ref[len(kind) :])
            return kind, task if task is not None and task.state is TaskState.PENDING else None
    for kind in (sending.REF, _QUESTION):
        if ref.startswith(kind):
            task = situation.task(ref[len(kind) :])
            running = task is not None and task.state is TaskState.RUNNING
            return kind, task if running else None
    return ref, None


def _facts_heard(situation: Situation, answer: GetParameterValuesResponse) -> Changes:
    """What the values that were read say of the device, and of firmware tasks."""
    before = situation.device
    device, entries = facts.firmware_change(before, facts.told(before, answer.parameter_list), situation.now)
    if device is before and not any(proof.is_firmware(task) for task in situation.tasks):
        return Changes()
    changes = Changes(device=device if device is not before else None, timeline=entries)
    wanted = (device.root + facts.SOFTWARE_VERSION).lower()
    if any(value.name.lower() == wanted for value in answer.parameter_list):
        proved = proof.version_read(situation.tasks, device.software_version, situation.now)
        if proved:
            changes = changes.then(outcome.changed(situation.now, *proved, was=situation.tasks))
    return changes
