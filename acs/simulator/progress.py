"""What people see while a swarm runs: a live line on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from acs.simulator.swarm import Swarm

#: seconds between two live lines, and between two plain ones
LIVE_INTERVAL = 0.5
PLAIN_INTERVAL = 10.0


def watcher(*, quiet: bool) -> Callable[[Swarm], Coroutine[Any, Any, None]]:
    """What shows a swarm's progress on stderr."""
    if quiet:
        return _nothing
    console = Console(stderr=True)
    return _live(console) if console.is_terminal else _plain


def line(swarm: Swarm, rate: float) -> str:
    """`rate` is the number of sessions a second at the moment."""
    tally = swarm.tally
    failed = tally.counts["failed sessions"]
    common = tally.failures.most_common(1)
    text = (
        f"{len(swarm.phones)} phones, {len(tally.seen)} seen by the server, "
        f"{tally.counts['sessions']} sessions ({rate:.1f}/s), {failed} failed"
    )
    return f"{text}; mostly: {common[0][0]}" if common else text


async def _nothing(swarm: Swarm) -> None:
    return


async def _plain(swarm: Swarm) -> None:
    before = 0
    while True:
        await asyncio.sleep(PLAIN_INTERVAL)
        sessions = swarm.tally.counts["sessions"]
        print(line(swarm, (sessions - before) / PLAIN_INTERVAL), file=sys.stderr, flush=True)
        before = sessions


def _live(console: Console) -> Callable[[Swarm], Coroutine[Any, Any, None]]:
    async def show(swarm: Swarm) -> None:
        rate, before = 0.0, 0
        with Live(console=console, auto_refresh=False) as live:
            while True:
                sessions = swarm.tally.counts["sessions"]
                rate = 0.7 * rate + 0.3 * (sessions - before) / LIVE_INTERVAL
                before = sessions
                live.update(Text(line(swarm, rate)), refresh=True)
                await asyncio.sleep(LIVE_INTERVAL)

    return show
