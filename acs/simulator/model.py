"""The parameters a kind of phone has: read from `cwmp_schemas/models/`, expanded into a tree of full names.

What a parameter is stands in the parameter models (`acs.datamodel.parameter_models`); the phone's own file
says which it has and what they hold, its head explains the columns. A `Model` is read once; `Model.image`
expands it into the entries of one phone fresh from the factory, which all phones of a process share
(`acs.simulator.tree` copies on the first change).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from msgspec import Struct, structs

from acs.datamodel.parameter_models import ParameterModel, fault, lookup, objects, pattern, rows

ROW = "{i}."


class Leaf(Struct, frozen=True):
    """One parameter as the factory made it. With `$word` as default the phone tells the value."""

    of: ParameterModel
    default: str
    #: told at once, or in every Inform, though the parameter's model does not ask for it
    active: bool = False
    forced: bool = False

    @property
    def writable(self) -> bool:
        return self.of.writable

    @property
    def quiet(self) -> bool:
        return self.of.quiet

    @property
    def secret(self) -> bool:
        return self.of.secret

    @property
    def notification(self) -> int:
        return 2 if self.active else 0

    @property
    def xsd_type(self) -> str:
        return self.of.xsd_type


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
        for path in entries:
            parent = _parent(path)
            if parent in entries:
                self._children.setdefault(parent, []).append(path)

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
    return Model({path: _entry(path, row) for path, row in rows(name)})


def _entry(path: str, row: dict[str, str]) -> Entry:
    if path.endswith("."):
        return Branch(
            path, objects().get(pattern(path), False), int(row["default"] or 0), int(row["most"] or 0)
        )
    model = lookup(path)
    if model is None:
        raise LookupError(f"{path} is in no parameter model")
    marks = row["marks"].split()
    return Leaf(model, row["default"], model.active or "active" in marks, model.forced or "forced" in marks)


# --- may this value go into that leaf? ----------------------------------------------------------------------

_SAME_TYPE = {"base64Binary": "base64"}


def type_fits(leaf: Leaf, xsi_type: str) -> bool:
    """Whether a value sent with this xsi:type is of the leaf's type (else fault 9006)."""
    local = xsi_type.rpartition(":")[2]
    return _SAME_TYPE.get(local, local) == leaf.of.type


def value_fits(leaf: Leaf, value: str) -> bool:
    """Whether the leaf may hold this value (else fault 9007)."""
    return not fault(leaf.of, value)
