"""Documents of devices: what is known of a phone as a tree, its parameters by the parts of their names."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import unquote

from msgspec import UNSET

from acs.cwmp.times import read_time
from acs.datamodel import types
from acs.datamodel.paths import is_object, is_secret
from acs.datamodel.tree import Parameter
from acs.northbound.nbi import moments, names
from acs.northbound.nbi.matching import Values
from acs.northbound.rest.problems import BadRequest
from acs.operations.phone_search import Phone

_IDENTITY = {
    "_deviceId._Manufacturer": "manufacturer",
    "_deviceId._OUI": "oui",
    "_deviceId._ProductClass": "product_class",
    "_deviceId._SerialNumber": "serial_number",
}
_MOMENTS = {
    "_registered": "first_seen",
    "_lastInform": "last_inform",
    "_lastBoot": "last_boot",
    "_lastBootstrap": "last_bootstrap",
}

#: The fields of a device beside its parameters, and those of a parameter.
FIELDS = ("_id", *_IDENTITY, *_MOMENTS, "_tags")
ATTRIBUTES = ("_value", "_type", "_timestamp", "_writable", "_object")


def canonical(path: str) -> str:
    """The path of a field from how it is named in a query: of a parameter's name alone, its value.

    Raises BadRequest for a field that no device has, and for secrets: who may not see one must not find it
    out by asking who has it.
    """
    if path.startswith("_"):
        if path not in FIELDS:
            raise BadRequest(f"{path}: is no field of a device; {', '.join(FIELDS)} are, and parameters.")
        return path
    name, _, last = path.rstrip(".").rpartition(".")
    if not last.startswith("_"):
        name, last = path.rstrip("."), "_value"
    if not name or last not in ATTRIBUTES:
        raise BadRequest(f"{path}: a parameter has {', '.join(ATTRIBUTES)}, or nothing behind its name.")
    if last == "_value" and is_secret(name):
        raise BadRequest(f"{path}: is a secret: phones are not found by it.")
    return f"{name}.{last}"


def needs_parameters(path: str) -> bool:
    return not path.startswith("_")


# --- one field ------------------------------------------------------------------------------------------


def values_at(phone: Phone, path: str) -> Values:
    """What the phone has at a canonical path, as far as it was looked up."""
    if path == "_id":
        return (names.theirs(phone.id),)
    if path in _IDENTITY:
        return _identity(phone, _IDENTITY[path])
    if phone.known is None:
        return UNSET
    if path == "_tags":
        return phone.known.notes.tags
    if path in _MOMENTS:
        found = moments.of_seconds(_seconds(phone, _MOMENTS[path]))
        return None if found is None else (found,)
    if phone.tree is None:
        return UNSET
    name, _, attribute = path.rpartition(".")
    parameter, above = phone.tree.get(name), phone.tree.get(name + ".")
    found_one = parameter or above
    if found_one is None:
        if attribute != "_object" or not any(True for _ in phone.tree.below(name + ".")):
            return None
        return (True,)
    node = _node(found_one, is_leaf=parameter is not None)
    return (node[attribute],) if attribute in node else None


def _identity(phone: Phone, field: str) -> Values:
    if phone.known is not None:
        return (getattr(phone.known.device, field),)
    if field == "manufacturer":
        return UNSET
    part = {"oui": 0, "product_class": 1, "serial_number": 2}[field]
    return (unquote(phone.id.split("-", 2)[part], errors="surrogateescape"),)


def _seconds(phone: Phone, field: str) -> float:
    assert phone.known is not None
    if field == "last_inform":  # the session that is under way counts
        return phone.known.last_inform
    return float(getattr(phone.known.device, field))


def _node(parameter: Parameter, *, is_leaf: bool) -> dict[str, Any]:
    """The fields of a parameter or object; times are still times."""
    node: dict[str, Any] = {"_object": not is_leaf}
    if parameter.writable is not None:
        node["_writable"] = parameter.writable
    heard = moments.of_seconds(parameter.at)
    if heard is not None:
        node["_timestamp"] = heard
    if is_leaf and parameter.value is not None:
        node["_type"] = types.known_type(parameter.type) or types.STRING
        node["_value"] = _typed(parameter.value, node["_type"])
    return node


def _typed(text: str, type_name: str) -> Any:
    """The value as JSON has it; what is not of its type stays text."""
    meant: Any = None
    if type_name == types.BOOLEAN:
        meant = types.read_boolean(text)
    elif types.is_number(type_name):
        meant = types.read_int(text)
    elif type_name == "xsd:dateTime":
        meant = read_time(text)
    return text if meant is None else meant


# --- whole documents ------------------------------------------------------------------------------------


def document(phone: Phone, projection: Projection) -> dict[str, Any]:
    """The phone as it is answered. Its record must be there, and its parameters where they are asked for."""
    assert phone.known is not None
    found: dict[str, Any] = {"_id": names.theirs(phone.id)}
    found["_deviceId"] = {
        path.partition(".")[2]: getattr(phone.known.device, field) for path, field in _IDENTITY.items()
    }
    for path, field in _MOMENTS.items():
        moment = moments.of_seconds(_seconds(phone, field))
        if moment is not None:
            found[path] = moment
    found["_tags"] = list(phone.known.notes.tags)
    if phone.tree is not None:
        for name, parameter in phone.tree.items():
            _plant(found, name, parameter)
    shown: dict[str, Any] = written(projection.of(found))
    return shown


def _plant(found: dict[str, Any], name: str, parameter: Parameter) -> None:
    node = found
    parts = name.rstrip(".").split(".")
    for part in parts[:-1]:
        node = node.setdefault(part, {})
        node["_object"] = True
    is_leaf = not is_object(name)
    last = node.setdefault(parts[-1], {})
    last.update(_node(parameter, is_leaf=is_leaf) if is_leaf or "_value" not in last else {})


def written(value: Any) -> Any:
    """A document with its times as texts."""
    if isinstance(value, dict):
        return {name: written(member) for name, member in value.items()}
    return moments.written(value) if isinstance(value, datetime) else value


class Projection:
    """Which fields are answered: paths with commas between; none for all. `_id` always is."""

    def __init__(self, text: str, name: str = "projection") -> None:
        if text.lstrip().startswith(("{", "[")):
            raise BadRequest(f"{name}: must be names of fields with commas between, such as _id,_tags.")
        self.paths = tuple(path for part in text.split(",") if (path := part.strip().rstrip(".")))
        self._wanted: dict[str, Any] = {}
        for path in (*self.paths, "_id"):
            node = self._wanted
            for part in path.split("."):
                node = node.setdefault(part, {})
            node[""] = True  # all of this

    @property
    def needs_parameters(self) -> bool:
        return not self.paths or any(map(needs_parameters, self.paths))

    def of(self, found: dict[str, Any]) -> dict[str, Any]:
        return _pruned(found, self._wanted) if self.paths else found


def _pruned(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in found.items():
        inner = wanted.get(name)
        if inner is None:
            continue
        if "" in inner:
            kept[name] = value
        elif isinstance(value, dict):
            kept[name] = _pruned(value, inner)
    return kept
