"""`acs rollout start|pause|resume|retry|abort|rollback|approve`."""

from __future__ import annotations

import sys
from typing import Any

import click

from acs.cli.connection import Server, server_options
from acs.cli.device_tasks import confirm
from acs.cli.printing import Printer
from acs.cli.rollout_choosing import find, path_of, rollout_argument
from acs.cli.rollout_making import PLAN_PATIENCE
from acs.cli.rollout_printing import counted, told

_yes = click.option("--yes", "-y", is_flag=True, help="Do not ask.")


@click.command()
@rollout_argument
@_yes
@server_options
def start(server: Server, rollout_name: str, yes: bool) -> None:
    """Start a draft, or one that is scheduled, now. Asks first where there is a terminal."""
    rollout = find(server.api, rollout_name)
    if not yes and sys.stdin.isatty():
        path = path_of(rollout["id"], "plan")
        plan = server.api.call("POST", path, patience=PLAN_PATIENCE).json()
        confirm(f"start the rollout {rollout['name']} ({told(plan)})", yes)
    _steer(server, rollout, "start")


@click.command()
@rollout_argument
@server_options
def pause(server: Server, rollout_name: str) -> None:
    """Let nothing begin for now; what has begun ends by itself."""
    _steer(server, find(server.api, rollout_name), "pause")


@click.command()
@rollout_argument
@server_options
def resume(server: Server, rollout_name: str) -> None:
    """Go on after a pause or a halt; what went wrong so far is forgiven."""
    _steer(server, find(server.api, rollout_name), "resume")


@click.command()
@rollout_argument
@click.option(
    "--outcome",
    "outcomes_",
    multiple=True,
    type=click.Choice(["failed", "unconfirmed", "skipped"]),
    help="Those that ended like this; repeatable. [default: failed, unconfirmed]",
)
@server_options
def retry(server: Server, rollout_name: str, outcomes_: tuple[str, ...]) -> None:
    """Give phones another turn."""
    body = {"outcomes": list(outcomes_)} if outcomes_ else None
    _steer(server, find(server.api, rollout_name), "retry", body)


@click.command()
@rollout_argument
@_yes
@server_options
def abort(server: Server, rollout_name: str, yes: bool) -> None:
    """End a rollout for good; what has begun ends by itself."""
    rollout = find(server.api, rollout_name)
    confirm(f"abort the rollout {rollout['name']} ({counted(rollout)})", yes)
    _steer(server, rollout, "abort")


@click.command()
@rollout_argument
@_yes
@server_options
def rollback(server: Server, rollout_name: str, yes: bool) -> None:
    """Bring back what the changed phones had: a rollout of its own, which begins at once."""
    rollout = find(server.api, rollout_name)
    confirm(f"take back the rollout {rollout['name']} ({counted(rollout)})", yes)
    made = server.api.call("POST", path_of(rollout["id"], "rollback")).json()
    _say(server.printer, made)
    server.printer.note(f"follow it: acs rollout watch {made['id']}")


@click.command()
@rollout_argument
@click.option("--note", default="", help="Kept with the approval.")
@server_options
def approve(server: Server, rollout_name: str, note: str) -> None:
    """Approve, as a second person, of a rollout that somebody else has made."""
    rollout = find(server.api, rollout_name)
    given = server.api.call("POST", path_of(rollout["id"], "approve"), json={"note": note}).json()
    listed = ", ".join(one["by"] for one in given["items"])
    server.printer.result(given, f"{rollout['id']} {rollout['name']}: approved of by {listed}")


def _steer(server: Server, rollout: dict[str, Any], verb: str, body: Any = None) -> None:
    request = {} if body is None else {"json": body}
    _say(server.printer, server.api.call("POST", path_of(rollout["id"], verb), **request).json())


def _say(printer: Printer, rollout: dict[str, Any]) -> None:
    printer.result(rollout, f"{rollout['id']} {rollout['name']}: {rollout['state']}")
