"""Which rollouts a caller sees: all, or for one who is limited those that were made under the same limit.

Such a rollout goes to phones within that limit only.
"""

from __future__ import annotations

from msgspec import Struct

from acs.fleet.rollout.rollout import OVER, Rollout
from acs.operations import limits
from acs.operations.errors import NotFound
from acs.operations.ports import Runner
from acs.store import rollouts as store

#: Rollouts looked through at once for those of a limited caller.
_CHUNK = 200


class Found(Struct, frozen=True):
    """Newest first. `next` is the cursor to go on with, None at the end."""

    rollouts: list[Rollout]
    next: str | None
    total: int


async def find(runner: Runner, identifier: str) -> Rollout:
    """Raises NotFound, also for one that is out of the caller's sight."""
    stored = await runner.run(store.get(identifier))
    if stored is None or not limits.made_within(runner, stored.rollout.limit):
        raise NotFound("rollout", identifier)
    return stored.rollout


async def is_seen(runner: Runner, identifier: str) -> bool:
    """Whether `find` would have it."""
    try:
        await find(runner, identifier)
    except NotFound:
        return False
    return True


async def taken_back_by(runner: Runner, source: Rollout) -> Rollout | None:
    """The rollout that takes this one back and is not over yet; it was made after it."""
    after = ""
    while listed := await runner.drive(store.ids(after=after, limit=_CHUNK)):
        found = await _get(runner, listed)
        for one in found:
            if one.rollback_of == source.id and one.state not in OVER:
                return one
        if found and found[-1].created_at < source.created_at:
            return None
        after = listed[-1]
    return None


async def page(runner: Runner, *, cursor: str, limit: int) -> Found:
    if limits.is_limited(runner):
        return await _own(runner, cursor, limit)
    listed = await runner.drive(store.ids(after=cursor, limit=limit))
    found = await _get(runner, listed)
    return Found(found, listed[-1] if len(listed) == limit else None, await runner.run(store.count()))


async def _own(runner: Runner, cursor: str, limit: int) -> Found:
    own: list[Rollout] = []
    after = ""
    while listed := await runner.drive(store.ids(after=after, limit=_CHUNK)):
        own += [one for one in await _get(runner, listed) if limits.made_within(runner, one.limit)]
        after = listed[-1]
    place = next((number for number, one in enumerate(own, 1) if one.id == cursor), 0)
    chosen = own[place : place + limit]
    following = chosen[-1].id if len(own) > place + limit else None
    return Found(chosen, following, len(own))


async def _get(runner: Runner, listed: list[str]) -> list[Rollout]:
    found = await runner.run_all([store.get(one) for one in listed])
    return [one.rollout for one in found if one is not None]
