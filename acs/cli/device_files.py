"""Files to and from one phone: firmware and configuration down, configuration and logs up."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from acs.cli import completing, outcomes
from acs.cli.choosing import choose
from acs.cli.connection import Server, segment, server_options
from acs.cli.device_tasks import run_task, says, task_options
from acs.cli.printing import Printer, byte_size, moment
from acs.cli.sending import content_name, send_file

_URL = re.compile(r"(https?|ftps?|tftp)://", re.IGNORECASE)

FIRMWARE = "1 Firmware Upgrade Image"
_SHORT_TYPES = {
    "firmware": FIRMWARE,
    "web": "2 Web Content",
    "config": "3 Vendor Configuration File",
    "tone": "4 Tone File",
    "ringer": "5 Ringer File",
}
_SHORT_UPLOAD_TYPES = {"config": "1 Vendor Configuration File", "log": "2 Vendor Log File"}


def _listed(types: dict[str, str]) -> str:
    return ", ".join(f"{short} ({full})" for short, full in types.items())


@click.command()
@click.argument("device_name", metavar="DEVICE", shell_complete=completing.devices)
@click.argument("file")
@click.option(
    "--file-type", help=f"Full, or short: {_listed(_SHORT_TYPES)}. Default: the stored file's, else firmware."
)
@click.option(
    "--version", "version", help="Firmware version of a local FILE: its appearance proves the upgrade."
)
@click.option("--model", help="Model that a local FILE is for.")
@task_options(timeout=900)
@server_options
def download(
    server: Server,
    device_name: str,
    file: str,
    file_type: str | None,
    version: str | None,
    model: str | None,
    **how: Any,
) -> None:
    """Have the phone fetch FILE: a path on this machine, the name of a stored file, or a URL.

    A file of this machine is stored on the server first, under a name that only its content has. The task is
    done when the phone has proved it: for firmware by its new version.
    """
    file_type = _SHORT_TYPES.get(file_type or "", file_type)
    chosen = choose(server.api, device_name)  # before anything is sent
    work: dict[str, Any] = {"type": "download"}
    path = Path(file)
    if _URL.match(file):
        work |= {"url": file, "file_type": file_type or FIRMWARE}
    elif path.is_file():
        about = {"file_type": file_type or FIRMWARE, "version": version, "model": model}
        work["file"] = send_file(server, path, content_name(path), about)["name"]
    else:
        work["file"] = file
    if file_type:
        work["file_type"] = file_type
    run_task(server, chosen, work, says(f"downloaded: {file}"), **how)


@click.command()
@click.argument("device_name", metavar="DEVICE", shell_complete=completing.devices)
@click.option(
    "--file-type",
    default="config",
    show_default=True,
    help=f"Full, or short: {_listed(_SHORT_UPLOAD_TYPES)}.",
)
@click.option(
    "--save", type=click.Path(path_type=Path, dir_okay=False), help="Write the file here when it is there."
)
@task_options(timeout=300)
@server_options
def upload(server: Server, device_name: str, file_type: str, save: Path | None, **how: Any) -> None:
    """Have the phone send its configuration or log to the server's files."""
    if save and not how["wait"]:
        raise outcomes.WrongUsage("--save needs the file, so it cannot go with --no-wait")
    work = {"type": "upload", "file_type": _SHORT_UPLOAD_TYPES.get(file_type, file_type)}
    task = run_task(server, device_name, work, _uploaded, **how)
    if save:
        fetch(server, str((task["result"] or {})["file"]), save)


def _uploaded(printer: Printer, task: dict[str, Any]) -> None:
    result = task["result"] or {}
    printer.result(task, f"{result.get('file', '')}  {byte_size(result.get('size'))}")


@click.command("files")
@click.argument("device_name", metavar="DEVICE", shell_complete=completing.devices)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Files shown.")
@click.option(
    "--save",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the newest of them here.",
)
@server_options
def files(server: Server, device_name: str, limit: int, save: Path | None) -> None:
    """What the phone has sent, newest first: backups of its configuration, logs."""
    path = f"/devices/{segment(choose(server.api, device_name))}/files"
    items: list[dict[str, Any]] = []
    for page in server.api.pages(path, limit=limit):
        items += page["items"]
    if server.printer.as_json:
        server.printer.json({"items": items})
    else:
        server.printer.table(
            ("NAME", "SIZE", "SENT", "TYPE", "ROLLOUT"),
            (
                (
                    one["name"],
                    byte_size(one["size"]),
                    moment(one["created_at"]),
                    one["file_type"],
                    one["rollout"],
                )
                for one in items
            ),
        )
    if save is not None:
        if not items:
            raise outcomes.NotFound("the phone has sent no file that is still kept")
        fetch(server, items[0]["name"], save)


def fetch(server: Server, name: str, target: Path) -> None:
    """A stored file into `target`, with a progress bar; - stands for standard output."""
    with server.printer.transfer(target.name, None) as progress:
        size = server.api.download(f"/files/{segment(name)}", target, progress)
    if str(target) != "-":
        server.printer.note(f"saved {target} ({byte_size(size)})")


COMMANDS = (download, upload, files)
