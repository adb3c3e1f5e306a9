"""`acs audit`: who changed what."""

from __future__ import annotations

import json
from typing import Any

import click

from acs.cli import outcomes
from acs.cli.connection import Server
from acs.cli.printing import moment
from acs.cli.watching import view_options


@click.command()
@click.option("--actor", help="Who did it, a name.")
@click.option("--object", "of", help="Part of what was changed: a device id, groups/site7, config …")
@click.option("--operation", help="Such as tokens.create, or tokens.* for all of them.")
@click.option("--since", help="A time with its zone, such as 2030-01-31T12:00:00Z.")
@click.option("--until", help="A time with its zone.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Entries shown.")
@click.option("--csv", "as_csv", is_flag=True, help="A table for spreadsheets on stdout.")
@view_options
def audit(server: Server, of: str | None, limit: int, as_csv: bool, **asked: str | None) -> None:
    """Who changed what, when and from where; newest first. Secrets never stand in it."""
    query: dict[str, Any] = {name: value for name, value in {**asked, "object": of}.items() if value}
    if as_csv and server.printer.as_json:
        raise outcomes.WrongUsage("--csv and --json do not go together")
    if as_csv:
        _export(server, query, limit)
        return
    items: list[dict[str, Any]] = []
    for page in server.api.pages("/audit", limit=limit, **query):
        items += page["items"]
    if server.printer.as_json:
        server.printer.json({"items": items})
        return
    server.printer.table(
        ("AT", "WHO", "FROM", "WHAT", "ON", "CHANGE"),
        (
            (
                moment(item["at"]),
                item["actor"],
                item["address"],
                item["operation"],
                item["object"],
                _change(item),
            )
            for item in items
        ),
    )


def _change(item: dict[str, Any]) -> str:
    if item["outcome"] != "done":
        return f"REFUSED: {item['outcome']}"
    sides = [json.dumps(side, ensure_ascii=False) for side in (item["old"], item["new"]) if side is not None]
    return " → ".join(sides)


def _export(server: Server, query: dict[str, Any], limit: int) -> None:
    """Page by page, the names of the columns once."""
    cursor, missing, first = "", limit, True
    while missing > 0:
        asked = {**query, "format": "csv", "limit": min(missing, 10_000)}
        if cursor:
            asked["cursor"] = cursor
        answer = server.api.call("GET", "/audit", params=asked)
        header, _, rows = answer.text.partition("\r\n")
        click.echo((header + "\r\n" if first else "") + rows, nl=False)
        cursor, first = answer.headers.get("X-Next-Cursor", ""), False
        if not cursor:
            return
        missing -= asked["limit"]
