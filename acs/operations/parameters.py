"""The parameters known of a device, without asking it."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from acs.cwmp.structures import ParameterValue
from acs.datamodel.tree import ParameterTree
from acs.fleet.device import Device
from acs.fleet.identity import device_key
from acs.operations.ports import Runner, moment
from acs.store import trees
from acs.store.devices import KnownDevice
from acs.store.shapes import Shapes


class ParameterView(Struct, frozen=True):
    """`value` is None for an object or what was never read, `at` is when it was heard last.

    `writable` is None while nobody has said.
    """

    value: str | None
    type: str
    writable: bool | None
    at: datetime | None


async def known(
    runner: Runner, shapes: Shapes, device: KnownDevice, *, prefix: str
) -> dict[str, ParameterView]:
    """The parameters and objects whose names begin with `prefix`, in the order they were learnt."""
    tree = await load(runner, shapes, device.device)
    found = {}
    for name in tree.below(prefix):
        parameter = tree[name]
        found[name] = ParameterView(parameter.value, parameter.type, parameter.writable, moment(parameter.at))
    return found


async def load(runner: Runner, shapes: Shapes, device: Device) -> ParameterTree:
    """All that is known of the device's parameters: the stored tree, overlaid with the last Inform."""
    return with_inform(await runner.drive(trees.load(device_key(device.id), shapes)), device)


def with_inform(stored: ParameterTree, device: Device) -> ParameterTree:
    """The stored tree, with what the last Inform said where nothing newer is known."""
    tree = stored.copy()
    for name, (value, kind) in device.inform_parameters.items():
        parameter = tree.get(name)
        if parameter is None or parameter.at <= device.last_inform:
            tree.hear_value(ParameterValue(name, value, kind), device.last_inform)
    return tree
