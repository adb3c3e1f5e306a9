"""`acs config show|set|unset|effective`: desired configuration, looked at and changed."""

from __future__ import annotations

from typing import Any

import click

from acs.cli import completing, outcomes
from acs.cli.config_targets import Scope, phone, scope_options
from acs.cli.connection import Server, segment, server_options
from acs.cli.printing import moment, plural
from acs.cli.watching import view_options

words_argument = click.argument(
    "words", nargs=-1, metavar="[DEVICE] ...", shell_complete=completing.first_device
)
reason_option = click.option("--reason", "-m", default="", help="Why; kept with the version.")
now_option = click.option(
    "--now", is_flag=True, help="Phones may reboot for these keys at once, outside the window too."
)
version_option = click.option(
    "--if-version", type=click.IntRange(min=0), help="Only if this version is the present one."
)


@click.command()
@click.argument("words", nargs=-1, metavar="[DEVICE]", shell_complete=completing.first_device)
@click.option("--version", "number", type=click.IntRange(min=1), help="As it was at this version.")
@scope_options
@view_options
def show(server: Server, words: tuple[str, ...], number: int | None, scope: Scope) -> None:
    """The values of one layer: of the fleet, a model, a group, or a phone's own."""
    device, rest = scope.split(words)
    no_more(rest)
    path = scope.path(server.api, device)
    found = server.api.get(path if number is None else f"{path}/versions/{number}")
    print_layer(server, found)


@click.command("set")
@click.argument("words", nargs=-1, metavar="[DEVICE] KEY=VALUE...", shell_complete=completing.first_device)
@reason_option
@now_option
@version_option
@click.option("--replace", is_flag=True, help="Drop every key of the layer that is not given.")
@scope_options
@server_options
def set_values(
    server: Server,
    words: tuple[str, ...],
    reason: str,
    now: bool,
    if_version: int | None,
    replace: bool,
    scope: Scope,
) -> None:
    """Set keys, all or none. A value may be a template: 'account.1.label={{ name }}'."""
    device, assignments = scope.split(words)
    values: dict[str, str] = {}
    for word in assignments:
        key, equals, value = word.partition("=")
        if not equals or not key.strip():
            raise outcomes.WrongUsage(f"{word!r} is no KEY=VALUE")
        if key.strip() in values:
            raise outcomes.WrongUsage(f"{key.strip()} is given twice")
        values[key.strip()] = value.strip()
    if not values and not replace:
        raise outcomes.WrongUsage("nothing to set: give KEY=VALUE")
    body = {"values": values, "reason": reason, "now": now}
    method = "PUT" if replace else "PATCH"
    _write(server, method, scope.path(server.api, device), body, if_version)


@click.command()
@click.argument("words", nargs=-1, metavar="[DEVICE] KEY...", shell_complete=completing.first_device)
@reason_option
@version_option
@scope_options
@server_options
def unset(server: Server, words: tuple[str, ...], reason: str, if_version: int | None, scope: Scope) -> None:
    """Take keys out of a layer: the layers below decide, else the phone keeps what it has."""
    device, keys = scope.split(words)
    if not keys:
        raise outcomes.WrongUsage("which keys?")
    path = scope.path(server.api, device)
    known = server.api.get(path)["values"]
    strangers = [key for key in keys if key not in known]
    if strangers:
        raise outcomes.NotFound(f"not set in this layer: {', '.join(strangers)}")
    body = {"values": dict.fromkeys(keys), "reason": reason}
    _write(server, "PATCH", path, body, if_version)


@click.command()
@click.argument("device_name", metavar="DEVICE", shell_complete=completing.devices)
@click.argument("prefix", default="")
@view_options
def effective(server: Server, device_name: str, prefix: str) -> None:
    """What a phone ought to be configured to, and the layer that says so; keys that begin with PREFIX."""
    found = server.api.get(f"/devices/{segment(phone(server.api, device_name))}/config")
    shown = {key: one for key, one in found["effective"].items() if key.startswith(prefix)}
    missing = [one for one in found["unresolved"] if one["key"].startswith(prefix)]
    if server.printer.as_json:
        server.printer.json({"effective": shown, "unresolved": missing})
        return
    server.printer.table(
        ("KEY", "VALUE", "LAYER"), ((key, one["value"], one["layer"]) for key, one in shown.items())
    )
    for one in missing:
        server.printer.note(f"unresolved: {one['key']} ({one['layer']}): {one['why']}")


def no_more(words: tuple[str, ...]) -> None:
    """Raises usage where words are left that nobody asked for."""
    if words:
        raise outcomes.WrongUsage(f"too many words: {' '.join(words)}")


def print_layer(server: Server, found: dict[str, Any]) -> None:
    if server.printer.as_json:
        server.printer.json(found)
        return
    server.printer.table(("KEY", "VALUE"), found["values"].items())
    number = found.get("version", found.get("number"))
    if number:
        why = f": {found['reason']}" if found["reason"] else ""
        server.printer.note(f"version {number}, {moment(found['at'])} by {found['by']}{why}")


def if_match(number: int | None) -> dict[str, str]:
    return {} if number is None else {"If-Match": f'"{number}"'}


def _write(server: Server, method: str, path: str, body: dict[str, Any], if_version: int | None) -> None:
    answer = server.api.call(method, path, json=body, headers=if_match(if_version)).json()
    for warning in answer.get("warnings", ()):
        server.printer.note(f"{warning['key']}: {warning['message']}")
    server.printer.result(answer, f"version {answer['version']}, {plural(len(answer['values']), 'key')}")
