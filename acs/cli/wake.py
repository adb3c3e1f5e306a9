"""`acs wake`: many phones at once, the queue they wait in, and how each one is woken."""

from __future__ import annotations

from typing import Any

import click

from acs.cli import completing
from acs.cli.choosing import choose
from acs.cli.connection import Server, segment, server_options
from acs.cli.printing import moment
from acs.cli.watching import view_options


@click.group()
def wake() -> None:
    """Wake phones, and see what wakes them."""


@wake.command()
@click.argument("device_names", metavar="[DEVICE]...", nargs=-1, shell_complete=completing.devices)
@click.option("-q", "--select", help="A selector, such as 'model = CP860 and tag = site7'.")
@server_options
def send(server: Server, device_names: tuple[str, ...], select: str | None) -> None:
    """Put phones into the wake queue: each gets a connection request, as the server's pace allows."""
    if bool(device_names) == (select is not None):
        raise click.UsageError("name the devices, or give --select")
    asked: dict[str, Any] = {"select": select}
    if device_names:
        asked = {"devices": [choose(server.api, name) for name in device_names]}
    answer: dict[str, Any] = server.api.call("POST", "/wake", json=asked).json()
    server.printer.result(answer, f"{answer['queued']} queued, {answer['waiting']} waiting already")


@wake.command()
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="How many are shown."
)
@view_options
def queue(server: Server, limit: int) -> None:
    """The phones that wait to be woken, the next ones first."""
    found: dict[str, Any] = server.api.get("/wake/queue", limit=limit)
    if server.printer.as_json:
        server.printer.json(found)
        return
    server.printer.note(f"{found['total']} in the queue, {found['under_way']} of them under way")
    server.printer.table(
        ("DEVICE", "DUE", "ATTEMPTS", "ASKED", "BY"),
        (
            (
                item["device"],
                "under way" if item["under_way"] else moment(item["due"]),
                item["attempts"],
                moment(item["asked_at"]),
                item["by"],
            )
            for item in found["items"]
        ),
    )


@wake.command()
@server_options
def clear(server: Server) -> None:
    """Empty the queue."""
    answer: dict[str, Any] = server.api.call("DELETE", "/wake/queue").json()
    server.printer.result(answer, f"{answer['removed']} phones taken out of the queue")


@wake.command()
@click.argument("device_name", metavar="DEVICE", shell_complete=completing.devices)
@view_options
def history(server: Server, device_name: str) -> None:
    """How the phone is woken: its ways, the last connection requests and what came of them."""
    path = f"/devices/{segment(choose(server.api, device_name))}/wake"
    found: dict[str, Any] = server.api.get(path)
    if server.printer.as_json:
        server.printer.json(found)
        return
    last = found["last"] or {}
    shown = {
        "ways": ", ".join(found["ways"]),
        "url": found["url"],
        "udp": found["udp_binding"] or found["udp_address"],
        "stun": found["stun"],
        "last": last.get("text"),
        "next_inform": moment(found["next_inform"]),
    }
    server.printer.facts({name: value for name, value in shown.items() if value})
    server.printer.table(
        ("AT", "WAY", "OUTCOME", "CAME AFTER", "TEXT"),
        (
            (
                moment(item["at"]),
                item["way"],
                item["outcome"],
                "" if item["came_after"] is None else f"{item['came_after']:.1f} s",
                item["text"],
            )
            for item in found["items"]
        ),
    )
