"""/api/v1/tokens: who may call."""

from __future__ import annotations

from msgspec import Struct

from acs.northbound.rest.replies import NO_CONTENT, Reply, created, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import tokens
from acs.operations.errors import NotFound
from acs.operations.tokens import NewToken, Role, TokenRequest, TokenView


class TokenList(Struct, frozen=True):
    items: list[TokenView]


async def _create(call: Call) -> Reply:
    token = await tokens.create(
        call.services.runner,
        call.read(TokenRequest),
        call.services.catalogue,
        by=call.actor.name,
        now=call.now,
        randomness=call.services.randomness,
    )
    return created(token, f"/api/v1/tokens/{token.id}")


async def _list(call: Call) -> Reply:
    return ok(TokenList(await tokens.list_all(call.services.runner, now=call.now)))


async def _revoke(call: Call) -> Reply:
    await tokens.revoke(call.services.runner, call.segment("token"))
    return NO_CONTENT


async def _was(call: Call) -> TokenView:
    identifier = call.segment("token")
    for one in await tokens.list_all(call.services.runner, now=call.now):
        if one.id == identifier:
            return one
    raise NotFound("token", identifier)


ROUTES = (
    Route(
        method="POST",
        path="/api/v1/tokens",
        handle=_create,
        summary="Make an API token; its text is in this answer and nowhere else",
        role=Role.ADMIN,
        body=TokenRequest,
        answers={201: NewToken},
        shows_secret=True,
    ),
    Route(
        method="GET",
        path="/api/v1/tokens",
        handle=_list,
        summary="All tokens, without their secrets",
        role=Role.ADMIN,
        answers={200: TokenList},
    ),
    Route(
        method="DELETE",
        path="/api/v1/tokens/{token}",
        handle=_revoke,
        was=_was,
        summary="Revoke a token; it stops working at once",
        role=Role.ADMIN,
        answers={204: None},
    ),
)
