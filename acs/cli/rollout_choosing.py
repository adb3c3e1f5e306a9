"""Which rollout a word on the command line means: its id, the beginning of one, or a name that one has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from acs.cli import completing, outcomes
from acs.cli.connection import Api, segment
from acs.cli.printing import moment

#: The newest rollouts that are looked through.
_LOOKED_AT = 1000

#: Shorter beginnings of an id fit too many.
_SHORTEST = 4

rollout_argument: Callable[..., Any] = click.argument(
    "rollout_name", metavar="ROLLOUT", shell_complete=completing.rollouts
)


def choose(api: Api, name: str) -> str:
    """The id. Raises NotFound, and WrongUsage where several rollouts fit."""
    return str(find(api, name)["id"])


def find(api: Api, name: str) -> dict[str, Any]:
    """The rollout as it is now. Raises as `choose` does."""
    if not name.strip():
        raise outcomes.WrongUsage("which rollout? `acs rollout list` has them")
    try:
        return dict(api.get(path_of(name)))
    except outcomes.NotFound:
        pass
    called: list[dict[str, Any]] = []
    beginning: list[dict[str, Any]] = []
    for page in api.pages("/rollouts", limit=_LOOKED_AT):
        for one in page["items"]:
            if one["name"].casefold() == name.casefold():
                called.append(one)
            if len(name) >= _SHORTEST and one["id"].startswith(name.lower()):
                beginning.append(one)
    found = called or beginning
    if not found:
        raise outcomes.NotFound(f"no rollout is {name!r}; `acs rollout list` has them")
    if len(found) > 1:
        listed = "\n".join(
            f"  {one['id']}  {moment(one['created_at'])}  {one['state']}" for one in found[:10]
        )
        raise outcomes.WrongUsage(f"{len(found)} rollouts fit {name!r}; give an id:\n{listed}")
    return found[0]


def path_of(identifier: str, verb: str = "") -> str:
    """The path below /api/v1."""
    return f"/rollouts/{segment(identifier)}" + (f"/{verb}" if verb else "")
