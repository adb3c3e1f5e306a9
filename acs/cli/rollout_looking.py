"""`acs rollout list|show|devices`."""

from __future__ import annotations

from typing import Any

import click

from acs.cli.connection import Server
from acs.cli.printing import moment
from acs.cli.rollout_choosing import choose, find, path_of, rollout_argument
from acs.cli.rollout_printing import OUTCOMES, counted, ends, evidence, print_rollout
from acs.cli.watching import view_options

_STATES = ("draft", "scheduled", "running", "paused", "halted", "completed", "aborted")

outcome_option = click.option("--outcome", type=click.Choice(OUTCOMES), help="Only those that are so far.")


@click.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice(_STATES), help="Only these; repeatable.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many.")
@view_options
def list_rollouts(server: Server, states: tuple[str, ...], limit: int) -> None:
    """Rollouts, newest first."""
    items: list[dict[str, Any]] = []
    for page in server.api.pages("/rollouts", limit=None if states else limit):
        items += [one for one in page["items"] if not states or one["state"] in states]
        if len(items) >= limit:
            break
    del items[limit:]
    if server.printer.as_json:
        server.printer.json({"items": items})
        return
    server.printer.table(
        ("ID", "NAME", "KIND", "STATE", "PHONES", "WAVE", "HOW FAR", "ENDS", "MADE", "BY"),
        (
            (
                one["id"],
                one["name"],
                one["kind"],
                one["state"],
                one["total"] or "",
                f"{one['wave']}/{len(one['waves'])}" if one["waves"] else "",
                counted(one),
                ends(one),
                moment(one["created_at"]),
                one["created_by"],
            )
            for one in items
        ),
    )


@click.command()
@rollout_argument
@view_options
def show(server: Server, rollout_name: str) -> None:
    """One rollout: what it does, its state, waves and forecast."""
    found = find(server.api, rollout_name)
    if server.printer.as_json:
        server.printer.json(found)
    else:
        print_rollout(server.printer, found)


@click.command()
@rollout_argument
@outcome_option
@click.option("--limit", type=click.IntRange(min=1), help="How many. [default: all]")
@view_options
def devices(server: Server, rollout_name: str, outcome: str | None, limit: int | None) -> None:
    """The phones of a rollout, in the order of their turns, with what shows how each one went."""
    path = path_of(choose(server.api, rollout_name), "devices")
    asked = {"outcome": outcome} if outcome else {}
    items = [one for page in server.api.pages(path, limit=limit, **asked) for one in page["items"]]
    if server.printer.as_json:
        server.printer.json({"items": items})
        return
    server.printer.table(
        ("DEVICE", "WAVE", "OUTCOME", "WHY", "EVIDENCE", "TURN", "ENDED"),
        (
            (
                one["device"],
                one["wave"] or "",
                one["outcome"],
                one["reason"],
                evidence(one),
                moment(one["turn_at"]),
                moment(one["ended_at"]),
            )
            for one in items
        ),
    )
