"""Phones that pass a test which the selector grammar cannot say: as little looked up of each as decides it.

A test gets a `Phone` and answers True, False, or None while what was looked up of it does not decide. The id
comes first, then the record, then the parameters; each in batches, a round trip a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from acs.datamodel.tree import ParameterTree
from acs.fleet.identity import device_key
from acs.fleet.selector.expressions import Everything
from acs.fleet.selector.parsing import Query
from acs.operations import limits, parameters, selectors
from acs.operations.errors import Invalid
from acs.operations.ports import Runner, Sleep
from acs.store import devices, trees
from acs.store.calls import Steps
from acs.store.devices import KnownDevice
from acs.store.selection import Selection
from acs.store.shapes import Shapes
from acs.store.together import together
from acs.store.trees import DamagedTree

#: Records read in one round trip, and parameter trees.
RECORDS = 500
TREES = 50

#: Phones whose parameters may be read for one answer, beside those that are shown: about 10 s of work.
MOST_TREES = 10_000


@dataclass(slots=True)
class Phone:
    """What was looked up of a phone so far."""

    id: str
    known: KnownDevice | None = None
    tree: ParameterTree | None = None


T = TypeVar("T")

Test = Callable[[Phone], bool | None]

EVERYBODY = Query("all", Everything(), {})


async def chosen(runner: Runner, shapes: Shapes, query: Query, *, now: float) -> Selection:
    """The candidates: those whom a selector means, as far as the caller may see them."""
    return await selectors.prepared(runner, shapes, query, now=now, field="query")


async def passing(
    runner: Runner,
    shapes: Shapes,
    ids: Iterable[str],
    test: Test,
    *,
    sleep: Sleep,
    field: str,
) -> list[str]:
    """Those of these phones that pass, in their order; others are served meanwhile.

    Raises Invalid, for this field, where more than `MOST_TREES` have to be decided by their parameters.
    """
    found: list[str] = []
    read = 0
    for part in batched(list(ids), RECORDS):
        batch = [Phone(one) for one in part]
        answers = [test(phone) for phone in batch]
        open_ones = [phone for phone, answer in zip(batch, answers, strict=True) if answer is None]
        await add_records(runner, open_ones)
        there = [phone for phone in open_ones if phone.known is not None]
        decided = {phone.id: test(phone) for phone in there}
        deep = [phone for phone in there if decided[phone.id] is None]
        read += len(deep)
        check_trees(read, field)
        await add_trees(runner, shapes, deep)
        decided.update((phone.id, test(phone)) for phone in deep)
        found += [
            phone.id
            for phone, answer in zip(batch, answers, strict=True)
            if (decided.get(phone.id) if answer is None else answer)
        ]
        await sleep(0)
    return found


def check_trees(read: int, field: str) -> None:
    """Raises Invalid where these are more than `MOST_TREES`."""
    if read > MOST_TREES:
        raise Invalid.field(
            field,
            f"needs the parameters of more than {MOST_TREES} phones",
            allowed="conditions on _id, _tags, _deviceId._ProductClass or "
            "Device.DeviceInfo.SoftwareVersion beside it, which leave fewer",
        )


async def add_records(runner: Runner, phones: Sequence[Phone]) -> None:
    """Look up the records of those that have none yet; one that is gone stays without."""
    wanted = [phone for phone in phones if phone.known is None]
    for batch in batched(wanted, RECORDS):
        records = await runner.run_all(devices.get_many(device_key(phone.id) for phone in batch))
        for phone, known in zip(batch, records, strict=True):
            phone.known = known


async def add_trees(runner: Runner, shapes: Shapes, phones: Sequence[Phone]) -> None:
    """Look up all parameters of those that have a record."""
    wanted = [phone for phone in phones if phone.tree is None and phone.known is not None]
    for batch in batched(wanted, TREES):
        found = await runner.drive(together([_tree(phone.id, shapes) for phone in batch]))
        for phone, stored in zip(batch, found, strict=True):
            assert phone.known is not None
            phone.tree = parameters.with_inform(stored, phone.known.device)


async def visible_ids(runner: Runner, ids: Sequence[str]) -> list[str]:
    """Those of these ids that are phones which the caller may see."""
    if not ids:
        return []
    known = await runner.run(devices.are_known(ids))
    there = [one for one, is_known in zip(ids, known, strict=True) if is_known]
    seen = await limits.visible(runner, there)
    return [one for one in there if one in seen]


def _tree(device_id: str, shapes: Shapes) -> Steps[ParameterTree]:
    try:
        return (yield from trees.load(device_key(device_id), shapes))
    except DamagedTree:
        return ParameterTree()  # its phone is learnt again


def batched(several: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    return (several[start : start + size] for start in range(0, len(several), size))
