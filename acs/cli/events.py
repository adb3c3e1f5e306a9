"""`acs events`: what happened in the fleet, and what happens."""

from __future__ import annotations

import json
import time
from typing import Any

import click

from acs.cli import completing, outcomes
from acs.cli.choosing import choose
from acs.cli.connection import Server, server_options
from acs.cli.printing import moment

#: Of --follow: seconds without any sign of life after which the server is asked anew, seconds between two
#: attempts to reach it again, and how many of them.
PATIENCE = 40.0
PAUSE = 1.0
ATTEMPTS = 60


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("--kind", metavar="KIND,…", default="", help="Only these, such as device_offline or rollout_*.")
@click.option(
    "--device", "device_name", metavar="DEVICE", shell_complete=completing.devices, help="Only of this phone."
)
@click.option("-q", "--select", metavar="SELECTOR", default="", help="Only of phones that it means now.")
@click.option("--since", default="", metavar="TIME", help="From this time on, such as 2030-01-31T12:00:00Z.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many.")
@server_options
def events(
    server: Server,
    follow: bool,
    kind: str,
    device_name: str | None,
    select: str,
    since: str,
    limit: int,
) -> None:
    """What happened in the fleet, in order of time: the newest, or those since a time."""
    device = choose(server.api, device_name) if device_name else ""
    asked = {"kind": kind, "device": device, "q": select}
    page = server.api.get("/events", since=since, limit=limit, **asked)
    if not follow:
        if server.printer.as_json:
            server.printer.json({"items": page["items"], "next": page["next"], "more": page["more"]})
            return
        for item in page["items"]:
            _line(server, item)
        if page["more"]:
            server.printer.note("there are more: give a later --since, or a greater --limit")
        return
    for item in page["items"]:
        _line(server, item)
    _follow(server, page["next"], asked)


def _follow(server: Server, last: str, asked: dict[str, str]) -> None:
    """Go on behind a place; where the server goes away for a while, from the last event that came."""
    missed = 0
    while True:
        try:
            for event in server.api.follow("/events", patience=PATIENCE, last=last, **asked):
                last, missed = event.id, 0
                _line(server, event.data)
        except outcomes.Unreachable as error:
            if missed == ATTEMPTS:
                raise
            if not missed:
                server.printer.note(f"{error}; trying again")
            missed += 1
        time.sleep(PAUSE)


def _line(server: Server, item: dict[str, Any]) -> None:
    """One event in one line, as JSON for scripts."""
    if server.printer.as_json:
        click.echo(json.dumps(item, ensure_ascii=False))
    else:
        click.echo(f"{moment(item['at'])}  {item['kind']:<18}  {item['device'] or '-'}  {item['text']}")
