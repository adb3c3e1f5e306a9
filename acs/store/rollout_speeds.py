"""How long phones took in an earlier rollout: what is counted on before anything was seen in a new one."""

from __future__ import annotations

from msgspec import structs

from acs.fleet.rollout.definition import Kind
from acs.fleet.rollout.forecast import ENOUGH, UNSEEN, Speed
from acs.store import rollouts
from acs.store.calls import Steps
from acs.store.rollouts import Counts, Stored

#: The newest rollouts that are asked.
_ASKED = 50


def usual(kind: Kind) -> Steps[tuple[str, Speed]]:
    """Of the newest rollout of this kind that knows, and which that is; "" and nothing where none does.

    How many phones were waited for in vain is no habit, and left out.
    """
    listed = yield from rollouts.ids(limit=_ASKED)
    found: list[Stored | None] = yield [rollouts.get(one) for one in listed]
    same = [one.rollout for one in found if one and one.rollout.definition.kind is kind and one.rollout.ends]
    counted: list[Counts] = yield [rollouts.counts(one.id) for one in same]
    for rollout, counts in zip(same, counted, strict=True):
        if counts.speed.turns >= ENOUGH:
            return rollout.id, structs.replace(counts.speed, never=0)
    return "", UNSEEN
