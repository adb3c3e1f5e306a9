"""`acs group`: phones that share a layer of configuration."""

from __future__ import annotations

from typing import Any

import click

from acs.cli import completing
from acs.cli.config_targets import phone
from acs.cli.connection import Server, segment, server_options
from acs.cli.device_tasks import confirm
from acs.cli.watching import view_options


@click.group()
def group() -> None:
    """Phones that share configuration: `acs config set --group NAME key=value`."""


@group.command("list")
@view_options
def list_groups(server: Server) -> None:
    """All groups, in the order in which their configuration is laid: the last has the last word."""
    items = server.api.get("/groups")["items"]
    if server.printer.as_json:
        server.printer.json({"items": items})
        return
    columns = ("name", "order", "members", "config_version", "description")
    server.printer.table(
        ("NAME", "ORDER", "PHONES", "VERSION", "DESCRIPTION"),
        (tuple(item[column] for column in columns) for item in items),
    )


@group.command()
@click.argument("name")
@click.option("--order", type=int, default=0, show_default=True, help="The highest has the last word.")
@click.option("--description", default="")
@server_options
def create(server: Server, name: str, order: int, description: str) -> None:
    """Make a group."""
    body = {"name": name, "order": order, "description": description}
    made = server.api.call("POST", "/groups", json=body).json()
    server.printer.result(made, f"made: {name}")


@group.command()
@click.argument("name", shell_complete=completing.groups)
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="Phones shown.")
@view_options
def show(server: Server, name: str, limit: int) -> None:
    """A group and the phones in it."""
    path = f"/groups/{segment(name)}"
    found: dict[str, Any] = server.api.get(path)
    members: list[dict[str, Any]] = []
    for page in server.api.pages(f"{path}/members", limit=limit):
        members += page["items"]
    if server.printer.as_json:
        server.printer.json({**found, "phones": members})
        return
    server.printer.facts(found)
    for member in members:
        click.echo(f"  {member['id']}{'  awaited' if member['awaited'] else ''}")
    if len(members) < found["members"]:
        server.printer.note(f"{len(members)} of {found['members']}")


@group.command()
@click.argument("name", shell_complete=completing.groups)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@server_options
def delete(server: Server, name: str, yes: bool) -> None:
    """Forget a group with its configuration; its phones stay."""
    confirm(f"delete the group {name} and its configuration", yes)
    server.api.call("DELETE", f"/groups/{segment(name)}")
    server.printer.result({"name": name, "deleted": True}, f"deleted: {name}")


@group.command()
@click.argument("name", shell_complete=completing.groups)
@click.argument("devices", nargs=-1, required=True, metavar="DEVICE...", shell_complete=completing.devices)
@server_options
def add(server: Server, name: str, devices: tuple[str, ...]) -> None:
    """Put phones into a group."""
    _each(server, "PUT", name, devices, "added")


@group.command()
@click.argument("name", shell_complete=completing.groups)
@click.argument("devices", nargs=-1, required=True, metavar="DEVICE...", shell_complete=completing.devices)
@server_options
def remove(server: Server, name: str, devices: tuple[str, ...]) -> None:
    """Take phones out of a group."""
    _each(server, "DELETE", name, devices, "removed")


@group.command()
@click.argument("name", shell_complete=completing.groups)
@click.argument("order", type=int)
@server_options
def order(server: Server, name: str, order: int) -> None:
    """Say which group has the last word for a phone of several: the one of the highest order."""
    changed = server.api.call("PATCH", f"/groups/{segment(name)}", json={"order": order}).json()
    server.printer.result(changed, f"{name}: order {order}")


def _each(server: Server, method: str, name: str, devices: tuple[str, ...], done: str) -> None:
    """All devices are found before the first is touched."""
    server.api.get(f"/groups/{segment(name)}")
    chosen = [phone(server.api, device) for device in devices]
    for one in chosen:
        server.api.call(method, f"/groups/{segment(name)}/members/{segment(one)}")
    server.printer.result({"group": name, done: chosen}, f"{done}: {', '.join(chosen)}")
