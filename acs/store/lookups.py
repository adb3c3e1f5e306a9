"""What a selector asks of phones beyond the index: their records, parameters and configuration."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, Struct

from acs.cwmp.structures import ParameterValue
from acs.datamodel import mapping
from acs.datamodel.path_templates import PhonePaths
from acs.fleet.attributes import attributes_of
from acs.fleet.convergence.standing import certain
from acs.fleet.convergence.wishing import mark_of
from acs.fleet.desired import effective
from acs.fleet.identity import device_key
from acs.fleet.known_keys import KnownKey
from acs.fleet.layers import Layer
from acs.fleet.selector.expressions import Comparison, Drift, Expression, OneOf, leaves
from acs.fleet.selector.facts import Facts, add_record
from acs.store import devices, trees
from acs.store import known_keys as known_keys_store
from acs.store.calls import Steps
from acs.store.configured import own_layer
from acs.store.devices import KnownDevice
from acs.store.layer_cache import LayerCache
from acs.store.shapes import Shapes
from acs.store.together import together
from acs.store.trees import DamagedTree


class Wanted(Struct, frozen=True):
    """What an expression asks beyond the record."""

    parameters: frozenset[str]
    configuration: bool
    #: configuration keys that parameters may tell of
    told: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.parameters) or self.configuration


def wanted(expression: Expression) -> Wanted:
    tested = leaves(expression)
    subjects = [leaf.subject for leaf in tested if isinstance(leaf, (Comparison, OneOf))]
    return Wanted(
        frozenset(subject.name for subject in subjects if subject.field == "parameter"),
        any(subject.field == "key" for subject in subjects)
        or any(isinstance(leaf, Drift) for leaf in tested),
        frozenset(
            subject.name for subject in subjects if subject.field == "key" and mapping.path_of(subject.name)
        ),
    )


def records(many: Sequence[Facts], now: float, up_since: float) -> Steps[list[KnownDevice | None]]:
    """Add what the phones' records say; None for a phone that is not there (any more).

    :param up_since: when servers were there again after none was.
    """
    found: list[KnownDevice | None] = yield devices.get_many(device_key(facts.id) for facts in many)
    for facts, known in zip(many, found, strict=True):
        if known is not None:
            seen = known.seen(now, up_since)
            add_record(facts, known.device, known.notes, last_seen=known.last_inform, state=seen.state)
    return found


def beyond(
    many: Sequence[tuple[Facts, KnownDevice]], asked: Wanted, shapes: Shapes, shared: LayerCache
) -> Steps[None]:
    """Add what else is asked."""
    if asked.parameters:
        known = yield from together([_parameters(device, asked.parameters, shapes) for _, device in many])
        for (facts, _), parameters in zip(many, known, strict=True):
            facts.parameters = parameters
    if asked.configuration:
        yield from _configuration(many, shared)
    if asked.told:
        read = yield from together([_told(facts, device, asked.told, shapes) for facts, device in many])
        for (facts, _), told in zip(many, read, strict=True):
            assert facts.keys is not UNSET, "the configuration was added before"
            facts.keys = {**facts.keys, **told}


def _parameters(known: KnownDevice, names: frozenset[str], shapes: Shapes) -> Steps[dict[str, str]]:
    """The values known of these; what the last Inform said counts where the tree is not newer."""
    device, told = known.device, known.device.inform_parameters
    found = {name: told[name][0] for name in names if name in told}
    try:
        tree = yield from trees.load(device_key(device.id), shapes)
    except DamagedTree:
        return found  # its phone is learnt again
    for name in names:
        parameter = tree.get(name)
        if parameter is None or parameter.value is None:
            continue
        if name not in found or parameter.at > device.last_inform:
            found[name] = parameter.value
    return found


def _told(facts: Facts, known: KnownDevice, names: frozenset[str], shapes: Shapes) -> Steps[dict[str, str]]:
    """What the phone's parameters say of these keys. They count before what was sent or uploaded as a file:
    the phone itself said so."""
    device = known.device
    try:
        tree = yield from trees.load(device_key(device.id), shapes)
    except DamagedTree:
        return {}  # its phone is learnt again
    for name, (value, kind) in device.inform_parameters.items():
        before = tree.get(name)
        if before is None or before.at <= device.last_inform:
            tree.hear_value(ParameterValue(name, value, kind), device.last_inform)
    keys = facts.keys if facts.keys is not UNSET else {}
    phone = PhonePaths(tree)
    told = ((name, mapping.told(name, phone, keys)) for name in names)
    return {name: value for name, value in told if value is not None}


def _configuration(many: Sequence[tuple[Facts, KnownDevice]], shared: LayerCache) -> Steps[None]:
    keys = [device_key(facts.id) for facts, _ in many]
    answers = yield [call for key in keys for call in (own_layer(key), known_keys_store.get(key))]
    for place, (facts, known) in enumerate(many):
        own: Layer | None = answers[2 * place]
        on_phone: dict[str, KnownKey] = answers[2 * place + 1]
        device, notes = known.device, known.notes
        laid = shared.layers_for(device.id, device.product_class, notes.groups, own)
        desired = {
            key: one.value for key, one in effective(laid, attributes_of(device, notes)).effective.items()
        }
        told = {key: one.value for key, one in on_phone.items() if not one.salt}
        facts.keys = {**desired, **told}
        facts.drift = not certain(device.config, mark_of(laid, notes))
