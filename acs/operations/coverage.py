"""Which way each documented key goes to the phones of a model, and why.

One phone of the model answers for all: the one that was heard last among those whose parameters are known.
Without one, only the data models can be asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from acs.datamodel import mapping
from acs.datamodel.carriers import Carrier, CarrierKind, carrier_of
from acs.datamodel.keys import Catalogue, Key
from acs.datamodel.path_templates import PhonePaths
from acs.fleet.profile import ModelProfile
from acs.operations import parameters
from acs.operations.errors import NotFound
from acs.operations.ports import Runner
from acs.store import devices as store
from acs.store import profiles
from acs.store.devices import KnownDevice
from acs.store.shapes import Shapes

#: Phones of the model that are looked at, and searches through the fleet for them.
_PHONES = 20
_SEARCHES = 5

_UNASKED = "its data model has the parameter; no phone of this model was heard yet"


class KeyCoverage(Struct, frozen=True, kw_only=True):
    """One key, or those of its numbers that go the same way for the same reason."""

    key: str
    #: with their numbers
    names: list[str]
    carrier: CarrierKind
    #: the parameter, for the first of the names; None for a file
    path: str | None
    #: "" for the standard's parameters, else the vendor's object whose leaves are set by themselves
    group: str
    #: how sure the mapping is (A, B, C); None where there is none
    sure: str | None
    why: str
    reboot: bool


class Coverage(Struct, frozen=True, kw_only=True):
    model: str
    #: the phone that answered, and its firmware; None where none was heard
    device: str | None
    firmware: str | None
    #: what to know before the figures are believed, "" for nothing
    note: str
    #: keys (not their numbers) by carrier; one whose numbers go both ways counts as parameter
    parameter: int
    file: int
    items: list[KeyCoverage]


async def show(
    runner: Runner, shapes: Shapes, catalogue: Catalogue, model: str, firmware: str = ""
) -> Coverage:
    """The coverage of a model, by its product class in any case; with `firmware`, by a phone that has it.

    A model that no key names is measured by the keys of all models, as its phones are configured. Raises
    NotFound where neither a key nor a phone is known of the model.
    """
    keys = catalogue.for_phone(model)
    phones = await _phones(runner, model, firmware)
    if not len(catalogue.for_model(model)) and not phones:
        raise NotFound("model", model)
    note = ""
    if not any(one.casefold() == model.casefold() for one in catalogue.models):
        models = ", ".join(catalogue.models)
        note = f"no key is known to be {model}'s own: these are the keys of other models ({models})"
    for known in sorted(phones, key=lambda one: -one.device.last_inform):
        tree = await parameters.load(runner, shapes, known.device)
        if any(not name.endswith(".") for name in tree.below(f"{known.device.root}Services.")):
            profile = await runner.run(profiles.load(known.device.model_key))
            items = list(_by_phone(keys, PhonePaths(tree), profile))
            return _coverage(model, known, items, note)
    return _coverage(model, None, list(_by_data_model(keys)), note)


async def _phones(runner: Runner, model: str, firmware: str) -> list[KnownDevice]:
    found: list[KnownDevice] = []
    cursor: str | None = ""
    for _ in range(_SEARCHES):
        if cursor is None or len(found) >= _PHONES:
            break
        page = await runner.drive(store.search(model, cursor=cursor, limit=_PHONES))
        found += [
            known
            for known in page.devices
            if known.device.product_class.casefold() == model.casefold()
            and firmware in ("", known.device.software_version)
        ]
        cursor = page.next
    return found


def _by_phone(keys: Catalogue, phone: PhonePaths, profile: ModelProfile | None) -> Iterator[KeyCoverage]:
    refused = frozenset(profile.refused_paths if profile else ())
    for key in keys:
        ways: dict[tuple[CarrierKind, str], list[tuple[str, Carrier]]] = {}
        for use in key.uses():
            carrier = carrier_of(use.name, phone, refused)
            ways.setdefault((carrier.kind, carrier.why), []).append((use.name, carrier))
        for (kind, why), uses in ways.items():
            first = uses[0][1]
            names = [name for name, _ in uses]
            yield _item(key, names, kind, first.path or None, first.group, why)


def _by_data_model(keys: Catalogue) -> Iterator[KeyCoverage]:
    for key in keys:
        names = [use.name for use in key.uses()]
        carried = [name for name in names if mapping.path_of(name)]
        others = [name for name in names if not mapping.path_of(name)]
        if carried:
            yield _item(key, carried, CarrierKind.PARAMETER, mapping.path_of(carried[0]), "", _UNASKED)
        if others:
            yield _item(key, others, CarrierKind.FILE, None, "", "no parameter is known for this key")


def _item(
    key: Key, names: list[str], kind: CarrierKind, path: str | None, group: str, why: str
) -> KeyCoverage:
    return KeyCoverage(
        key=key.name,
        names=names,
        carrier=kind,
        path=path,
        group=group,
        sure=mapping.sureness_of(names[0]),
        why=why,
        reboot=key.reboot,
    )


def _coverage(model: str, known: KnownDevice | None, items: list[KeyCoverage], note: str) -> Coverage:
    carried = {item.key for item in items if item.carrier is CarrierKind.PARAMETER}
    return Coverage(
        model=known.device.product_class if known else model,
        device=known.device.id if known else None,
        firmware=known.device.software_version if known else None,
        note=note,
        parameter=len(carried),
        file=len({item.key for item in items} - carried),
        items=items,
    )
