"""The versions of a layer: listed, shown, compared."""

from __future__ import annotations

from acs.fleet.layers import Layer, Version, blanked_changes, diff
from acs.operations.configuration import at_version
from acs.operations.configuration_targets import Target
from acs.operations.configuration_views import (
    DiffView,
    HistoryPage,
    VersionView,
    summary,
    version_view,
)
from acs.operations.errors import Invalid, NotFound
from acs.operations.ports import Runner
from acs.store import layers


async def page(runner: Runner, target: Target, *, limit: int, cursor: str) -> HistoryPage:
    """The newest versions before the one that the cursor is."""
    if cursor and not cursor.isdecimal():
        raise Invalid.field("cursor", "is no version", value=cursor, allowed="the `next` of the page before")
    _, history = await _load(runner, target)
    older = [version for version in history if not cursor or version.number < int(cursor)]
    shown = older[:limit]
    following = str(shown[-1].number) if len(older) > limit else None
    return HistoryPage([summary(version, target.secret) for version in shown], following)


async def version(runner: Runner, target: Target, number: int) -> VersionView:
    """One version with the values that the layer had then. Raises NotFound."""
    layer, history = await _load(runner, target)
    found = next((one for one in history if one.number == number), None)
    if found is None:
        raise NotFound("version", str(number))
    return version_view(found, at_version(layer, history, number), target.secret)


async def compare(runner: Runner, target: Target, *, older: int | None, newer: int | None) -> DiffView:
    """What changed from one version to another; without numbers, by the last write. Raises Invalid."""
    layer, history = await _load(runner, target)
    to = layer.version if newer is None else newer
    since = max(to - 1, 0) if older is None else older
    before = at_version(layer, history, since, field="from")
    after = at_version(layer, history, to, field="to")
    return DiffView(since, to, blanked_changes(diff(before, after), target.secret))


async def _load(runner: Runner, target: Target) -> tuple[Layer, list[Version]]:
    named, history = await runner.run_all([layers.get(target.place), layers.history(target.place)])
    return named.layer, history
