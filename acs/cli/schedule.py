"""`acs schedule`: rollouts that are made again and again, or once at a set time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from acs.cli import completing, outcomes
from acs.cli.amounts import duration
from acs.cli.connection import Api, Server, segment, server_options
from acs.cli.device_tasks import confirm
from acs.cli.printing import moment
from acs.cli.rollout_definition import definition_options
from acs.cli.selecting import checked
from acs.cli.watching import view_options

Command = TypeVar("Command", bound=Callable[..., Any])

#: `--late any`: for what no duration is
_ANY = -1.0


def _late(text: str) -> float:
    return _ANY if text == "any" else duration(text)


_schedule = click.argument("schedule_name", metavar="SCHEDULE", shell_complete=completing.schedules)

_TIMES = (
    click.option(
        "--cron", metavar="EXPRESSION", help="Again and again: minute hour day month weekday, '30 2 * * *'."
    ),
    click.option("--at", metavar="TIME", help="Once: 2030-01-31T02:00, in --zone unless it has an offset."),
    click.option("--zone", metavar="NAME", help="Time zone, such as Europe/Berlin.  [default: UTC]"),
    click.option("--keep", metavar="N|DAYSd", help="backup: files kept of each phone: 7, 30d, all."),
    click.option("--late", type=_late, metavar="DURATION", help="How late a run may be: 1h, any."),
)


def _time_options(command: Command) -> Command:
    for option in reversed(_TIMES):
        command = option(command)
    return command


@click.group()
def schedule() -> None:
    """Rollouts by the clock: `acs schedule add nightly --select all --cron '30 2 * * *' --keep 7`.

    Without --kind it is a backup of the phones' configuration. A SCHEDULE is its name or its id.
    """


@schedule.command()
@click.argument("name")
@_time_options
@click.option("--disabled", is_flag=True, help="Make it turned off.")
@click.option(
    "--group",
    metavar="GROUP",
    shell_complete=completing.groups,
    help="The phones of a group, in place of --select.",
)
@definition_options
@server_options
def add(
    server: Server,
    name: str,
    cron: str | None,
    at: str | None,
    zone: str | None,
    keep: str | None,
    late: float | None,
    disabled: bool,
    group: str | None,
    definition: dict[str, Any],
) -> None:
    """Make a schedule; what it does is said by the options of `acs rollout create`."""
    if bool(cron) == bool(at):
        raise outcomes.WrongUsage("--cron or --at says when it runs, one of them")
    body = {"name": name, "what": _what(definition, group), **_times(cron, at, zone, keep, late)}
    if disabled:
        body["enabled"] = False
    made = server.api.call("POST", "/schedules", json=body).json()
    server.printer.result(made, f"{made['id']}  {name}  {_next(made)}")


@schedule.command("list")
@view_options
def list_schedules(server: Server) -> None:
    """All schedules, newest first."""
    items = _all(server.api)
    if server.printer.as_json:
        server.printer.json({"items": items})
        return
    server.printer.table(
        ("ID", "NAME", "KIND", "WHEN", "ZONE", "ON", "NEXT", "LAST"),
        (
            (
                one["id"],
                one["name"],
                one["kind"],
                one["cron"] or "once",
                one["zone"],
                one["enabled"],
                moment(one["next_at"]),
                _outcome(one["last"]),
            )
            for one in items
        ),
    )


@schedule.command()
@_schedule
@view_options
def show(server: Server, schedule_name: str) -> None:
    """A schedule: what it does, its last runs, and those to come."""
    found = server.api.get(_path(server.api, schedule_name))
    if server.printer.as_json:
        server.printer.json(found)
        return
    told = {name: value for name, value in found.items() if name not in ("coming", "runs", "last", "next_at")}
    server.printer.facts(told)
    for at in found["coming"]:
        click.echo(f"  comes {moment(at)}")
    if found["runs"]:
        server.printer.table(
            ("DUE", "OUTCOME", "ROLLOUT", "PHONES", "WHY"),
            (
                (moment(one["due"]), _outcome(one), one["rollout"], _phones(one), one["reason"])
                for one in found["runs"]
            ),
        )


@schedule.command()
@_schedule
@_time_options
@click.option("--name", help="What it is called from now on.")
@server_options
def change(
    server: Server,
    schedule_name: str,
    cron: str | None,
    at: str | None,
    zone: str | None,
    keep: str | None,
    late: float | None,
    name: str | None,
) -> None:
    """Change when a schedule runs, or what is kept; what is not given stays."""
    body = _times(cron, at, zone, keep, late) | ({"name": name} if name else {})
    if not body:
        raise outcomes.WrongUsage("nothing is given that would change")
    changed = server.api.call("PATCH", _path(server.api, schedule_name), json=body).json()
    server.printer.result(changed, f"changed: {changed['name']}  {_next(changed)}")


@schedule.command()
@_schedule
@server_options
def enable(server: Server, schedule_name: str) -> None:
    """Turn a schedule on; what was due meanwhile is not made good."""
    changed = _turn(server, schedule_name, True)
    server.printer.result(changed, f"on: {changed['name']}  {_next(changed)}")


@schedule.command()
@_schedule
@server_options
def disable(server: Server, schedule_name: str) -> None:
    """Turn a schedule off; a rollout that it made goes on."""
    changed = _turn(server, schedule_name, False)
    server.printer.result(changed, f"off: {changed['name']}")


@schedule.command()
@_schedule
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@server_options
def remove(server: Server, schedule_name: str, yes: bool) -> None:
    """Forget a schedule; a rollout that it made goes on, and files stay as others do."""
    path = _path(server.api, schedule_name)
    confirm(f"remove the schedule {schedule_name}", yes)
    server.api.call("DELETE", path)
    server.printer.result({"schedule": schedule_name, "removed": True}, f"removed: {schedule_name}")


@schedule.command()
@_schedule
@server_options
def run(server: Server, schedule_name: str) -> None:
    """Make its rollout now, beside its due times."""
    made = server.api.call("POST", f"{_path(server.api, schedule_name)}/run").json()
    server.printer.result(made, f"rollout {made['id']}  {made['name']}  {made['state']}")


# --- between options, REST and lines ------------------------------------------------------------------------


def _times(
    cron: str | None, at: str | None, zone: str | None, keep: str | None, late: float | None
) -> dict[str, Any]:
    given: dict[str, Any] = {"cron": cron, "at": at, "zone": zone}
    body = {name: value for name, value in given.items() if value is not None}
    if keep is not None:
        body["keep"] = None if keep == "all" else int(keep) if keep.isdecimal() else keep
    if late is not None:
        body["late"] = None if late == _ANY else late
    return body


def _what(definition: dict[str, Any], group: str | None) -> dict[str, Any]:
    """A backup where no kind is said; it harms no phone, so that failures stop it only where that is said."""
    if bool(definition.get("select")) == bool(group):
        raise outcomes.WrongUsage("--select or --group says whose phones, one of them; `--select all` is all")
    asked = {"kind": "backup", **definition}
    if group:
        asked["select"] = checked(f'group = "{group}"')
    if asked["kind"] == "backup":
        asked.setdefault("stop", None)
    return asked


def _all(api: Api) -> list[dict[str, Any]]:
    return [one for page in api.pages("/schedules", limit=None) for one in page["items"]]


def _path(api: Api, name: str) -> str:
    """Of the schedule with this id, else of the one with this name."""
    known = _all(api)
    for one in (*(one for one in known if one["id"] == name), *(one for one in known if one["name"] == name)):
        return f"/schedules/{segment(one['id'])}"
    raise outcomes.NotFound(f"there is no schedule {name!r}; `acs schedule list` has them")


def _turn(server: Server, name: str, on: bool) -> dict[str, Any]:
    changed: dict[str, Any] = server.api.call("PATCH", _path(server.api, name), json={"enabled": on}).json()
    return changed


def _next(one: dict[str, Any]) -> str:
    return f"next {moment(one['next_at'])}" if one["next_at"] else "nothing to come"


def _outcome(run_: dict[str, Any] | None) -> str:
    """Of a rollout that was made, how far that is."""
    if run_ is None:
        return ""
    outcome: str = run_["outcome"]
    return run_["state"] or outcome if outcome == "started" else outcome


def _phones(run_: dict[str, Any]) -> str:
    return ", ".join(f"{number} {outcome}" for outcome, number in run_["outcomes"].items())
