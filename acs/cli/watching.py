"""`--watch`: what a command shows, shown again and again, for every command that only looks."""

from __future__ import annotations

import contextlib
import io
import sys
import time
from functools import wraps
from typing import Any

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from acs.cli import outcomes
from acs.cli.connection import Command, Server, server_options
from acs.cli.printing import Printer

#: Seconds between two looks.
EVERY = 2.0


def view_options(command: Command) -> Command:
    """`server_options` for a command that only looks, with --watch and --every."""

    @wraps(command)
    def shown(server: Server, watch: bool, every: float | None, **arguments: Any) -> Any:
        if not watch:
            if every is not None:
                raise outcomes.WrongUsage("--every goes with --watch")
            return command(server, **arguments)
        if server.printer.as_json:
            return _lines(server, command, arguments, every or EVERY)
        with contextlib.suppress(KeyboardInterrupt):
            _pages(server, command, arguments, every or EVERY)
        return None

    for option in (
        click.option(
            "--every",
            type=click.FloatRange(min=0.1),
            metavar="SECONDS",
            help=f"Of --watch: seconds between two looks.  [default: {EVERY:g}]",
        ),
        click.option("--watch", is_flag=True, help="Show it again and again, until Ctrl-C."),
    ):
        shown = option(shown)
    return server_options(shown)


def _lines(server: Server, command: Command, arguments: dict[str, Any], every: float) -> None:
    """One JSON document a line."""
    server.printer.indent = None
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            _look(server, command, arguments)
            sys.stdout.flush()
            time.sleep(every)


def _pages(server: Server, command: Command, arguments: dict[str, Any], every: float) -> None:
    """A page that changes on a terminal; in a pipe one page after the other."""
    out = server.printer.out
    page = _page(server, command, arguments)
    if not out.is_terminal:
        while True:
            click.echo(f"{time.strftime('%H:%M:%S')}\n{page}")
            time.sleep(every)
            page = _again(server, command, arguments, page)
    with Live(console=out, auto_refresh=False, vertical_overflow="ellipsis") as live:
        while True:
            head = f"{time.strftime('%H:%M:%S')}, every {every:g} s; Ctrl-C ends"
            live.update(Text.assemble((head, "dim"), "\n", Text.from_ansi(page)), refresh=True)
            time.sleep(every)
            page = _again(server, command, arguments, page)


def _again(server: Server, command: Command, arguments: dict[str, Any], before: str) -> str:
    """The page now; while the server is away, the last one with the reason below it."""
    try:
        return _page(server, command, arguments)
    except outcomes.Unreachable as error:
        return f"{before.partition(_AWAY)[0]}{_AWAY}{error}"


_AWAY = "\nnot up to date: "


def _page(server: Server, command: Command, arguments: dict[str, Any]) -> str:
    """All that the command prints, with the colours of this terminal."""
    terminal, written = server.printer.out, io.StringIO()
    server.printer.out = server.printer.err = Console(
        file=written,
        force_terminal=terminal.is_terminal,
        color_system=terminal.color_system if terminal.is_terminal else None,  # type: ignore[arg-type]
        width=terminal.width,
        highlight=False,
        soft_wrap=True,
    )
    try:
        with contextlib.redirect_stdout(written):
            _look(server, command, arguments)
    finally:
        plain = Printer(server.printer.as_json)
        server.printer.out, server.printer.err = terminal, plain.err
    return written.getvalue().rstrip("\n")


def _look(server: Server, command: Command, arguments: dict[str, Any]) -> None:
    with contextlib.suppress(click.exceptions.Exit):  # some tell by it whether there is anything
        command(server, **arguments)
