"""`acs device`: looking at phones. What is done to them is in `device_tasks` and `device_files`."""

from __future__ import annotations

import time
from typing import Any

import click

from acs.cli import completing, device_files, device_lists, device_tasks, device_trace
from acs.cli.asking import ask
from acs.cli.choosing import choose
from acs.cli.connection import Server, segment, server_options
from acs.cli.outcomes import WrongUsage
from acs.cli.printing import ago, moment
from acs.cli.selecting import checked
from acs.cli.watching import view_options
from acs.fleet.selector.lexing import quoted_text


@click.group()
def device() -> None:
    """Look at phones, read and set their parameters, reboot, reset, upgrade them."""


for _command in (
    *device_tasks.COMMANDS,
    *device_files.COMMANDS,
    *device_lists.COMMANDS,
    device_trace.trace,
):
    device.add_command(_command)


@device.command("list")
@click.argument("fragment", required=False)
@click.option("-q", "--select", metavar="SELECTOR", help="Those meant: 'model = CP860 and tag = site7'.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many devices (default: all).")
@view_options
def list_devices(server: Server, fragment: str | None, select: str | None, limit: int | None) -> None:
    """The devices, those that FRAGMENT fits, or those that a selector means (docs/selectors.md)."""
    if fragment and select:
        raise WrongUsage("give a FRAGMENT or a selector, not both")
    asked = {}
    if fragment:
        asked["q"] = quoted_text(fragment)
    elif select is not None:
        asked["q"] = checked(select)
    items: list[dict[str, Any]] = []
    total = 0
    for page in server.api.pages("/devices", limit=limit, **asked):
        items += page["items"]
        total = page["total"]
    if server.printer.as_json:
        server.printer.json({"items": items, "total": total})
        return
    now = time.time()
    server.printer.table(
        ("ID", "SOFTWARE", "IP", "ONLINE", "LAST INFORM", "TAGS"),
        (
            (
                item["id"],
                item.get("software_version"),
                item.get("ip"),
                item.get("online"),
                ago(item.get("last_inform"), now),
                item.get("tags"),
            )
            for item in items
        ),
    )
    if len(items) < total:
        server.printer.note(f"{len(items)} of {total}")


@device.command()
@click.argument("device_name", metavar="DEVICE", shell_complete=completing.devices)
@view_options
def show(server: Server, device_name: str) -> None:
    """Everything known of one device but its parameters."""
    found: dict[str, Any] = server.api.get(f"/devices/{segment(choose(server.api, device_name))}")
    if server.printer.as_json:
        server.printer.json(found)
    else:
        server.printer.facts(found)


@device.command()
@click.argument("device_name", metavar="DEVICE", shell_complete=completing.devices)
@click.argument("prefix", default="")
@view_options
def parameters(server: Server, device_name: str, prefix: str) -> None:
    """The known parameters, or those below PREFIX, without asking the phone."""
    path = f"/devices/{segment(choose(server.api, device_name))}/parameters"
    known: dict[str, dict[str, Any]] = server.api.get(path, prefix=prefix)
    if server.printer.as_json:
        server.printer.json(known)
        return
    server.printer.table(
        ("NAME", "VALUE", "TYPE", "WRITABLE", "AT"),
        (
            (name, entry.get("value"), entry.get("type"), entry.get("writable"), moment(entry.get("at")))
            for name, entry in known.items()
        ),
    )


@device.command()
@click.argument("device_name", metavar="DEVICE", shell_complete=completing.devices)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="How many.")
@view_options
def timeline(server: Server, device_name: str, limit: int) -> None:
    """What happened to the phone, newest first."""
    path = f"/devices/{segment(choose(server.api, device_name))}/timeline"
    answer: dict[str, Any] = server.api.get(path, limit=limit)
    if server.printer.as_json:
        server.printer.json(answer)
        return
    server.printer.table(
        ("AT", "KIND", "WHAT"),
        ((moment(entry["at"]), entry["kind"], entry["text"]) for entry in answer["items"]),
    )


@device.command()
@click.argument("device_name", metavar="DEVICE", shell_complete=completing.devices)
@click.option("--add", multiple=True, metavar="TAG", help="Put this tag on; may be repeated.")
@click.option("--remove", multiple=True, metavar="TAG", help="Take this tag off; may be repeated.")
@server_options
def tag(server: Server, device_name: str, add: tuple[str, ...], remove: tuple[str, ...]) -> None:
    """The device's tags, after the given ones were put on or taken off."""
    path = f"/devices/{segment(choose(server.api, device_name))}"
    tags = list(server.api.get(path).get("tags", ()))
    if add or remove:
        wanted = [known for known in tags if known not in remove]
        wanted += [new for new in dict.fromkeys(add) if new not in wanted]
        tags = list(server.api.call("PATCH", path, json={"tags": wanted}).json().get("tags", wanted))
    server.printer.result({"tags": tags}, ", ".join(tags) or "no tags")


@device.command()
@click.argument("device_name", metavar="DEVICE", shell_complete=completing.devices)
@server_options
def wake(server: Server, device_name: str) -> None:
    """Send a connection request, so that the phone starts a session now. Exit code 1: it did not take it."""
    chosen = choose(server.api, device_name)
    with server.printer.waiting(f"waking {chosen}"):
        record = server.api.call("POST", f"/devices/{segment(chosen)}/wake").json()
    server.printer.result(
        record, f"{record['outcome']}: {record['text']}" if record.get("text") else record["outcome"]
    )
    if record["outcome"] not in ("accepted", "came"):
        click.get_current_context().exit(1)


@device.command()
@click.argument("device_name", metavar="DEVICE", shell_complete=completing.devices)
@click.argument("username")
@click.option("--password", help="Asked for when not given.")
@server_options
def login(server: Server, device_name: str, username: str, password: str | None) -> None:
    """Say which login the phone takes on its connection-request server, where this server did not set it."""
    chosen = choose(server.api, device_name)
    given = ask("Password", "--password", hidden=True) if password is None else password
    body = {"connection_request": {"username": username, "password": given}}
    noted = server.api.call("PATCH", f"/devices/{segment(chosen)}", json=body).json()
    server.printer.result(noted, f"noted: {chosen} takes {username}")


@device.command()
@click.argument("device_name", metavar="DEVICE", shell_complete=completing.devices)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@server_options
def forget(server: Server, device_name: str, yes: bool) -> None:
    """Drop all that is kept of a phone; its next Inform makes it anew."""
    chosen = choose(server.api, device_name)
    device_tasks.confirm(f"forget {chosen}", yes)
    server.api.call("DELETE", f"/devices/{segment(chosen)}")
    server.printer.result({"id": chosen, "forgotten": True}, f"forgotten: {chosen}")
