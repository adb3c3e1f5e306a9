"""A task on its way out: what to note before its request leaves, and the request itself."""

from __future__ import annotations

from acs.cwmp.messages import AcsRequest, Download, SetParameterValues
from acs.datamodel.paths import instances, is_vendor
from acs.fleet import gathering, outcome, values, when_idle
from acs.fleet.changes import Changes
from acs.fleet.device import Learning
from acs.fleet.requests import simple_request
from acs.fleet.situation import Situation
from acs.fleet.step import Step
from acs.fleet.task import (
    AddObjectWork,
    DownloadWork,
    GetParameterAttributesWork,
    GetParameterNamesWork,
    GetParameterValuesWork,
    SetParameterValuesWork,
    Task,
    UploadWork,
)

#: What the `ref` of a task's step begins with; its id follows.
REF = "task:"

#: Evidence on a transfer that speaks of one attempt only.
_OF_ONE_ATTEMPT = ("status", "transfer_complete", "booted", "boot_unread", "cannot_ask", "questions")


def request(task: Task, situation: Situation) -> tuple[Task, AcsRequest]:
    """The task's next request, and the task with what must be remembered when it goes out."""
    match task.work:
        case GetParameterValuesWork() | GetParameterAttributesWork():
            return gathering.request(task, situation.known_profile)
        case SetParameterValuesWork() as work:
            return _set(task, work, situation)
        case AddObjectWork() as work if "instance_number" in task.evidence:
            path = f"{work.object}{task.evidence['instance_number']}."
            wishes = {path + leaf: wish for leaf, wish in work.values.items()}
            return task, SetParameterValues(values.parameters(wishes, situation.tree), task.id)
        case AddObjectWork() as work:
            return task.noting(instances_before=_instances(work.object, situation)), simple_request(task, "")
        case DownloadWork() as work:
            task = _anew(task).noting(version_before=situation.device.software_version)
            download = simple_request(task, work.url or situation.link(task))
            if isinstance(download, Download) and when_idle.wanted(task, situation):
                return when_idle.request(task, download, situation)
            return task, download
        case UploadWork() as work:
            task = _anew(task)
            return task, simple_request(task, work.url or situation.link(task))
        case GetParameterNamesWork() as work:
            # An empty path is refused by many phones (quirk 49); the root means the same.
            return task, simple_request(task, work.path or situation.device.root)
        case _:
            return task, simple_request(task, "")


def step(task: Task, situation: Situation) -> Step:
    """The task's next request as a step of the session; the task must have been claimed."""
    task, asked = request(task, situation)
    return Step(asked, REF + task.id, Changes(tasks=(task,), urgent=True))


def goes_on(task: Task) -> bool:
    """Whether a running task has more to ask, rather than an answer to wait for."""
    if "unanswered" in task.evidence:
        return False
    if isinstance(task.work, AddObjectWork):
        return "instance_number" in task.evidence
    return outcome.PROGRESS in task.evidence


def _anew(task: Task) -> Task:
    """The transfer without what an earlier attempt left behind: it would prove the wrong thing."""
    kept = {name: value for name, value in task.evidence.items() if name not in _OF_ONE_ATTEMPT}
    return task.replace(evidence=kept)


def parts(work: SetParameterValuesWork, set_apart: tuple[str, ...]) -> list[list[str]]:
    """The names in the groups in which they are sent: one, unless the model was seen to refuse these vendor
    leaves together with standard ones (quirk 63); then the standard ones first."""
    apart = [name for name in work.values if name in set_apart and is_vendor(name)]
    together = [name for name in work.values if name not in apart]
    return [group for group in (together, apart) if group]


def _set(task: Task, work: SetParameterValuesWork, situation: Situation) -> tuple[Task, AcsRequest]:
    progress = task.evidence.get(outcome.PROGRESS)
    groups: list[list[str]] = (
        progress["parts"] if progress else parts(work, situation.known_profile.set_apart)
    )
    if progress is None and len(groups) > 1:
        task = task.noting(**{outcome.PROGRESS: {"parts": groups}}, sent_apart=groups[1])
    wishes = {name: work.values[name] for name in groups[0]}
    return task, SetParameterValues(values.parameters(wishes, situation.tree), task.id)


def _instances(table: str, situation: Situation) -> list[int] | None:
    """The instances of this table as they are known, None where the phone's model is not."""
    tree = situation.tree
    if tree is None:
        return None
    known = instances(tree, table)
    if not known and not (situation.device.learning is Learning.COMPLETE and table in tree):
        return None
    return sorted(known)
