"""`acs rule`: what is done when something happens."""

from __future__ import annotations

from typing import Any

import click

from acs.cli import completing
from acs.cli.connection import Server, segment, server_options
from acs.cli.device_tasks import confirm
from acs.cli.watching import view_options

_COLUMNS = ("name", "on", "select", "webhook", "add_tags", "remove_tags", "enabled")


@click.group()
def rule() -> None:
    """Events (`acs events`) to webhooks (`acs webhook`) and tags; docs/presence.md has the kinds."""


@rule.command("list")
@view_options
def list_rules(server: Server) -> None:
    """All rules."""
    items = server.api.get("/rules")["items"]
    if server.printer.as_json:
        server.printer.json({"items": items})
        return
    server.printer.table(
        ("NAME", "ON", "SELECTOR", "WEBHOOK", "ADDS", "REMOVES", "ENABLED"),
        (tuple(item[column] for column in _COLUMNS) for item in items),
    )


@rule.command()
@click.argument("name")
@click.option(
    "--on", "kinds", multiple=True, required=True, metavar="KIND", help="May be repeated; * for all."
)
@click.option("--select", default="", metavar="SELECTOR", help="Only of these phones.")
@click.option("--webhook", metavar="NAME", shell_complete=completing.webhooks, help="Call this webhook.")
@click.option("--add-tag", "add_tags", multiple=True, metavar="TAG", help="Put it on the phone.")
@click.option("--remove-tag", "remove_tags", multiple=True, metavar="TAG", help="Take it off the phone.")
@click.option("--disabled", is_flag=True, help="Keep it, but do nothing yet.")
@click.option("--replace", is_flag=True, help="In place of the rule of this name.")
@server_options
def create(
    server: Server,
    name: str,
    kinds: tuple[str, ...],
    select: str,
    webhook: str | None,
    add_tags: tuple[str, ...],
    remove_tags: tuple[str, ...],
    disabled: bool,
    replace: bool,
) -> None:
    """Make a rule."""
    body: dict[str, Any] = {
        "name": name,
        "on": list(kinds),
        "select": select,
        "webhook": webhook,
        "add_tags": list(add_tags),
        "remove_tags": list(remove_tags),
        "enabled": not disabled,
    }
    method, path = ("PUT", f"/rules/{segment(name)}") if replace else ("POST", "/rules")
    made = server.api.call(method, path, json=body).json()
    server.printer.result(made, f"made: {name}")


@rule.command()
@click.argument("name", shell_complete=completing.rules)
@view_options
def show(server: Server, name: str) -> None:
    """One rule."""
    found = server.api.get(f"/rules/{segment(name)}")
    if server.printer.as_json:
        server.printer.json(found)
    else:
        server.printer.facts(found)


@rule.command()
@click.argument("name", shell_complete=completing.rules)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@server_options
def delete(server: Server, name: str, yes: bool) -> None:
    """Forget a rule."""
    confirm(f"delete the rule {name}", yes)
    server.api.call("DELETE", f"/rules/{segment(name)}")
    server.printer.result({"name": name, "deleted": True}, f"deleted: {name}")
