"""`acs device trace`: have a phone's next sessions recorded, look at them, play them again."""

from __future__ import annotations

import base64
import re
import time
from pathlib import Path
from typing import Any

import click

from acs.cli import completing, outcomes
from acs.cli.choosing import choose
from acs.cli.connection import Server, segment, server_options
from acs.cli.printing import moment

#: Seconds between two looks for the session that is waited for.
_PAUSE = 1.0

#: What stands for the newest recorded session.
_LAST = "last"

#: Fields that are not written into files: they were for the connection of then.
_OF_THEN = frozenset({"content-length", "content-encoding", "transfer-encoding"})

_ONE_OF = ("list_them", "show", "replay", "delete", "stop")


@click.command("trace")
@click.argument("device_name", metavar="DEVICE", shell_complete=completing.devices)
@click.option("--sessions", default=1, show_default=True, type=click.IntRange(1, 20), help="How many.")
@click.option("--hours", default=24, show_default=True, type=click.IntRange(1, 168), help="No longer than.")
@click.option("--wake", is_flag=True, help="Send a connection request, so that a session begins now.")
@click.option("--wait", is_flag=True, help="Wait for the session, and show it.")
@click.option("--timeout", default=600.0, show_default=True, type=click.FloatRange(min=0), help="Seconds.")
@click.option("--list", "list_them", is_flag=True, help="What is recorded, and what is to be.")
@click.option("--show", metavar="TRACE", help="Show a recorded session; 'last' for the newest.")
@click.option(
    "--raw", type=click.Path(path_type=Path, file_okay=False), help="With --show: messages as files."
)
@click.option("--replay", metavar="TRACE", help="Play it to today's server. Exit code 1: something differs.")
@click.option("--delete", metavar="TRACE", help="Drop it.")
@click.option("--stop", is_flag=True, help="Record no more.")
@server_options
def trace(server: Server, device_name: str, **asked: Any) -> None:
    """Record the phone's next sessions, secrets blanked, or look at those that are recorded.

    Without --list, --show, --replay, --delete or --stop the next session is recorded.
    """
    chosen = [name for name in _ONE_OF if asked[name]]
    if len(chosen) > 1:
        raise outcomes.WrongUsage("give one of --list, --show, --replay, --delete and --stop")
    if asked["raw"] is not None and chosen != ["show"]:
        raise outcomes.WrongUsage("--raw goes with --show")
    path = f"/devices/{segment(choose(server.api, device_name))}"
    match chosen:
        case ["list_them"]:
            _list(server, path)
        case ["show"]:
            _show(server, path, _named(server, path, asked["show"]), asked["raw"])
        case ["replay"]:
            _replay(server, path, _named(server, path, asked["replay"]))
        case ["delete"]:
            name = _named(server, path, asked["delete"])
            server.api.call("DELETE", f"{path}/traces/{segment(name)}")
            server.printer.result({"id": name, "deleted": True}, f"dropped: {name}")
        case ["stop"]:
            server.api.call("DELETE", f"{path}/traces")
            server.printer.result({"armed": None}, "no session is to be recorded any more")
        case _:
            _record(server, path, asked)


def _record(server: Server, path: str, asked: dict[str, Any]) -> None:
    known = {one["id"] for one in server.api.get(f"{path}/traces")["items"]}
    body = {"sessions": asked["sessions"], "expires_in": asked["hours"] * 3600}
    armed = server.api.call("POST", f"{path}/traces", json=body).json()
    count = armed["sessions"]
    what = "the next session is" if count == 1 else f"the next {count} sessions are"
    text = f"{what} recorded, until {moment(armed['until'])}"
    if asked["wake"]:
        woken = server.api.call("POST", f"{path}/wake").json()
        server.printer.note(f"connection request: {woken['outcome']}  {woken['text']}")
    if not asked["wait"]:
        server.printer.result(armed, text)
        return
    server.printer.note(text)
    _show(server, path, _wait(server, path, known, asked["timeout"]), None)


def _wait(server: Server, path: str, known: set[str], timeout: float) -> str:
    """The id of the next recorded session, once it is over."""
    give_up = time.monotonic() + timeout
    unfinished: set[str] = set()
    with server.printer.waiting("waiting for the phone") as spinner:
        while True:
            fresh = [one for one in server.api.get(f"{path}/traces")["items"] if one["id"] not in known]
            over = [one for one in fresh if one["state"] not in ("recording", "unfinished")]
            lost = [one for one in fresh if one["state"] == "unfinished" and one["id"] in unfinished]
            if over or lost:
                return str((over or lost)[-1]["id"])
            # so is each for a moment, between its end and the word of it
            unfinished = {one["id"] for one in fresh if one["state"] == "unfinished"}
            if fresh:
                spinner.update("the phone is in its session")
            if time.monotonic() >= give_up:
                raise outcomes.TimedOut(
                    f"no session was recorded within {timeout:g} s; it still is when it comes: "
                    "see it with --show last"
                )
            time.sleep(_PAUSE)


def _named(server: Server, path: str, name: str) -> str:
    if name != _LAST:
        return name
    items = server.api.get(f"{path}/traces")["items"]
    if not items:
        raise outcomes.NotFound("no session of this phone is recorded")
    return str(items[0]["id"])


def _list(server: Server, path: str) -> None:
    found: dict[str, Any] = server.api.get(f"{path}/traces")
    if server.printer.as_json:
        server.printer.json(found)
        return
    armed = found["armed"]
    if armed:
        left, until = armed["sessions"], moment(armed["until"])
        server.printer.note(f"to be recorded: {left}, until {until}, asked for by {armed['by']}")
    server.printer.table(
        ("TRACE", "STARTED", "STATE", "EVENTS", "BYTES", "BY"),
        (
            (one["id"], moment(one["started_at"]), one["state"], one["events"], one["size"], one["by"])
            for one in found["items"]
        ),
    )


def _show(server: Server, path: str, name: str, raw: Path | None) -> None:
    where = f"{path}/traces/{segment(name)}"
    if raw is not None:
        written = _write(server, where, raw)
        server.printer.result({"files": written}, f"{len(written)} messages in {raw}")
    elif server.printer.as_json:
        server.printer.json(server.api.get(where))
    else:
        click.echo(server.api.call("GET", where, params={"format": "text"}).text)


def _replay(server: Server, path: str, name: str) -> None:
    result = server.api.call("POST", f"{path}/traces/{segment(name)}/replay").json()
    if server.printer.as_json:
        server.printer.json(result)
    else:
        for step in result["steps"]:
            click.echo(f"{step['number']:>4}  {step['outcome']:<10}  {step['phone']}")
            click.echo(f"{'':18}then: {step['recorded']}")
            if step["outcome"] == "differs":
                click.echo(f"{'':18}now:  {step['today']}")
                click.echo("\n".join(f"{'':18}{line}" for line in step["diff"]))
            if step["why"]:
                click.echo(f"{'':18}({step['why']})")
        server.printer.note(
            f"{result['played']} of {result['played'] + result['not_played']} messages were played, "
            f"{result['differing'] or 'none'} answered differently"
        )
    if not result["same"]:
        click.get_current_context().exit(1)


# --- files --------------------------------------------------------------------------------------------------


def _write(server: Server, where: str, folder: Path) -> list[str]:
    """Each message as a file of HTTP, as `acs lint` reads it; secrets are blank in them."""
    names = [one["name"] for one in server.api.get(where)["messages"] if one["sender"] == "phone"]
    entries = server.api.get(where, format="har")["log"]["entries"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for number, (name, entry) in enumerate(zip(names, entries, strict=True), 1):
            stem = f"{number:03d}-{re.sub('[^A-Za-z0-9]', '', name) or 'empty-post'}"
            for ending, content in (("http", _request(entry)), ("answer.http", _answer(entry))):
                target = folder / f"{stem}.{ending}"
                target.write_bytes(content)
                written.append(target.name)
    except OSError as error:
        raise outcomes.CommandError(f"{error.filename}: {error.strerror}") from None
    return written


def _request(entry: dict[str, Any]) -> bytes:
    request = entry["request"]
    data = request.get("postData", {})
    path = "/" + request["url"].split("://", 1)[-1].partition("/")[2]
    line = f"{request['method']} {path} {request['httpVersion']}"
    return _http(line, request["headers"], _body(data.get("text", ""), data.get("_encoding")))


def _answer(entry: dict[str, Any]) -> bytes:
    answer = entry["response"]
    content = answer["content"]
    line = f"{answer['httpVersion']} {answer['status']} {answer['statusText']}"
    return _http(line, answer["headers"], _body(content["text"], content.get("encoding")))


def _body(text: str, encoding: str | None) -> bytes:
    return base64.b64decode(text) if encoding == "base64" else text.encode()


def _http(line: str, headers: list[dict[str, str]], body: bytes) -> bytes:
    fields = [f"{one['name']}: {one['value']}" for one in headers if one["name"].lower() not in _OF_THEN]
    head = "\r\n".join([line, *fields, f"Content-Length: {len(body)}", "", ""])
    return head.encode("utf-8", "replace") + body
