"""Reading many values from a phone of unknown strength: how large a batch is, and what a fault makes of it.

Three rules (quirks 54 and 55). A batch that is too large (9002, 9004, no answer) is halved, and the size that
worked is kept with the model. A batch with an unknown name (9005, which does not say which) is bisected until
the name stands alone; then it is remembered and never asked for again. A larger batch that works afterwards
shows that size was not the trouble, and counts.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from acs.datamodel.paths import is_object, tables_of
from acs.datamodel.tree import ParameterTree
from acs.fleet.device import Device
from acs.fleet.learning import LearningState
from acs.fleet.profile import ModelProfile

#: Names remembered as refused, per model and per device; a phone that refuses more is not worth the memory.
MAX_BAD_NAMES = 2_000
MAX_MISSING = 200

Batch = tuple[str, ...]


def halves(batch: Batch) -> tuple[Batch, Batch]:
    middle = (len(batch) + 1) // 2
    return batch[:middle], batch[middle:]


def leaves(state: LearningState, names: Iterable[str], profile: ModelProfile, device: Device) -> list[str]:
    """The leaves after the cursor that are still to be read, in order."""
    if not state.branches:
        return []
    out = {*profile.bad_names, *device.missing}
    cursor, branches = state.cursor, state.branches
    return sorted(
        name
        for name in names
        if name > cursor and not is_object(name) and name not in out and name.startswith(branches)
    )


def draw(
    state: LearningState, tree: ParameterTree, profile: ModelProfile, device: Device, *, whole: bool
) -> tuple[Batch, LearningState]:
    """The next batch to ask for, and the state without it; an empty batch when all is read."""
    batches = state.batches
    while batches:
        batch, batches = batches[-1], batches[:-1]
        if whole:
            batch = tuple(name for name in batch if name in tree or is_object(name))
        while state.limit and len(batch) > state.limit:
            batch, rest = halves(batch)
            batches = (*batches, rest)
        if batch:
            return batch, structs.replace(state, batches=batches)
    size = min(profile.batch, state.limit or profile.batch)
    batch = tuple(leaves(state, tree, profile, device)[: max(1, size)])
    return batch, structs.replace(state, batches=(), cursor=batch[-1] if batch else state.cursor)


def unread_tables(state: LearningState, batch: Batch) -> Batch:
    """The tables these names stand in whose instances this phone was not asked about, outermost first."""
    found = {table for name in batch for table in tables_of(name)} - {*state.checked, *state.checks}
    return tuple(sorted(found, key=lambda table: (table.count("."), table)))


def worked(profile: ModelProfile, size: int) -> ModelProfile:
    """The profile after a batch of this size was answered."""
    if size <= profile.batch:
        return profile
    too_large = profile.batch_too_large if profile.batch_too_large > size else 0
    return structs.replace(profile, batch=size, batch_too_large=too_large, version=profile.version + 1)


def too_large(profile: ModelProfile, size: int) -> ModelProfile:
    """The profile after a batch of this size was too much."""
    if size > profile.batch or size < 2:
        return profile
    return structs.replace(
        profile, batch=max(1, size // 2), batch_too_large=size, version=profile.version + 1
    )


def with_bad_name(profile: ModelProfile, name: str) -> ModelProfile:
    if name in profile.bad_names or len(profile.bad_names) >= MAX_BAD_NAMES:
        return profile
    return structs.replace(profile, bad_names=(*profile.bad_names, name), version=profile.version + 1)


def with_missing(device: Device, name: str) -> Device:
    if name in device.missing or len(device.missing) >= MAX_MISSING:
        return device
    return structs.replace(device, missing=(*device.missing, name))
