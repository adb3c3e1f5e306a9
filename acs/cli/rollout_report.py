"""`acs rollout report`: every phone of a rollout with what shows how it went."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from acs.cli.connection import Server, server_options
from acs.cli.printing import moment
from acs.cli.rollout_choosing import choose, path_of, rollout_argument
from acs.cli.rollout_looking import outcome_option
from acs.cli.rollout_printing import evidence, print_rollout

#: Seconds for the server to write the next piece of a report.
_PATIENCE = 300.0


@click.command()
@rollout_argument
@outcome_option
@click.option(
    "--csv",
    "table",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="A table for spreadsheets into this file; - for stdout.",
)
@server_options
def report(server: Server, rollout_name: str, outcome: str | None, table: Path | None) -> None:
    """The report: the whole, and each phone with versions before and after, bytes, fault and times.

    Without --csv and --json, the phones that did not succeed are listed.
    """
    path = path_of(choose(server.api, rollout_name), "report")
    asked = {"outcome": outcome} if outcome else {}
    if table is not None:
        _save(server, path, asked, table)
        return
    found: dict[str, Any] = server.api.call("GET", path, params=asked, patience=_PATIENCE).json()
    if server.printer.as_json:
        server.printer.json(found)
        return
    print_rollout(server.printer, found["rollout"])
    phones = [one for one in found["devices"] if outcome or one["outcome"] != "succeeded"]
    if not phones:
        return
    server.printer.table(
        ("DEVICE", "WAVE", "OUTCOME", "WHY", "EVIDENCE", "ENDED"),
        (
            (
                one["device"],
                one["wave"] or "",
                one["outcome"],
                one["reason"],
                evidence(one),
                moment(one["ended_at"]),
            )
            for one in phones
        ),
    )


def _save(server: Server, path: str, asked: dict[str, str], table: Path) -> None:
    if str(table) == "-":
        answer = server.api.call("GET", path, params={**asked, "format": "csv"}, patience=_PATIENCE)
        click.echo(answer.content, nl=False)
        return
    query = "&".join(f"{name}={value}" for name, value in {**asked, "format": "csv"}.items())
    with server.printer.transfer(table.name, None) as progress:
        size = server.api.download(f"{path}?{query}", table, progress)
    server.printer.result({"file": str(table), "size": size}, f"{table}: {size} bytes")
