"""A rollout that somebody is filling in page by page, kept here so that nothing typed is lost on the way.

Only who began a sketch sees it. It may hold secrets, and what cannot be yet; nothing acts on it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from acs.operations.actors import Actor
from acs.operations.errors import NotFound
from acs.operations.ports import Runner
from acs.store import sketches as store
from acs.store.sketches import Sketch

#: Seconds for which one is kept after its last change.
LIFE = 86_400

Fields = tuple[tuple[str, str], ...]

_ID = re.compile(r"[0-9a-f]{16}")


async def begin(
    runner: Runner, fields: Iterable[tuple[str, str]], actor: Actor, *, randomness: Callable[[int], bytes]
) -> str:
    """Its id."""
    identifier = randomness(8).hex()
    await put(runner, identifier, fields, actor)
    return identifier


async def get(runner: Runner, identifier: str, actor: Actor) -> Fields:
    """What stands in its fields. Raises NotFound for another's, too."""
    found = await runner.run(store.get(identifier)) if _ID.fullmatch(identifier) else None
    if found is None or found.by != actor.key:
        raise NotFound("rollout being made", identifier)
    return found.fields


async def put(runner: Runner, identifier: str, fields: Iterable[tuple[str, str]], actor: Actor) -> None:
    await runner.run(store.put(identifier, Sketch(actor.key, tuple(fields)), life=LIFE))


async def drop(runner: Runner, identifier: str) -> None:
    await runner.run(store.delete(identifier))
