"""What commands print: tables for people, JSON for scripts. Results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TransferSpeedColumn,
)
from rich.table import Table

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:")


class Printer:
    """Writes one command's result in the form that was asked for."""

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json
        #: of JSON; None puts each document on a line
        self.indent: int | None = 2
        self.out = Console(highlight=False, soft_wrap=True)
        #: notes and progress; nothing but errors when a script reads stdout
        self.err = Console(stderr=True, highlight=False, soft_wrap=True, quiet=as_json)

    def json(self, value: Any) -> None:
        click.echo(json.dumps(value, indent=self.indent, ensure_ascii=False))

    def result(self, value: Any, text: str) -> None:
        """`value` for scripts, `text` for people."""
        if self.as_json:
            self.json(value)
        else:
            self.out.print(escape(text))

    def note(self, text: str) -> None:
        """Something for people that is not the result."""
        self.err.print(escape(text))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """A table without lines, so that it can be selected, cut and grepped; nothing is cut in a pipe."""
        cells = [[shown(cell) for cell in row] for row in rows]
        if not self.out.is_terminal:
            self._columns([list(columns), *cells])
            return
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in cells:
            table.add_row(*map(escape, row))
        self.out.print(table)

    def _columns(self, rows: Sequence[Sequence[str]]) -> None:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            click.echo(line.rstrip())

    def facts(self, record: Mapping[str, Any]) -> None:
        """Name and value of a record, one a line; empty ones are left out, times are this machine's."""
        kept = [(name, moment(shown(value))) for name, value in _flat(record)]
        width = max((len(name) for name, _ in kept), default=0)
        for name, value in kept:
            self.out.print(f"[bold]{escape(name.ljust(width))}[/bold]  {escape(value)}")

    @contextmanager
    def waiting(self, text: str) -> Iterator[Any]:
        """A spinner on stderr; the yielded object takes new words by `.update(text)`."""
        with self.err.status(escape(text), spinner="line") as status:
            yield status

    @contextmanager
    def transfer(self, name: str, size: int | None) -> Iterator[Any]:
        """A progress bar on stderr; the yielded function takes the bytes done and, if known, all bytes."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
        )
        with Progress(*columns, console=self.err, disable=not self.err.is_terminal) as progress:
            bar = progress.add_task(escape(name), total=size)

            def so_far(done: int, total: int | None = None) -> None:
                progress.update(bar, completed=done, total=total)

            yield so_far


def shown(value: Any) -> str:
    """A value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(shown, value))
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _flat(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The filled fields, those of a record within the record under both names."""
    for name, value in record.items():
        spoken = prefix + name.replace("_", " ")
        if isinstance(value, dict) and all(isinstance(key, str) and key.isidentifier() for key in value):
            yield from _flat(value, f"{spoken} ")
        elif value not in (None, "", [], {}):
            yield spoken, value


def _read_time(text: str) -> datetime | None:
    """A time of the API; None for what is none."""
    try:
        return datetime.fromisoformat(text) if _TIME.match(text) else None
    except ValueError:
        return None


def moment(at: str | None) -> str:
    """A time of the API in this machine's zone."""
    read = _read_time(at or "")
    return read.astimezone().strftime("%Y-%m-%d %H:%M:%S") if read else at or ""


def ago(at: str | None, now: float) -> str:
    """How long before `now` (since the epoch) that was: `12 s ago`, `5 min ago`, `3 h ago`, `2 d ago`."""
    read = _read_time(at or "")
    if read is None:
        return "never"
    seconds = max(0, int(now - read.timestamp()))
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def plural(count: int, one: str) -> str:
    """`1 key`, `2 keys`."""
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


def byte_size(size: int | None) -> str:
    """`812 B`, `3.4 MB`."""
    if size is None:
        return ""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{size} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{size} B"
