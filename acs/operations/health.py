"""Whether this server can do its work now, and what it lacks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from acs.operations import metrics
from acs.operations.errors import Unavailable
from acs.operations.ports import Runner
from acs.store import metrics as store
from acs.store.errors import StoreError

#: Bytes that have to be free: below it the next file, or Redis' own log, may not fit.
LEAST_FREE = 128 << 20


class Ready(Struct, frozen=True):
    """`missing` has sentences on what is not there though phones are served without it."""

    status: str
    version: str
    missing: list[str]


async def check_ready(
    runner: Runner, directory: Path, version: str, *, now: float, closed: Sequence[str] = ()
) -> Ready:
    """Raises Unavailable that says what is missing for phones to be served: Redis, a data directory that can
    be written and has room, a port. Without workers they are served: to send them away would help nobody.

    :param closed: the ports that this process should serve and does not.
    """
    lacking, missing = [f"the {name} port is closed" for name in closed], []
    try:
        processes = await metrics.alive(runner, await runner.run(store.reports()), now)
        if not any(one.kind == "worker" for one in processes):
            missing.append("no background worker is at work: rollouts, presence and upkeep stand still")
    except StoreError as error:
        lacking.append(f"Redis: {error}")
    if not os.access(directory, os.W_OK):
        lacking.append(f"the directory for files ({directory.name}/) cannot be written")
    elif metrics.disk(directory).free < LEAST_FREE:
        lacking.append(f"the disk is full: less than {LEAST_FREE >> 20} MB are free for files")
    if lacking:
        raise Unavailable(f"Not ready. {'; '.join(lacking + missing)}.", retry_after=2)
    return Ready("ready", version, missing)
