"""`acs alert`: sites that are cut off."""

from __future__ import annotations

import click

from acs.cli.connection import Server, segment, server_options
from acs.cli.printing import moment
from acs.cli.watching import view_options


@click.group()
def alert() -> None:
    """What wants attention: sites that are cut off. An alert closes by itself when it is over."""


@alert.command("list")
@click.option(
    "--state",
    type=click.Choice(["open", "closed", "all"]),
    default="open",
    show_default=True,
    help="Which ones.",
)
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="How many.")
@view_options
def list_alerts(server: Server, state: str, limit: int) -> None:
    """The alerts, the open ones first, newest first."""
    items = server.api.get("/alerts", state=state, limit=limit)["items"]
    if server.printer.as_json:
        server.printer.json({"items": items})
        return
    server.printer.table(
        ("ID", "STATE", "KIND", "SITE", "PHONES", "OPENED", "CLOSED", "BY"),
        (
            (
                item["id"],
                item["state"],
                item["kind"],
                item["site"],
                item["phones"],
                moment(item["opened_at"]),
                moment(item["closed_at"]),
                item["closed_by"],
            )
            for item in items
        ),
    )


@alert.command()
@click.argument("name", metavar="ID")
@server_options
def close(server: Server, name: str) -> None:
    """Close an alert before it is over."""
    closed = server.api.call("POST", f"/alerts/{segment(name)}/close").json()
    server.printer.result(closed, f"closed: {closed['site']}")
