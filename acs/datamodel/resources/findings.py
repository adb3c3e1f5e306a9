"""What is wrong in a resource file, or in the rows that one is to be built from."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from acs.datamodel.key_values import Severity

#: Longest piece of a value that a message repeats.
_SHOWN = 60


class Finding(Struct, frozen=True):
    """One complaint about a file. `where` is an element and its attribute ("Data Prefix"), "" for the whole;
    `allowed` lists values or says in a phrase what may stand there, "" where there is nothing to say."""

    line: int
    severity: Severity
    where: str
    message: str
    allowed: list[str] | str = ""

    def __str__(self) -> str:
        return f"{self.severity}: {': '.join(part for part in (self.where, self.message) if part)}" + (
            f" (allowed: {allowed_text(self.allowed)})" if self.allowed else ""
        )


class RowFault(Struct, frozen=True):
    """One complaint about a row. `row` counts from 1, 0 for the table as such; `column` may be ""."""

    row: int
    column: str
    message: str
    value: str = ""
    allowed: list[str] | str = ""
    severity: Severity = Severity.ERROR


class BadRows(ValueError):
    """The rows make no file that a phone can use; every fault is listed."""

    def __init__(self, faults: Iterable[RowFault]) -> None:
        self.faults = list(faults)
        super().__init__(
            "; ".join(f"row {fault.row}: {fault.column}: {fault.message}" for fault in self.faults)
        )


def shown(value: str) -> str:
    """A value as a message repeats it: quoted, and no more of it than one wants to read."""
    return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "…")


def has_errors(findings: Iterable[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)


def allowed_text(allowed: list[str] | str) -> str:
    return ", ".join(allowed) if isinstance(allowed, list) else allowed
