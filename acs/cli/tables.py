"""`acs import` and `acs export`: phones and groups as CSV, as a spreadsheet reads and writes it."""

from __future__ import annotations

import csv
import io
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from acs.cli import outcomes
from acs.cli.connection import Server, segment, server_options
from acs.cli.device_lists import import_devices

#: Seconds for the server to look through a large fleet before it begins.
_PATIENCE = 600.0

_GROUP_COLUMNS = ("name", "order", "description")

_file = click.argument(
    "path", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE.csv"
)
_target = click.argument("target", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.csv")


@click.group("import")
def import_() -> None:
    """Take phones or groups from a CSV file: UTF-8, columns parted by commas, semicolons or tabs."""


@click.group()
def export() -> None:
    """Write phones or groups to a CSV file; - writes to stdout. What could be a formula is made harmless."""


import_.add_command(import_devices, "phones")


@export.command("phones")
@_target
@click.option("-q", "--select", metavar="SELECTOR", default="", help="Only those that it means now.")
@click.option(
    "--columns",
    metavar="NAME,…",
    default="",
    help="Such as mac,label,firmware,state,ip or an attribute. [default: those that can be imported]",
)
@server_options
def export_phones(server: Server, target: Path, select: str, columns: str) -> None:
    """Phones with group, tags, label and attributes, awaited ones too, so that `acs import phones` takes it.

    With --select only phones that have called. Phones whose MAC address is not known are left out, unless
    --columns begins with another one.
    """
    asked = {name: value for name, value in (("q", select), ("columns", columns)) if value}
    answer = server.api.call(
        "GET", "/devices/export", params=asked, headers={"Accept": "text/csv"}, patience=_PATIENCE
    )
    _write(server, target, answer.content, "phones")


@export.command("groups")
@_target
@server_options
def export_groups(server: Server, target: Path) -> None:
    """All groups with order and description; which phones are in them is said by `acs export phones`."""
    from acs.operations import tables

    items: list[dict[str, Any]] = server.api.get("/groups")["items"]
    rows = [[one[column] for column in _GROUP_COLUMNS] for one in items]
    _write(server, target, tables.lines([_GROUP_COLUMNS, *rows]), "groups")


@import_.command("groups")
@_file
@click.option("--dry-run", is_flag=True, help="Only check it, and say what would come of it.")
@server_options
def import_groups(server: Server, path: Path, dry_run: bool) -> None:
    """Make the groups of a file, or change those that are there: columns name, order, description.

    The whole file is checked first. What is not in it stays.
    """
    wanted = _read_groups(path)
    there = {one["name"]: one for one in server.api.get("/groups")["items"]}
    counts = {"made": 0, "changed": 0, "unchanged": 0}
    for number, line in wanted:
        try:
            counts[_put_group(server, line, there.get(line["name"]), dry_run)] += 1
        except outcomes.CommandError as error:
            done = counts["made"] + counts["changed"]
            raise type(error)(f"{path}: line {number}: {error} ({done} lines before it were taken)") from None
    said = ", ".join(f"{number} {what}" for what, number in counts.items())
    server.printer.result(counts, f"groups: {said}{'; nothing was changed yet' if dry_run else ''}")


def _put_group(server: Server, line: dict[str, Any], there: dict[str, Any] | None, dry_run: bool) -> str:
    if there is not None and all(there[name] == value for name, value in line.items()):
        return "unchanged"
    if there is None:
        if not dry_run:
            server.api.call("POST", "/groups", json=line)
        return "made"
    if not dry_run:
        change = {name: value for name, value in line.items() if name != "name"}
        server.api.call("PATCH", f"/groups/{segment(line['name'])}", json=change)
    return "changed"


def _read_groups(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """The lines by their numbers. Raises CommandError with every fault."""
    from acs.operations import phone_lists, tables
    from acs.operations.errors import Invalid

    try:
        rows = list(phone_lists.rows_of(path.read_bytes()))
    except Invalid as error:
        raise outcomes.CommandError(
            "; ".join(f"{path}: {one.field}: {one.message}" for one in error.errors)
        ) from None
    except csv.Error as error:
        raise outcomes.CommandError(f"{path} is no CSV: {error}") from None
    except OSError as error:
        raise outcomes.CommandError(f"{path}: {error.strerror}") from None
    header = [name.strip().lower() for name in rows[0][1]] if rows else []
    if "name" not in header or len(set(header)) != len(header) or not set(header) <= set(_GROUP_COLUMNS):
        raise outcomes.CommandError(
            f"{path}: line 1: columns: {', '.join(header) or 'none'}: "
            "name is needed, order and description may be there"
        )
    found: list[tuple[int, dict[str, Any]]] = []
    faults: list[str] = []
    seen: dict[str, int] = {}
    for number, cells in rows[1:]:
        line: dict[str, Any] = dict(zip(header, (tables.text(cell.strip()) for cell in cells), strict=False))
        wrong = "" if len(cells) == len(header) else f"has {len(cells)} columns, not {len(header)}"
        if not wrong and not line["name"]:
            wrong = "name: is empty"
        if not wrong and line["name"] in seen:
            wrong = f"name: {line['name']}: is in line {seen[line['name']]} already"
        if not wrong and "order" in line:
            try:
                line["order"] = int(line["order"] or 0)
            except ValueError:
                wrong = f"order: {line['order']}: is no whole number"
        if wrong:
            faults.append(f"{path}: line {number}: {wrong}")
        seen.setdefault(line.get("name", ""), number)
        found.append((number, line))
    if faults:
        raise outcomes.CommandError("\n".join(faults))
    return found


def _write(server: Server, target: Path, content: bytes, what: str) -> None:
    """The whole file, or none; one that is there is replaced."""
    if str(target) == "-":
        sys.stdout.buffer.write(content)
        return
    rows = sum(1 for _ in csv.reader(io.StringIO(content.decode(), newline=""))) - 1
    try:
        with tempfile.NamedTemporaryFile(dir=target.absolute().parent, delete=False) as part:
            part.write(content)
        made = Path(part.name)
        made.chmod(0o644 if not target.exists() else target.stat().st_mode & 0o777)
        made.replace(target)
    except OSError as error:
        raise outcomes.CommandError(f"{target}: {error.strerror}") from None
    server.printer.result({"file": str(target), what: rows}, f"saved {target}: {rows} {what}")
