"""Desired configuration: looked at, written, taken back to an earlier version. See docs/configuration.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import UNSET, UnsetType

from acs.fleet.changes import TimelineEntry
from acs.fleet.desired import Desired, NamedLayer, effective, in_order
from acs.fleet.identity import device_key
from acs.fleet.layers import (
    Layer,
    NoSuchVersion,
    Version,
    blanked_changes,
    kept_secrets,
    merged,
    values_at,
    written,
)
from acs.operations import configuration_values
from acs.operations.configuration_targets import Target
from acs.operations.configuration_values import Warned
from acs.operations.configuration_views import (
    ConfigRequest,
    LayerView,
    RevertRequest,
    layer_view,
    phone_view,
)
from acs.operations.errors import Invalid, PreconditionFailed
from acs.operations.ports import Runner
from acs.store import groups, layers, timeline

#: Keys that are named in a line of a timeline.
MAX_NAMED = 10

_Make = Callable[[Layer, Sequence[Version]], tuple[Layer, Version] | None]


class Expected:
    """The versions that a caller's If-Match permits; without any, all are."""

    def __init__(self, versions: frozenset[int] | None = None) -> None:
        self._versions = versions

    def check(self, layer: Layer) -> None:
        """Raises PreconditionFailed."""
        if self._versions is not None and layer.version not in self._versions:
            raise PreconditionFailed(" or ".join(map(str, sorted(self._versions))) or "none", layer.version)


async def show(runner: Runner, target: Target) -> LayerView:
    """The layer as it stands; a phone's with all that its layers make of it."""
    named = await runner.run(layers.get(target.place))
    return await _view(runner, target, named.layer)


async def write(
    runner: Runner,
    target: Target,
    asked: ConfigRequest,
    *,
    replace: bool,
    expected: Expected,
    by: str,
    now: float,
) -> LayerView:
    """Replace the layer's values by these, or merge them in. Every value is checked before any is taken.

    Raises Invalid, PreconditionFailed, NotFound where the group or phone is gone.
    """
    wanted, warnings = configuration_values.checked(target.catalogue, asked.values)

    def make(layer: Layer, _: Sequence[Version]) -> tuple[Layer, Version] | None:
        expected.check(layer)
        kept, missing = kept_secrets(layer, wanted, target.secret)
        if missing:
            raise Invalid([configuration_values.nothing_to_keep(key) for key in missing])
        values = merged(layer, kept, replace=replace)
        return written(layer, values, touched=kept, now=asked.now, at=now, by=by, reason=asked.reason)

    return await _edit(runner, target, make, warnings)


async def revert(
    runner: Runner, target: Target, asked: RevertRequest, *, expected: Expected, by: str, now: float
) -> LayerView:
    """A new version with the values of an earlier one. Raises as `write`."""

    def make(layer: Layer, history: Sequence[Version]) -> tuple[Layer, Version] | None:
        expected.check(layer)
        values = at_version(layer, history, asked.version)
        reason = asked.reason or f"back to version {asked.version}"
        return written(layer, values, touched=(), now=asked.now, at=now, by=by, reason=reason)

    return await _edit(runner, target, make, UNSET, with_history=True)


def at_version(
    layer: Layer, history: Sequence[Version], number: int, *, field: str = "version"
) -> dict[str, str]:
    """The layer's values at this version. Raises Invalid for `field` where that is not known."""
    try:
        return values_at(layer, history, number)
    except NoSuchVersion as none:
        allowed = f"{none.oldest} to {none.newest}"
        raise Invalid.field(field, "is not known", value=number, allowed=allowed) from none


async def desired(runner: Runner, target: Target, own: Layer) -> tuple[list[NamedLayer], Desired]:
    """All layers of a phone, the weakest first, and what they make together."""
    named = tuple(target.groups)
    shared = [layers.of_fleet(), *([layers.of_model(target.model)] if target.model else [])]
    calls = [*map(layers.get, shared), *(layers.get(layers.of_group(name)) for name in named)]
    found: list[NamedLayer]
    existing, *found = await runner.run_all([groups.get_many(named), *calls])
    of_group = dict(zip(named, found[len(shared) :], strict=True))
    every = [
        *found[: len(shared)],
        *(of_group[group.name] for group in in_order(existing)),
        NamedLayer(target.place.name, own),
    ]

    def check(key: str, value: str) -> str:
        return configuration_values.filled_fault(target.catalogue, key, value)

    return every, effective(every, target.attributes, check)


async def _edit(
    runner: Runner,
    target: Target,
    make: _Make,
    warnings: list[Warned] | UnsetType,
    *,
    with_history: bool = False,
) -> LayerView:
    made: Version | None = None

    def changed(layer: Layer, history: Sequence[Version]) -> tuple[Layer, Version] | None:
        nonlocal made
        after = make(layer, history)
        made = after[1] if after is not None else None
        return after

    edited = await runner.drive(layers.edit(target.place, changed, with_history=with_history))
    if edited is None:
        raise target.gone()
    if made is not None and target.known is not None:
        entry = _entry(made, target)
        await runner.run(timeline.push(device_key(target.known.device.id), [entry]))
    return await _view(runner, target, edited.layer, warnings)


async def _view(
    runner: Runner, target: Target, layer: Layer, warnings: list[Warned] | UnsetType = UNSET
) -> LayerView:
    if not target.one_phone:
        return layer_view(layer, target.secret, warnings)
    every, together = await desired(runner, target, layer)
    return phone_view(layer, every, together, target.secret, warnings)


def _entry(version: Version, target: Target) -> TimelineEntry:
    changes = dict(list(blanked_changes(version.changes, target.secret).items())[:MAX_NAMED])
    because = f" because: {version.reason}" if version.reason else ""
    said = ", ".join(_spoken(key, new) for key, (_, new) in changes.items())
    more = len(version.changes) - len(changes)
    rest = f" and {more} more" if more else ""
    text = f"Configuration changed by {version.by}: {said or 'may reboot for it at once'}{rest}{because}"
    data = {"version": version.number, "by": version.by, "reason": version.reason, "changes": changes}
    return TimelineEntry(version.at, "config", text, data)


def _spoken(key: str, value: str | None) -> str:
    return f"{key} no longer set" if value is None else f"{key} = {value[:60]}"
