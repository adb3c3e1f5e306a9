"""How many phones there are of each model and firmware, by the sets of the index."""

from __future__ import annotations

from msgspec import Struct

from acs.store import candidates, indexes
from acs.store.calls import Call, Steps


class ModelCount(Struct, frozen=True):
    model: str
    firmware: str
    phones: int


def counts() -> Steps[list[ModelCount]]:
    """Every pair that some phone has, in no order."""
    names: list[list[bytes]]
    names = yield indexes.directory()
    pairs = indexes.read_directory(names[:3]).pairs
    if not pairs:
        return []
    sizes: list[int]
    calls: list[Call[int]] = candidates.sizes(pairs)
    sizes = yield calls
    return [
        ModelCount(pair.model, pair.firmware, size) for pair, size in zip(pairs, sizes, strict=True) if size
    ]
