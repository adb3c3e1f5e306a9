"""A rollout as options, or as a file of JSON: what both together ask for.

An option says more than the file: `--from july.json --wave 5 --wave rest` is the file with other waves.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from acs.cli import completing, outcomes, rollout_windows
from acs.cli.amounts import duration, share, size
from acs.cli.selecting import checked
from acs.operations.validation import each_once

KINDS = ("firmware", "config", "reboot", "backup", "task")

#: Option, where it stands in the request.
_PLAIN = {
    "file": ("file",),
    "canary": ("canary",),
    "soak": ("soak",),
    "success": ("gate", "success"),
    "informs": ("gate", "informs"),
    "at_once": ("pace", "at_once"),
    "per_site": ("pace", "per_site"),
    "bandwidth": ("pace", "bandwidth"),
    "priority": ("priority",),
    "patience": ("patience",),
    "confirm_within": ("confirm",),
    "ask_again": ("ask_again",),
    "step": ("step",),
    "inform_interval": ("inform_interval",),
    "override": ("override",),
    "sha256": ("sha256",),
    "md5": ("md5",),
    "in_a_row": ("stop", "in_a_row"),
}

_OPTIONS = (
    click.option("--from", "source", metavar="FILE.json", help="The request as JSON; - for stdin."),
    click.option("--kind", type=click.Choice(KINDS), help="Left out where --file, --set or --task say it."),
    click.option(
        "--file",
        metavar="NAME",
        shell_complete=completing.files,
        help="firmware: the stored file (`acs file list`).",
    ),
    click.option(
        "--set", "--values", "-s", "assigned", multiple=True, metavar="KEY=VALUE", help="config; repeatable."
    ),
    click.option("--unset", "removed", multiple=True, metavar="KEY", help="config: taken out; repeatable."),
    click.option("--reboot-now", "reboot", is_flag=True, help="config: phones may reboot for it at once."),
    click.option(
        "--task", metavar="JSON", help="task: its body, or its type alone, such as get_rpc_methods."
    ),
    click.option("--select", "-q", metavar="SELECTOR", help="Whose phones."),
    click.option("--canary", metavar="GROUP", help="This group's phones go first."),
    click.option("--wave", "waves", multiple=True, metavar="SIZE", help="50, 10% or rest; repeatable."),
    click.option("--soak", type=duration, help="Between two waves, such as 30m."),
    click.option("--success", type=share, help="What share of a wave must succeed. [default: 95%]"),
    click.option("--informs", type=click.IntRange(min=0), help="Informs that an upgraded phone must send."),
    click.option(
        "--window", "windows", multiple=True, metavar="WINDOW", help="'[DAYS] FROM-TO [ZONE]'; repeatable."
    ),
    click.option("--fallback", metavar="ZONE", help="For phones whose own time zone is not known."),
    click.option("--except", "without", multiple=True, metavar="DATE", help="Not on that day; repeatable."),
    click.option("--stop-failures", metavar="LIMIT", help="At most 5, 2% or none. [default: 10%]"),
    click.option("--in-a-row", type=click.IntRange(min=0), help="At most so many failures in a row."),
    click.option("--unconfirmed", metavar="LIMIT", help="At most 5, 2% or none whose end is not known."),
    click.option("--no-stop", is_flag=True, help="No stop rule at all."),
    click.option("--at-once", type=click.IntRange(min=1), help="Phones at a time. [default: 50]"),
    click.option("--per-site", type=click.IntRange(min=0), help="Phones at a time at one site."),
    click.option("--bandwidth", type=size, help="Bytes a second for all its phones, such as 2M."),
    click.option("--priority", type=int, help="Before rollouts with a lower one."),
    click.option("--patience", type=duration, help="For a phone that is away or in a call. [default: 24h]"),
    click.option("--confirm", "confirm_within", type=duration, help="For the proof. [default: 1h]"),
    click.option("--ask-again", type=duration, help="After a call. [default: 5m]"),
    click.option("--step", type=duration, help="What one phone may take. [default: by kind]"),
    click.option("--inform-interval", type=duration, help="Between the Informs of a phone in its turn."),
    click.option("--downgrade", is_flag=True, help="firmware: an older version is fine."),
    click.option("--allowed-from", "allowed_from", multiple=True, metavar="VERSION", help="'>= 37.70'."),
    click.option("--override", metavar="WHY", help="firmware: for another model or number, and why."),
    click.option("--sha256", metavar="SUM", help="firmware: what the image must be."),
    click.option("--md5", metavar="SUM", help="firmware: what the image must be."),
)

Command = Callable[..., Any]


def definition_options(command: Command) -> Command:
    """Adds all of these; the command gets `definition`, the request without name and start, empty where
    nothing was said. For use above `server_options`."""

    @wraps(command)
    def with_definition(*words: Any, **arguments: Any) -> Any:
        given = {name: arguments.pop(name) for name in _NAMES}
        return command(*words, definition=_definition(**given), **arguments)

    for option in reversed(_OPTIONS):
        with_definition = option(with_definition)
    return with_definition


_NAMES = (
    *_PLAIN,
    *("source", "kind", "assigned", "removed", "reboot", "task", "select", "waves", "windows", "fallback"),
    *("without", "stop_failures", "unconfirmed", "no_stop", "downgrade", "allowed_from"),
)


def start_time(text: str) -> str:
    """`now`, or a time; one without a zone is this machine's. Raises WrongUsage."""
    if text == "now":
        return text
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise outcomes.WrongUsage(
            f"--start {text!r} is no time: now, or such as 2030-01-31T22:00 or 2030-01-31T22:00:00Z"
        ) from None
    return (at if at.tzinfo else at.astimezone()).isoformat()


def _definition(
    *,
    source: str | None,
    kind: str | None,
    assigned: tuple[str, ...],
    removed: tuple[str, ...],
    reboot: bool,
    task: str | None,
    select: str | None,
    waves: tuple[str, ...],
    windows: tuple[str, ...],
    fallback: str | None,
    without: tuple[str, ...],
    stop_failures: str | None,
    unconfirmed: str | None,
    no_stop: bool,
    downgrade: bool,
    allowed_from: tuple[str, ...],
    **plain: Any,
) -> dict[str, Any]:
    asked: dict[str, Any] = _of_file(source) if source else {}
    if kind:
        asked["kind"] = kind
    if assigned or removed:
        asked["values"] = _values(assigned, removed)
    if task is not None:
        asked["task"] = _task(task)
    if select is not None:
        asked["select"] = checked(select)
    if waves:
        asked["waves"] = [_size(size.strip()) for wave in waves for size in wave.split(",")]
    for name, value in (("reboot", reboot), ("downgrade", downgrade)):
        if value:
            asked[name] = True
    if allowed_from:
        asked["allowed_from"] = list(allowed_from)
    _take_windows(asked, windows, fallback, without)
    _take_stop(asked, stop_failures, unconfirmed, plain["in_a_row"], no_stop)
    for name, place in _PLAIN.items():
        if plain[name] is not None:
            _put(asked, place, plain[name])
    if asked and "kind" not in asked:
        named = [
            kind
            for kind, field in (("firmware", "file"), ("config", "values"), ("task", "task"))
            if field in asked
        ]
        if len(named) == 1:
            asked["kind"] = named[0]
    return asked


def _of_file(source: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
        found = json.loads(text, object_pairs_hook=each_once)
    except OSError as error:
        raise outcomes.WrongUsage(f"{source}: {error.strerror}") from None
    except ValueError as error:
        raise outcomes.WrongUsage(f"{source} is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise outcomes.WrongUsage(f"{source} is no JSON object")
    return found


def _values(assigned: tuple[str, ...], removed: tuple[str, ...]) -> dict[str, str | None]:
    values: dict[str, str | None] = dict.fromkeys(removed)
    for word in assigned:
        key, equals, value = word.partition("=")
        if not equals or not key.strip():
            raise outcomes.WrongUsage(f"--set {word!r} is no KEY=VALUE")
        if key.strip() in values:
            raise outcomes.WrongUsage(f"{key.strip()} is given twice")
        values[key.strip()] = value.strip()
    return values


def _task(text: str) -> dict[str, Any]:
    if not text.lstrip().startswith("{"):
        return {"type": text.strip()}
    try:
        found = json.loads(text, object_pairs_hook=each_once)
    except ValueError as error:
        raise outcomes.WrongUsage(f"--task is no JSON: {error}") from None
    return dict(found)


def _size(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdecimal() else text


def _take_windows(
    asked: dict[str, Any], windows: tuple[str, ...], fallback: str | None, without: tuple[str, ...]
) -> None:
    if windows:
        asked["window"] = [rollout_windows.read(text) for text in windows]
    if fallback is None and not without:
        return
    there = asked.get("window")
    if not there:
        raise outcomes.WrongUsage("--fallback and --except are of a window; give --window too")
    for window in there if isinstance(there, list) else [there]:
        if fallback is not None:
            window["fallback"] = fallback
        if without:
            window["except"] = list(without)


def _take_stop(
    asked: dict[str, Any],
    failures: str | None,
    unconfirmed: str | None,
    in_a_row: int | None,
    no_stop: bool,
) -> None:
    if no_stop:
        if failures or unconfirmed or in_a_row is not None:
            raise outcomes.WrongUsage("--no-stop and a stop rule are one too many")
        asked["stop"] = None
    for name, limit in (("failures", failures), ("unconfirmed", unconfirmed)):
        if limit is not None:
            _put(asked, ("stop", name), None if limit == "none" else _size(limit))


def _put(asked: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    """Set a field of the request; what it stands in is made where it is missing."""
    *above, last = place
    for name in above:
        if not isinstance(asked.get(name), dict):
            asked[name] = {}
        asked = asked[name]
    asked[last] = value
