"""The parameters a kind of phone has: read from `cwmp_schemas/models/*.csv`, expanded into a tree of full
names.

The file's head explains its columns. A `Model` is read once; `Model.image` expands it into the entries of
one phone fresh from the factory, which all phones of a process share (`acs.simulator.tree` copies on the
first change).
"""

from __future__ import annotations

import base64
import binascii
import csv
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files

from msgspec import Struct, structs

ROW = "{i}."


class Leaf(Struct, frozen=True):
    """One parameter as the factory made it. With `$word` as default the phone tells the value."""

    type: str
    writable: bool
    default: str
    choices: tuple[str, ...] = ()
    longest: int | None = None
    lowest: int | None = None
    highest: int | None = None
    forced: bool = False
    notification: int = 0
    quiet: bool = False
    secret: bool = False

    @property
    def xsd_type(self) -> str:
        return "xsd:base64Binary" if self.type == "base64" else f"xsd:{self.type}"


class Branch(Struct, frozen=True):
    """One object. `pattern` is its path in the model, with {i} for instance numbers."""

    pattern: str
    writable: bool = False
    #: how many rows a table is born with, and the most it takes (tables' rows only)
    rows: int = 0
    most: int = 0


Entry = Leaf | Branch
Image = dict[str, Entry]
#: the instance number of the n-th row (from 1)
Numbering = Callable[[int], int]


def dense(position: int) -> int:
    return position


def with_gaps(position: int) -> int:
    """2, 5, 8 …: instance numbers that are not 1 to n (quirk 62)."""
    return 3 * position - 1


class Model:
    """Entries by pattern, in the order of the file."""

    def __init__(self, entries: dict[str, Entry]) -> None:
        self.entries = entries
        self._children: dict[str, list[str]] = {}
        for pattern in entries:
            parent = _parent(pattern)
            if parent in entries:
                self._children.setdefault(parent, []).append(pattern)

    def row_of(self, table: Branch) -> Branch | None:
        """What one row of this object is; None when the object is no table."""
        row = self.entries.get(table.pattern + ROW)
        return row if isinstance(row, Branch) else None

    def expand(
        self, pattern: str, path: str, numbering: Numbering, position: int = 1
    ) -> Iterator[tuple[str, Entry]]:
        """The object at `path` and everything below it; `position` is the row it is, from 1."""
        yield path, self.entries[pattern]
        number = path[:-1].rpartition(".")[2]
        for child in self._children.get(pattern, ()):
            entry = self.entries[child]
            if isinstance(entry, Leaf):
                yield path + child[len(pattern) :], _resolve(entry, number, position)
            elif child.endswith(ROW):
                for row in range(1, entry.rows + 1):
                    yield from self.expand(child, f"{path}{numbering(row)}.", numbering, row)
            else:
                yield from self.expand(child, path + child[len(pattern) :], numbering, position)

    def image(self, numbering: Numbering = dense) -> Image:
        root = next(iter(self.entries))
        return dict(self.expand(root, root, numbering))


def _parent(pattern: str) -> str:
    return pattern[: pattern.rstrip(".").rfind(".") + 1]


def _resolve(leaf: Leaf, number: str, position: int) -> Leaf:
    """A leaf whose default depends on the row it stands in."""
    if leaf.default == "$instance":
        return structs.replace(leaf, default=number)
    if leaf.default.startswith("@"):
        values = leaf.default[1:].split(";")
        return structs.replace(leaf, default=values[min(position, len(values)) - 1])
    return leaf


@cache
def load(name: str) -> Model:
    """The model in `cwmp_schemas/models/NAME.csv`."""
    text = files("cwmp_schemas").joinpath("models", f"{name}.csv").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return Model({row["path"]: _entry(row) for row in csv.DictReader(lines)})


def _entry(row: dict[str, str]) -> Entry:
    writable = row["access"] == "rw"
    if row["type"] == "object":
        return Branch(row["path"], writable, int(row["default"] or 0), int(row["limits"] or 0))
    marks = row["marks"].split()
    limits = row["limits"]
    low, colon, high = limits.partition(":")
    return Leaf(
        type=row["type"],
        writable=writable,
        default=row["default"],
        choices=tuple(limits.split("|")) if "|" in limits else (),
        longest=int(limits) if limits.isdigit() else None,
        lowest=int(low) if colon and low else None,
        highest=int(high) if colon and high else None,
        forced="forced" in marks,
        notification=2 if "active" in marks else 0,
        quiet="quiet" in marks,
        secret="secret" in marks,
    )


# --- may this value go into that leaf? ----------------------------------------------------------------------

_SAME_TYPE = {"base64Binary": "base64"}
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_RANGES = {"unsignedInt": (0, 2**32 - 1), "int": (-(2**31), 2**31 - 1)}


def type_fits(leaf: Leaf, xsi_type: str) -> bool:
    """Whether a value sent with this xsi:type is of the leaf's type (else fault 9006)."""
    local = xsi_type.rpartition(":")[2]
    return _SAME_TYPE.get(local, local) == leaf.type


def value_fits(leaf: Leaf, value: str) -> bool:
    """Whether the leaf may hold this value (else fault 9007)."""
    if leaf.choices:
        return value in leaf.choices
    match leaf.type:
        case "boolean":
            return value in ("0", "1", "true", "false")
        case "int" | "unsignedInt":
            return _number_fits(leaf, value)
        case "dateTime":
            return _DATE_TIME.fullmatch(value) is not None
        case "base64":
            return _base64_fits(value, leaf.longest)
        case _:
            return leaf.longest is None or len(value) <= leaf.longest


def _number_fits(leaf: Leaf, value: str) -> bool:
    if not re.fullmatch(r"[+-]?\d{1,10}", value):
        return False
    low, high = _RANGES[leaf.type]
    low = low if leaf.lowest is None else leaf.lowest
    high = high if leaf.highest is None else leaf.highest
    return low <= int(value) <= high


def _base64_fits(value: str, longest: int | None) -> bool:
    try:
        return longest is None or len(base64.b64decode(value, validate=True)) <= longest
    except binascii.Error:
        return False
