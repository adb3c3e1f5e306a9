"""Tasks as this interface writes them, from and to those of this server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import structs

from acs.datamodel.paths import ROOTS
from acs.datamodel.tree import ParameterTree
from acs.northbound.nbi import moments, names
from acs.northbound.rest.problems import BadRequest, NotOffered
from acs.operations.errors import FieldError, Invalid
from acs.operations.tasks import TaskView

Body = dict[str, Any]

#: Which fields of ours come from which of theirs, where an error names one.
_RENAMED = {
    "names": "parameterNames",
    "values": "parameterValues",
    "object": "objectName",
    "file_type": "fileType",
    "target_file_name": "targetFileName",
    "expires_in": "expiry",
    "expires_at": "expiry",
}


# --- from theirs to ours --------------------------------------------------------------------------------


def read(given: Any, tree: ParameterTree) -> Body:
    """What REST would take for this task; `tree` is what is known of the phone's parameters.

    Raises BadRequest for what is no task, NotOffered for one that this server has nothing like.
    """
    if not isinstance(given, dict):
        raise BadRequest('The body must be one JSON object, such as {"name": "reboot"}.')
    name = given.get("name")
    if name == "provisions":
        raise NotOffered(
            "Provisions are scripts of GenieACS; here desired configuration does their work "
            "(PUT /api/v1/devices/{id}/config, docs/configuration.md), or plain tasks do."
        )
    reader = _READERS.get(name) if isinstance(name, str) else None
    if reader is None:
        raise BadRequest(f"name: is {name!r}; it must be one of {', '.join(_READERS)}.")
    if "uniqueKey" in given:
        raise BadRequest("uniqueKey: is not taken; delete the earlier task (DELETE /nbi/tasks/{id}) instead.")
    return {**reader(given, tree), **_expiry(given)}


def renamed(refusal: Invalid) -> Invalid:
    """The same refusal with the names of fields that this interface has."""

    def rename(error: FieldError) -> FieldError:
        first, dot, rest = error.field.partition(".")
        bare, bracket, index = first.partition("[")
        return structs.replace(error, field=_RENAMED.get(bare, bare) + bracket + index + dot + rest)

    return Invalid([rename(error) for error in refusal.errors])


def _get_values(given: Body, tree: ParameterTree) -> Body:
    listed = given.get("parameterNames")
    if not isinstance(listed, list) or not listed or not all(isinstance(one, str) and one for one in listed):
        raise BadRequest("parameterNames: must be a list of at least one name of a parameter.")
    return {"type": "get_parameter_values", "names": [_known_name(one, tree) for one in listed]}


def _known_name(name: str, tree: ParameterTree) -> str:
    """With its final dot, where it is known to be an object."""
    return name + "." if name not in tree and not name.endswith(".") and _has_below(name, tree) else name


def _has_below(name: str, tree: ParameterTree) -> bool:
    return next(iter(tree.below(name + ".")), None) is not None


def _set_values(given: Body, tree: ParameterTree) -> Body:
    return {"type": "set_parameter_values", "values": _values(given.get("parameterValues"))}


def _values(listed: Any) -> Body:
    if not isinstance(listed, list) or not listed:
        raise BadRequest(
            'parameterValues: must be a list of at least one ["name", value] or ["name", value, "xsd:type"].'
        )
    return dict(_pair(one, f"parameterValues[{number}]") for number, one in enumerate(listed))


def _pair(one: Any, at: str) -> tuple[str, Any]:
    if not isinstance(one, list) or len(one) not in (2, 3) or not isinstance(one[0], str) or not one[0]:
        raise BadRequest(f'{at}: must be ["name", value] or ["name", value, "xsd:type"].')
    if not isinstance(one[1], str | bool | int | float):
        raise BadRequest(f"{at}: the value of {one[0]} must be text, a number, true or false.")
    if len(one) == 2 or one[2] is None:
        return one[0], one[1]
    if not isinstance(one[2], str):
        raise BadRequest(f"{at}: the type of {one[0]} must be text, such as xsd:string.")
    return one[0], {"value": one[1], "type": one[2]}


def _refresh(given: Body, tree: ParameterTree) -> Body:
    path = given.get("objectName")
    if not isinstance(path, str):
        raise BadRequest('objectName: is required: the path of an object, or "" for all of the phone.')
    return {"type": "get_parameter_values", "names": _refreshed(path, tree)}


def _refreshed(path: str, tree: ParameterTree) -> list[str]:
    """All of a phone in parts, because few phones answer with everything at once."""
    if path:
        return [path if path in tree or path.endswith(".") else path + "."]
    roots = [root for root in ROOTS if next(iter(tree.below(root)), None) is not None]
    firsts = {
        root + name[len(root) :].partition(".")[0] + ("." if "." in name[len(root) :] else "")
        for root in roots
        for name in tree.below(root)
        if name != root
    }
    return sorted(firsts) or list(ROOTS)


def _add_object(given: Body, tree: ParameterTree) -> Body:
    path = _object(given)
    values = given.get("parameterValues")
    if not values:
        return {"type": "add_object", "object": path}
    below = {name.removeprefix(path): value for name, value in _values(values).items()}
    return {"type": "add_object", "object": path, "values": below}


def _delete_object(given: Body, tree: ParameterTree) -> Body:
    return {"type": "delete_object", "object": _object(given)}


def _object(given: Body) -> str:
    path = given.get("objectName")
    if not isinstance(path, str) or not path.strip("."):
        raise BadRequest("objectName: is required: the path of an object.")
    return path.rstrip(".") + "."


def _download(given: Body, tree: ParameterTree) -> Body:
    for name in ("file", "fileName", "fileType", "targetFileName"):
        if not isinstance(given.get(name) or "", str):
            raise BadRequest(f"{name}: must be text.")
    file = given.get("file") or given.get("fileName")
    if not file:
        raise BadRequest("file: is required: the name of a file in /nbi/files (or fileName and fileType).")
    body = {"type": "download", "file": file}
    if given.get("fileType"):
        body["file_type"] = given["fileType"]
    if given.get("targetFileName"):
        body["target_file_name"] = given["targetFileName"]
    return body


_Reader = Callable[[Body, ParameterTree], Body]

_READERS: dict[str, _Reader] = {
    "getParameterValues": _get_values,
    "setParameterValues": _set_values,
    "refreshObject": _refresh,
    "addObject": _add_object,
    "deleteObject": _delete_object,
    "reboot": lambda given, tree: {"type": "reboot"},
    "factoryReset": lambda given, tree: {"type": "factory_reset"},
    "download": _download,
}


def _expiry(given: Body) -> Body:
    """Seconds from now, or a time."""
    expiry = given.get("expiry")
    if expiry is None:
        return {}
    if isinstance(expiry, str):
        moment = moments.read(expiry)
        if moment is not None:
            return {"expires_at": moment.isoformat()}
        expiry = float(expiry) if expiry.replace(".", "", 1).isdecimal() else None
    if isinstance(expiry, bool) or not isinstance(expiry, int | float):
        raise BadRequest("expiry: must be a number of seconds, or a time such as 2030-01-31T12:00:00Z.")
    return {"expires_in": expiry}


def told(given: Any) -> Any:
    """The body as the audit has it: values by name, so that secret ones are known and blanked."""
    if not isinstance(given, dict):
        return None
    shown = {name: value for name, value in given.items() if name != "parameterValues"}
    listed = given.get("parameterValues")
    if isinstance(listed, list):
        pairs = [one for one in listed if isinstance(one, list) and len(one) > 1 and isinstance(one[0], str)]
        shown["parameterValues"] = {one[0]: one[1] for one in pairs}
    return shown


# --- from ours to theirs --------------------------------------------------------------------------------


def document(task: TaskView) -> Body:
    """The task as this interface shows it; times are still times. What it has no name for keeps ours."""
    request = dict(task.request)
    shown: Body = {"_id": task.id, "device": names.theirs(task.device), "timestamp": task.created_at}
    shown.update(_shown(task.type, request))
    if task.expires_at is not None:
        shown["expiry"] = task.expires_at
    return shown


def _shown(kind: str, request: Body) -> Body:
    match kind:
        case "get_parameter_values":
            listed = request["names"]
            if len(listed) == 1 and listed[0].endswith("."):
                return {"name": "refreshObject", "objectName": listed[0].rstrip(".")}
            return {"name": "getParameterValues", "parameterNames": listed}
        case "set_parameter_values":
            return {"name": "setParameterValues", "parameterValues": _pairs(request["values"])}
        case "add_object":
            shown = {"name": "addObject", "objectName": request["object"].rstrip(".")}
            return {**shown, "parameterValues": _pairs(request["values"])} if "values" in request else shown
        case "delete_object":
            return {"name": "deleteObject", "objectName": request["object"].rstrip(".")}
        case "download":
            return {
                "name": "download",
                "file": request.get("file") or request.get("url", ""),
                "fileName": request.get("file") or request.get("url", ""),
                "fileType": request.get("file_type", ""),
            }
        case _:
            first, *rest = kind.split("_")
            return {**request, "name": first + "".join(part.title() for part in rest)}


def _pairs(values: Body) -> list[Any]:
    return [
        [name, value["value"], value.get("type") or None] if isinstance(value, dict) else [name, value]
        for name, value in values.items()
    ]


def channel(identifier: str) -> str:
    """What a task's fault is filed under."""
    return f"task_{identifier}"


def fault(task: TaskView) -> Body:
    """The fault of a task that failed."""
    device, found = names.theirs(task.device), task.fault
    shown: Body = {
        "_id": f"{device}:{channel(task.id)}",
        "device": device,
        "channel": channel(task.id),
        "timestamp": task.finished_at or task.created_at,
        "retries": max(0, task.attempts - 1),
        "provisions": [[document(task)["name"]]],
    }
    if found is None:
        return {**shown, "code": "acs", "message": "it failed"}
    code = f"cwmp.{found.code}" if found.code else "acs"
    detail: Body = {"faultCode": str(found.code), "faultString": found.text}
    if task.type == "set_parameter_values":
        detail["setParameterValuesFault"] = [
            {
                "parameterName": name,
                "faultCode": text.partition(" ")[0],
                "faultString": text.partition(" ")[2],
            }
            for name, text in found.parameters.items()
        ]
    return {**shown, "code": code, "message": found.text, "detail": detail}
