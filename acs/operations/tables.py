"""Lines of CSV of which no cell is a formula, whatever a phone or an operator wrote."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

#: What a formula begins with, and characters that are skipped before it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def lines(rows: Iterable[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([cell(value) for value in row] for row in rows)
    return out.getvalue().encode()


def text(cell: str) -> str:
    """What stood in a cell before `cell` made it harmless."""
    return cell[1:] if cell.startswith("'") and cell[1:].lstrip(" ").startswith(_FORMULA) else cell


def cell(value: Any) -> str:
    """Nothing for None, times in UTC, records as JSON; an apostrophe before what could be a formula."""
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"{value:.15g}" if isinstance(value, float) else str(value)
        case str():
            return f"'{value}" if value.lstrip(" ").startswith(_FORMULA) else value
        case _:
            return msgspec.json.encode(value).decode()
