"""`acs rollout plan|create`: what a rollout would do, and making it."""

from __future__ import annotations

import sys
from typing import Any

import click

from acs.cli import outcomes
from acs.cli.connection import Server, server_options
from acs.cli.device_tasks import confirm
from acs.cli.rollout_choosing import choose, path_of
from acs.cli.rollout_definition import definition_options, start_time
from acs.cli.rollout_printing import print_plan, print_rollout, told

#: Seconds for the server to look at its phones.
PLAN_PATIENCE = 300.0


@click.command()
@click.argument("rollout_name", metavar="[ROLLOUT]", default="")
@click.option("--name", default="", help="What it would be called.")
@click.option("--start", metavar="TIME", help="As if it were to start then.")
@definition_options
@server_options
def plan(server: Server, rollout_name: str, name: str, start: str | None, definition: dict[str, Any]) -> None:
    """What a rollout would do: waves, hours, bytes, who is offline, shut out or refused. Nothing is changed.

    Of a ROLLOUT that has not begun, or of what the options say.
    """
    if not rollout_name and not definition:
        raise outcomes.WrongUsage("give a ROLLOUT that has not begun, or say with options what it is to do")
    if rollout_name and (definition or name or start is not None):
        text = (
            f"a ROLLOUT, {rollout_name}, has its plan as it is; leave it out where options say what is to be"
        )
        raise outcomes.WrongUsage(f"{text} done, and name that with --name")
    found = _plan_of(server, rollout_name, {"name": name or "plan", **definition}, start)
    if server.printer.as_json:
        server.printer.json(found)
    else:
        print_plan(server.printer, found)


def _plan_of(server: Server, rollout_name: str, body: dict[str, Any], start: str | None) -> dict[str, Any]:
    with server.printer.waiting("looking at the phones"):
        if rollout_name:
            path = path_of(choose(server.api, rollout_name), "plan")
            return dict(server.api.call("POST", path, patience=PLAN_PATIENCE).json())
        if start is not None:
            body["start"] = start_time(start)
        answer = server.api.call("POST", "/rollouts/plan", json=body, patience=PLAN_PATIENCE)
    return dict(answer.json())


@click.command()
@click.argument("words", metavar="[NAME]", nargs=-1)
@click.option("--name", default="", help="What it is called.")
@click.option(
    "--start", metavar="TIME", help="now, or a time; left out, it is a draft until `acs rollout start`."
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask before it starts.")
@definition_options
@server_options
def create(
    server: Server,
    words: tuple[str, ...],
    name: str,
    start: str | None,
    yes: bool,
    definition: dict[str, Any],
) -> None:
    """Make a rollout, as a draft or with a start.

    \b
    acs rollout create July --file 37.72.0.12.rom -q 'model = CP860' \\
        --wave 1% --wave 10% --wave rest --soak 1h --window 'mon-fri 01:00-05:00'
    acs rollout create "Jitter buffer" -s voice.jib.max=300 -q 'group = site7' --start now
    acs rollout create --from july.json --start 2030-01-31T22:00
    """
    body = dict(definition)
    named = name or " ".join(words)
    if named:
        body["name"] = named
    if start is not None:
        body["start"] = start_time(start)
    if not body:
        raise outcomes.WrongUsage("what is it to do? Give options, or --from FILE.json")
    if body.get("start") is not None and not yes and sys.stdin.isatty():
        with server.printer.waiting("looking at the phones"):
            found = server.api.call("POST", "/rollouts/plan", json=body, patience=PLAN_PATIENCE).json()
        confirm(f"make the rollout and start it ({told(found)})", yes)
    made = server.api.call("POST", "/rollouts", json=body).json()
    if server.printer.as_json:
        server.printer.json(made)
        return
    print_rollout(server.printer, made)
    if made["state"] == "draft":
        server.printer.note(
            f"a draft; plan it: acs rollout plan {made['id']}; start it: acs rollout start {made['id']}"
        )
    else:
        server.printer.note(f"follow it: acs rollout watch {made['id']}")
