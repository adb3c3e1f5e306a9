"""`acs user`: who may log in."""

from __future__ import annotations

import sys
from typing import Any

import click

from acs.cli import completing
from acs.cli.asking import ask
from acs.cli.connection import Server, segment, server_options
from acs.cli.device_tasks import confirm
from acs.cli.printing import moment
from acs.cli.watching import view_options

_role = "What the user may do: viewer, operator, engineer or admin."
_select = "A selector: the user sees and touches its phones only; '' for all."
_password_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from stdin.")


@click.group()
def user() -> None:
    """Users: who may log in to the console and with `acs login`."""


@user.command("list")
@view_options
def list_users(server: Server) -> None:
    """The users."""
    items = server.api.get("/users")["items"]
    if server.printer.as_json:
        server.printer.json({"items": items})
        return
    server.printer.table(
        ("NAME", "ROLE", "LIMITED TO", "LOGIN", "CREATED", "BY"),
        (
            (
                item["name"],
                item["role"],
                item["select"],
                _login(item),
                moment(item["created_at"]),
                item["created_by"],
            )
            for item in items
        ),
    )


def _login(item: dict[str, Any]) -> str:
    if item["disabled"]:
        return "locked out"
    ways = [way for way, there in (("password", "has_password"), ("provider", "by_provider")) if item[there]]
    return ", ".join(ways) or "none yet"


@user.command()
@click.argument("name")
@click.option("--role", required=True, help=_role)
@click.option("--full-name", default="", help="The person's name.")
@click.option("--select", default="", help=_select)
@click.option("--no-password", is_flag=True, help="For one who will log in by the OpenID provider only.")
@_password_stdin
@server_options
def create(
    server: Server, name: str, role: str, full_name: str, select: str, no_password: bool, password_stdin: bool
) -> None:
    """Make a user; the password is asked for."""
    body: dict[str, Any] = {"name": name, "role": role, "full_name": full_name, "select": select}
    if not no_password:
        body["password"] = _password(password_stdin)
    made = server.api.call("POST", "/users", json=body).json()
    server.printer.result(made, f"made: {made['name']} ({made['role']})")


@user.command("set")
@click.argument("name", shell_complete=completing.users)
@click.option("--role", help=_role)
@click.option("--full-name", help="The person's name.")
@click.option("--select", help=_select)
@click.option("--locked/--unlocked", "disabled", default=None, help="Lock the user out, or in again.")
@server_options
def set_user(server: Server, name: str, **given: Any) -> None:
    """Change a user; what is left out stays."""
    body = {field: value for field, value in given.items() if value is not None}
    changed = server.api.call("PATCH", f"/users/{segment(name)}", json=body).json()
    server.printer.result(changed, f"changed: {changed['name']}")


@user.command()
@click.argument("name", shell_complete=completing.users)
@_password_stdin
@server_options
def password(server: Server, name: str, password_stdin: bool) -> None:
    """Give a user another password, which is asked for; the user's sessions end."""
    body = {"password": _password(password_stdin)}
    changed = server.api.call("PATCH", f"/users/{segment(name)}", json=body).json()
    server.printer.result(changed, f"changed: the password of {changed['name']}")


@user.command()
@click.argument("name", shell_complete=completing.users)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@server_options
def delete(server: Server, name: str, yes: bool) -> None:
    """Remove a user; sessions and tokens of the user end."""
    confirm(f"remove the user {name}, whose sessions and tokens end with it", yes)
    server.api.call("DELETE", f"/users/{segment(name)}")
    server.printer.result({"name": name, "deleted": True}, f"removed: {name}")


def _password(from_stdin: bool) -> str:
    """Never an argument: those can be seen by every user of the machine."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    return ask("Password", "--password-stdin", hidden=True, twice=True)
