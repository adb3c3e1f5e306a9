"""All commands, walked: help, JSON, and no traceback where there is no server or a wrong word."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from acs.cli.main import main


def leaves(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from leaves(found, (*path, name))
        if command.invoke_without_command:
            yield path, command
    else:
        yield path, command


#: All but `bench`, which hands on to a program of the source tree.
COMMANDS = [(path, one) for path, one in leaves(main) if path != ("bench",)]
#: Those that speak to a server.
REMOTE = [(path, one) for path, one in COMMANDS if any(parameter.name == "token" for parameter in one.params)]
#: Those that run a part of the project and only look at a server, or at none at all.
LOCAL = {("login",), ("keys",), ("dialplan", "try"), ("resource", "attach")}


def options_of(command: click.Command) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


def filled(command: click.Command, folder: Path) -> list[str]:
    """A word for everything that has to be given."""
    words, behind = [], []
    (folder / "groups.csv").write_text("name\nsite7\n")
    for parameter in command.params:
        word = "nothere=1" if "VALUE" in (parameter.make_metavar(click.Context(command)) or "") else "nothere"
        match parameter.type:
            case click.Choice(choices=choices):
                word = choices[0]
            case click.Path(exists=True):
                word = str(folder / "groups.csv")
            case click.Path():
                word = str(folder / "out")
            case click.types.IntParamType():
                word = "3"
        if isinstance(parameter, click.Argument) and parameter.required:
            behind.append(word)
        elif parameter.required:
            words += [parameter.opts[-1], "60" if parameter.name == "interval" else word]
    if "--yes" in options_of(command):
        words.append("--yes")
    return [*words, "--", *behind] if behind else words


def run(*words: str, data_dir: Path) -> Result:
    return CliRunner(env={"ACS_DATA_DIR": str(data_dir), "COLUMNS": "100"}).invoke(main, words, input="")


def named(value: Any) -> str:
    return " ".join(value) if isinstance(value, tuple) else ""


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=named)
def test_every_command_tells_what_it_does(path, command, tmp_path):
    shown = run(*path, "-h", data_dir=tmp_path)
    assert shown.exit_code == 0
    assert shown.output.startswith("Usage:")
    assert command.get_short_help_str()
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name not in ("order", "description", "limit"):
            assert parameter.help, f"{named(path)} {parameter.opts[0]}"


@pytest.mark.parametrize(("path", "command"), REMOTE, ids=named)
def test_every_command_of_a_server_speaks_json(path, command):
    if path not in LOCAL:
        assert "--json" in options_of(command)


@pytest.mark.parametrize(("path", "command"), REMOTE, ids=named)
def test_without_a_server_every_command_says_so(path, command, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    if path in LOCAL:
        return
    done = run(*path, "--url", url, "--token", "x", *filled(command, tmp_path), data_dir=tmp_path)
    assert isinstance(done.exception, SystemExit), done.exception
    if done.exit_code == 5:
        assert done.stderr.startswith(("acs: cannot reach the server", f"acs: {url} does not answer"))
    else:  # it wants something more before it asks anybody
        assert done.exit_code in (1, 2)
        assert "Traceback" not in done.output


VIEWS = [(path, command) for path, command in REMOTE if "--watch" in options_of(command)]


@pytest.mark.parametrize(("path", "command"), VIEWS, ids=named)
def test_what_can_be_watched_has_its_pace(path, command):
    assert "--every" in options_of(command)


def test_lists_and_what_is_shown_can_be_watched():
    looking = {path for path, _ in REMOTE if path[-1] in ("list", "show", "timeline", "queue", "history")}
    own = {("task", "show"), ("presence",)}  # the first has --wait
    assert looking - {path for path, _ in VIEWS} - own == set()


def test_json_again_and_again(acs, server, phone, monkeypatch):
    _after(3, monkeypatch)
    done = acs("device", "list", "--watch", "--json")
    assert done.exit_code == 0
    assert [json.loads(line)["total"] for line in done.stdout.splitlines()] == [1, 1, 1]


def test_pages_again_and_again_while_the_server_is_away_for_a_moment(acs, server, phone, monkeypatch):
    page = {"items": [phone], "next": None, "total": 1}
    server.on("GET /devices", page, (503, {"status": 503, "detail": "no store"}), page)
    _after(3, monkeypatch)
    done = acs("device", "list", "--watch", "--every", "0.5")
    assert done.exit_code == 0
    assert done.stdout.count(phone["id"]) == 3
    assert done.stdout.count("not up to date: no store") == 1


def test_what_is_wrong_at_first_ends_the_watching(acs, server):
    server.on("GET /devices", {"items": [], "next": None, "total": 0})
    assert acs("device", "show", "nobody", "--watch").exit_code == 3
    assert acs("device", "list", "--every", "3").exit_code == 2


def _after(looks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C after so many looks."""
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == looks:
            raise KeyboardInterrupt

    monkeypatch.setattr("acs.cli.watching.time.sleep", sleep)


# --- completion ---------------------------------------------------------------------------------------------


@pytest.fixture
def complete(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    monkeypatch.delenv("ACS_URL", raising=False)

    def complete(line: str) -> list[str]:
        environment = {
            "ACS_DATA_DIR": str(data_dir),
            "_ACS_COMPLETE": "bash_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": str(line.count(" ")),
        }
        done = CliRunner(env=environment).invoke(main, prog_name="acs", catch_exceptions=False)
        assert done.stderr == ""
        return [one.partition(",")[2] for one in done.stdout.splitlines() if one]

    return complete


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(acs, shell):
    done = acs("completion", shell)
    assert done.exit_code == 0
    assert f"_ACS_COMPLETE={shell}_complete" in done.stdout


def test_commands_and_options(complete):
    assert complete("acs de") == ["device"]
    assert complete("acs group cr") == ["create"]
    assert "--watch" in complete("acs device list --w")


def test_names_that_the_server_knows(complete, server, phone):
    assert complete("acs device show 0015651A") == [phone["id"]]
    assert server.asked[-1].query["q"] == "0015651A"
    server.on("GET /groups", {"items": [{"name": "site7"}, {"name": "vip"}]})
    assert complete("acs group show s") == ["site7"]
    server.on("GET /rollouts", {"items": [{"id": "ab12", "name": "July", "state": "draft"}], "next": None})
    assert complete("acs rollout start J") == ["July"]
    assert complete("acs rollout start ab") == ["ab12"]


@pytest.mark.parametrize("answer", [(401, {}), (500, {}), {"nothing": 1}, b"no JSON", []])
def test_a_server_that_does_not_help_is_not_spoken_of(complete, server, answer):
    server.on("GET /groups", answer)
    assert complete("acs group show s") == []


def test_no_server_is_not_spoken_of(complete, data_dir):
    (data_dir / "run.json").unlink()
    assert complete("acs device show 00") == []


# --- addresses, interruptions, full disks -------------------------------------------------------------------


@pytest.mark.parametrize("url", ["nonsense", "ftp://acs.example.net", "http://", "http://[::1", ""])
def test_what_is_no_address(acs, url):
    done = acs("device", "list", "--url", url or " ", "--token", "x")
    assert done.exit_code == 2
    assert "is no address of a server" in done.stderr


def test_ctrl_c_while_waiting(acs, server, phone, monkeypatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("acs.cli.device.choose", interrupted)
    assert acs("device", "show", "x").exit_code == 130
