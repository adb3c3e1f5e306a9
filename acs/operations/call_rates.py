"""How many calls an actor may make: so many in a minute, counted for all server processes together."""

from __future__ import annotations

from acs.operations.actors import Actor, Kind
from acs.operations.errors import TooMany
from acs.operations.ports import Runner
from acs.store import rates

WINDOW = 60


async def count(runner: Runner, actor: Actor, *, most: int) -> None:
    """Count one call. Raises TooMany beyond `most` in a minute; 0 is no limit, nor has this machine one."""
    if not most or actor.kind is Kind.LOCAL:
        return
    counted = await runner.run(rates.count(f"calls {actor.key}", WINDOW))
    if counted.count > most:
        raise TooMany(f"More than {most} calls within a minute.", counted.ends_in)
