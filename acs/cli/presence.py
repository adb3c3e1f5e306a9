"""`acs presence`: how many phones are there."""

from __future__ import annotations

import click

from acs.cli.connection import Server, server_options
from acs.cli.printing import moment


@click.command()
@click.option("--minutes", type=click.IntRange(1, 2880), default=10, show_default=True, help="Minutes shown.")
@server_options
def presence(server: Server, minutes: int) -> None:
    """How many phones are online, late and offline, now and minute by minute."""
    found = server.api.get("/presence", minutes=minutes)
    if server.printer.as_json:
        server.printer.json(found)
        return
    columns = ("online", "late", "offline")
    server.printer.facts({name: found[name] for name in ("total", *columns)})
    rows = (
        (moment(one["at"]), one["informs"], *(one[name] for name in columns), sum(one["events"].values()))
        for one in found["minutes"]
    )
    server.printer.table(("MINUTE", "INFORMS", "ONLINE", "LATE", "OFFLINE", "EVENTS"), rows)
