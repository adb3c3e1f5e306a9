"""`acs selector`: saying which phones are meant, under a name, and trying it."""

from __future__ import annotations

from typing import Any

import click

from acs.cli import completing
from acs.cli.connection import Server, segment, server_options
from acs.cli.device_tasks import confirm
from acs.cli.printing import plural
from acs.cli.selecting import checked
from acs.cli.watching import view_options


@click.group()
def selector() -> None:
    """Which phones are meant: `model = CP860 and firmware < 37.72.0.5 and tag = site7 and online`.

    A saved selector is a term of others: `selector = old-firmware and online`. docs/selectors.md has it all.
    """


@selector.command("list")
@view_options
def list_selectors(server: Server) -> None:
    """The saved selectors."""
    items = server.api.get("/selectors")["items"]
    if server.printer.as_json:
        server.printer.json({"items": items})
        return
    columns = ("name", "select", "description")
    server.printer.table(
        ("NAME", "SELECTOR", "DESCRIPTION"), (tuple(item[column] for column in columns) for item in items)
    )


@selector.command()
@click.argument("name")
@click.argument("select", metavar="SELECTOR")
@click.option("--description", default="")
@server_options
def create(server: Server, name: str, select: str, description: str) -> None:
    """Save SELECTOR under a name."""
    body = {"name": name, "select": checked(select), "description": description}
    made = server.api.call("POST", "/selectors", json=body).json()
    server.printer.result(made, f"saved: {name}")


@selector.command()
@click.argument("name", shell_complete=completing.selectors)
@click.option("--select", metavar="SELECTOR", help="What it says from now on.")
@click.option("--description")
@server_options
def change(server: Server, name: str, select: str | None, description: str | None) -> None:
    """Change a saved selector; what is not given stays."""
    body: dict[str, Any] = {}
    if select is not None:
        body["select"] = checked(select)
    if description is not None:
        body["description"] = description
    changed = server.api.call("PATCH", f"/selectors/{segment(name)}", json=body).json()
    server.printer.result(changed, f"changed: {name}")


@selector.command()
@click.argument("name", shell_complete=completing.selectors)
@view_options
def show(server: Server, name: str) -> None:
    """A saved selector, and how many phones it means now."""
    found: dict[str, Any] = server.api.get(f"/selectors/{segment(name)}")
    tried = _tried(server, found["select"], limit=0)
    shown = {**found, "phones": tried["total"]}
    if server.printer.as_json:
        server.printer.json(shown)
    else:
        server.printer.facts(shown)


@selector.command()
@click.argument("name", shell_complete=completing.selectors)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@server_options
def delete(server: Server, name: str, yes: bool) -> None:
    """Forget a saved selector."""
    confirm(f"delete the selector {name}", yes)
    server.api.call("DELETE", f"/selectors/{segment(name)}")
    server.printer.result({"name": name, "deleted": True}, f"deleted: {name}")


@selector.command("try")
@click.argument("select", metavar="SELECTOR")
@click.option(
    "--limit", type=click.IntRange(0, 1000), default=10, show_default=True, help="Phones that are named."
)
@view_options
def try_selector(server: Server, select: str, limit: int) -> None:
    """Whom SELECTOR means now, without saving it."""
    tried = _tried(server, checked(select), limit=limit)
    if server.printer.as_json:
        server.printer.json(tried)
        return
    server.printer.note(tried["select"])
    for device in tried["devices"]:
        click.echo(device)
    server.printer.note(plural(tried["total"], "phone"))


def _tried(server: Server, select: str, *, limit: int) -> dict[str, Any]:
    answer: dict[str, Any] = server.api.call(
        "POST", "/selectors/try", json={"select": select, "limit": limit}
    ).json()
    return answer
