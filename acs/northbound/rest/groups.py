"""/api/v1/groups: phones that share a layer of configuration, and who is in them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from acs.northbound.rest.configuration import phone_of
from acs.northbound.rest.devices import Limit
from acs.northbound.rest.replies import NO_CONTENT, Reply, created, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import groups
from acs.operations.groups import GroupChange, GroupList, GroupRequest, GroupView, MemberPage
from acs.operations.tokens import Role


class _MembersQuery(Struct, frozen=True, forbid_unknown_fields=True):
    limit: Limit = 50
    cursor: Annotated[str, Meta(description="the `next` of the page before")] = ""


async def _list(call: Call) -> Reply:
    return ok(await groups.list_all(call.services.runner))


async def _create(call: Call) -> Reply:
    view = await groups.create(
        call.services.runner, call.read(GroupRequest), by=call.actor.name, now=call.now
    )
    return created(view, f"/api/v1/groups/{view.name}")


async def _show(call: Call) -> Reply:
    return ok(await groups.show(call.services.runner, call.segment("group")))


async def _change(call: Call) -> Reply:
    asked = call.read(GroupChange)
    return ok(await groups.change(call.services.runner, call.segment("group"), asked))


async def _delete(call: Call) -> Reply:
    await groups.delete(call.services.runner, call.segment("group"))
    return NO_CONTENT


async def _members(call: Call) -> Reply:
    query: _MembersQuery = call.query
    page = await groups.members(
        call.services.runner, call.segment("group"), cursor=query.cursor, limit=query.limit
    )
    return ok(page)


async def _add(call: Call) -> Reply:
    target = await phone_of(call, "member")
    await groups.add(call.services.runner, target, call.segment("group"), by=call.actor.name, now=call.now)
    return NO_CONTENT


async def _remove(call: Call) -> Reply:
    target = await phone_of(call, "member")
    await groups.remove(call.services.runner, target, call.segment("group"), by=call.actor.name, now=call.now)
    return NO_CONTENT


_GROUP = "/api/v1/groups/{group}"
_MEMBER = _GROUP + "/members/{member}"

ROUTES = (
    Route(
        method="GET",
        path="/api/v1/groups",
        limited=True,
        handle=_list,
        summary="All groups, in the order in which their configuration is laid",
        answers={200: GroupList},
    ),
    Route(
        method="POST",
        path="/api/v1/groups",
        handle=_create,
        summary="Make a group",
        role=Role.ENGINEER,
        body=GroupRequest,
        answers={201: GroupView},
        problems=(409,),
    ),
    Route(
        method="GET",
        path=_GROUP,
        limited=True,
        handle=_show,
        summary="One group",
        answers={200: GroupView},
    ),
    Route(
        method="PATCH",
        path=_GROUP,
        handle=_change,
        summary="Change order or description; what is left out stays",
        role=Role.ENGINEER,
        body=GroupChange,
        answers={200: GroupView},
        problems=(409,),
    ),
    Route(
        method="DELETE",
        path=_GROUP,
        handle=_delete,
        summary="Forget the group with its configuration; its phones stay",
        role=Role.ENGINEER,
        answers={204: None},
    ),
    Route(
        method="GET",
        path=_GROUP + "/members",
        limited=True,
        handle=_members,
        summary="The phones in the group, those that are awaited last",
        query=_MembersQuery,
        answers={200: MemberPage},
    ),
    Route(
        method="PUT",
        path=_MEMBER,
        limited=True,
        handle=_add,
        summary="Put a phone into the group",
        role=Role.OPERATOR,
        answers={204: None},
        problems=(409,),
    ),
    Route(
        method="DELETE",
        path=_MEMBER,
        limited=True,
        handle=_remove,
        summary="Take a phone out of the group",
        role=Role.OPERATOR,
        answers={204: None},
        problems=(409,),
    ),
)
