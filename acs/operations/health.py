"""Whether this server can do its work now, and the few numbers that are known without counting."""

from __future__ import annotations

import os
from pathlib import Path

from acs.operations.errors import Unavailable
from acs.operations.ports import Runner
from acs.store import devices as store
from acs.store.errors import StoreError


async def check_ready(runner: Runner, directory: Path) -> None:
    """Raises Unavailable that says what is missing: Redis, or a data directory that can be written."""
    missing = []
    try:
        await runner.run(store.count())
    except StoreError as error:
        missing.append(f"Redis: {error}")
    if not os.access(directory, os.W_OK):
        missing.append(f"the directory for files ({directory.name}/) cannot be written")
    if missing:
        raise Unavailable(f"Not ready. {'; '.join(missing)}.", retry_after=2)


async def device_count(runner: Runner) -> int:
    """How many devices are known."""
    return await runner.run(store.count())
