"""What the shell offers for a word: names that the server knows, where it answers within a moment.

Where none is reachable, or the caller may not see them, nothing is offered, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from acs.cli.connection import Api, Server
from acs.cli.outcomes import CommandError
from acs.cli.printing import Printer
from acs.fleet.selector.lexing import quoted_text

#: Seconds for the server to take a connection, and to answer; nobody waits longer for a key.
PATIENCE = 1.0

#: Most names that are offered.
MOST = 100

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _names(look: Callable[[Api, str], list[CompletionItem]]) -> Complete:
    def complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        given: dict[str, Any] = ctx.params
        server = Server(
            given.get("url"),
            given.get("token"),
            Path(given.get("data_dir") or "acs-data"),
            given.get("ca"),
            bool(given.get("insecure")),
            Printer(as_json=True),
            given.get("profile"),
        )
        try:
            return look(server.api, incomplete)[:MOST]
        except (CommandError, KeyError, TypeError, ValueError):
            return []
        finally:
            server.close()

    return complete


def _get(api: Api, path: str, **asked: Any) -> list[dict[str, Any]]:
    return list(api.call("GET", path, params=asked, patience=PATIENCE).json()["items"])


def _devices(api: Api, incomplete: str) -> list[CompletionItem]:
    """Ids that begin so; where none does, those of phones that the fragment fits."""
    asked = {"q": quoted_text(incomplete)} if incomplete else {}
    found = _get(api, "/devices", limit=MOST, **asked)
    items = [CompletionItem(one["id"], help=one.get("label") or one.get("ip") or "") for one in found]
    return [one for one in items if one.value.startswith(incomplete)] or items


def _rollouts(api: Api, incomplete: str) -> list[CompletionItem]:
    """Names; ids where the word begins like one."""
    found = _get(api, "/rollouts", limit=MOST)
    called = [CompletionItem(one["name"], help=one["state"]) for one in found]
    ids = [CompletionItem(one["id"], help=one["name"]) for one in found] if incomplete else []
    return [one for one in called + ids if one.value.startswith(incomplete)]


def _named(path: str, detail: str, **asked: Any) -> Callable[[Api, str], list[CompletionItem]]:
    def look(api: Api, incomplete: str) -> list[CompletionItem]:
        found = _get(api, path, **asked)
        items = (CompletionItem(one["name"], help=str(one.get(detail) or "")) for one in found)
        return [one for one in items if one.value.startswith(incomplete)]

    return look


devices = _names(_devices)


def first_device(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Of several words, of which the first only may be a device."""
    return [] if ctx.params.get(str(parameter.name)) else devices(ctx, parameter, incomplete)


rollouts = _names(_rollouts)
groups = _names(_named("/groups", "description"))
files = _names(_named("/files", "version", limit=500))
schedules = _names(_named("/schedules", "kind"))
selectors = _names(_named("/selectors", "select"))
webhooks = _names(_named("/webhooks", "url"))
rules = _names(_named("/rules", "on"))
users = _names(_named("/users", "role"))
