"""What the data models say of a parameter: its type, its limits, whether it can be set.

Read from `cwmp_schemas/models/*.csv` (docs/data-model.md): Device:1.x of TR-106 and TR-181 issue 1,
VoiceService:1.x of TR-104, and what phones were seen to have beside them. A phone's own word on its type and
writability counts for more: this is for where the phone has not said, and for checking a value before it is
sent. The names of both roots are understood (quirk 61).
"""

from __future__ import annotations

import base64
import binascii
import csv
import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from msgspec import Struct

from acs.datamodel.paths import root_of
from cwmp_schemas.loader import model_text

#: The files, in the order in which they are believed.
FILES = {"device-1": "TR-181 issue 1", "voice-service-1": "TR-104", "field": "field"}

#: The types whose limits are numbers, with what their XML Schema types can hold.
_NUMBERS = {
    "int": (-(2**31), 2**31 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "long": (-(2**63), 2**63 - 1),
    "unsignedLong": (0, 2**64 - 1),
}
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_HEX = re.compile(r"([0-9A-Fa-f]{2})*")
_ROOT = "Device."


class ParameterModel(Struct, frozen=True, kw_only=True):
    """One parameter. `path` has `{i}` for every instance number; `type` is `boolean`, `unsignedInt` …"""

    path: str
    type: str
    writable: bool = False
    #: it is one of these; of a list, each member is
    choices: tuple[str, ...] = ()
    lowest: int | None = None
    highest: int | None = None
    #: characters, of base64 and hexBinary bytes
    longest: int | None = None
    #: comma-separated
    listed: bool = False
    #: in every Inform
    forced: bool = False
    #: active notification from the factory
    active: bool = False
    #: active notification may be refused
    quiet: bool = False
    #: reads back as empty
    secret: bool = False
    #: the version that brought it, "" for the first
    since: str = ""
    #: where this is from
    source: str

    @property
    def xsd_type(self) -> str:
        """As it stands in xsi:type."""
        return "xsd:base64Binary" if self.type == "base64" else f"xsd:{self.type}"


def lookup(name: str) -> ParameterModel | None:
    """What is known of the parameter of this full name, under either root; None for an unknown one."""
    return models().get(pattern(name))


@lru_cache(maxsize=1 << 14)
def pattern(name: str) -> str:
    """The name as the models have it: under `Device.`, with {i} for each instance number."""
    root = root_of(name)
    parts = (_ROOT + name.removeprefix(root)).split(".") if root else name.split(".")
    return ".".join("{i}" if part.isdecimal() else part for part in parts)


def problem(name: str, value: str) -> str:
    """Why the data model would not let this parameter have this value; "" where it would, or is silent."""
    model = lookup(name)
    return "" if model is None else fault(model, value)


def fault(model: ParameterModel, value: str) -> str:
    """Why `value` is none that this parameter can have; "" where it is."""
    if model.listed:
        return _list_fault(model, value)
    if model.choices:
        return "" if value in model.choices else f"permitted: {', '.join(model.choices)}"
    match model.type:
        case "boolean":
            return "" if value in ("0", "1", "true", "false") else "permitted: 0, 1, true, false"
        case "int" | "unsignedInt" | "long" | "unsignedLong":
            return _number_fault(model, value)
        case "dateTime":
            return "" if _DATE_TIME.fullmatch(value) else "a time is wanted, as 2026-01-31T12:00:00Z"
        case "base64":
            return _base64_fault(model, value)
        case "hexBinary":
            if not _HEX.fullmatch(value):
                return "pairs of hexadecimal digits are wanted"
            return _length_fault(model, len(value) // 2, "bytes")
        case _:
            return _length_fault(model, len(value), "characters")


def _list_fault(model: ParameterModel, value: str) -> str:
    if model.choices:
        strange = [item for item in _items(value) if item not in model.choices]
        return f"{strange[0]!r} is none of: {', '.join(model.choices)}" if strange else ""
    return _length_fault(model, len(value), "characters")


def _items(value: str) -> list[str]:
    return [item.strip() for item in value.split(",")] if value.strip() else []


def _number_fault(model: ParameterModel, value: str) -> str:
    low, high = _NUMBERS[model.type]
    low = low if model.lowest is None else model.lowest
    high = high if model.highest is None else model.highest
    if re.fullmatch(r"[+-]?[0-9]{1,20}", value) and low <= int(value) <= high:
        return ""
    return f"a whole number from {low} to {high} is wanted"


def _base64_fault(model: ParameterModel, value: str) -> str:
    try:
        size = len(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        return "base64 is wanted"
    return _length_fault(model, size, "bytes")


def _length_fault(model: ParameterModel, length: int, unit: str) -> str:
    if model.longest is None or length <= model.longest:
        return ""
    return f"at most {model.longest} {unit} are permitted, these are {length}"


# --- reading the files --------------------------------------------------------------------------------------


@cache
def models() -> Mapping[str, ParameterModel]:
    """Every parameter by its path."""
    found: dict[str, ParameterModel] = {}
    for file, source in FILES.items():
        for path, row in rows(file):
            if row["type"] != "object":
                found.setdefault(path, _read(path, row, source))
    return found


@cache
def objects() -> Mapping[str, bool]:
    """Every object by its path, and whether its instances can be added and deleted."""
    return {
        path: row["access"] == "rw" for file in FILES for path, row in rows(file) if row["type"] == "object"
    }


def rows(file: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The lines of one file, each with its full path: an object's ends in a dot, its parameters follow."""
    lines = (line for line in model_text(file).splitlines() if not line.startswith("#"))
    here = ""
    for row in csv.DictReader(lines):
        if row["name"].endswith("."):
            here = row["name"]
            yield here, row
        else:
            yield here + row["name"], row


def _read(path: str, row: dict[str, str], source: str) -> ParameterModel:
    marks = row["marks"].split()
    limits = row["limits"]
    low, colon, high = limits.partition(":")
    since = next((mark.removeprefix("since-") for mark in marks if mark.startswith("since-")), "")
    numeric = row["type"] in _NUMBERS
    return ParameterModel(
        path=path,
        type=row["type"],
        writable=row["access"] == "rw",
        choices=tuple(limits.split("|")) if limits and not limits.isdigit() and not numeric else (),
        lowest=int(low) if numeric and colon and low else None,
        highest=int(high) if numeric and colon and high else None,
        longest=int(limits) if limits.isdigit() and not numeric else None,
        listed="list" in marks,
        forced="forced" in marks,
        active="active" in marks,
        quiet="quiet" in marks,
        secret="secret" in marks,
        since=since,
        source=source,
    )
