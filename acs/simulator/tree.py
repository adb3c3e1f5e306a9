"""One phone's parameters: the image all phones share, and what differs on this one.

Values and attributes that were never changed cost nothing. The names themselves are copied on the first
AddObject or DeleteObject. What the model marks with `$word` is asked of the phone each time it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from acs.cwmp.structures import ParameterValue
from acs.simulator.model import Branch, Image, Leaf, Model, Numbering


class Attributes(Struct, frozen=True):
    notification: int
    access_list: tuple[str, ...] = ()


class TableFull(Exception):
    """The table takes no more rows (fault 9004)."""


class PhoneTree:
    """`tell(word, name)` gives the value of the parameter that the model marks with `$word`."""

    __slots__ = ("_attributes", "_entries", "_highest", "_image", "_model", "_numbering", "_tell", "_values")

    def __init__(
        self, model: Model, image: Image, numbering: Numbering, tell: Callable[[str, str], str]
    ) -> None:
        self._model = model
        self._image = image
        self._numbering = numbering
        self._tell = tell
        self.reset()

    def reset(self) -> None:
        """Back to the factory's values."""
        self._entries = self._image
        self._values: dict[str, str] = {}
        self._attributes: dict[str, Attributes] = {}
        #: the highest instance number a table ever had: a deleted row's number is not used again
        self._highest: dict[str, int] = {}

    @property
    def root(self) -> str:
        return next(iter(self._image))

    # --- names ----------------------------------------------------------------------------------------------

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def leaf(self, name: str) -> Leaf | None:
        entry = self._entries.get(name)
        return entry if isinstance(entry, Leaf) else None

    def branch(self, path: str) -> Branch | None:
        entry = self._entries.get(path)
        return entry if isinstance(entry, Branch) else None

    def below(self, path: str) -> Iterator[str]:
        """Every name below a partial path, the path itself left out; all names for the empty path."""
        return (name for name in self._entries if name.startswith(path) and len(name) > len(path))

    def next_level(self, path: str) -> Iterator[str]:
        """The names directly below a partial path."""
        start = len(path)
        return (name for name in self.below(path) if name.find(".", start) in (-1, len(name) - 1))

    def leaves_below(self, path: str) -> Iterator[str]:
        return (name for name in self.below(path) if not name.endswith("."))

    def forced(self) -> Iterator[str]:
        """The parameters that every Inform carries."""
        return (name for name, entry in self._image.items() if isinstance(entry, Leaf) and entry.forced)

    def writable(self, name: str) -> bool:
        """A leaf that can be set; a row that can be deleted; a table that takes new rows."""
        entry = self._entries[name]
        if isinstance(entry, Branch) and (row := self._model.row_of(entry)) is not None:
            return row.writable
        return entry.writable

    # --- values ---------------------------------------------------------------------------------------------

    def value(self, name: str) -> str:
        changed = self._values.get(name)
        if changed is not None:
            return changed
        leaf = self._entries[name]
        assert isinstance(leaf, Leaf), name
        if not leaf.default.startswith("$"):
            return leaf.default
        word, _, table = leaf.default[1:].partition(":")
        if word == "count":
            return str(len(self.rows(name.rpartition(".")[0] + "." + table)))
        return self._tell(word, name)

    def reading(self, name: str) -> ParameterValue:
        """The parameter as the phone tells it to others: a secret reads empty."""
        leaf = self._entries[name]
        assert isinstance(leaf, Leaf), name
        return ParameterValue(name, "" if leaf.secret else self.value(name), leaf.xsd_type)

    def put(self, name: str, value: str) -> None:
        self._values[name] = value

    # --- attributes -----------------------------------------------------------------------------------------

    def attributes(self, name: str) -> Attributes:
        changed = self._attributes.get(name)
        if changed is not None:
            return changed
        leaf = self.leaf(name)
        return Attributes(leaf.notification if leaf else 0)

    def put_attributes(self, name: str, attributes: Attributes) -> None:
        self._attributes[name] = attributes

    def watched(self) -> Iterator[str]:
        """The parameters whose changes the ACS wants to hear of, passive or active."""
        for name, entry in self._image.items():
            if isinstance(entry, Leaf) and entry.notification and name not in self._attributes:
                yield name
        for name, attributes in self._attributes.items():
            if attributes.notification and name in self._entries:
                yield name

    # --- rows -----------------------------------------------------------------------------------------------

    def is_table(self, path: str) -> bool:
        """Whether this object is one that has rows."""
        branch = self.branch(path)
        return branch is not None and self._model.row_of(branch) is not None

    def rows(self, table: str) -> list[int]:
        """The instance numbers of a table."""
        numbers = (name[len(table) : -1] for name in self.next_level(table) if name.endswith("."))
        return [int(number) for number in numbers if number.isdigit()]

    def add_row(self, table: str) -> int:
        """A new row with the factory's values; its instance number. The table must take rows (`writable`)."""
        branch = self.branch(table)
        assert branch is not None, table
        row = self._model.row_of(branch)
        assert row is not None, table
        present = self.rows(table)
        if len(present) >= row.most:
            raise TableFull(table)
        number = 1 + max([*present, self._highest.get(table, 0)])
        self._highest[table] = number
        new = dict(self._model.expand(row.pattern, f"{table}{number}.", self._numbering, number))
        self._entries = _inserted(self._entries, table, new)
        return number

    def delete_row(self, row: str) -> None:
        table = row[: row[:-1].rfind(".") + 1]
        self._highest[table] = max([*self.rows(table), self._highest.get(table, 0)])
        self._entries = {name: entry for name, entry in self._entries.items() if not name.startswith(row)}
        self._values = {name: value for name, value in self._values.items() if not name.startswith(row)}
        self._attributes = {n: kept for n, kept in self._attributes.items() if not n.startswith(row)}


def _inserted(entries: Image, table: str, new: Image) -> Image:
    """A copy of the entries with `new` after everything that is already below `table`."""
    result: Image = {}
    reached = False
    for name, entry in entries.items():
        below = name.startswith(table)
        if reached and not below:
            result.update(new)
            new = {}
        reached = reached or below
        result[name] = entry
    result.update(new)
    return result
