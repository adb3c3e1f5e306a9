"""Never into a call: before a guarded task goes out, the phone's lines are asked what they are doing, and so
they are before a configuration that may make the phone reboot (`acs.fleet.convergence.steps`).

`CallState` of each line (TR-104, VoiceService.{i}.VoiceProfile.{i}.Line.{i}) is read right before, in the
same session. Where a line is in a call, the task waits, and the phone is asked to call again by
ScheduleInform. A phone that has no such parameter cannot be asked; that is noted as evidence.
"""

from __future__ import annotations

import re

from acs.cwmp import messages as cwmp
from acs.fleet.changes import Changes, TimelineEntry
from acs.fleet.device import Learning
from acs.fleet.facts import MAX_LINES, line_name
from acs.fleet.outcome import label
from acs.fleet.situation import Situation
from acs.fleet.step import Step
from acs.fleet.task import Task, TaskState

#: What the refs of the two requests begin with; the task's id follows.
ASK = "call-state:"
COME_AGAIN = "call-again:"

#: Evidence: what the lines said, and that a call is in the way.
CALL_STATE = "call_state"
BUSY = "busy"

_LINE = re.compile(r".*VoiceProfile\.\d+\.Line\.\d+\.", re.IGNORECASE)
_CALL_STATE = re.compile(r".*VoiceProfile\.\d+\.Line\.\d+\.CallState", re.IGNORECASE)

#: States in which nobody is on the line (TR-104, CallState); nothing told is taken as nothing going on.
_FREE = frozenset({"", "idle", "disconnecting"})

#: The phone has no such parameter.
_NO_SUCH_NAME = frozenset({9003, 9005})


def unasked(task: Task, situation: Situation) -> bool:
    """Whether the phone's lines are to be asked before this task may go out."""
    if not task.guard.not_in_call:
        return False
    asked = task.evidence.get(CALL_STATE)
    return asked is None or asked.get("session") != situation.session


def may_be_asked(situation: Situation) -> bool:
    """Whether the names of the phone's parameters are known, or never will be."""
    return situation.device.learning in (Learning.COMPLETE, Learning.FAILED)


def question(task: Task, situation: Situation) -> Step | Changes:
    """The question; changes where there is nothing to ask for."""
    names = call_states(situation) or _supposed(situation)
    if not names:
        return Changes(tasks=(_told(task, situation, lines=0),), urgent=True)
    return Step(cwmp.GetParameterValues(names), ASK + task.id)


def answered(situation: Situation, task: Task, answer: cwmp.CpeResponse) -> Changes:
    """What the lines said: the task may go out in this session, or waits."""
    why = in_the_way(answer)
    if why:
        return _deferred(task, situation, why)
    lines = len(answer.parameter_list) if isinstance(answer, cwmp.GetParameterValuesResponse) else 0
    return Changes(tasks=(_told(task, situation, lines=lines),), urgent=True)


def in_the_way(answer: cwmp.CpeResponse) -> str:
    """The call that is in the way, as a clause; "" where there is none, or none that the phone could tell."""
    if isinstance(answer, cwmp.GetParameterValuesResponse):
        states = {value.name: value.value.strip() for value in answer.parameter_list}
        busy = {name: state for name, state in states.items() if state.lower() not in _FREE}
        return next((f"{_line(name)} is in a call ({state})" for name, state in busy.items()), "")
    if isinstance(answer, cwmp.Fault) and answer.fault_code in _NO_SUCH_NAME:
        return ""
    code = f"fault {answer.fault_code}" if isinstance(answer, cwmp.Fault) else answer.name
    return f"it does not tell whether it is in a call ({code})"


def come_again(situation: Situation) -> Step | None:
    """Asks a phone that was found in a call to call again, once a session."""
    if not situation.may_know("ScheduleInform"):
        return None
    for task in situation.tasks:
        busy = task.evidence.get(BUSY)
        if (
            busy is None
            or task.state is not TaskState.PENDING
            or busy.get("session") != situation.session
            or busy.get("asked")
            or 0 < task.guard.not_after < task.not_before
        ):
            continue
        delay = max(1, round(task.guard.ask_again))
        noted = task.noting(**{BUSY: {**busy, "asked": True}})
        return Step(
            cwmp.ScheduleInform(delay, task.id), COME_AGAIN + task.id, Changes(tasks=(noted,), urgent=True)
        )
    return None


def call_states(situation: Situation) -> tuple[str, ...]:
    """The parameters that tell what the phone's lines are doing, as far as it has any."""
    tree = situation.tree
    if tree is None:
        return ()
    return tuple(name for name in tree if name[-10:].lower() == ".callstate" and _CALL_STATE.fullmatch(name))


def _supposed(situation: Situation) -> tuple[str, ...]:
    """Those that the phone's lines would have, where none are known: its names may come from another phone of
    its model that had none. Who has none says 9005."""
    tree = situation.tree
    if tree is None:
        return ()
    return tuple(name + "CallState" for name in tree if _LINE.fullmatch(name))[:MAX_LINES]


def _told(task: Task, situation: Situation, *, lines: int) -> Task:
    evidence = {name: value for name, value in task.evidence.items() if name != BUSY}
    told = {"session": situation.session, "lines": lines, "at": situation.now}
    return task.replace(evidence={**evidence, CALL_STATE: told})


def _deferred(task: Task, situation: Situation, why: str) -> Changes:
    now = situation.now
    times = task.evidence.get(BUSY, {}).get("times", 0) + 1
    busy = {"why": why, "at": now, "times": times, "session": situation.session}
    waits = task.noting(**{BUSY: busy}).replace(not_before=now + task.guard.ask_again)
    text = f"{label(task)} waits: {why}"
    entry = TimelineEntry(now, "task", text, {"task": task.id, "type": task.type, "busy": why})
    return Changes(tasks=(waits,), timeline=(entry,), urgent=True)


def _line(name: str) -> str:
    return line_name(name.rpartition(".")[0])
