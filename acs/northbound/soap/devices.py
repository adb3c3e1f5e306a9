"""Devices: the fleet by selector, one phone, its known parameters, what happened to it, waking it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from acs.fleet.selector.lexing import LONGEST
from acs.northbound import waking
from acs.northbound.rest.tasks import PATIENCE
from acs.northbound.soap.operations import Asking, Change, Cursor, Device, Limit, Operation, Rule
from acs.operations import devices, parameters, selectors, timeline
from acs.operations.actors import Role
from acs.operations.configuration_drift import called
from acs.operations.configuration_targets import phone
from acs.operations.devices import DeviceDetails, DevicePage
from acs.operations.parameters import ParameterView
from acs.operations.timeline import TimelinePage
from acs.operations.wake import WakeView
from acs.store.devices import KnownDevice

Prefix = Annotated[str, Meta(max_length=256, description="what the names begin with")]
Before = Annotated[str, Meta(description="a time, or the `next` of the answer before")]

#: For everybody, within the phones that they may see.
LOOK = Rule(Role.VIEWER, for_limited=True)
TOUCH = Rule(Role.OPERATOR, for_limited=True)


class ListDevices(Struct, frozen=True):
    select: Annotated[str, Meta(max_length=LONGEST, description="a selector, or words to search for")] = ""
    limit: Limit = 50
    cursor: Cursor = ""


class GetDevice(Struct, frozen=True):
    device: Device


class GetParameters(Struct, frozen=True):
    device: Device
    prefix: Prefix = ""


class Parameters(Struct, frozen=True):
    parameters: dict[str, ParameterView]


class GetTimeline(Struct, frozen=True):
    device: Device
    limit: Limit = 50
    before: Before = ""


class WakeDevice(Struct, frozen=True):
    device: Device


async def find(asking: Asking, device: str) -> KnownDevice:
    """The phone by its id or MAC address. Raises NotFound."""
    return called(await phone(asking.services.runner, asking.services.catalogue, device))


async def send_wake(asking: Asking, device_id: str, patience: float) -> WakeView:
    """A connection request, and its outcome as far as it is known by then."""
    return await waking.send_wake(asking.services, device_id, patience=patience, by=asking.by, now=asking.now)


async def _list(asking: Asking, asked: ListDevices) -> DevicePage:
    services, query = asking.services, None
    if asked.select.strip():
        query = selectors.read(asked.select, services.catalogue, field="select")
    return await devices.page(
        services.runner,
        services.shapes,
        query=query,
        cursor=asked.cursor,
        limit=asked.limit,
        now=asking.now,
    )


async def _get(asking: Asking, asked: GetDevice) -> DeviceDetails:
    known = await find(asking, asked.device)
    return await devices.show(asking.services.runner, asking.services.shapes, known, now=asking.now)


async def _parameters(asking: Asking, asked: GetParameters) -> Parameters:
    known = await find(asking, asked.device)
    services = asking.services
    return Parameters(await parameters.known(services.runner, services.shapes, known, prefix=asked.prefix))


async def _timeline(asking: Asking, asked: GetTimeline) -> TimelinePage:
    known = await find(asking, asked.device)
    return await timeline.page(asking.services.runner, known, limit=asked.limit, before=asked.before)


async def _wake(asking: Asking, asked: WakeDevice) -> WakeView:
    return await send_wake(asking, (await find(asking, asked.device)).device.id, PATIENCE)


OPERATIONS = (
    Operation(
        name="ListDevices",
        summary="The phones that a selector means, or all, a page at a time",
        request=ListDevices,
        answer=DevicePage,
        perform=_list,
        rule=LOOK,
    ),
    Operation(
        name="GetDevice",
        summary="Everything known of one phone but its parameters",
        request=GetDevice,
        answer=DeviceDetails,
        perform=_get,
        rule=LOOK,
    ),
    Operation(
        name="GetParameters",
        summary="The known parameters of one phone, without asking it",
        request=GetParameters,
        answer=Parameters,
        perform=_parameters,
        rule=LOOK,
    ),
    Operation(
        name="GetTimeline",
        summary="What happened to one phone, newest first",
        request=GetTimeline,
        answer=TimelinePage,
        perform=_timeline,
        rule=LOOK,
    ),
    Operation(
        name="WakeDevice",
        summary="Send a connection request, so that the phone starts a session now",
        request=WakeDevice,
        answer=WakeView,
        perform=_wake,
        rule=TOUCH,
        change=Change(operation="devices.wake", on=lambda asked, _: f"devices/{asked.device}/wake"),
        waits=True,
    ),
)
