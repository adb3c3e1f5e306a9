"""`acs config history|diff|revert`: the versions of a layer."""

from __future__ import annotations

from typing import Any

import click

from acs.cli import completing, outcomes
from acs.cli.config_layers import if_match, no_more, now_option, reason_option, version_option
from acs.cli.config_targets import Scope, scope_options
from acs.cli.connection import Server, server_options
from acs.cli.printing import moment, plural
from acs.cli.watching import view_options

_words = click.argument("words", nargs=-1, metavar="[DEVICE]", shell_complete=completing.first_device)


@click.command()
@_words
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many.")
@scope_options
@view_options
def history(server: Server, words: tuple[str, ...], limit: int, scope: Scope) -> None:
    """Who changed what, when and why, newest first."""
    device, rest = scope.split(words)
    no_more(rest)
    page: dict[str, Any] = server.api.get(f"{scope.path(server.api, device)}/history", limit=limit)
    if server.printer.as_json:
        server.printer.json(page)
        return
    server.printer.table(
        ("VERSION", "AT", "BY", "CHANGES", "WHY"),
        (
            (one["number"], moment(one["at"]), one["by"], _spoken(one["changes"]), one["reason"])
            for one in page["items"]
        ),
    )


@click.command()
@_words
@click.option("--from", "older", type=click.IntRange(min=0), help="A version (default: the one before).")
@click.option("--to", "newer", type=click.IntRange(min=0), help="A version (default: the present one).")
@scope_options
@server_options
def diff(server: Server, words: tuple[str, ...], older: int | None, newer: int | None, scope: Scope) -> None:
    """What changed from one version to another."""
    device, rest = scope.split(words)
    no_more(rest)
    asked = {name: number for name, number in (("from", older), ("to", newer)) if number is not None}
    found: dict[str, Any] = server.api.get(f"{scope.path(server.api, device)}/diff", **asked)
    if server.printer.as_json:
        server.printer.json(found)
        return
    server.printer.table(
        ("KEY", f"VERSION {found['from']}", f"VERSION {found['to']}"),
        ((key, *pair) for key, pair in found["changes"].items()),
    )


@click.command()
@click.argument("words", nargs=-1, metavar="[DEVICE] VERSION", shell_complete=completing.first_device)
@reason_option
@now_option
@version_option
@scope_options
@server_options
def revert(
    server: Server,
    words: tuple[str, ...],
    reason: str,
    now: bool,
    if_version: int | None,
    scope: Scope,
) -> None:
    """Take the values of an earlier version, as a new one; 0 is before the first."""
    device, rest = scope.split(words)
    if len(rest) != 1 or not rest[0].isdecimal():
        raise outcomes.WrongUsage("which version? Give its number; `acs config history` lists them")
    body = {"version": int(rest[0]), "reason": reason, "now": now}
    path = f"{scope.path(server.api, device)}/revert"
    answer = server.api.call("POST", path, json=body, headers=if_match(if_version)).json()
    server.printer.result(answer, f"version {answer['version']}, {plural(len(answer['values']), 'key')}")


def _spoken(changes: dict[str, list[str | None]]) -> str:
    said = [f"{key} removed" if new is None else f"{key}={new}" for key, (_, new) in changes.items()]
    return ", ".join(said[:5]) + (f" and {len(said) - 5} more" if len(said) > 5 else "")
