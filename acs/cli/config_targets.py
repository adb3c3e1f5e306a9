"""Whose configuration a command means: `--fleet`, `--model M`, `--group G`, or a DEVICE as the first word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from acs.cli import completing, outcomes
from acs.cli.choosing import choose
from acs.cli.connection import Api, segment


@dataclass(frozen=True)
class Scope:
    """What the options say; `one_phone` where none was given."""

    fleet: bool
    model: str | None
    group: str | None

    @property
    def one_phone(self) -> bool:
        return not (self.fleet or self.model or self.group)

    def split(self, words: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        """The device that is meant, "" where an option says whose it is, and the other words."""
        if sum((self.fleet, self.model is not None, self.group is not None)) > 1:
            raise outcomes.WrongUsage("give one of --fleet, --model, --group or a DEVICE")
        if not self.one_phone:
            return "", words
        if not words or "=" in words[0]:
            raise outcomes.WrongUsage("whose configuration? Give a DEVICE, --fleet, --model M or --group G")
        return words[0], words[1:]

    def path(self, api: Api, device: str) -> str:
        """The path of the configuration below /api/v1."""
        if self.fleet:
            return "/config"
        if self.model is not None:
            return f"/models/{segment(self.model)}/config"
        if self.group is not None:
            return f"/groups/{segment(self.group)}/config"
        return f"/devices/{segment(phone(api, device))}/config"


def phone(api: Api, name: str) -> str:
    """The id of the device that this fits; the name itself where it is the MAC address of one to come."""
    try:
        return choose(api, name)
    except outcomes.NotFound:
        try:
            api.get(f"/devices/{segment(name)}/config")
        except outcomes.NotFound:
            pass
        else:
            return name
        raise


def scope_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --fleet, --model and --group; the command gets a `Scope` named `scope`."""

    @wraps(command)
    def with_scope(*arguments: Any, fleet: bool, model: str | None, group: str | None, **others: Any) -> Any:
        return command(*arguments, scope=Scope(fleet, model, group), **others)

    for option in (
        click.option(
            "--group",
            metavar="NAME",
            shell_complete=completing.groups,
            help="The configuration of this group.",
        ),
        click.option("--model", metavar="MODEL", help="The configuration of all phones of this model."),
        click.option("--fleet", is_flag=True, help="The configuration of all phones."),
    ):
        with_scope = option(with_scope)
    return with_scope
