"""`acs device import|awaited`: lists of phones, and those on them that have not called yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from acs.cli import outcomes
from acs.cli.connection import Server, segment, server_options
from acs.cli.printing import moment
from acs.cli.watching import view_options

#: Seconds for the server to take a list of 100,000 phones.
_PATIENCE = 600.0


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE.csv")
@click.option("--dry-run", is_flag=True, help="Only check it, and say what would come of it.")
@server_options
def import_devices(server: Server, path: Path, dry_run: bool) -> None:
    """Import a list of phones: columns mac, group and tags (several with blanks between), label, and any
    others as attributes.

    All of it, or nothing where a line is wrong. Phones that have not called yet find theirs when they do.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise outcomes.CommandError(f"{path}: {error.strerror}") from None
    headers = {"Content-Type": "text/csv"}
    with server.printer.waiting(f"importing {path.name}"):
        answer = server.api.call(
            "POST",
            "/devices/import",
            params={"dry_run": 1} if dry_run else {},
            content=content,
            headers=headers,
            patience=_PATIENCE,
        )
    done: dict[str, int] = answer.json()
    server.printer.result(
        done,
        f"{done['phones']} phones: {done['known']} known, {done['awaited']} awaited; "
        f"something new for {done['changed']}{'; nothing was changed yet' if dry_run else ''}",
    )


@click.command()
@click.option("--remove", "mac", metavar="MAC", help="Await this phone no longer.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many (default: all).")
@view_options
def awaited(server: Server, mac: str | None, limit: int | None) -> None:
    """Phones that a list named and that have not called yet."""
    if mac is not None:
        server.api.call("DELETE", f"/awaited/{segment(mac)}")
        server.printer.result({"mac": mac, "removed": True}, f"no longer awaited: {mac}")
        return
    items: list[dict[str, Any]] = []
    for page in server.api.pages("/awaited", limit=limit):
        items += page["items"]
    if server.printer.as_json:
        server.printer.json({"items": items})
        return
    server.printer.table(
        ("MAC", "GROUPS", "TAGS", "LABEL", "ATTRIBUTES", "SINCE", "BY"),
        (
            (
                item["mac"],
                item["groups"],
                item["tags"],
                item["label"],
                ", ".join(f"{name}={value}" for name, value in item["attributes"].items()),
                moment(item["at"]),
                item["by"],
            )
            for item in items
        ),
    )


COMMANDS = (import_devices, awaited)
