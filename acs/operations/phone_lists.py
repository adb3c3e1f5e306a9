"""A list of phones as CSV, read: every line that is wrong is named, and none is taken if one is."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from acs.fleet.attributes import read_mac
from acs.operations import attributes, tables
from acs.operations.devices import LONGEST_LABEL, NotesRequest, check_notes
from acs.operations.errors import FieldError, Invalid
from acs.store.importing import Listed

MAC = "mac"
GROUP = "group"
TAGS = "tags"
LABEL = "label"

#: What is no attribute.
_OWN = (MAC, GROUP, TAGS, LABEL)

#: Characters that may part the columns; the one that the first line has most of does.
DELIMITERS = ",;\t"

_MACS = "12 hex digits, with or without separators, such as 00:15:65:1a:2b:3c"


class PhoneList:
    """The lines of a list, and all that is wrong with it."""

    def __init__(self) -> None:
        #: by the number of the line
        self.lines: dict[int, Listed] = {}
        self.faults: list[FieldError] = []

    def blame(self, line: int, column: str, message: str, value: str, allowed: list[str] | str = "") -> None:
        field = f"line {line}: {column}" if column else f"line {line}"
        self.faults.append(FieldError(field, message, value, allowed or None, line=line))

    @property
    def group_names(self) -> tuple[str, ...]:
        """All groups that some line names."""
        named = (name for listed in self.lines.values() for name in listed.groups or ())
        return tuple(sorted(set(named)))


def read(content: bytes) -> PhoneList:
    """The list in these bytes: a line of column names, then a phone a line.

    `mac` must be among the columns; `group` has names of groups with blanks between, `tags` has tags
    likewise, `label` what the phone is called; every other column is an attribute. Raises Invalid where the
    columns themselves cannot be.
    """
    rows = rows_of(content)
    found = PhoneList()
    try:
        number, header = next(rows, (1, []))
    except csv.Error as error:
        found.blame(1, "", f"is no CSV: {error}", "")
        raise Invalid(found.faults) from None
    columns = [name.strip().lower() for name in header]
    _check_columns(columns, header, found)
    if found.faults:
        raise Invalid(found.faults)
    seen: dict[str, int] = {}
    try:
        for number, cells in rows:
            _read_line(number, columns, [tables.text(cell.strip()) for cell in cells], seen, found)
    except csv.Error as error:
        found.blame(number + 1, "", f"is no CSV: {error}", "")
    if not found.lines and not found.faults:
        found.blame(2, "", "is missing: the list has no phones", "", "a phone a line")
    return found


def rows_of(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """The rows of any such table that have anything in them, each with the number of the line where it
    begins. Raises Invalid where the bytes are no text, csv.Error where they are no CSV."""
    return _rows(_text(content))


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        fault = FieldError(f"line {line}", "is no UTF-8 text", allowed="a file saved as UTF-8", line=line)
        raise Invalid([fault]) from None


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    begins = 1
    for row in reader:
        if any(cell.strip() for cell in row):
            yield begins, row
        begins = reader.line_num + 1


def _check_columns(columns: list[str], written: list[str], found: PhoneList) -> None:
    if MAC not in columns:
        found.blame(1, MAC, "is missing among the columns", ", ".join(written), "a column named mac")
    for place, name in enumerate(columns):
        wrong = "is there twice" if name in columns[:place] else ""
        if not wrong and name not in _OWN:
            wrong = attributes.name_fault(name)
        if wrong:
            found.blame(1, f"column {place + 1}", wrong, written[place].strip(), attributes.NAMES)


def _read_line(
    number: int, columns: list[str], cells: list[str], seen: dict[str, int], found: PhoneList
) -> None:
    before = len(found.faults)
    if len(cells) != len(columns):
        found.blame(number, "", f"has {len(cells)} columns", ", ".join(cells), f"{len(columns)} as in line 1")
        return
    by_name = dict(zip(columns, cells, strict=True))
    mac = read_mac(by_name[MAC])
    if not mac:
        found.blame(number, MAC, "is no MAC address", by_name[MAC], _MACS)
    elif mac in seen:
        found.blame(number, MAC, f"is in line {seen[mac]} already", by_name[MAC], "each phone once")
    else:
        seen[mac] = number
    given = {
        name: value
        for name, value in by_name.items()
        if name not in _OWN and not attributes.is_blanked(name, value)
    }
    for name, value in given.items():
        wrong = attributes.value_fault(value)
        if wrong:
            allowed = f"printable text, {attributes.LONGEST} characters at most"
            found.blame(number, name, wrong, value, allowed)
    tags = tuple(dict.fromkeys(by_name[TAGS].split())) if TAGS in by_name else None
    label = by_name.get(LABEL)
    try:
        check_notes(NotesRequest(tags=list(tags or ()), label=label or ""))
    except Invalid as wrong_notes:
        for fault in wrong_notes.errors:
            column = LABEL if fault.field == LABEL else TAGS
            found.blame(number, column, fault.message, str(fault.value), fault.allowed or "")
    if len(label or "") > LONGEST_LABEL:
        found.blame(number, LABEL, "is too long", label or "", f"{LONGEST_LABEL} characters at most")
    if len(found.faults) == before:
        named = tuple(sorted(set(by_name[GROUP].split()))) if GROUP in by_name else None
        found.lines[number] = Listed(mac, named, given, tags, label)
