"""From the set-up link to a reseller's own command line, with real programs and a real server."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PASSWORD = "a long night shift"


ACS = str(Path(sys.executable).with_name("acs"))


@pytest.fixture
def server(shared_server):
    return shared_server


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def remote(home: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`acs` on another machine: no data directory, a home of its own."""

    def run(*words: str, check: bool = True, **how: object) -> subprocess.CompletedProcess[str]:
        hidden = ("ACS_DATA_DIR", "ACS_URL", "ACS_TOKEN", "ACS_PROFILE", "XDG_CONFIG_HOME")
        environ = {name: value for name, value in os.environ.items() if name not in hidden}
        environ |= {"HOME": str(home), "ACS_DATA_DIR": str(tmp_path / "nothing")}
        done = subprocess.run([ACS, *words], env=environ, capture_output=True, text=True, timeout=60, **how)
        assert not check or done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture
def eve(server):
    """A user who may do what operators may."""
    create = ("user", "create", "eve", "--role", "operator", "--password-stdin")
    server.acs(*create, input=PASSWORD + "\n")
    yield "eve"
    server.acs("user", "delete", "eve", "--yes", check=False)


def log_in(remote, server, *more: str, password: str = PASSWORD, check: bool = True):
    words = ("login", server.urls["web"], "--user", "eve", "--password-stdin", *more)
    return remote(*words, input=password + "\n", check=check)


def test_after_acs_login_commands_need_no_words_of_where_and_who(server, remote, home, eve):
    assert remote("device", "list", check=False).returncode == 5
    said = log_in(remote, server).stderr
    assert f"logged in to {server.urls['web']} as eve (operator)" in said
    kept = home / ".config" / "acs" / "profiles.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert PASSWORD not in kept.read_text()
    assert json.loads(remote("device", "list", "--json").stdout)["items"] == []
    refused = remote("user", "list", check=False)
    assert refused.returncode == 4
    assert "'admin'" in refused.stderr


def test_acs_logout_makes_the_token_void_and_forgets_it(server, remote, home, eve):
    log_in(remote, server)
    [profile] = json.loads((home / ".config" / "acs" / "profiles.json").read_text())["profiles"].values()
    with_token = ("device", "list", "--url", profile["url"], "--token", profile["token"])
    assert remote(*with_token).returncode == 0
    remote("logout")
    assert remote(*with_token, check=False).returncode == 4
    assert remote("device", "list", check=False).returncode == 5
    assert remote("logout", check=False).returncode == 2


def test_several_servers_or_people_are_kept_side_by_side(server, remote, eve):
    log_in(remote, server)
    token = server.acs("token", "create", "--role", "viewer", "--name", "wall").stdout.strip()
    remote("login", server.urls["web"], "--profile", "wall", "--token", token)
    refused = remote("group", "create", "x", check=False)
    assert "the role 'viewer'" in refused.stderr
    assert remote("device", "list", "--profile", "default").returncode == 0
    unknown = remote("device", "list", "--profile", "other", check=False)
    assert unknown.returncode == 2
    assert "default, wall" in unknown.stderr


def test_a_wrong_password_is_one_line_and_keeps_nothing(server, remote, home, eve):
    done = log_in(remote, server, password="not the right one", check=False)
    assert done.returncode == 4
    assert done.stderr == "acs: Name and password do not go together.\n"
    assert not (home / ".config").exists()


def test_users_are_looked_after_by_the_command_line(server, eve):
    server.acs("user", "set", "eve", "--select", "tag = site7", "--full-name", "Eve Adams")
    [line] = [line for line in server.acs("user", "list").stdout.splitlines() if line.startswith("eve")]
    assert "tag = site7" in line
    assert "password" in line
    server.acs("user", "set", "eve", "--locked")
    assert "locked out" in server.acs("user", "list").stdout
    wrong = server.acs("user", "set", "eve", "--role", "king", check=False)
    assert wrong.returncode == 1
    assert "viewer, operator, engineer, admin" in wrong.stderr
    short = server.acs("user", "password", "eve", "--password-stdin", input="short\n", check=False)
    assert "10 to 256 characters" in short.stderr


def test_the_audit_tells_who_did_it(server, eve):
    server.acs("user", "set", "eve", "--role", "engineer")
    table = server.acs("audit", "--object", "users/eve", "--limit", "1").stdout
    assert "local-admin" in table
    assert "users.change" in table
    assert '{"role": "operator"} → {"role": "engineer"}' in table
    exported = server.acs("audit", "--object", "users/eve", "--csv").stdout
    rows = list(csv.DictReader(io.StringIO(exported)))
    assert rows[0]["operation"] == "users.change"
    assert PASSWORD not in exported
    told = json.loads(server.acs("audit", "--json", "--limit", "2").stdout)["items"]
    assert len(told) == 2


def test_a_token_is_made_for_some_phones(server, remote):
    made = server.acs("token", "create", "--role", "viewer", "--name", "rita", "--select", "tag = nobody")
    words = ("--url", server.urls["web"], "--token", made.stdout.strip())
    assert "tag = nobody" in server.acs("token", "list").stdout
    assert json.loads(remote("device", "list", "--json", *words).stdout)["items"] == []
    assert remote("token", "list", *words, check=False).returncode == 4
