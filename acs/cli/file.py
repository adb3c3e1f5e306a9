"""`acs file`: the files that phones fetch and send."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from acs.cli import completing
from acs.cli.connection import Server, segment, server_options
from acs.cli.device_files import fetch as fetch_into
from acs.cli.printing import byte_size, moment
from acs.cli.sending import send_file
from acs.cli.watching import view_options


@click.group()
def file() -> None:
    """Firmware, configurations and what phones sent."""


@file.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--name", help="Its name on the server (default: its own).")
@click.option("--file-type", help="What it is, such as '1 Firmware Upgrade Image'.")
@click.option("--version", "version", help="The firmware version that a phone shows with it.")
@click.option("--model", help="The model that it is for.")
@click.option("--resource", metavar="KIND", help="The kind of a resource file: phones may fetch it by name.")
@click.option("--sha256", help="What it must be: refused where its SHA-256 is another.")
@click.option("--md5", help="The same by MD5, as makers of firmware publish it.")
@server_options
def add(
    server: Server,
    path: Path,
    name: str | None,
    file_type: str | None,
    version: str | None,
    model: str | None,
    resource: str | None,
    sha256: str | None,
    md5: str | None,
) -> None:
    """Store a file on the server, or replace the one of this name."""
    about = {"file_type": file_type, "version": version, "model": model, "resource": resource}
    sums = {"sha256": sha256 and sha256.lower(), "md5": md5 and md5.lower()}
    stored = send_file(server, path, name or path.name, about | sums)
    size = byte_size(stored.get("size"))
    server.printer.result(
        stored, f"{stored['name']}  {size}  sha256 {stored.get('sha256')}  md5 {stored.get('md5')}"
    )


@file.command("list")
@view_options
def list_files(server: Server) -> None:
    """The stored files."""
    items: list[dict[str, Any]] = []
    for page in server.api.pages("/files", limit=None):
        items += page["items"]
    if server.printer.as_json:
        server.printer.json({"items": items})
        return
    server.printer.table(
        ("NAME", "SIZE", "TYPE", "VERSION", "MODEL", "AT", "FROM"),
        (
            (
                item["name"],
                byte_size(item.get("size")),
                item.get("file_type"),
                item.get("version"),
                item.get("model"),
                moment(item.get("created_at")),
                item.get("device") or item.get("created_by"),
            )
            for item in items
        ),
    )


@file.command()
@click.argument("name", shell_complete=completing.files)
@click.argument("target", required=False, type=click.Path(path_type=Path))
@server_options
def fetch(server: Server, name: str, target: Path | None) -> None:
    """Write a stored file to TARGET (default: its own name, here); - writes to stdout."""
    target = target or Path(Path(name).name)
    fetch_into(server, name, target / Path(name).name if target.is_dir() else target)
    if server.printer.as_json and str(target) != "-":
        server.printer.json({"name": name, "saved": str(target)})


@file.command()
@click.argument("name", shell_complete=completing.files)
@server_options
def remove(server: Server, name: str) -> None:
    """Remove a stored file."""
    server.api.call("DELETE", f"/files/{segment(name)}")
    server.printer.result({"name": name, "removed": True}, f"removed: {name}")
