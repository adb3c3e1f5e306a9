"""`acs webhook`: whom the server calls when something happens."""

from __future__ import annotations

from typing import Any

import click

from acs.cli import completing, outcomes
from acs.cli.connection import Server, segment, server_options
from acs.cli.device_tasks import confirm
from acs.cli.printing import moment
from acs.cli.watching import view_options


@click.group()
def webhook() -> None:
    """URLs that are called with a signed POST for events that a rule (`acs rule`) names."""


@webhook.command("list")
@view_options
def list_webhooks(server: Server) -> None:
    """All webhooks, without their secrets."""
    found = server.api.get("/webhooks")
    if server.printer.as_json:
        server.printer.json(found)
        return
    rows = ((item["name"], item["url"], item["enabled"]) for item in found["items"])
    server.printer.table(("NAME", "URL", "ENABLED"), rows)
    if found["waiting"]:
        server.printer.note(f"{found['waiting']} calls on their way")


@webhook.command()
@click.argument("name")
@click.argument("target", metavar="URL")
@click.option(
    "--secret",
    envvar="ACS_WEBHOOK_SECRET",
    help="What calls are signed with. [default: a new one, shown once]",
)
@server_options
def create(server: Server, name: str, target: str, secret: str | None) -> None:
    """Make a webhook."""
    body: dict[str, Any] = {"name": name, "url": target}
    if secret:
        body["secret"] = secret
    made = server.api.call("POST", "/webhooks", json=body).json()
    shown = f"made: {name}"
    if "secret" in made:
        shown += f"\nsecret, shown once: {made['secret']}"
    server.printer.result(made, shown)


@webhook.command()
@click.argument("name", shell_complete=completing.webhooks)
@click.option("--call", "target", metavar="URL", help="What is called from now on.")
@click.option("--secret", envvar="ACS_WEBHOOK_SECRET", help="What calls are signed with from now on.")
@click.option("--enable/--disable", "enabled", default=None, help="Whether it is called.")
@server_options
def change(server: Server, name: str, target: str | None, secret: str | None, enabled: bool | None) -> None:
    """Change a webhook; what is not given stays."""
    given = {"url": target, "secret": secret, "enabled": enabled}
    body = {field: value for field, value in given.items() if value is not None}
    if not body:
        raise outcomes.WrongUsage("nothing to change: give --call, --secret, --enable or --disable")
    changed = server.api.call("PATCH", f"/webhooks/{segment(name)}", json=body).json()
    server.printer.result(changed, f"changed: {name}")


@webhook.command()
@click.argument("name", shell_complete=completing.webhooks)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@server_options
def delete(server: Server, name: str, yes: bool) -> None:
    """Forget a webhook that no rule uses."""
    confirm(f"delete the webhook {name}", yes)
    server.api.call("DELETE", f"/webhooks/{segment(name)}")
    server.printer.result({"name": name, "deleted": True}, f"deleted: {name}")


@webhook.command()
@view_options
def dead(server: Server) -> None:
    """Calls that were given up, the last first."""
    items = server.api.get("/dead-letters")["items"]
    if server.printer.as_json:
        server.printer.json({"items": items})
        return
    columns = ("id", "webhook", "kind", "device", "attempts")
    server.printer.table(
        ("ID", "WEBHOOK", "KIND", "DEVICE", "ATTEMPTS", "LAST", "WHY"),
        (
            (*(item[column] for column in columns), moment(item["last_at"]), item["last_error"])
            for item in items
        ),
    )


@webhook.command()
@click.argument("letters", nargs=-1, metavar="[ID]...")
@click.option("--all", "every", is_flag=True, help="All that were given up.")
@server_options
def resend(server: Server, letters: tuple[str, ...], every: bool) -> None:
    """Make calls again that were given up."""
    if every == bool(letters):
        raise outcomes.WrongUsage("give the ids of calls (`acs webhook dead`), or --all")
    if every:
        letters = tuple(item["id"] for item in server.api.get("/dead-letters")["items"])
    for letter in letters:
        server.api.call("POST", f"/dead-letters/{segment(letter)}/resend")
    server.printer.result({"resent": list(letters)}, f"on their way again: {len(letters)}")
