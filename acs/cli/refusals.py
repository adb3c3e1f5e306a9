"""`acs refusals`: what the server did not take."""

from __future__ import annotations

import click

from acs.cli.connection import Server
from acs.cli.printing import moment
from acs.cli.watching import view_options


@click.command()
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="How many.")
@view_options
def refusals(server: Server, limit: int) -> None:
    """Requests that were refused: bad logins, what is no CWMP, wrong download links. Newest first."""
    items = server.api.get("/refusals", limit=limit)["items"]
    if server.printer.as_json:
        server.printer.json({"items": items})
        return
    server.printer.table(
        ("AT", "KIND", "IP", "WHY"),
        ((moment(item["at"]), item["kind"], item["ip"], item["text"]) for item in items),
    )
