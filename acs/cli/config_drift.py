"""`acs config drift|apply|verify`: what phones lack of their configuration, and what can be done about it."""

from __future__ import annotations

import sys
from typing import Any

import click

from acs.cli import completing
from acs.cli.config_targets import phone
from acs.cli.connection import Server, segment, server_options
from acs.cli.printing import moment
from acs.cli.selecting import checked
from acs.cli.waiting import follow, require_done
from acs.cli.watching import view_options

#: Exit code: something differs, or nothing is known yet.
DIFFERS = 1

#: States of a phone in which nothing is missing.
_FINE = ("none", "converged")

#: Keys named in a line of the fleet's list.
_NAMED = 3

_wake = click.option(
    "--wake/--no-wake",
    default=True,
    show_default=True,
    help="Send a connection request, or leave it to the phone's next session.",
)


@click.command()
@click.argument("device", required=False, shell_complete=completing.devices)
@click.option("-q", "--select", metavar="SELECTOR", default="", help="Without DEVICE: look at these phones.")
@click.option("--limit", type=click.IntRange(min=1), help="Without DEVICE: at most so many. [default: all]")
@view_options
def drift(server: Server, device: str | None, select: str, limit: int | None) -> None:
    """Desired against known, key by key; without DEVICE the phones whose last session left something out.

    Exit code 0: nothing differs; 1: something does, or the phone's parameters are not known yet.
    """
    if device is None:
        _fleet(server, checked(select) if select else "", limit)
        return
    _show(server, phone(server.api, device))


@click.command()
@click.argument("device", shell_complete=completing.devices)
@click.option("--now", is_flag=True, help="The phone may reboot for it, outside the window too.")
@_wake
@server_options
def apply(server: Server, device: str, now: bool, wake: bool) -> None:
    """Have a phone's next session look at its configuration again; what it refused is tried anew."""
    path = f"/devices/{segment(phone(server.api, device))}/config/apply"
    answer = server.api.call("POST", path, params={"wake": "1"} if wake else {}, json={"now": now}).json()
    woken = f"; connection request: {answer['wake']['outcome']}" if "wake" in answer else ""
    server.printer.result(answer, f"the next session applies it{woken}")


@click.command()
@click.argument("device", shell_complete=completing.devices)
@_wake
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait for the file, then compare.")
@click.option(
    "--timeout",
    default=300.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds to wait for it.",
)
@server_options
def verify(server: Server, device: str, wake: bool, wait: bool, timeout: float) -> None:
    """Have a phone upload its configuration, and compare it: keys without a parameter too.

    Exit codes as of `drift`.
    """
    name = phone(server.api, device)
    path = f"/devices/{segment(name)}/config/verify"
    task = server.api.call("POST", path, params={"wake": "1"} if wake else {}).json()
    if not wait:
        server.printer.result(task, f"{task['id']}  upload {task['state']}")
        return
    require_done(follow(server.api, server.printer, task, timeout))
    _show(server, name)


def _show(server: Server, name: str) -> None:
    found = server.api.get(f"/devices/{segment(name)}/config/drift")
    if server.printer.as_json:
        server.printer.json(found)
    else:
        if found["items"]:
            columns = ("KEY", "DESIRED", "KNOWN", "BY", "LAYER", "STATE", "WHY")
            server.printer.table(columns, map(_row, found["items"]))
        server.printer.note(_said(found))
    sys.exit(0 if found["state"] in _FINE else DIFFERS)


def _row(item: dict[str, Any]) -> tuple[Any, ...]:
    state = f"{item['state']}, reboots" if item["reboots"] else item["state"]
    why = item["why"] or item["carrier_why"]
    by = item["path"] or item["carrier"]
    return item["key"], item["desired"], item["known"], by, item["layer"], state, why


def _said(found: dict[str, Any]) -> str:
    said = [f"{found['state']}: {len(found['items'])} of {found['desired']} keys differ"]
    for name, what in (("checked_at", "last session"), ("uploaded_at", "configuration uploaded")):
        if found[name]:
            said.append(f"{what} {moment(found[name])}")
    return "; ".join(said)


def _fleet(server: Server, select: str, limit: int | None) -> None:
    items: list[dict[str, Any]] = []
    for page in server.api.pages("/config/drift", limit=limit, **({"q": select} if select else {})):
        items += page["items"]
    if server.printer.as_json:
        server.printer.json({"items": items})
    else:
        columns = ("ID", "STATE", "SINCE", "KEYS")
        rows = ((one["id"], one["state"], moment(one["settled_at"]), _named(one)) for one in items)
        server.printer.table(columns, rows)
    sys.exit(DIFFERS if items else 0)


def _named(item: dict[str, Any]) -> str:
    keys = list(item["problems"])
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return ", ".join(keys[:_NAMED]) + more
