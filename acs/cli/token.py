"""`acs token`: API tokens. The first one can be made before the server ever ran."""

from __future__ import annotations

import getpass
import socket
from typing import Any

import click

from acs.cli import outcomes
from acs.cli.connection import Server, running_server, segment, server_options
from acs.cli.printing import moment
from acs.cli.watching import view_options

_DAY = 86400.0


@click.group()
def token() -> None:
    """API tokens: who may do what through REST."""


@token.command()
@click.option("--role", required=True, help="What it may do: viewer, operator, engineer or admin.")
@click.option("--name", help="Whose it is, to find it again in the list (default: you, on this machine).")
@click.option("--select", default="", help="A selector: it sees and touches its phones only.")
@click.option(
    "--expires-in",
    type=click.FloatRange(min=0, min_open=True),
    metavar="DAYS",
    help="Days it is good for (default: for ever).",
)
@click.option(
    "--redis-url",
    envvar="ACS_REDIS_URL",
    help="Where no server runs: the Redis to put it into, if not the private one. [env: ACS_REDIS_URL]",
)
@server_options
def create(
    server: Server,
    role: str,
    name: str | None,
    select: str,
    expires_in: float | None,
    redis_url: str | None,
) -> None:
    """Make a token and print it, alone; it is shown this once.

    Through the running server; where none runs, straight into the store of --data-dir.
    """
    asked: dict[str, Any] = {"role": role, "name": name or f"{getpass.getuser()} on {socket.gethostname()}"}
    if select:
        asked["select"] = select
    if expires_in is not None:
        asked["expires_in"] = expires_in * _DAY
    made = _through_server(server, asked)
    if made is None:
        from acs.cli.token_store import create_directly  # loads the store, which REST needs not

        made = create_directly(server.data_dir, redis_url, asked)
    if server.printer.as_json:
        server.printer.json(made)
    else:
        click.echo(made["token"])


def _through_server(server: Server, asked: dict[str, Any]) -> dict[str, Any] | None:
    """The new token; None when no server runs here and none was named."""
    if not server.url and running_server(server.data_dir) is None:
        return None
    try:
        made: dict[str, Any] = server.api.call("POST", "/tokens", json=asked).json()
    except outcomes.Unreachable:
        if server.url:
            raise
        return None  # a run.json that a killed server left behind
    return made


@token.command("list")
@view_options
def list_tokens(server: Server) -> None:
    """The tokens, without their secrets."""
    items = server.api.get("/tokens")["items"]
    if server.printer.as_json:
        server.printer.json({"items": items})
        return
    server.printer.table(
        ("ID", "NAME", "ROLE", "LIMITED TO", "OF", "CREATED", "BY", "EXPIRES"),
        (
            (
                item["id"],
                item["name"],
                item["role"],
                item.get("select", ""),
                item.get("user", ""),
                moment(item["created_at"]),
                item["created_by"],
                "expired" if item.get("expired") else moment(item["expires_at"]),
            )
            for item in items
        ),
    )


@token.command()
@click.argument("token_id", metavar="ID")
@server_options
def revoke(server: Server, token_id: str) -> None:
    """Make a token void, at once. ID is the one in the list, or the token itself."""
    parts = token_id.split("_")
    identifier = parts[1] if parts[0] == "acs" and len(parts) == 3 else token_id
    server.api.call("DELETE", f"/tokens/{segment(identifier)}")
    server.printer.result({"id": identifier, "revoked": True}, f"revoked: {identifier}")
