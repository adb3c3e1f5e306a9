"""A change of configuration that is only planned: the layer as it would be, and what that does to a phone."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from acs.datamodel.keys import Catalogue
from acs.fleet.convergence import planning
from acs.fleet.convergence.planning import Facts, KeyEffect
from acs.fleet.daily_window import DailyWindow
from acs.fleet.desired import NamedLayer
from acs.fleet.layers import EMPTY, Layer, kept_secrets, merged, phone_layer, written
from acs.operations import configuration_values
from acs.operations.configuration_plan_views import PlanRequest
from acs.operations.configuration_targets import Target
from acs.operations.configuration_values import Warned
from acs.operations.errors import FieldError, Invalid
from acs.operations.parameters import with_inform
from acs.store.configured import ConfiguredPhone
from acs.store.devices import KnownDevice
from acs.store.layer_cache import LayerCache
from acs.store.shapes import Shapes


class Server(Struct, frozen=True):
    """What a plan hangs on beside the store."""

    shapes: Shapes
    catalogue: Catalogue
    window: DailyWindow | None


class SharedLayer:
    """A change to the fleet's, a model's or a group's layer."""

    def __init__(
        self,
        target: Target,
        asked: PlanRequest,
        shared: LayerCache,
        now: float,
        refused: list[FieldError],
        warnings: list[Warned],
    ) -> None:
        self._name = target.place.name
        self._before = shared
        present = shared.layer(self._name)
        wanted = _taken(target.catalogue, asked, present, refused, warnings)
        changed = _changed(present, wanted, asked, now)
        self._after = shared.with_layer(self._name, changed)
        self._keys = [key for key in wanted if key in present.values or key in changed.values]

    def holds_for(self, known: KnownDevice) -> bool:
        kind, _, of = self._name.partition(":")
        if kind == "model":
            return known.device.product_class == of
        return kind != "group" or of in known.notes.groups

    def effects(self, phone: ConfiguredPhone, server: Server, now: float) -> dict[str, KeyEffect]:
        before, after = (_laid(cache, phone, phone.own) for cache in (self._before, self._after))
        return planning.effects(
            self._keys,
            self._name,
            before,
            after,
            _facts(phone),
            catalogue=server.catalogue,
            window=server.window,
            now=now,
        )


class OwnLayers:
    """The same change to the own layer of each phone."""

    def __init__(
        self,
        catalogue: Catalogue,
        asked: PlanRequest,
        shared: LayerCache,
        now: float,
        refused: list[FieldError],
        warnings: list[Warned],
    ) -> None:
        self._catalogue = catalogue
        self._asked = asked
        self._shared = shared
        self._now = now
        self._refused = refused
        self._warnings = warnings

    def holds_for(self, known: KnownDevice) -> bool:
        return True

    def effects(self, phone: ConfiguredPhone, server: Server, now: float) -> dict[str, KeyEffect]:
        device = phone.known.device
        present = phone.own or EMPTY
        catalogue = self._catalogue.for_phone(device.product_class)
        wanted = _taken(catalogue, self._asked, present, self._refused, self._warnings)
        changed = _changed(present, wanted, self._asked, self._now)
        return planning.effects(
            [key for key in wanted if key in present.values or key in changed.values],
            phone_layer(device.id),
            _laid(self._shared, phone, present),
            _laid(self._shared, phone, changed),
            _facts(phone),
            catalogue=server.catalogue,
            window=server.window,
            now=now,
        )


Change = SharedLayer | OwnLayers


def _taken(
    catalogue: Catalogue,
    asked: PlanRequest,
    present: Layer,
    refused: list[FieldError],
    warnings: list[Warned],
) -> dict[str, str | None]:
    """The values that a write would take. What speaks against the others is told once."""
    taken: dict[str, str | None] = {}
    faults: list[FieldError] = []
    for key, given in asked.values.items():
        try:
            values, warned = configuration_values.checked(catalogue, {key: given})
        except Invalid as wrong:
            faults += wrong.errors
            continue
        kept, missing = kept_secrets(present, values, catalogue.secret)
        faults += map(configuration_values.nothing_to_keep, missing)
        warnings += [one for one in warned if one not in warnings]
        taken |= kept
    refused += [fault for fault in faults if fault not in refused]
    return taken


def _changed(present: Layer, wanted: dict[str, str | None], asked: PlanRequest, now: float) -> Layer:
    values = merged(present, wanted, replace=False)
    made = written(present, values, touched=wanted, now=asked.now, at=now, by="", reason="")
    return made[0] if made is not None else present


def _laid(cache: LayerCache, phone: ConfiguredPhone, own: Layer | None) -> Sequence[NamedLayer]:
    device, notes = phone.known.device, phone.known.notes
    return cache.layers_for(device.id, device.product_class, notes.groups, own)


def _facts(phone: ConfiguredPhone) -> Facts:
    device = phone.known.device
    return Facts(device, phone.known.notes, phone.keys, with_inform(phone.tree, device), phone.profile)
