"""Configuration as the interfaces show it: secrets blanked, times in UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from acs.fleet.desired import Desired, NamedLayer
from acs.fleet.layers import (
    BLANK,
    Change,
    IsSecret,
    Layer,
    Version,
    blanked,
    blanked_changes,
)
from acs.operations.configuration_values import Unread, Warned
from acs.operations.ports import moment

Reason = Annotated[str, Meta(max_length=500, description="why; kept with the version")]
Now = Annotated[bool, Meta(description="phones may reboot for these keys at once, outside the window too")]


class ConfigRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Values by key; null removes one."""

    values: dict[str, Unread]
    reason: Reason = ""
    now: Now = False


class RevertRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Back to what the layer was at this version; 0 is before its first write."""

    version: Annotated[int, Meta(ge=0)]
    reason: Reason = ""
    now: Now = False


class LayerView(Struct, frozen=True):
    """A layer as it stands. `version` is its ETag as well; 0 was never written."""

    values: dict[str, str]
    version: int
    at: datetime | None
    by: str
    reason: str
    #: keys for which phones may reboot at once
    at_once: list[str]
    #: of a write: what was accepted although something speaks against it
    warnings: list[Warned] | UnsetType = UNSET


class LayerName(Struct, frozen=True):
    name: str
    version: int


class EffectiveView(Struct, frozen=True):
    value: str
    layer: str


class UnresolvedView(Struct, frozen=True):
    key: str
    layer: str
    why: str


class PhoneConfigView(LayerView, frozen=True, kw_only=True):
    """A phone's own layer, with what it ought to be configured to by all of its layers."""

    #: the weakest first
    layers: list[LayerName]
    effective: dict[str, EffectiveView]
    #: keys whose template this phone cannot fill: it does not get them
    unresolved: list[UnresolvedView]


class VersionSummary(Struct, frozen=True):
    """One write: `changes` has what each key was before and after, null for not set."""

    number: int
    at: datetime | None
    by: str
    reason: str
    now: bool
    changes: dict[str, Change]


class VersionView(VersionSummary, frozen=True, kw_only=True):
    values: dict[str, str]


class HistoryPage(Struct, frozen=True):
    """Newest first."""

    items: list[VersionSummary]
    next: str | None


class DiffView(Struct, frozen=True):
    from_version: int = msgspec.field(name="from")
    to: int
    changes: dict[str, Change]


def layer_view(layer: Layer, secret: IsSecret, warnings: list[Warned] | UnsetType = UNSET) -> LayerView:
    return LayerView(
        values=blanked(layer.values, secret),
        version=layer.version,
        at=moment(layer.at),
        by=layer.by,
        reason=layer.reason,
        at_once=list(layer.at_once),
        warnings=warnings,
    )


def phone_view(
    own: Layer,
    layers: list[NamedLayer],
    desired: Desired,
    secret: IsSecret,
    warnings: list[Warned] | UnsetType = UNSET,
) -> PhoneConfigView:
    effective = {
        key: EffectiveView(BLANK if one.value and secret(key) else one.value, one.layer)
        for key, one in desired.effective.items()
    }
    unresolved = [UnresolvedView(one.key, one.layer, one.why) for one in desired.unresolved]
    return PhoneConfigView(
        values=blanked(own.values, secret),
        version=own.version,
        at=moment(own.at),
        by=own.by,
        reason=own.reason,
        at_once=list(own.at_once),
        warnings=warnings,
        layers=[LayerName(one.name, one.layer.version) for one in layers],
        effective=effective,
        unresolved=unresolved,
    )


def summary(version: Version, secret: IsSecret) -> VersionSummary:
    return VersionSummary(
        number=version.number,
        at=moment(version.at),
        by=version.by,
        reason=version.reason,
        now=version.now,
        changes=blanked_changes(version.changes, secret),
    )


def version_view(version: Version, values: dict[str, str], secret: IsSecret) -> VersionView:
    return VersionView(
        number=version.number,
        at=moment(version.at),
        by=version.by,
        reason=version.reason,
        now=version.now,
        changes=blanked_changes(version.changes, secret),
        values=blanked(values, secret),
    )
