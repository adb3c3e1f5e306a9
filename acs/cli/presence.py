"""`acs presence`: how many phones are there, and how often those of a group say so."""

from __future__ import annotations

import click

from acs.cli import completing
from acs.cli.amounts import duration
from acs.cli.connection import Server, segment, server_options
from acs.cli.printing import moment
from acs.cli.watching import view_options


@click.group(invoke_without_command=True)
@click.option("--minutes", type=click.IntRange(1, 2880), default=10, show_default=True, help="Minutes shown.")
@view_options
def presence(server: Server, minutes: int) -> None:
    """How many phones are online, late and offline, now and minute by minute."""
    if click.get_current_context().invoked_subcommand is None:
        _show(server, minutes)


_group = click.option(
    "--group", "-g", required=True, metavar="GROUP", shell_complete=completing.groups, help="Whose phones."
)


@presence.command()
@_group
@click.option("--interval", type=duration, required=True, help="Between two Informs of a phone, such as 60.")
@click.option("--for", "lasting", type=duration, default="1h", show_default=True, help="For how long.")
@server_options
def tighten(server: Server, group: str, interval: float, lasting: float) -> None:
    """Have the phones of a group inform more often for a while.

    Each hears of it in its next session, and afterwards gets back what it had.
    """
    body = {"interval": interval, "for": lasting}
    done = server.api.call("PUT", f"/groups/{segment(group)}/informs", json=body).json()
    server.printer.result(done, f"{group}: every {done['interval']} s until {moment(done['until'])}")


@presence.command()
@_group
@server_options
def loosen(server: Server, group: str) -> None:
    """Have the phones of a group inform as usual again, before the time is over."""
    server.api.call("DELETE", f"/groups/{segment(group)}/informs")
    server.printer.result({"group": group, "interval": None}, f"{group}: as usual")


def _show(server: Server, minutes: int) -> None:
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
