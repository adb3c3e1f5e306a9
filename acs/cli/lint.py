"""`acs lint FILE…`: explains what is wrong with captured messages and what the server would do with them."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from acs.cwmp.lint import ERROR, Report, lint_message

#: Exit codes: the server would refuse a message; a file could not be read.
REFUSED, UNREADABLE = 1, 2


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a file.")
def lint(files: tuple[str, ...], as_json: bool) -> None:
    """Explain captured CWMP messages line by line.

    FILE is a SOAP message or a whole HTTP request as it was captured; `-` reads standard input. Exit code 0:
    the server takes them all, 1: it would refuse one, 2: a file cannot be read.
    """
    worst = 0
    for name in files:
        try:
            raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        except OSError as error:
            click.echo(f"acs lint: {name}: {error.strerror or error}", err=True)
            worst = UNREADABLE
            continue
        report = lint_message(raw)
        if as_json:
            click.echo(msgspec.json.encode({"file": name, **msgspec.to_builtins(report)}).decode())
        else:
            _print_report(name, report)
        worst = max(worst, REFUSED if report.refused else 0)
    sys.exit(worst)


def _print_report(name: str, report: Report) -> None:
    for found in report.findings:
        click.echo(
            f"{name}:{found.line}: {found.severity}: {found.text} {_after(found.text)}{found.handling}"
        )
    errors = sum(found.severity == ERROR for found in report.findings)
    tolerated = len(report.findings) - errors
    counts = f"{tolerated} tolerated" if not errors else f"{errors} refused, {tolerated} tolerated"
    click.echo(f"{name}: {report.message} from {report.sender} ({counts if report.findings else 'clean'})")
    click.echo(f"{name}: the server {'refuses it: ' if report.refused else ''}{report.outcome}")


def _after(text: str) -> str:
    return "" if text.endswith((".", ")")) else "— "
