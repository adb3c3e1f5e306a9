"""/api/v1/users: who may log in."""

from __future__ import annotations

from acs.northbound.rest.replies import NO_CONTENT, Reply, created, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import users
from acs.operations.actors import Role
from acs.operations.users import UserChange, UserList, UserRequest, UserView


async def _list(call: Call) -> Reply:
    return ok(await users.list_all(call.services.runner))


async def _create(call: Call) -> Reply:
    services, asked = call.services, call.read(UserRequest)
    made = await users.create(services.runner, asked, services.catalogue, by=call.actor.name, now=call.now)
    return created(made, f"/api/v1/users/{made.name}")


async def _show(call: Call) -> Reply:
    return ok(await users.show(call.services.runner, call.segment("user")))


async def _change(call: Call) -> Reply:
    services, asked = call.services, call.read(UserChange)
    name = call.segment("user")
    return ok(await users.change(services.runner, name, asked, services.catalogue, now=call.now))


async def _delete(call: Call) -> Reply:
    await users.delete(call.services.runner, call.segment("user"))
    return NO_CONTENT


_USER = "/api/v1/users/{user}"

ROUTES = (
    Route(
        method="GET",
        path="/api/v1/users",
        handle=_list,
        summary="All users",
        role=Role.ADMIN,
        answers={200: UserList},
    ),
    Route(
        method="POST",
        path="/api/v1/users",
        handle=_create,
        summary="Make a user",
        role=Role.ADMIN,
        body=UserRequest,
        answers={201: UserView},
        problems=(409,),
    ),
    Route(
        method="GET",
        path=_USER,
        handle=_show,
        summary="One user",
        role=Role.ADMIN,
        answers={200: UserView},
    ),
    Route(
        method="PATCH",
        path=_USER,
        handle=_change,
        summary="Change role, limit, name or password, or lock the user out; what is left out stays",
        role=Role.ADMIN,
        body=UserChange,
        answers={200: UserView},
        problems=(409,),
    ),
    Route(
        method="DELETE",
        path=_USER,
        handle=_delete,
        summary="Remove the user; sessions and tokens of the user end",
        role=Role.ADMIN,
        answers={204: None},
        problems=(409,),
    ),
)
