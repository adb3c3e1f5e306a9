"""Groups of phones: listed, made, changed, deleted; who is in them."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from acs.northbound.soap.devices import LOOK
from acs.northbound.soap.operations import Asking, Change, Cursor, Device, Limit, Operation, Rule
from acs.operations import groups
from acs.operations.actors import Role
from acs.operations.configuration_targets import phone
from acs.operations.groups import (
    Description,
    GroupChange,
    GroupList,
    GroupRequest,
    GroupView,
    MemberPage,
    Order,
)

Group = Annotated[str, Meta(min_length=1, max_length=64, description="the name of a group")]

_OPERATOR = Rule(Role.OPERATOR)
_ENGINEER = Rule(Role.ENGINEER)


class ListGroups(Struct, frozen=True):
    pass


class GetGroup(Struct, frozen=True):
    group: Group


class CreateGroup(GroupRequest, frozen=True):
    pass


class ChangeGroup(Struct, frozen=True):
    group: Group
    order: Order | UnsetType = UNSET
    description: Description | UnsetType = UNSET


class DeleteGroup(Struct, frozen=True):
    group: Group


class DeletedGroup(Struct, frozen=True):
    """What there was until now."""

    group: GroupView


class ListGroupMembers(Struct, frozen=True):
    group: Group
    limit: Limit = 50
    cursor: Cursor = ""


class AddGroupMember(Struct, frozen=True):
    group: Group
    device: Device


class RemoveGroupMember(Struct, frozen=True):
    group: Group
    device: Device


async def _list(asking: Asking, asked: ListGroups) -> GroupList:
    return await groups.list_all(asking.services.runner)


async def _get(asking: Asking, asked: Any) -> GroupView:
    return await groups.show(asking.services.runner, asked.group)


async def _create(asking: Asking, asked: CreateGroup) -> GroupView:
    return await groups.create(asking.services.runner, asked, by=asking.by, now=asking.now)


async def _change(asking: Asking, asked: ChangeGroup) -> GroupView:
    wanted = GroupChange(order=asked.order, description=asked.description)
    return await groups.change(asking.services.runner, asked.group, wanted)


async def _delete(asking: Asking, asked: DeleteGroup) -> DeletedGroup:
    was = await _get(asking, asked)
    await groups.delete(asking.services.runner, asked.group)
    return DeletedGroup(was)


async def _members(asking: Asking, asked: ListGroupMembers) -> MemberPage:
    runner = asking.services.runner
    return await groups.members(runner, asked.group, cursor=asked.cursor, limit=asked.limit)


async def _add(asking: Asking, asked: AddGroupMember) -> GroupView:
    services = asking.services
    target = await phone(services.runner, services.catalogue, asked.device)
    await groups.add(services.runner, target, asked.group, by=asking.by, now=asking.now)
    return await _get(asking, asked)


async def _remove(asking: Asking, asked: RemoveGroupMember) -> GroupView:
    services = asking.services
    target = await phone(services.runner, services.catalogue, asked.device)
    await groups.remove(services.runner, target, asked.group, by=asking.by, now=asking.now)
    return await _get(asking, asked)


def _member(asked: Any, _: Any) -> str:
    return f"groups/{asked.group}/members/{asked.device}"


OPERATIONS = (
    Operation(
        name="ListGroups",
        summary="All groups, in the order in which their configuration is laid",
        request=ListGroups,
        answer=GroupList,
        perform=_list,
        rule=LOOK,
    ),
    Operation(
        name="GetGroup",
        summary="One group",
        request=GetGroup,
        answer=GroupView,
        perform=_get,
        rule=LOOK,
    ),
    Operation(
        name="CreateGroup",
        summary="Make a group",
        request=CreateGroup,
        answer=GroupView,
        perform=_create,
        rule=_ENGINEER,
        change=Change(operation="groups.create", on=lambda asked, _: f"groups/{asked.name}"),
    ),
    Operation(
        name="ChangeGroup",
        summary="Change order or description of a group; what is left out stays",
        request=ChangeGroup,
        answer=GroupView,
        perform=_change,
        rule=_ENGINEER,
        change=Change(operation="groups.change", on=lambda asked, _: f"groups/{asked.group}", before=_get),
    ),
    Operation(
        name="DeleteGroup",
        summary="Forget a group with its configuration; its phones stay",
        request=DeleteGroup,
        answer=DeletedGroup,
        perform=_delete,
        rule=_ENGINEER,
        change=Change(operation="groups.delete", on=lambda asked, _: f"groups/{asked.group}"),
    ),
    Operation(
        name="ListGroupMembers",
        summary="The phones in a group, those that are awaited last",
        request=ListGroupMembers,
        answer=MemberPage,
        perform=_members,
        rule=LOOK,
    ),
    Operation(
        name="AddGroupMember",
        summary="Put a phone into a group",
        request=AddGroupMember,
        answer=GroupView,
        perform=_add,
        rule=_OPERATOR,
        change=Change(operation="groups.members.put", on=_member),
    ),
    Operation(
        name="RemoveGroupMember",
        summary="Take a phone out of a group",
        request=RemoveGroupMember,
        answer=GroupView,
        perform=_remove,
        rule=_OPERATOR,
        change=Change(operation="groups.members.delete", on=_member),
    ),
)
