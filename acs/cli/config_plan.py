"""`acs config plan`: what a change of configuration would come to, before anything is changed."""

from __future__ import annotations

import sys
from typing import Any

import click

from acs.cli import completing, outcomes
from acs.cli.config_targets import Scope, phone, scope_options
from acs.cli.connection import Server, error_text, server_options
from acs.cli.selecting import checked

#: Exit code: some value would be refused.
REFUSED = 1

#: Seconds for the server to look at 100,000 phones.
_PATIENCE = 900.0

_COUNTS = (
    ("phones", "that the layer holds for"),
    ("changing", "would be sent something"),
    ("by_parameter", "… by parameters"),
    ("by_file", "… by a configuration file"),
    ("rebooting", "… and reboot for it"),
    ("waiting", "… not before they may reboot"),
    ("offline", "… but are not there now"),
    ("unchanged", "stay as they are"),
    ("overridden", "are told otherwise by a stronger layer"),
    ("unresolved", "lack what a template is filled with"),
    ("unknown", "are not known well enough yet"),
    ("unable", "take no files by CWMP"),
)


@click.command()
@click.argument("words", nargs=-1, metavar="[DEVICE] [KEY=VALUE]...", shell_complete=completing.first_device)
@click.option("--set", "assigned", multiple=True, metavar="KEY=VALUE", help="A key to be set; repeatable.")
@click.option("--unset", "removed", multiple=True, metavar="KEY", help="A key to be taken out; repeatable.")
@click.option("-q", "--select", metavar="SELECTOR", default="", help="These phones, each in its own layer.")
@click.option(
    "--layer",
    default="",
    help="Where the change would be made: fleet, model:NAME, group:NAME, phone. [default: what is named]",
)
@click.option("--now", is_flag=True, help="As if phones were to reboot for these keys at once.")
@click.option("--sample", type=click.IntRange(0, 100), default=5, show_default=True, help="Phones to show.")
@scope_options
@server_options
def plan(
    server: Server,
    words: tuple[str, ...],
    assigned: tuple[str, ...],
    removed: tuple[str, ...],
    select: str,
    layer: str,
    now: bool,
    sample: int,
    scope: Scope,
) -> None:
    """Which phones a change would change, how, and which would reboot. Nothing is changed.

    Exit code 0: all values would be taken; 1: some would not.
    """
    who, rest = _who(server, scope, words, select)
    body = {**who, "values": _values((*assigned, *rest), removed), "now": now, "sample": sample}
    if layer:
        body["layer"] = layer
    with server.printer.waiting("looking at the fleet"):
        answer = server.api.call("POST", "/config/plan", json=body, patience=_PATIENCE).json()
    if server.printer.as_json:
        server.printer.json(answer)
    else:
        _print(server, answer)
    sys.exit(0 if answer["accepted"] else REFUSED)


def _who(
    server: Server, scope: Scope, words: tuple[str, ...], select: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Whose configuration it is, as the request says it, and the words that are left."""
    if select:
        if not scope.one_phone:
            raise outcomes.WrongUsage("give one of --fleet, --model, --group, --select or a DEVICE")
        return {"select": checked(select)}, words
    device, rest = scope.split(words)
    if device:
        return {"devices": [phone(server.api, device)]}, rest
    if scope.fleet:
        return {"fleet": True}, rest
    return {"model": scope.model} if scope.model is not None else {"group": scope.group}, rest


def _values(assigned: tuple[str, ...], removed: tuple[str, ...]) -> dict[str, str | None]:
    values: dict[str, str | None] = dict.fromkeys(removed)
    for word in assigned:
        key, equals, value = word.partition("=")
        if not equals or not key.strip():
            raise outcomes.WrongUsage(f"{word!r} is no KEY=VALUE")
        if key.strip() in values:
            raise outcomes.WrongUsage(f"{key.strip()} is given twice")
        values[key.strip()] = value.strip()
    if not values:
        raise outcomes.WrongUsage("nothing to plan: give --set KEY=VALUE or --unset KEY")
    return values


def _print(server: Server, found: dict[str, Any]) -> None:
    printer = server.printer
    printer.note(f"layer {found['layer']}, phones: {found['select']}")
    rows = [(found[name], what) for name, what in _COUNTS if found[name] or name in ("phones", "changing")]
    printer.table(("PHONES", ""), rows)
    ways = ("sent", "parameter", "file", "reboots", "waits", "same", "overridden", "unresolved")
    keys = ((key, one["value"], *(one[way] for way in ways)) for key, one in found["keys"].items())
    printer.table(("KEY", "VALUE", *map(str.upper, ways)), keys)
    for one in found["reasons"]:
        printer.note(f"{one['key']}: {one['effect']} on {one['phones']} phones: {one['why']}")
    changes = [
        (one["id"], key["key"], key["known"], key["desired"], key["path"] or key["carrier"], key["effect"])
        for one in found["sample"]
        for key in one["keys"]
    ]
    if changes:
        printer.table(("PHONE", "KEY", "KNOWN", "WOULD BE", "BY", "WHAT"), changes)
    for warning in found["warnings"]:
        printer.note(f"{warning['key']}: {warning['message']}")
    for error in found["refused"]:
        printer.note(f"refused: {error_text(error)}")
