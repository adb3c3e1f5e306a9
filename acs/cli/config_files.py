"""`acs config check`, `encrypt` and `decrypt`: configuration files of this machine, without a server."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from acs.cli.catalogue import catalogue_options
from acs.cli.outcomes import CommandError, WrongUsage
from acs.datamodel import cfg_encryption, cfg_files
from acs.datamodel.cfg_encryption import EncryptionError, KeyFormError
from acs.datamodel.cfg_files import CfgFinding
from acs.datamodel.key_values import Severity
from acs.datamodel.keys import Catalogue

#: Exit codes of `check`: a file has errors; a file could not be read.
FAULTY, UNREADABLE = 1, 2


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a file.")
@catalogue_options
def check(catalogue: Catalogue, files: tuple[str, ...], as_json: bool) -> None:
    """Check configuration files line by line against the documented keys.

    Prints `file:line: key: what is wrong, what is allowed`; `-` reads standard input. Exit code 0: no errors
    (warnings and unknown keys may be), 1: errors, 2: a file cannot be read.
    """
    worst = 0
    for name in files:
        try:
            content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        except OSError as error:
            click.echo(f"acs config check: {name}: {error.strerror or error}", err=True)
            worst = UNREADABLE
            continue
        findings = cfg_files.check(content, catalogue)
        faulty = cfg_files.failed(findings)
        if as_json:
            record = {"file": name, "ok": not faulty, "findings": msgspec.to_builtins(findings)}
            click.echo(msgspec.json.encode(record).decode())
        else:
            _print_findings(name, findings)
        worst = max(worst, FAULTY if faulty else 0)
    sys.exit(worst)


def _print_findings(name: str, findings: list[CfgFinding]) -> None:
    for found in findings:
        where = f"{name}:{found.line}: {found.key}: " if found.key else f"{name}:{found.line}: "
        severity = "warning: " if found.severity is Severity.WARNING else ""
        click.echo(f"{where}{severity}{found.message}{_allowed(found)}")
    errors = sum(found.severity is Severity.ERROR for found in findings)
    click.echo(f"{name}: errors: {errors}, warnings: {len(findings) - errors}", err=True)


def _allowed(found: CfgFinding) -> str:
    if not found.allowed or "did you mean" in found.message:
        return ""
    listed = found.allowed if isinstance(found.allowed, str) else ", ".join(found.allowed)
    section = f' (guide: "{found.section}")' if found.section else ""
    return f"; allowed: {listed}{section}"


_key = click.option(
    "--key",
    envvar="ACS_CONFIG_KEY",
    required=True,
    help="The phone's AES key: 16 characters of 0-9, A-Z, a-z. [env: ACS_CONFIG_KEY]",
)
_out = click.option(
    "-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file."
)
_file = click.argument("file", type=click.Path(path_type=Path, allow_dash=True))


@click.command()
@_file
@_key
@_out
def encrypt(file: Path, key: str, out: Path | None) -> None:
    """Encrypt a configuration file as phones read it; without --out it goes to standard output."""
    try:
        _write(out, cfg_encryption.encrypt(_content(file), key))
    except KeyFormError as error:
        raise WrongUsage(f"--key: {error}") from None


@click.command()
@_file
@_key
@_out
def decrypt(file: Path, key: str, out: Path | None) -> None:
    """Decrypt a configuration file; without --out the text goes to standard output."""
    try:
        _write(out, cfg_encryption.decrypt(_content(file), key))
    except KeyFormError as error:
        raise WrongUsage(f"--key: {error}") from None
    except EncryptionError as error:
        raise CommandError(f"{file}: {error}") from None


def _content(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise WrongUsage(f"{file}: {error.strerror or error}") from None


def _write(out: Path | None, content: bytes) -> None:
    if out is None:
        sys.stdout.buffer.write(content)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise WrongUsage(f"{out}: {error.strerror or error}") from None
