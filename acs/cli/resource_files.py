"""`acs resource check|build|rows`: resource files on this machine, without any server."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
import msgspec

from acs.cli import outcomes
from acs.datamodel import resources
from acs.datamodel.resources import KINDS, BadFile, BadRows, Kind, RowFault
from acs.datamodel.resources.findings import allowed_text
from acs.datamodel.resources.tables import from_csv, from_json, to_csv

#: Exit codes of `check`: a file has errors; one cannot be read.
WRONG, UNREADABLE = 1, 2

_kind_option = click.option(
    "--kind", metavar="KIND", help="What the file is (default: by its first element)."
)
_output_option = click.option(
    "--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="Where to (default: stdout)."
)


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@_kind_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a file.")
def check(files: tuple[str, ...], kind: str | None, as_json: bool) -> None:
    """Say what is wrong with resource files, line by line.

    `-` reads standard input. Exit code 0: phones can use them all, 1: one has errors, 2: one cannot be read.
    """
    worst = 0
    for name in files:
        try:
            content = read_file(name)
            known = kind_of_file(kind, content, name)
        except outcomes.CommandError as error:
            click.echo(f"acs: {error.message}", err=True)
            worst = UNREADABLE
            continue
        findings = resources.check(known, content)
        faulty = resources.has_errors(findings)
        if as_json:
            found = msgspec.to_builtins(findings)
            told = {"file": name, "kind": known.name, "ok": not faulty, "findings": found}
            click.echo(json.dumps(told, ensure_ascii=False))
        else:
            for finding in findings:
                click.echo(f"{name}:{finding.line}: {finding}")
            if not findings:
                click.echo(f"{name}: good ({known.name})")
        worst = max(worst, WRONG if faulty else 0)
    sys.exit(worst)


@click.command()
@click.argument("kind", metavar="KIND")
@click.argument("table", metavar="TABLE")
@click.option("--format", "written_as", type=click.Choice(["csv", "json"]), help="Default: by TABLE's name.")
@_output_option
def build(kind: str, table: str, written_as: str | None, output: Path | None) -> None:
    """Build a file of this KIND from TABLE: CSV with a head line, or JSON (a list of objects).

    `-` reads standard input. `acs resource kinds KIND` shows the columns. The same rows make the same bytes.
    """
    known = _kind(kind)
    content = read_file(table)
    written_as = written_as or ("json" if table.lower().endswith(".json") else "csv")
    try:
        table_rows = from_json(content) if written_as == "json" else from_csv(content)
        built = resources.build(known, table_rows)
    except BadRows as error:
        for fault in error.faults:
            _say(table, fault)
        raise outcomes.CommandError(f"{table}: nothing was built") from None
    for fault in built.warnings:
        _say(table, fault)
    _write(output, built.content)


@click.command()
@click.argument("file", metavar="FILE")
@_kind_option
@click.option(
    "--format",
    "written_as",
    type=click.Choice(["csv", "json"]),
    default="csv",
    show_default=True,
    help="Of the table.",
)
@_output_option
def rows(file: str, kind: str | None, written_as: str, output: Path | None) -> None:
    """The table that FILE is made of, to be edited and built again."""
    content = read_file(file)
    known = kind_of_file(kind, content, file)
    try:
        found = resources.read_rows(known, content)
    except BadFile as error:
        told = "\n".join(f"{file}:{finding.line}: {finding}" for finding in error.findings)
        raise outcomes.CommandError(f"{file} is no {known.name} file:\n{told}") from None
    text = (
        json.dumps(found, indent=2, ensure_ascii=False) + "\n"
        if written_as == "json"
        else to_csv(known, found)
    )
    _write(output, text.encode())


def read_file(name: str) -> bytes:
    """The bytes of a file, or of standard input for "-"."""
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise outcomes.CommandError(f"{name}: {error.strerror or error}") from None


def kind_of_file(kind: str | None, content: bytes, name: str) -> Kind:
    """The kind that was given, else the one that the file's first element tells."""
    if kind is not None:
        return _kind(kind)
    found = resources.recognised(content)
    if found is None:
        raise outcomes.CommandError(
            f"{name}: no kind of resource file begins like this; give --kind, one of {', '.join(KINDS)}"
        )
    return found


def _kind(name: str) -> Kind:
    try:
        return resources.kind_of(name)
    except resources.UnknownKind as error:
        raise outcomes.WrongUsage(str(error)) from None


def _say(table: str, fault: RowFault) -> None:
    place = f"row {fault.row}" if fault.row else "the table"
    parts = [f"{table}: {place}", str(fault.severity), fault.column, fault.message]
    allowed = f" (allowed: {allowed_text(fault.allowed)})" if fault.allowed else ""
    click.echo(": ".join(part for part in parts if part) + allowed, err=True)


def _write(output: Path | None, content: bytes) -> None:
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise outcomes.CommandError(f"{output}: {error.strerror}") from None
