"""What a kind of resource file is: its name, its columns as a table, its rules, its reader and writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lxml import etree
from msgspec import Struct

from acs.datamodel.resources.findings import Finding

#: Column to text. Rows that were read from a file have every column of their kind.
Row = dict[str, str]

#: What the entries of a wrongly used column are told.
NOTHING = "nothing"


class Column(Struct, frozen=True):
    name: str
    meaning: str
    #: the row cannot do without; which values are good is for the file's check to say
    required: bool = False
    #: what stands for a cell that is missing or blank
    default: str = ""
    #: the values that decide where a row goes in the file; () where anything may stand
    values: tuple[str, ...] = ()


class Written(Struct, frozen=True):
    """Root elements in their order, and the element of each row."""

    roots: list[etree._Element]
    rows: list[etree._Element]


class Kind(Struct, frozen=True):
    name: str
    title: str
    #: what the guide calls the file
    file_name: str
    roots: tuple[str, ...]
    #: the configuration key that tells a phone where it is; X where there are several; "" where a menu tells
    key: str
    columns: tuple[Column, ...]
    #: in a sentence
    limits: str
    #: what the schema does not say, or not so that one would understand it
    rules: Callable[[etree._Element], Iterator[Finding]]
    write: Callable[[list[Row]], Written]
    read: Callable[[etree._Element], list[Row]]
    #: the element round the roots while a file with several is looked at
    wrapper: str = ""

    @property
    def schema_root(self) -> tuple[str, ...]:
        return (self.wrapper,) if self.wrapper else self.roots
