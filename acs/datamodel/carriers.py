"""By what each key reaches one phone: a parameter that is set, or a line of a configuration file.

The phone decides: a key goes by parameter where its own tree has the path and lets it be written, unless it
once refused it; else by file. Vendor leaves are set apart from the standard's, each object's in a request of
its own: one bad name faults a whole SetParameterValues, and those are the names that firmware changes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from msgspec import Struct

from acs.datamodel import mapping
from acs.datamodel.mapping import Write
from acs.datamodel.parameter_models import lookup, pattern
from acs.datamodel.path_templates import KnownParameters, PhonePaths
from acs.datamodel.paths import is_vendor

#: The group of everything that a standard describes.
STANDARD = ""


class CarrierKind(StrEnum):
    PARAMETER = "parameter"
    FILE = "file"


class Carrier(Struct, frozen=True):
    """`path`: the parameter that the key is read back from, "" for a file. `why`: for people."""

    kind: CarrierKind
    why: str
    path: str = ""
    #: which SetParameterValues it belongs in: STANDARD, or the object that holds the vendor's leaves
    group: str = STANDARD
    #: by file, because the phone lacks this instance of an object
    lacks: str = ""


class Carriage(Struct, frozen=True):
    """All that some keys come to on one phone."""

    carriers: dict[str, Carrier]
    #: by full path
    writes: dict[str, Write]

    @property
    def groups(self) -> dict[str, dict[str, Write]]:
        """The writes of each SetParameterValues, the standard's first."""
        found: dict[str, dict[str, Write]] = {}
        for path, write in sorted(self.writes.items(), key=lambda item: group_of(item[0]) != STANDARD):
            found.setdefault(group_of(path), {})[path] = write
        return found

    @property
    def by_file(self) -> list[str]:
        return [key for key, carrier in self.carriers.items() if carrier.kind is CarrierKind.FILE]


def carry(
    keys: Mapping[str, str],
    tree: KnownParameters | PhonePaths,
    refused: Collection[str] = (),
    known: Mapping[str, str] | None = None,
) -> Carriage:
    """How these keys with these values go to this phone.

    `refused`: paths that its model refused, in full or with {i} for instance numbers. `known`: further keys
    of the phone, which tell the codecs of rows. A value decides too: a parameter may have no word for it.
    """
    phone = tree if isinstance(tree, PhonePaths) else PhonePaths(tree)
    told = mapping.to_parameters(keys, phone, lambda path: objection(path, phone, refused), known)
    carriers = {
        key: _by_parameter(told.paths[key], phone)
        if key in told.paths
        else Carrier(CarrierKind.FILE, told.left[key], lacks=told.lacks.get(key, ""))
        for key in keys
    }
    return Carriage(carriers, told.writes)


def carrier_of(
    key: str,
    tree: KnownParameters | PhonePaths,
    refused: Collection[str] = (),
    known: Mapping[str, str] | None = None,
) -> Carrier:
    """How this key (with its numbers) goes to this phone, whatever its value."""
    phone = tree if isinstance(tree, PhonePaths) else PhonePaths(tree)
    path, why = mapping.carrying_path(key, phone, lambda path: objection(path, phone, refused), known)
    return _by_parameter(path, phone) if path else _by_file(why)


def objection(path: str, phone: PhonePaths, refused: Collection[str]) -> str:
    """Why this path is not set on this phone; "" where it is."""
    if path in refused or pattern(path) in refused:
        return f"phones of this model and firmware refused {path}"
    known = phone.get(path)
    if known is None:
        return f"the phone has no {path}"
    if known.writable is False:
        return f"the phone does not let {path} be written"
    if known.writable is None:
        model = lookup(path)
        if model is None:
            return f"nobody said whether {path} can be written"
        if not model.writable:
            return f"{model.source} does not let {path} be written"
    return ""


def group_of(path: str) -> str:
    """STANDARD, or the object whose leaves are the vendor's."""
    return path[: path.rindex(".") + 1] if is_vendor(path) or _is_from_the_field(path) else STANDARD


def _is_from_the_field(path: str) -> bool:
    model = lookup(path)
    return model is None or model.source == "field"


def _by_file(why: str) -> Carrier:
    return Carrier(CarrierKind.FILE, why)


def _by_parameter(path: str, phone: PhonePaths) -> Carrier:
    parameter = phone.get(path)
    said = parameter is not None and parameter.writable
    who = "lets it be written" if said else "has not said otherwise, and its data model lets it be written"
    return Carrier(CarrierKind.PARAMETER, f"the phone has it and {who}", path, group_of(path))
