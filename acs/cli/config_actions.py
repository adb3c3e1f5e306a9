"""`acs config action-urls`: having phones tell this server what happens to them."""

from __future__ import annotations

import click

from acs.cli import completing, outcomes
from acs.cli.config_targets import Scope, scope_options
from acs.cli.connection import Server, server_options


@click.command("action-urls")
@click.argument("words", nargs=-1, metavar="[DEVICE]", shell_complete=completing.first_device)
@click.option(
    "--calls", is_flag=True, help="Events of calls, too (the server keeps them with --action-url-calls on)."
)
@click.option("--reason", "-m", default="action URLs", show_default=True, help="Why; kept with the version.")
@scope_options
@server_options
def action_urls(server: Server, words: tuple[str, ...], calls: bool, reason: str, scope: Scope) -> None:
    """Print the keys by which phones tell this server what happens to them.

    With --fleet, --model, --group or a DEVICE they are set there instead.
    """
    found = server.api.get("/action-urls", calls=str(calls).lower())
    values = found["values"]
    if scope.one_phone and not words:
        if server.printer.as_json:
            server.printer.json(found)
            return
        for key, url in values.items():
            click.echo(f"{key} = {url}")
        return
    device, rest = scope.split(words)
    if rest:
        raise outcomes.WrongUsage(f"too many words: {' '.join(rest)}")
    body = {"values": values, "reason": reason}
    answer = server.api.call("PATCH", scope.path(server.api, device), json=body).json()
    for warning in answer.get("warnings", ()):
        server.printer.note(f"{warning['key']}: {warning['message']}")
    server.printer.result(answer, f"version {answer['version']}: {len(values)} action URLs")
