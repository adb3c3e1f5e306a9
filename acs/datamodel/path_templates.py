"""Where on one phone a mapped parameter stands.

A template is a path below the root. Its components: a name; a number or an index letter n, the n-th
instance; `*`, every instance; `[Field=value]`, the instance whose Field has this value; `[codec]`, the row of
the codec that the key means. A phone numbers instances as it likes (quirk 62): where it has an instance 1,
numbers are taken as they are; where it has none, its instances are counted in their order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Protocol

from msgspec import Struct

from acs.datamodel.keys import is_letter
from acs.datamodel.paths import ROOTS, root_of
from acs.datamodel.tree import Parameter

_INSTANCE = re.compile(r"(?<=\.)[0-9]{1,9}(?=\.)")


class KnownParameters(Protocol):
    """What is asked of a phone's tree; `acs.datamodel.tree.ParameterTree` is one."""

    def __iter__(self) -> Iterator[str]: ...

    def get(self, name: str) -> Parameter | None: ...


class Codec(Struct, frozen=True):
    """A codec in the data model's words; `rate` in bits a second, 0 where the name says it all."""

    codec: str
    rate: int = 0
    #: as the keys name it
    name: str = ""


class NotThere(LookupError):
    """The phone has no such parameter; the text says what is missing. `row` is the path of the instance that
    it lacks, "" where it is something else."""

    def __init__(self, text: str, row: str = "") -> None:
        super().__init__(text)
        self.row = row


class PhonePaths:
    """The names of one phone's parameters, with its instances at hand: one pass over the tree."""

    def __init__(self, tree: KnownParameters) -> None:
        self._tree = tree
        self.root = ""
        for name in tree:
            self.root = self.root or root_of(name)
            if self.root:
                break
        self._instances = _instances(frozenset([name[: name.rfind(".") + 1] for name in tree]))
        self.root = self.root or ROOTS[0]

    def get(self, name: str) -> Parameter | None:
        return self._tree.get(name)

    def instances(self, table: str) -> list[int]:
        """The instance numbers right below this path, in order."""
        return list(self._instances.get(table, ()))

    def positions(self, table: str) -> list[int]:
        """The numbers that `instance` understands."""
        found = self.instances(table)
        return found if 1 in found else list(range(1, len(found) + 1))

    def instance(self, table: str, position: int) -> int:
        """The instance number of the `position`-th row. Raises NotThere."""
        found = self.instances(table)
        if 1 in found:
            if position in found:
                return position
        elif 1 <= position <= len(found):
            return found[position - 1]
        row = f"{table}{position}."
        raise NotThere(f"the phone has no {row}", row)


@lru_cache(maxsize=256)
def _instances(objects: frozenset[str]) -> dict[str, tuple[int, ...]]:
    """The instance numbers below each table, in order; phones of a model mostly have the same objects."""
    found: dict[str, set[int]] = {}
    for above in objects:
        for number in _INSTANCE.finditer(above):
            found.setdefault(above[: number.start()], set()).add(int(number[0]))
    return {table: tuple(sorted(numbers)) for table, numbers in found.items()}


def resolve(
    template: str, phone: PhonePaths, numbers: Mapping[str, int], codec: Codec | None = None
) -> list[str]:
    """The full names, more than one only for `*`. Raises NotThere where the phone lacks (one of) them."""
    prefixes = [phone.root]
    *objects, leaf = template.split(".")
    for part in objects:
        prefixes = [below for prefix in prefixes for below in _step(prefix, part, phone, numbers, codec)]
    names = [prefix + leaf for prefix in prefixes]
    missing = next((name for name in names if phone.get(name) is None), None)
    if missing is not None:
        raise NotThere(f"the phone has no {missing}")
    return names


def _step(
    prefix: str, part: str, phone: PhonePaths, numbers: Mapping[str, int], codec: Codec | None
) -> list[str]:
    if part == "*":
        found = phone.instances(prefix)
        if not found:
            raise NotThere(f"the phone has nothing below {prefix}")
        return [f"{prefix}{number}." for number in found]
    if part.startswith("["):
        return [f"{prefix}{_row(prefix, part, phone, codec)}."]
    if part.isdecimal() or is_letter(part):
        return [f"{prefix}{phone.instance(prefix, numbers[part] if is_letter(part) else int(part))}."]
    return [f"{prefix}{part}."]


def _row(table: str, part: str, phone: PhonePaths, codec: Codec | None) -> int:
    """The instance that `[Field=value]` or `[codec]` means."""
    field, equals, value = part[1:-1].partition("=")
    if equals:
        rows = [
            row for row in phone.instances(table) if _said(phone, f"{table}{row}.{field}") == value.casefold()
        ]
    elif codec is None:
        raise NotThere("no data model has a word for the codec of this row")
    else:
        value = codec.name or codec.codec
        rows = _codec_rows(table, phone, codec)
    if not rows:
        raise NotThere(f"the phone has no row for {value} below {table}")
    return rows[0]


def _codec_rows(table: str, phone: PhonePaths, codec: Codec) -> list[int]:
    """Rows of the codec; of several with its name, those with its bit rate."""
    names = (codec.codec.casefold(), codec.name.casefold())
    rows = [row for row in phone.instances(table) if (_said(phone, f"{table}{row}.Codec") or "-") in names]
    exact = [row for row in rows if _said(phone, f"{table}{row}.BitRate") == str(codec.rate)]
    unsaid = [row for row in rows if not _said(phone, f"{table}{row}.BitRate")]
    return (exact or unsaid) if codec.rate else rows


def _said(phone: PhonePaths, name: str) -> str:
    known = phone.get(name)
    return (known.value or "").strip().casefold() if known is not None else ""


def display(template: str, *, any_instance: bool = False) -> str:
    """The template for people, under `Device.`: index letters as in the key, `{i}` for what is found on the
    phone. With `any_instance` as the parameter models have it, `{i}` for every instance."""
    return ROOTS[0] + ".".join(_displayed(part, any_instance) for part in template.split("."))


def _displayed(part: str, any_instance: bool) -> str:
    found = part == "*" or part.startswith("[")
    return "{i}" if found or (any_instance and (part.isdecimal() or is_letter(part))) else part
