"""The fields of each type of task, for a rollout that has every phone do one."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from acs.fleet.requests import UPLOAD_TYPES
from acs.northbound.console.visits import Form

#: What the names of these fields begin with; the type and the field follow.
TASK_FIELD = "task."


class TaskField(Struct, frozen=True):
    """`control` is lines, pairs (`name = value` a line), text, number, check, or choice (of `choices`)."""

    name: str
    title: str
    control: str = "text"
    hint: str = ""
    choices: tuple[str, ...] = ()


_NAMES = TaskField("names", "Parameters", "lines", "one a line, such as Device.DeviceInfo.")
_VALUES = TaskField("values", "Values", "pairs", "one a line: Device.Time.Enable = true")

TASKS: dict[str, tuple[TaskField, ...]] = {
    "get_parameter_values": (_NAMES,),
    "set_parameter_values": (_VALUES,),
    "get_parameter_names": (
        TaskField("path", "Path", hint="such as Device."),
        TaskField("next_level", "Only the next level", "check"),
    ),
    "get_parameter_attributes": (_NAMES,),
    "set_parameter_attributes": (
        TaskField("attributes", "Notification", "pairs", "one a line: Device.LAN.IPAddress = 2 (0, 1 or 2)"),
    ),
    "add_object": (
        TaskField("object", "Object", hint="such as Device.Example."),
        TaskField("values", "Values of the new one", "pairs", "one a line: Enable = true"),
    ),
    "delete_object": (TaskField("object", "Object", hint="with its number, such as Device.Example.3."),),
    "download": (
        TaskField("file", "Stored file", hint="its name under Files"),
        TaskField("url", "Or a URL"),
        TaskField("file_type", "Type", hint="left empty for a stored file: as it was stored"),
    ),
    "upload": (TaskField("file_type", "What", "choice", choices=UPLOAD_TYPES),),
    "reboot": (),
    "factory_reset": (),
    "schedule_inform": (TaskField("delay", "Seconds until it informs", "number"),),
    "get_rpc_methods": (),
}


def body(form: Form) -> dict[str, Any]:
    """The request of the chosen task; what was left empty is left out."""
    kind = form.text("task_type")
    made: dict[str, Any] = {"type": kind}
    for field in TASKS.get(kind, ()):
        text = form.raw(name_of(kind, field.name)).strip()
        if field.control == "check":
            made[field.name] = bool(text)
        elif text:
            made[field.name] = _value(field, text)
    return made


def fields(task: dict[str, Any]) -> list[tuple[str, str]]:
    """The fields of a form that make this request."""
    kind = str(task.get("type", ""))
    found = [("task_type", kind)]
    for field in TASKS.get(kind, ()):
        if task.get(field.name):
            found.append((name_of(kind, field.name), _text(field, task[field.name])))
    return found


def name_of(kind: str, field: str) -> str:
    return f"{TASK_FIELD}{kind}.{field}"


def _value(field: TaskField, text: str) -> Any:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    match field.control:
        case "lines":
            return lines
        case "pairs":
            parted = (line.partition("=") for line in lines)
            pairs = {name.strip(): value.strip() for name, _, value in parted}
            whole = field.name == "attributes"
            return {name: _attribute(value) if whole else value for name, value in pairs.items()}
        case "number":
            return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else text
        case _:
            return text


def _attribute(value: str) -> dict[str, Any]:
    return {"notification": int(value) if value in ("0", "1", "2") else value}


def _text(field: TaskField, value: Any) -> str:
    match field.control:
        case "lines":
            return "\n".join(value)
        case "pairs":
            return "\n".join(f"{name} = {_shown(one)}" for name, one in value.items())
        case "check":
            return "yes"
        case _:
            return str(value)


def _shown(value: Any) -> Any:
    return value.get("notification", value.get("value", "")) if isinstance(value, dict) else value
