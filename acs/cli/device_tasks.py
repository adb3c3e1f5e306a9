"""What is done to one phone: each command puts a task down, wakes the phone and waits for the end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from acs.cli import completing, outcomes
from acs.cli.choosing import choose
from acs.cli.connection import Api, Server, segment, server_options
from acs.cli.printing import Printer
from acs.cli.waiting import follow, require_done

_Command = Callable[..., Any]


def task_options(timeout: float) -> Callable[[_Command], _Command]:
    """Adds --wake/--no-wake, --wait/--no-wait, --timeout and --priority."""
    options = (
        click.option(
            "--wake/--no-wake",
            default=True,
            show_default=True,
            help="Send a connection request, or leave it to the phone's next session.",
        ),
        click.option("--wait/--no-wait", default=True, show_default=True, help="Wait for the task's end."),
        click.option(
            "--timeout",
            default=timeout,
            show_default=True,
            type=click.FloatRange(min=0),
            help="Seconds to wait; the task goes on after that.",
        ),
        click.option("--priority", type=int, help="Higher goes first; 0 when not given."),
    )

    def add(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def put_down(
    api: Api, device_id: str, work: dict[str, Any], *, wake: bool, priority: int | None = None
) -> dict[str, Any]:
    """Creates a task; returns it as the server answered it."""
    body = work if priority is None else {**work, "priority": priority}
    parameters = {"wake": "1"} if wake else {}
    created = api.call("POST", f"/devices/{segment(device_id)}/tasks", params=parameters, json=body)
    answer: dict[str, Any] = created.json()
    return answer


def run_task(
    server: Server,
    device_name: str,
    work: dict[str, Any],
    show: Callable[[Printer, dict[str, Any]], None],
    *,
    wake: bool,
    wait: bool,
    timeout: float,
    priority: int | None,
) -> dict[str, Any]:
    """Puts the task down, waits if asked to, prints what came of it; raises when it did not end well.

    With --json the whole task is printed, whatever its end.
    """
    task = put_down(server.api, choose(server.api, device_name), work, wake=wake, priority=priority)
    if woken := task.get("wake"):
        server.printer.note(f"connection request: {woken['outcome']}  {woken['text']}")
    if not wait:
        server.printer.result(task, f"{task['type']} {task['state']}: {task['id']}")
        return task
    task = follow(server.api, server.printer, task, timeout)
    if server.printer.as_json:
        server.printer.json(task)
    elif task["state"] == "done":
        show(server.printer, task)
    require_done(task)
    return task


def says(text: str) -> Callable[[Printer, dict[str, Any]], None]:
    def show(printer: Printer, task: dict[str, Any]) -> None:
        printer.result(task, text)

    return show


def confirm(what: str, yes: bool) -> None:
    """Asks; without a terminal there is nobody to ask, so --yes is required."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise outcomes.WrongUsage(f"{what} needs --yes where nobody can be asked")
    if not click.confirm(f"{what}?", err=True):
        raise outcomes.CommandError("nothing was done")


_yes = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
_device = click.argument("device_name", metavar="DEVICE", shell_complete=completing.devices)


def _selected(known: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Those of the known parameters that a name means: itself, or all below a partial path."""
    return {
        name: entry
        for name, entry in known.items()
        if any(name == wanted or (wanted.endswith(".") and name.startswith(wanted)) for wanted in names)
    }


def _show_values(printer: Printer, values: dict[str, Any]) -> None:
    rows = []
    for name, entry in values.items():
        known = entry if isinstance(entry, dict) else {"value": entry}
        rows.append((name, known.get("value"), known.get("type")))
    printer.table(("NAME", "VALUE", "TYPE"), rows)


def _show_result(printer: Printer, task: dict[str, Any]) -> None:
    result = task["result"] or {}
    _show_values(printer, result.get("values", {}))
    if result.get("missing"):
        printer.note(f"the phone does not know: {', '.join(result['missing'])}")


@click.command("get")
@_device
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--cached", is_flag=True, help="What the server knows, without asking the phone.")
@task_options(timeout=60)
@server_options
def get_values(server: Server, device_name: str, names: tuple[str, ...], cached: bool, **how: Any) -> None:
    """Read parameters: full names, or partial paths ending in a dot."""
    if not cached:
        work = {"type": "get_parameter_values", "names": list(names)}
        run_task(server, device_name, work, _show_result, **how)
        return
    path = f"/devices/{segment(choose(server.api, device_name))}/parameters"
    known: dict[str, Any] = {}
    for name in names:
        known |= _selected(server.api.get(path, prefix=name), (name,))
    unknown = [name for name in names if not _selected(known, (name,))]
    if server.printer.as_json:
        server.printer.json(known)
    else:
        _show_values(server.printer, known)
    if unknown:
        raise outcomes.NotFound(f"not known: {', '.join(unknown)}")


def assignments(pairs: tuple[str, ...], value_type: str | None = None) -> dict[str, Any]:
    """`NAME=VALUE` pairs as the values of a task; raises usage for what is no pair."""
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise outcomes.WrongUsage(f"{pair!r} is not NAME=VALUE")
        values[name] = {"value": value, "type": value_type} if value_type else value
    return values


@click.command("set")
@_device
@click.argument("pairs", nargs=-1, required=True, metavar="NAME=VALUE...")
@click.option(
    "--type",
    "value_type",
    help="XML Schema type of all values, such as xsd:boolean (default: the known one).",
)
@task_options(timeout=60)
@server_options
def set_values(
    server: Server, device_name: str, pairs: tuple[str, ...], value_type: str | None, **how: Any
) -> None:
    """Set parameters. All of them are applied, or none."""
    work = {"type": "set_parameter_values", "values": assignments(pairs, value_type)}
    run_task(server, device_name, work, says(f"set: {', '.join(work['values'])}"), **how)


@click.command("add-object")
@_device
@click.argument("object_name", metavar="OBJECT")
@click.argument("pairs", nargs=-1, metavar="[LEAF=VALUE...]")
@task_options(timeout=60)
@server_options
def add_object(
    server: Server, device_name: str, object_name: str, pairs: tuple[str, ...], **how: Any
) -> None:
    """Make a new instance of OBJECT, and set leaves of it."""
    work: dict[str, Any] = {"type": "add_object", "object": object_name}
    if pairs:
        work["values"] = assignments(pairs)

    def show(printer: Printer, task: dict[str, Any]) -> None:
        printer.result(task, task["result"]["object"])

    run_task(server, device_name, work, show, **how)


@click.command("delete-object")
@_device
@click.argument("object_name", metavar="OBJECT")
@task_options(timeout=60)
@server_options
def delete_object(server: Server, device_name: str, object_name: str, **how: Any) -> None:
    """Delete one instance: OBJECT is its path with the number."""
    work = {"type": "delete_object", "object": object_name}
    run_task(server, device_name, work, says(f"deleted: {object_name}"), **how)


@click.command()
@_device
@_yes
@task_options(timeout=300)
@server_options
def reboot(server: Server, device_name: str, yes: bool, **how: Any) -> None:
    """Reboot the phone, and wait until it is back."""
    confirm(f"reboot {device_name}", yes)
    run_task(server, device_name, {"type": "reboot"}, says("rebooted, and back"), **how)


@click.command("factory-reset")
@_device
@_yes
@task_options(timeout=300)
@server_options
def factory_reset(server: Server, device_name: str, yes: bool, **how: Any) -> None:
    """Reset the phone to its factory settings, and wait until it is back.

    A phone that does not find this server by itself afterwards (DHCP option, redirection service) is lost.
    """
    confirm(f"reset {device_name} to factory settings", yes)
    run_task(server, device_name, {"type": "factory_reset"}, says("reset, and back"), **how)


COMMANDS = (get_values, set_values, add_object, delete_object, reboot, factory_reset)
