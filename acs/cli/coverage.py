"""`acs keys --coverage MODEL`: which way each key goes to a model's phones, asked of the server."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import wraps
from pathlib import Path
from typing import Any

import click

from acs.cli.connection import CONNECTION_OPTIONS, Server, segment
from acs.cli.printing import Printer, plural

Command = Callable[..., Any]


def coverage_options(command: Command) -> Command:
    """Adds --coverage and the way to the server; without --coverage the command itself runs."""

    @wraps(command)
    def with_coverage(
        coverage: str | None,
        url: str | None,
        token: str | None,
        data_dir: Path,
        ca: str | None,
        insecure: bool,
        **arguments: Any,
    ) -> Any:
        if coverage is None:
            return command(**arguments)
        server = Server(url, token, data_dir, ca, insecure, Printer(arguments["as_json"]))
        try:
            return _show(server, coverage, arguments["pattern"])
        finally:
            server.close()

    option = click.option(
        "--coverage",
        metavar="MODEL",
        help="Which way each key goes to this model's phones, by parameter or by file, and why.",
    )
    for one in reversed((option, *CONNECTION_OPTIONS)):
        with_coverage = one(with_coverage)
    return with_coverage


def _show(server: Server, model: str, words: tuple[str, ...]) -> None:
    found = server.api.get(f"/models/{segment(model)}/coverage")
    items = [item for item in found["items"] if all(_has(item, word.casefold()) for word in words)]
    if server.printer.as_json:
        server.printer.json({**found, "items": items})
        return
    columns = ("KEY", "BY", "SURE", "PARAMETER", "WHY")
    server.printer.table(columns, map(_row, items))
    by = f"{found['device']}, firmware {found['firmware']}" if found["device"] else "the data models alone"
    carried = f"{plural(found['parameter'], 'key')} by parameter, {found['file']} by file"
    server.printer.note(f"{found['model']}: {carried}; as told by {by}")
    if found.get("note"):
        server.printer.note(found["note"])


def _has(item: dict[str, Any], word: str) -> bool:
    """Whether the word stands in the key or one of its names; it may have `*` for any characters."""
    return any(fnmatchcase(name.casefold(), f"*{word}*") for name in (item["key"], *item["names"]))


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    names = item["names"]
    name = names[0] if len(names) == 1 else f"{item['key']} ({len(names)})"
    return name, item["carrier"], item["sure"] or "", item["path"] or "", item["why"]
