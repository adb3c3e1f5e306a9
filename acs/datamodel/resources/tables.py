"""Tables as people keep them: CSV with a head line, or JSON."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO
from typing import Any

import msgspec

from acs.datamodel.resources.findings import BadRows, RowFault
from acs.datamodel.resources.kinds import Kind, Row


def from_csv(content: bytes) -> list[Row]:
    """The rows of a table whose first line names the columns; parted by commas or semicolons. Raises BadRows."""
    text = _text(content)
    head = text.partition("\n")[0]
    parted = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(StringIO(text, newline=""), delimiter=parted, strict=True)
    faults: list[RowFault] = []
    rows: list[Row] = []
    try:
        names = [name.strip() for name in next(reader, [])]
        if not any(names):
            raise BadRows([RowFault(0, "", "the table has no head line with the names of its columns")])
        faults += [
            RowFault(0, name, "stands twice in the head line") for name in set(names) if names.count(name) > 1
        ]
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) > len(names):
                message = f"has {len(cells)} cells, more than there are columns"
                faults.append(RowFault(len(rows) + 1, "", message, "", f"{len(names)} cells"))
            rows.append(dict(zip(names, cells, strict=False)))
    except csv.Error as error:
        faults.append(RowFault(len(rows) + 1, "", f"is no CSV: {error}"))
    if faults:
        raise BadRows(faults)
    return rows


def from_json(content: bytes) -> list[dict[str, Any]]:
    """The rows of a list of objects, or of an object's `rows`. Raises BadRows."""
    try:
        value = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRows([RowFault(0, "", f"is no JSON: {error}")]) from None
    except RecursionError:
        raise BadRows([RowFault(0, "", "is no JSON that anybody means: it is nested too deeply")]) from None
    rows = value.get("rows") if isinstance(value, dict) else value
    if not isinstance(rows, list):
        raise BadRows([RowFault(0, "", "is no list of rows", "", 'a list of objects, or {"rows": [...]}')])
    faults = [
        RowFault(number, "", "is no object", str(row)[:60], "an object of columns")
        for number, row in enumerate(rows, start=1)
        if not isinstance(row, dict)
    ]
    if faults:
        raise BadRows(faults)
    return rows


def to_csv(kind: Kind, rows: Sequence[Row]) -> str:
    """The rows as `from_csv` reads them."""
    out = StringIO(newline="")
    names = [column.name for column in kind.columns]
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRows([RowFault(0, "", f"is no UTF-8 text: byte {error.start + 1} is wrong")]) from None
