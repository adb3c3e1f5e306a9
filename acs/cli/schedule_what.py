"""What a schedule does, as options: the essentials of a rollout."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from acs.cli import outcomes
from acs.cli.device_tasks import assignments
from acs.cli.selecting import checked

Command = TypeVar("Command", bound=Callable[..., Any])

KINDS = ("backup", "reboot", "config", "firmware", "task")

_WINDOW = re.compile(
    r"(?:(?P<days>[a-z,]+)\s+)?(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d)(?:\s+(?P<zone>\S+))?", re.IGNORECASE
)
_WHOLE_OR_SHARE = re.compile(r"\d+")

_OPTIONS = (
    click.option("--kind", type=click.Choice(KINDS), default="backup", show_default=True),
    click.option("--select", metavar="SELECTOR", help="Whose phones, as docs/selectors.md has it."),
    click.option("--group", metavar="GROUP", help="The phones of a group."),
    click.option("--file", metavar="NAME", help="firmware: a stored file."),
    click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="config: a key; may be repeated."),
    click.option("--task", metavar="JSON", help='task: such as \'{"type": "get_rpc_methods"}\'.'),
    click.option("--wave", "waves", multiple=True, help="Size of a wave: 50, 10% or rest; may be repeated."),
    click.option("--at-once", type=click.IntRange(min=1), help="Phones at a time."),
    click.option("--per-site", type=click.IntRange(min=0), help="Phones at a time at one site."),
    click.option(
        "--window",
        metavar="'DAYS FROM-TO ZONE'",
        help="Hours in which a phone may be touched: 'mon,tue 01:00-05:00 phone'.",
    ),
    click.option("--stop", metavar="FAILURES", help="Failures allowed, 5 or 2%; none for any."),
    click.option("--more", metavar="JSON", help="Other fields of a rollout, as docs/rollouts.md has them."),
)


def what_options(command: Command) -> Command:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def what(
    *,
    kind: str,
    select: str | None,
    group: str | None,
    file: str | None,
    sets: tuple[str, ...],
    task: str | None,
    waves: tuple[str, ...],
    at_once: int | None,
    per_site: int | None,
    window: str | None,
    stop: str | None,
    more: str | None,
) -> dict[str, Any]:
    """The options as REST takes them. A backup harms no phone, so that failures do not stop it by default."""
    if bool(select) == bool(group):
        raise outcomes.WrongUsage("--select or --group says whose phones; `--select all` means all")
    body: dict[str, Any] = {"kind": kind, "select": checked(select or f'group = "{group}"')}
    if file:
        body["file"] = file
    if sets:
        body["values"] = assignments(sets)
    if task:
        body["task"] = _read(task, "--task")
    if waves:
        body["waves"] = [_number(one) for one in waves]
    pace = {"at_once": at_once, "per_site": per_site}
    if any(value is not None for value in pace.values()):
        body["pace"] = {name: value for name, value in pace.items() if value is not None}
    if window:
        body["window"] = _window(window)
    if stop == "none" or (stop is None and kind == "backup"):
        body["stop"] = None
    elif stop is not None:
        body["stop"] = {"failures": _number(stop)}
    return body | (_read(more, "--more") if more else {})


def _read(text: str, option: str) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except json.JSONDecodeError as error:
        raise outcomes.WrongUsage(f"{option} is no JSON: {error}") from None
    if not isinstance(read, dict):
        raise outcomes.WrongUsage(f"{option} has to be a JSON object")
    return read


def _number(text: str) -> int | str:
    return int(text) if _WHOLE_OR_SHARE.fullmatch(text) else text


def _window(text: str) -> dict[str, Any]:
    found = _WINDOW.fullmatch(text.strip())
    if found is None:
        raise outcomes.WrongUsage(f"--window {text!r}: such as 'mon,tue 01:00-05:00 Europe/Berlin'")
    window: dict[str, Any] = {"from": found["start"], "to": found["end"]}
    if found["days"]:
        window["days"] = found["days"].lower().split(",")
    if found["zone"]:
        window["zone"] = found["zone"]
    return window
