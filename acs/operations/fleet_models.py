"""Which models there are in the fleet, and with which firmware, counted."""

from __future__ import annotations

from acs.fleet.selector.values import version_key
from acs.operations import limits
from acs.operations.ports import Runner
from acs.store import fleet_models as store
from acs.store.fleet_models import ModelCount


async def counts(runner: Runner) -> dict[str, list[ModelCount]]:
    """By model, the one with most phones first; of each the newest firmware first.

    Nothing for an actor who may not see all phones: these counts are of all.
    """
    if limits.is_limited(runner):
        return {}
    by_model: dict[str, list[ModelCount]] = {}
    for one in await runner.drive(store.counts()):
        by_model.setdefault(one.model, []).append(one)
    for found in by_model.values():
        found.sort(key=lambda one: version_key(one.firmware), reverse=True)
    return dict(sorted(by_model.items(), key=lambda item: -sum(one.phones for one in item[1])))
