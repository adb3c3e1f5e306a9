"""Whose configuration is meant: the fleet's, a model's, a group's, a phone's, or that of a phone to come."""

from __future__ import annotations

from msgspec import Struct

from acs.datamodel.keys import Catalogue
from acs.fleet.attributes import attributes_of, awaited_attributes, read_mac
from acs.fleet.layers import IsSecret
from acs.operations import devices, limits
from acs.operations.errors import Invalid, NotFound
from acs.operations.ports import Runner
from acs.store import awaited, groups, layers
from acs.store.awaited import AwaitedPhone
from acs.store.devices import KnownDevice

LONGEST_MODEL = 64


class Target(Struct, frozen=True):
    """A layer with the keys that may stand in it. `known` or `phone` is set where it is one phone's."""

    place: layers.Place
    catalogue: Catalogue
    known: KnownDevice | None = None
    phone: AwaitedPhone | None = None

    @property
    def secret(self) -> IsSecret:
        return self.catalogue.secret

    @property
    def one_phone(self) -> bool:
        return self.known is not None or self.phone is not None

    @property
    def model(self) -> str:
        return self.known.device.product_class if self.known is not None else ""

    @property
    def groups(self) -> tuple[str, ...]:
        if self.known is not None:
            return self.known.notes.groups
        return self.phone.groups if self.phone is not None else ()

    @property
    def attributes(self) -> dict[str, str]:
        """What templates are filled with."""
        if self.known is not None:
            return attributes_of(self.known.device, self.known.notes)
        return awaited_attributes(self.phone.mac, self.phone.attributes) if self.phone is not None else {}

    def gone(self) -> NotFound:
        kind, _, name = self.place.name.partition(":")
        return NotFound("device" if kind == "phone" else kind, name)


def fleet(catalogue: Catalogue) -> Target:
    return Target(layers.of_fleet(), catalogue)


def may_be_model(name: str) -> bool:
    """Whether there can be a layer for it: phones call themselves all kinds of things."""
    return bool(name.strip()) and name.isprintable() and len(name) <= LONGEST_MODEL


def model(catalogue: Catalogue, name: str) -> Target:
    """Any model, whether or not a phone of it has called yet."""
    if not may_be_model(name):
        allowed = f"a product class as phones tell it, {LONGEST_MODEL} characters at most"
        raise Invalid.field("model", "is no model", value=name, allowed=allowed)
    return Target(layers.of_model(name), catalogue.for_phone(name))


async def group(runner: Runner, catalogue: Catalogue, name: str) -> Target:
    """Raises NotFound."""
    if await runner.run(groups.get(name)) is None:
        raise NotFound("group", name)
    return Target(layers.of_group(name), catalogue)


async def phone(runner: Runner, catalogue: Catalogue, *names: str) -> Target:
    """A phone by the first of these ids that is one, or by its MAC address; it may be awaited only.

    Raises NotFound.
    """
    mac = read_mac(names[0])
    if mac:
        device_id, waiting = await runner.run_all([awaited.device_at(mac), awaited.get(mac)])
        if device_id:
            names = (*names, device_id)  # one out of sight is answered with the name that was asked for
        elif waiting is not None and not limits.is_limited(runner):
            return Target(layers.of_awaited(mac), catalogue, phone=waiting)
    known = await devices.find(runner, *names)
    own = catalogue.for_phone(known.device.product_class)
    return Target(layers.of_phone(known.device.id), own, known)
