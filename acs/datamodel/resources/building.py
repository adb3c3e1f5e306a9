"""From rows to a resource file: the same rows give the same bytes, and only a file that passes its check."""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from acs.datamodel.key_values import Severity
from acs.datamodel.resources.checking import check
from acs.datamodel.resources.documents import Lines
from acs.datamodel.resources.findings import BadRows, RowFault
from acs.datamodel.resources.kinds import Column, Kind, Row, Written

#: What no XML can hold, and line breaks, which would be lost in it.
_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x84\x86-\x9f\u0085\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_SHOWN = 60
#: After every row.
_LAST = sys.maxsize


class Built(Struct, frozen=True):
    content: bytes
    #: doubts that do not keep a phone from using it
    warnings: list[RowFault]


def build(kind: Kind, rows: Sequence[Mapping[str, Any]]) -> Built:
    """The file that these rows make. Raises BadRows with every fault, by row."""
    complete, faults = _rows(kind, rows)
    bad = {fault.row for fault in faults}
    numbers = [number for number in range(1, len(complete) + 1) if number not in bad]
    try:
        written = kind.write([complete[number - 1] for number in numbers])
    except BadRows as error:
        raise BadRows(faults or error.faults) from None
    lines = Lines()
    for root in written.roots:
        lines.add(root)
    content = lines.content()
    found = _by_row(kind, written, numbers, lines, content)
    if faults:  # what the remaining rows make is no whole file: only what is wrong within a row is told
        within = [fault for fault in found if fault.row and fault.severity is Severity.ERROR]
        raise BadRows(sorted([*faults, *within], key=lambda fault: fault.row))
    if any(fault.severity is Severity.ERROR for fault in found):
        raise BadRows(found)
    return Built(content, found)


def _rows(kind: Kind, rows: Sequence[Mapping[str, Any]]) -> tuple[list[Row], list[RowFault]]:
    """Complete rows of texts that can be written, and what keeps rows from being that."""
    faults: list[RowFault] = []
    known = {column.name for column in kind.columns}
    complete: list[Row] = []
    for number, row in enumerate(rows, start=1):
        faults += [
            RowFault(number, str(name), "is no column of this kind", _shown(row[name]), sorted(known))
            for name in row
            if name not in known
        ]
        complete.append({column.name: _cell(column, row, number, faults) for column in kind.columns})
    return complete, faults


def _cell(column: Column, row: Mapping[str, Any], number: int, faults: list[RowFault]) -> str:
    given = row.get(column.name)
    given = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
    if given is None or given == "":
        given = column.default
    if not isinstance(given, str):
        faults.append(RowFault(number, column.name, "is no text", _shown(given), "text"))
    elif _UNWRITABLE.search(given):
        message = "has a line break or a control character"
        faults.append(RowFault(number, column.name, message, _shown(given), "one line of text"))
    elif column.values and given not in column.values:
        message = "is not known here" if given else "is blank"
        faults.append(RowFault(number, column.name, message, given, list(column.values)))
    elif column.required and not given.strip():
        faults.append(RowFault(number, column.name, "is blank", given, column.meaning))
    else:
        return given
    return ""


def _by_row(
    kind: Kind, written: Written, numbers: Sequence[int], lines: Lines, content: bytes
) -> list[RowFault]:
    """The findings about the built file, each at the row whose element it is in."""
    starts = sorted(
        (lines.line_of(element), number) for number, element in zip(numbers, written.rows, strict=True)
    )
    faults = []
    for finding in check(kind, content):
        place = bisect_right(starts, (finding.line, _LAST)) - 1
        row = starts[place][1] if place >= 0 else 0
        message = _without_lines(finding.message, starts)
        faults.append(RowFault(row, finding.where, message, "", finding.allowed, finding.severity))
    return sorted(faults, key=lambda fault: fault.row)


def _without_lines(message: str, starts: list[tuple[int, int]]) -> str:
    """Lines of a file that nobody has seen are the rows that they came from."""

    def row(match: re.Match[str]) -> str:
        place = bisect_right(starts, (int(match[1]), _LAST)) - 1
        return f"in row {starts[place][1]}" if place >= 0 else match[0]

    return re.sub(r"on line (\d+)", row, message)


def _shown(value: Any) -> str:
    return str(value)[:_SHOWN]
