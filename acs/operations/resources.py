"""Resource files: the kinds there are, whether a file is good, files from rows and rows from files.

One that is stored with its kind has an address for phones that stays the same whatever is stored under its
name: `/r/<name>` on the files port (`acs.southbound.resource_files`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct
from twisted.internet.threads import deferToThread

from acs.datamodel import resources
from acs.datamodel.key_values import Severity
from acs.datamodel.resources import BadFile, BadRows, Finding, Kind, Row, RowFault
from acs.datamodel.resources.documents import MAX_SIZE
from acs.operations.errors import FieldError, Invalid, NotFound

CONTENT_TYPE = "application/xml"

#: Faults that one answer tells.
MOST_FAULTS = 200


class ColumnView(Struct, frozen=True):
    """`values` lists the only ones that are taken; empty where anything may stand."""

    name: str
    meaning: str
    required: bool
    default: str
    values: list[str]


class KindView(Struct, frozen=True):
    """A kind of resource file. `key` tells a phone where it is (X: one of several), "" where a menu does."""

    name: str
    title: str
    file_name: str
    key: str
    limits: str
    columns: list[ColumnView]


class FindingView(Struct, frozen=True):
    """`line` counts from 1; `where` is an element and its attribute."""

    line: int
    severity: Severity
    where: str
    message: str
    allowed: list[str] | str


class CheckView(Struct, frozen=True):
    """`ok`: a phone can use it, whatever is doubted."""

    ok: bool
    findings: list[FindingView]


class BuildRequest(Struct, frozen=True, forbid_unknown_fields=True):
    rows: Annotated[
        list[dict[str, str | int | None]],
        Meta(description="each an object of the kind's columns; null and a missing column are blank"),
    ]


class RowsView(Struct, frozen=True):
    rows: list[dict[str, str]]


def kinds() -> list[KindView]:
    """In the order of the guide."""
    return [_view(kind) for kind in resources.KINDS.values()]


async def check(name: str, content: bytes) -> CheckView:
    """Raises NotFound for an unknown kind."""
    kind = _kind(name)
    findings = await deferToThread(resources.check, kind, content)
    return CheckView(not resources.has_errors(findings), [_finding(finding) for finding in findings])


async def build(name: str, request: BuildRequest) -> bytes:
    """The file of these rows. Raises NotFound, and Invalid with the rows that are wrong."""
    kind = _kind(name)
    rows: Sequence[dict[str, Any]] = request.rows
    try:
        return (await deferToThread(resources.build, kind, rows)).content
    except BadRows as error:
        raise Invalid([_row_error(fault) for fault in _worst(error.faults)]) from None


async def read_rows(name: str, content: bytes) -> list[Row]:
    """The rows of a file. Raises NotFound, and Invalid for what is no file of the kind."""
    kind = _kind(name)
    try:
        return await deferToThread(resources.read_rows, kind, content)
    except BadFile as error:
        raise Invalid([_line_error(finding) for finding in error.findings]) from None


async def check_stored(name: str, path: Path) -> None:
    """Whether the file at `path` may be stored as this kind. Raises Invalid with each line that is wrong."""
    if name not in resources.KINDS:
        raise Invalid.field(
            "resource", "is no kind of resource file", value=name, allowed=list(resources.KINDS)
        )
    findings = await deferToThread(_check_file, resources.KINDS[name], path)
    errors = [_line_error(finding) for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        raise Invalid(errors[:MOST_FAULTS])


def _check_file(kind: Kind, path: Path) -> list[Finding]:
    """One byte more than may be is read: the check then says so. Runs in a thread."""
    with path.open("rb") as file:
        return resources.check(kind, file.read(MAX_SIZE + 1))


def path_of(name: str) -> str:
    """Where phones fetch a stored resource file, on the files port."""
    return f"/r/{name}"


def _kind(name: str) -> Kind:
    if name not in resources.KINDS:
        raise NotFound("kind of resource file", name)
    return resources.KINDS[name]


def _worst(faults: list[RowFault]) -> list[RowFault]:
    return [fault for fault in faults if fault.severity is Severity.ERROR][:MOST_FAULTS]


def _line_error(finding: Finding) -> FieldError:
    message = f"{finding.where}: {finding.message}" if finding.where else finding.message
    return FieldError(
        field=f"line {finding.line}", message=message, allowed=finding.allowed or None, line=finding.line
    )


def _row_error(fault: RowFault) -> FieldError:
    """`rows[0].prefix` for the first row, as in other requests."""
    place = f"rows[{fault.row - 1}]" if fault.row else "rows"
    column = fault.column if fault.column.isidentifier() else ""
    message = fault.message if column or not fault.column else f"{fault.column}: {fault.message}"
    field = f"{place}.{column}" if column else place
    if fault.value:
        return FieldError(field=field, message=message, value=fault.value, allowed=fault.allowed or None)
    return FieldError(field=field, message=message, allowed=fault.allowed or None)


def _finding(finding: Finding) -> FindingView:
    return FindingView(finding.line, finding.severity, finding.where, finding.message, finding.allowed)


def _view(kind: Kind) -> KindView:
    columns = [
        ColumnView(column.name, column.meaning, column.required, column.default, list(column.values))
        for column in kind.columns
    ]
    return KindView(kind.name, kind.title, kind.file_name, kind.key, kind.limits, columns)
