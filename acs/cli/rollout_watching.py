"""`acs rollout watch`: how a rollout goes, until it stands still."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import click
from rich.console import Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TaskProgressColumn, TextColumn

from acs.cli import outcomes
from acs.cli.amounts import duration
from acs.cli.connection import Server, server_options
from acs.cli.printing import Printer, moment
from acs.cli.rollout_choosing import choose, path_of, rollout_argument
from acs.cli.rollout_printing import SETTLED, counted, time_left

#: Calls in a row that may go unanswered before the watching is given up.
_MISSES = 30

_ENDS: dict[str, type[outcomes.CommandError] | None] = {
    "completed": None,
    "halted": outcomes.RolloutHalted,
    "aborted": outcomes.RolloutAborted,
}


@click.command()
@rollout_argument
@click.option("--interval", type=duration, default=2, show_default=True, help="Seconds between two looks.")
@click.option("--timeout", type=duration, default=0, help="Give up after so long. [default: never]")
@server_options
def watch(server: Server, rollout_name: str, interval: float, timeout: float) -> None:
    """Live progress of a rollout, wave by wave, until it is over or halts.

    Exit code 0: completed; 7: halted; 8: aborted; 6: --timeout. With --json it prints the rollout as it was
    at the end. One that is paused is watched until somebody says to go on.
    """
    identifier = choose(server.api, rollout_name)
    last: dict[str, Any] = {}
    try:
        with _screen(server.printer) as screen:
            for last in _looks(server, identifier, max(0.2, interval), timeout):
                screen.show(last)
    except KeyboardInterrupt:
        server.printer.note(f"no longer watched; the rollout goes on: acs rollout watch {identifier}")
        sys.exit(130)
    if server.printer.as_json:
        server.printer.json(last)
    text = f"{last['name']}: {last['state']}" + (f": {last['reason']}" if last["reason"] else "")
    end, how_far = _ENDS[last["state"]], counted(last) or "no phones"
    if end is not None:
        raise end(f"{text} ({how_far})")
    if not server.printer.as_json:
        server.printer.result(last, f"{text} ({how_far})")


def _looks(server: Server, identifier: str, interval: float, timeout: float) -> Iterator[dict[str, Any]]:
    """The rollout again and again, for the last time when it stands still. Raises TimedOut."""
    give_up = time.monotonic() + timeout if timeout else None
    misses = 0
    while True:
        try:
            found: dict[str, Any] = server.api.get(path_of(identifier))
            misses = 0
        except outcomes.Unreachable:
            misses += 1
            if misses > _MISSES:
                raise
            time.sleep(interval)
            continue
        if found["state"] == "draft":
            raise outcomes.CommandError(
                f"{found['name']} is a draft; start it: acs rollout start {identifier}"
            )
        yield found
        if found["state"] in _ENDS:
            return
        if give_up is not None and time.monotonic() + interval > give_up:
            raise outcomes.TimedOut(
                f"{found['name']} is still {found['state']} after {timeout:g} s ({counted(found)})"
            )
        time.sleep(interval)


def _screen(printer: Printer) -> _Bars | _Lines:
    return _Bars(printer) if printer.err.is_terminal and not printer.as_json else _Lines(printer)


class _Lines:
    """For a pipe: a line for each thing that is new."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer
        self._last = ""

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is open."""

    def show(self, rollout: dict[str, Any]) -> None:
        line = ": ".join(part for part in (_where(rollout), counted(rollout)) if part)
        if line != self._last:
            self._last = line
            self._printer.note(f"{time.strftime('%H:%M:%S')} {line}")


class _Bars:
    """For a terminal: a bar for the whole and one for each wave, and below how fast it goes."""

    def __init__(self, printer: Printer) -> None:
        self._live = Live(console=printer.err, refresh_per_second=4)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[detail]}"),
            console=printer.err,
        )
        self._whole = self._progress.add_task("all", total=None, detail="")
        self._waves: list[TaskID] = []

    def __enter__(self) -> _Bars:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def show(self, rollout: dict[str, Any]) -> None:
        total = rollout["total"]
        self._progress.update(
            self._whole,
            total=total or None,
            completed=_settled(rollout),
            detail=escape(counted(rollout)),
        )
        for number, wave in enumerate(rollout["waves"]):
            if number == len(self._waves):
                self._waves.append(self._progress.add_task(f"wave {number + 1}", total=1, detail=""))
            self._progress.update(
                self._waves[number],
                total=wave["phones"],
                completed=_settled(wave),
                detail=escape(_of_wave(wave)),
            )
        self._live.update(self._page(rollout), refresh=True)

    def _page(self, rollout: dict[str, Any]) -> RenderableType:
        foot = [_rate(rollout), time_left(rollout, time.time())]
        lines = [f"[bold]{escape(rollout['name'])}[/bold]  {escape(_where(rollout))}"]
        below = "  ".join(part for part in foot if part)
        return Group(*lines, self._progress, *([below] if below else []))


def _settled(counts: dict[str, Any]) -> int:
    return sum(number for name, number in counts["outcomes"].items() if name in SETTLED)


def _of_wave(wave: dict[str, Any]) -> str:
    return "" if set(wave["outcomes"]) <= {"waiting"} else counted(wave)


def _where(rollout: dict[str, Any]) -> str:
    state = str(rollout["state"])
    if state == "scheduled":
        return f"scheduled, starts {moment(rollout['start_at'])}"
    if state == "running" and rollout["waves"]:
        return f"running, wave {rollout['wave']} of {len(rollout['waves'])}"
    if state == "running":
        return "running, its phones are looked for"
    return state + (f" by {rollout['state_by']}" if state == "paused" and rollout["state_by"] else "")


def _rate(rollout: dict[str, Any]) -> str:
    foreseen = rollout["forecast"]
    return f"{foreseen['rate']:.1f} phones a minute" if foreseen else ""
