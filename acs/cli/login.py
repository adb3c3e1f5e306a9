"""`acs login` and `acs logout`: a server elsewhere, once, instead of --url and --token each time."""

from __future__ import annotations

import getpass
import socket
import sys
from dataclasses import replace

import click

from acs.cli import outcomes, profiles
from acs.cli.asking import ask
from acs.cli.connection import Api
from acs.cli.profiles import DEFAULT, Profile

_DAY = 86400.0

_profile = click.option(
    "--profile", default=DEFAULT, show_default=True, envvar="ACS_PROFILE", help="Name to keep it under."
)


@click.command()
@click.argument("url")
@_profile
@click.option("--user", help="Whom to log in as (default: asked for).")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin.")
@click.option("--token", envvar="ACS_TOKEN", help="Keep this API token instead of logging in.")
@click.option(
    "--days", type=click.FloatRange(min=0, min_open=True, max=366), default=30, show_default=True,
    help="Days that the login is good for.",
)  # fmt: skip
@click.option("--ca", type=click.Path(exists=True, dir_okay=False, resolve_path=True), help="As elsewhere.")
@click.option("--insecure", is_flag=True, help="Do not check the server's certificate.")
def login(
    url: str,
    profile: str,
    user: str | None,
    password_stdin: bool,
    token: str | None,
    days: float,
    ca: str | None,
    insecure: bool,
) -> None:
    """Log in to the server at URL; from then on commands use it.

    A token is made and kept in ~/.config/acs/profiles.json, which only you can read; the password is not.
    """
    kept = profiles.load()
    wanted = Profile(url.rstrip("/"), token or "", "", ca or "", insecure)
    if not token:
        name = user or ask("User", "--user")
        password = sys.stdin.readline().rstrip("\n") if password_stdin else _password()
        wanted = replace(wanted, token=_token(wanted, name, password, days))
    api = _api(wanted)
    try:
        who = api.get("/session")
    finally:
        api.close()
    kept.by_name[profile] = replace(wanted, user=who["name"])
    kept.current = profile
    kept.save()
    limit = f", limited to {who['select']}" if who["select"] else ""
    click.echo(f"logged in to {wanted.url} as {who['name']} ({who['role']}{limit})", err=True)


@click.command()
@_profile
def logout(profile: str) -> None:
    """Make the kept token void and forget it."""
    kept = profiles.load()
    known = kept.find(profile)
    api = _api(known)
    try:
        api.call("DELETE", "/account/token")
    except outcomes.CommandError as error:
        # it may be void already; but an unreachable server leaves a good token behind
        if not isinstance(error, outcomes.NotAuthorised):
            click.echo(f"acs: the token was forgotten here, but is not void: {error}", err=True)
    finally:
        api.close()
    del kept.by_name[profile]
    if kept.current == profile:
        kept.current = min(kept.by_name, default="")
    kept.save()
    click.echo(f"logged out of {known.url}", err=True)


def _api(profile: Profile) -> Api:
    verify = False if profile.insecure else (profile.ca or True)
    return Api(profile.url, profile.token, verify=verify, origin="as given")


def _token(profile: Profile, name: str, password: str, days: float) -> str:
    """A token of the user's own, made within a session that ends again."""
    api = _api(replace(profile, token=""))
    try:
        session = api.call("POST", "/session", json={"name": name, "password": password}).json()
        proof = {"X-CSRF-Token": session["csrf"]}
        asked = {"name": f"{getpass.getuser()} on {socket.gethostname()}"[:100], "expires_in": days * _DAY}
        made = api.call("POST", "/account/tokens", json=asked, headers=proof).json()
        api.call("DELETE", "/session", headers=proof)
    finally:
        api.close()
    return str(made["token"])


def _password() -> str:
    return ask("Password", "--password-stdin", hidden=True)
