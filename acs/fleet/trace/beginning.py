"""How things stood when a recorded session began, without secrets, and so that a replay decides the same.

Where a secret is compared with what a phone is known to have, both become the same blank, so that what was
known to be there still is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import structs

from acs.datamodel.keys import Catalogue
from acs.datamodel.tree import Parameter
from acs.fleet.attributes import attributes_of
from acs.fleet.convergence.wishing import mark_of
from acs.fleet.desired import NamedLayer, effective
from acs.fleet.device import ConnectionRequestLogin, Device, OperatorNotes
from acs.fleet.known_keys import KnownKey, proved
from acs.fleet.layers import Layer
from acs.fleet.log_secrets import BLANK
from acs.fleet.task import (
    AddObjectWork,
    DownloadWork,
    SetParameterValuesWork,
    Task,
    TypedValue,
    UploadWork,
    Work,
)
from acs.fleet.trace.blanking import Blanking, SecretParameter
from acs.fleet.trace.records import TraceStart

_Values = dict[str, str | int | float | bool | TypedValue]


def secrets_of(start: TraceStart, catalogue: Catalogue, secret: SecretParameter) -> set[str]:
    """The secrets that a session which begins so may speak of.

    :param secret: whether the value of a parameter must not be shown.
    """
    found = {start.notes.connection_request.password}
    if start.device is not None:
        found.add(start.device.connection_request.password)
        told = start.device.inform_parameters
        found.update(value for name, (value, _) in told.items() if secret(name))
        attributes = attributes_of(start.device, start.notes)
        desired = effective(start.layers, attributes).effective
        found.update(one.value for key, one in desired.items() if catalogue.secret(key))
    found.update(one.value for name, one in start.parameters.items() if one.value and secret(name))
    for task in start.tasks:
        if isinstance(task.work, SetParameterValuesWork | AddObjectWork):
            found.update(_secret_values(task.work, secret))
        if isinstance(task.work, DownloadWork):
            found.update(task.work.values.get(key, "") for key in task.work.secrets)
        if isinstance(task.work, DownloadWork | UploadWork):
            found.add(task.work.password)
    return found - {""}


def _secret_values(work: SetParameterValuesWork | AddObjectWork, secret: SecretParameter) -> set[str]:
    above = work.object if isinstance(work, AddObjectWork) else ""
    values = (value for name, value in work.values.items() if secret(above + name))
    return {str(value.value if isinstance(value, TypedValue) else value) for value in values}


def without_secrets(start: TraceStart, catalogue: Catalogue, blanking: Blanking) -> TraceStart:
    """The same start, as it may be stored."""
    notes = _notes(start.notes, blanking)
    device = start.device
    if device is not None:
        before, after = mark_of(start.layers, start.notes), mark_of(start.layers, notes)
        device = _device(device, blanking)
        if device.config.mark == before:
            device = structs.replace(device, config=structs.replace(device.config, mark=after))
    blanked = structs.replace(
        start,
        device=device,
        notes=notes,
        tasks=tuple(_task(task, blanking) for task in start.tasks),
        layer=None if start.layer is None else _layer(start.layer, catalogue),
        layers=tuple(NamedLayer(one.name, _layer(one.layer, catalogue)) for one in start.layers),
        known=_known(start, catalogue),
        parameters={name: _parameter(name, one, blanking) for name, one in start.parameters.items()},
    )
    return _looked_through(blanked, blanking)


def tasks_without_secrets(tasks: tuple[Task, ...], blanking: Blanking) -> tuple[Task, ...]:
    """The same tasks, as they may be stored."""
    blanked = tuple(_task(task, blanking) for task in tasks)
    return msgspec.convert(_texts(msgspec.to_builtins(blanked), blanking), tuple[Task, ...])


def _device(device: Device, blanking: Blanking) -> Device:
    told = {
        name: (BLANK if value and blanking.secret(name) else value, kind)
        for name, (value, kind) in device.inform_parameters.items()
    }
    return structs.replace(
        device, inform_parameters=told, connection_request=_login(device.connection_request)
    )


def _login(login: ConnectionRequestLogin) -> ConnectionRequestLogin:
    return structs.replace(login, password=BLANK) if login.password else login


def _notes(notes: OperatorNotes, blanking: Blanking) -> OperatorNotes:
    attributes = {
        name: BLANK if value and blanking.secret(name.replace("_", "")) else value
        for name, value in notes.attributes.items()
    }
    login = _login(notes.connection_request)
    return structs.replace(notes, attributes=attributes, connection_request=login, trace=None)


def _layer(layer: Layer, catalogue: Catalogue) -> Layer:
    values = {key: BLANK if value and catalogue.secret(key) else value for key, value in layer.values.items()}
    return structs.replace(layer, values=values, reason="")


def _known(start: TraceStart, catalogue: Catalogue) -> dict[str, KnownKey]:
    if start.device is None:
        return start.known
    desired = effective(start.layers, attributes_of(start.device, start.notes)).effective
    return {key: _known_key(key, one, desired, catalogue) for key, one in start.known.items()}


def _known_key(key: str, one: KnownKey, desired: Mapping[str, Any], catalogue: Catalogue) -> KnownKey:
    """A secret that the phone is known to have as desired is known as blank, as which it is desired now."""
    if not catalogue.secret(key):
        return one
    wanted = desired.get(key)
    holds = wanted is not None and wanted.value != "" and one.holds(wanted.value)
    value = BLANK if holds else "" if one.holds("") else "another secret"
    return proved({key: value}, catalogue.secret, at=one.at, proof=one.proof, salt=one.salt or "t")[key]


def _parameter(name: str, one: Parameter, blanking: Blanking) -> Parameter:
    return structs.replace(one, value=BLANK) if one.value and blanking.secret(name) else one


def _task(task: Task, blanking: Blanking) -> Task:
    return structs.replace(
        task,
        work=_work(task.work, blanking),
        result=_result(task.result, blanking),
        evidence=_result(task.evidence, blanking),
    )


def _work(work: Work, blanking: Blanking) -> Work:
    match work:
        case SetParameterValuesWork():
            return structs.replace(work, values=_set(work.values, "", blanking))
        case AddObjectWork():
            return structs.replace(work, values=_set(work.values, work.object, blanking))
        case DownloadWork():
            values = {key: BLANK if key in work.secrets else value for key, value in work.values.items()}
            return structs.replace(
                work,
                url=blanking.target(work.url) if work.url else "",
                username=BLANK if work.username else "",
                password=BLANK if work.password else "",
                values=values,
            )
        case UploadWork():
            return structs.replace(
                work,
                url=blanking.target(work.url) if work.url else "",
                username=BLANK if work.username else "",
                password=BLANK if work.password else "",
            )
        case _:
            return work


def _set(values: _Values, above: str, blanking: Blanking) -> _Values:
    blanked: _Values = {}
    for name, value in values.items():
        if not blanking.secret(above + name):
            blanked[name] = value
        elif isinstance(value, TypedValue):
            blanked[name] = structs.replace(value, value=BLANK if value.value != "" else "")
        else:
            blanked[name] = BLANK if value != "" else ""
    return blanked


def _result(result: Any, blanking: Blanking) -> Any:
    """What a task has found so far: values stand under the names of their parameters."""
    if isinstance(result, dict):
        return {name: _found(str(name), value, blanking) for name, value in result.items()}
    if isinstance(result, list | tuple):
        return [_result(one, blanking) for one in result]
    return result


def _found(name: str, value: Any, blanking: Blanking) -> Any:
    if not blanking.secret(name):
        return _result(value, blanking)
    if isinstance(value, dict) and "value" in value:
        return {**value, "value": BLANK}
    return BLANK if isinstance(value, str) and value else value


def _looked_through(start: TraceStart, blanking: Blanking) -> TraceStart:
    """Every text once more, for secrets that stand where nobody looks for one."""
    return msgspec.convert(_texts(msgspec.to_builtins(start), blanking), TraceStart)


def _texts(value: Any, blanking: Blanking) -> Any:
    if isinstance(value, str):
        return blanking.text(value)
    if isinstance(value, dict):
        return {key: _texts(one, blanking) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_texts(one, blanking) for one in value]
    return value
