"""What operators say of one phone: its tags, label and attributes; and forgetting it."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from acs.northbound.soap.devices import TOUCH, find
from acs.northbound.soap.operations import Asking, Change, Device, Operation, Rule
from acs.operations import devices, tagging
from acs.operations.actors import Role
from acs.operations.devices import DeviceDetails, NotesRequest

Tag = Annotated[
    str, Meta(min_length=1, max_length=64, description="1 to 64 characters without blanks or commas")
]


class TagDevice(Struct, frozen=True):
    device: Device
    tag: Tag


class UntagDevice(Struct, frozen=True):
    device: Device
    tag: Tag


class ChangeDevice(Struct, frozen=True):
    """What is left out stays; an attribute without a value is removed."""

    device: Device
    label: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    attributes: dict[str, str | None] = {}


class ForgetDevice(Struct, frozen=True):
    device: Device


class ForgottenDevice(Struct, frozen=True):
    """What there was until now."""

    device: DeviceDetails


async def _details(asking: Asking, asked: Any) -> DeviceDetails:
    known = await find(asking, asked.device)
    return await devices.show(asking.services.runner, asking.services.shapes, known, now=asking.now)


async def _tag(asking: Asking, asked: TagDevice) -> DeviceDetails:
    known = await find(asking, asked.device)
    await tagging.tag(asking.services.runner, known.device.id, asked.tag, by=asking.by, now=asking.now)
    return await _details(asking, asked)


async def _untag(asking: Asking, asked: UntagDevice) -> DeviceDetails:
    known = await find(asking, asked.device)
    await tagging.untag(asking.services.runner, known.device.id, asked.tag, by=asking.by, now=asking.now)
    return await _details(asking, asked)


async def _change(asking: Asking, asked: ChangeDevice) -> DeviceDetails:
    known = await find(asking, asked.device)
    wanted = NotesRequest(label=asked.label, attributes=asked.attributes or UNSET)
    await devices.note(asking.services.runner, known, wanted, by=asking.by, now=asking.now)
    return await _details(asking, asked)


async def _forget(asking: Asking, asked: ForgetDevice) -> ForgottenDevice:
    was = await _details(asking, asked)
    await devices.forget(asking.services.runner, was.id)
    return ForgottenDevice(was)


def _device(asked: Any, _: Any) -> str:
    return f"devices/{asked.device}"


OPERATIONS = (
    Operation(
        name="TagDevice",
        summary="Give one phone a tag; nothing happens where it has it",
        request=TagDevice,
        answer=DeviceDetails,
        perform=_tag,
        rule=TOUCH,
        change=Change(operation="devices.tags", on=_device),
    ),
    Operation(
        name="UntagDevice",
        summary="Take a tag from one phone; nothing happens where it does not have it",
        request=UntagDevice,
        answer=DeviceDetails,
        perform=_untag,
        rule=TOUCH,
        change=Change(operation="devices.tags.delete", on=_device),
    ),
    Operation(
        name="ChangeDevice",
        summary="Change label or attributes of one phone; what is left out stays",
        request=ChangeDevice,
        answer=DeviceDetails,
        perform=_change,
        rule=TOUCH,
        change=Change(operation="devices.change", on=_device),
    ),
    Operation(
        name="ForgetDevice",
        summary="Forget one phone with its tasks and timeline; its next Inform makes it anew",
        request=ForgetDevice,
        answer=ForgottenDevice,
        perform=_forget,
        rule=Rule(Role.ENGINEER, for_limited=True),
        change=Change(operation="devices.delete", on=_device),
    ),
)
