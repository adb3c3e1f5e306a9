"""A read of many names as one task: in batches, with unknown names found by bisection.

One unknown name faults a whole GetParameterValues with 9005 and the phone does not say which (quirk 55); too
many names fault it with 9002 or 9004 (quirk 54). The task keeps in its evidence what is still to be asked,
what was found and what was refused, so that it may go on in another session.
"""

from __future__ import annotations

from typing import Any

from acs.cwmp import messages as cwmp
from acs.cwmp.structures import ParameterAttribute
from acs.datamodel.paths import is_object
from acs.datamodel.tree import ParameterTree
from acs.fleet import outcome, reading
from acs.fleet.changes import ParameterChanges
from acs.fleet.profile import ModelProfile
from acs.fleet.task import GetParameterAttributesWork, GetParameterValuesWork, Task

_NO_SUCH_NAME = 9005
_NO_SUCH_METHOD = 9000

Progress = dict[str, Any]


def request(task: Task, profile: ModelProfile) -> tuple[Task, cwmp.AcsRequest]:
    """The next request of this task, and the task that remembers what was asked."""
    work = task.work
    if not isinstance(work, GetParameterValuesWork | GetParameterAttributesWork):
        raise TypeError(f"a {task.type} task reads no names")
    progress: Progress = task.evidence.get(outcome.PROGRESS) or {
        "batches": _batches(work.names, profile.batch),
        "found": {},
        "refused": {},
    }
    asked = progress.get("asked") or progress["batches"][0]
    if not progress.get("asked"):
        progress = {**progress, "asked": asked, "batches": progress["batches"][1:]}
    task = task.noting(**{outcome.PROGRESS: progress})
    names = tuple(asked)
    if isinstance(work, GetParameterValuesWork):
        return task, cwmp.GetParameterValues(names)
    return task, cwmp.GetParameterAttributes(names)


def _batches(names: tuple[str, ...], size: int) -> list[list[str]]:
    """Partial paths each on their own, full names in batches of the model's size."""
    unique = list(dict.fromkeys(names))
    paths = [[name] for name in unique if is_object(name) or not name]
    full = [name for name in unique if name and not is_object(name)]
    return paths + [full[i : i + size] for i in range(0, len(full), max(1, size))]


def answered(
    task: Task, answer: cwmp.GetParameterValuesResponse | cwmp.GetParameterAttributesResponse, now: float
) -> tuple[Task, ParameterChanges]:
    progress: Progress = task.evidence[outcome.PROGRESS]
    found = {**progress["found"]}
    if isinstance(answer, cwmp.GetParameterValuesResponse):
        found.update((v.name, {"value": v.value, "type": v.type}) for v in answer.parameter_list)
        news = ParameterChanges(values=answer.parameter_list)
    else:
        found.update((a.name, _attributes(a)) for a in answer.parameter_list)
        news = ParameterChanges(attributes=answer.parameter_list)
    return _next(task, {**progress, "asked": [], "found": found}, now), news


def refused(
    task: Task, fault: cwmp.Fault, tree: ParameterTree | None, profile: ModelProfile, now: float
) -> tuple[Task, ModelProfile]:
    """After a fault: ask for less, or note the one name that is refused."""
    progress: Progress = task.evidence[outcome.PROGRESS]
    asked, batches = progress["asked"], progress["batches"]
    if fault.fault_code == _NO_SUCH_METHOD:
        return outcome.refused(task, now, fault), profile
    if len(asked) > 1:
        left, right = reading.halves(tuple(asked))
        if fault.fault_code in outcome.RETRYABLE:
            profile = reading.too_large(profile, len(asked))
        return _next(
            task, {**progress, "asked": [], "batches": [list(left), list(right), *batches]}, now
        ), profile
    name = asked[0] if asked else ""
    if fault.fault_code in outcome.RETRYABLE and is_object(name):
        parts = _parts(name, tree)
        if parts:
            size = max(1, profile.batch)
            batches = [parts[i : i + size] for i in range(0, len(parts), size)] + batches
            return _next(task, {**progress, "asked": [], "batches": batches}, now), profile
    texts = {**progress["refused"], name: f"{fault.fault_code} {fault.fault_string}".strip()}
    return _next(task, {**progress, "asked": [], "refused": texts}, now, fault), profile


def unheard(task: Task) -> Task:
    """After a lost answer: what was asked is asked again in two parts."""
    progress: Progress | None = task.evidence.get(outcome.PROGRESS)
    if not progress or len(progress.get("asked", ())) < 2:
        return task
    parts = [list(half) for half in reading.halves(tuple(progress["asked"]))]
    return task.noting(
        **{outcome.PROGRESS: {**progress, "asked": [], "batches": parts + progress["batches"]}}
    )


def _parts(path: str, tree: ParameterTree | None) -> list[str]:
    """The known leaves below a partial path that is too much in one answer."""
    return [name for name in tree.below(path) if not is_object(name)] if tree is not None else []


def _next(task: Task, progress: Progress, now: float, fault: cwmp.Fault | None = None) -> Task:
    """The task with this progress; closed when there is nothing left to ask."""
    task = task.noting(**{outcome.PROGRESS: progress})
    if progress["batches"] or progress["asked"]:
        return task
    found, texts = progress["found"], progress["refused"]
    if found or not texts:
        kind = "values" if isinstance(task.work, GetParameterValuesWork) else "attributes"
        return outcome.done(task, now, {kind: found, "missing": sorted(texts)})
    codes = {int(text.partition(" ")[0]) for text in texts.values()}
    if codes <= outcome.RETRYABLE and fault is not None:
        return outcome.refused(_restarted(task), now, fault)
    code = _NO_SUCH_NAME if _NO_SUCH_NAME in codes else min(codes)
    names = ", ".join(sorted(texts))
    text = f"The phone does not know {names}" if code == _NO_SUCH_NAME else f"The phone refused {names}"
    return outcome.failed(task, now, code, text, texts)


def _restarted(task: Task) -> Task:
    evidence = {name: value for name, value in task.evidence.items() if name != outcome.PROGRESS}
    return task.replace(evidence=evidence)


def _attributes(attribute: ParameterAttribute) -> dict[str, Any]:
    return {"notification": attribute.notification, "access_list": list(attribute.access_list)}
