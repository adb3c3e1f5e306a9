"""/api/v1/session, /setup and /account: logging in and out, the first user, one's own password and tokens.

Browsers go to /oidc/login and come back to /oidc/back where an OpenID provider is set.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from msgspec import Meta, Struct

from acs.northbound import browser_session
from acs.northbound.rest.replies import NO_CONTENT, Reply, created, ok
from acs.northbound.rest.routing import AnyQuery, Call, Route
from acs.operations import tokens, users
from acs.operations.actors import Actor, Kind
from acs.operations.errors import Conflict, OperationError, Unavailable
from acs.operations.tokens import NewToken, OwnTokenRequest
from acs.operations.users import FirstUser, UserView


class PasswordLogin(Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(max_length=200)]
    password: Annotated[str, Meta(max_length=1000)]


class SessionView(Struct, frozen=True):
    """Who calls. `csrf`, of a browser session, is what its changes carry in X-CSRF-Token."""

    name: str
    kind: str
    role: str
    select: str
    csrf: str


class SetupView(Struct, frozen=True):
    """Whether the first user can be made by this link."""

    holds: bool


class PasswordRequest(Struct, frozen=True, forbid_unknown_fields=True):
    old: Annotated[str, Meta(max_length=1000)]
    new: users.Password


class _LinkQuery(Struct, frozen=True, forbid_unknown_fields=True):
    link: Annotated[str, Meta(max_length=200, description="what the link has behind `token=`")] = ""


class _NextQuery(Struct, frozen=True, forbid_unknown_fields=True):
    next: Annotated[str, Meta(max_length=2000, description="the path to go on to")] = "/"


async def _log_in(call: Call) -> Reply:
    asked = call.read(PasswordLogin)
    opened, header = await browser_session.log_in(call.services, call.request, asked.name, asked.password)
    return Reply(201, _view(opened.actor, opened.csrf), (("Location", "/api/v1/session"), header))


async def _show(call: Call) -> Reply:
    csrf = ""
    if call.actor.kind is Kind.USER:
        seat = await browser_session.seat_of(call.services, call.request)
        csrf = seat.csrf if seat is not None else ""
    return ok(_view(call.actor, csrf))


async def _log_out(call: Call) -> Reply:
    seat = await browser_session.seat_of(call.services, call.request)
    if call.actor.kind is not Kind.USER or seat is None:
        raise Conflict("This is a token; DELETE /api/v1/account/token makes one void that a user has made.")
    return Reply(204, headers=(await browser_session.log_out(call.services, call.request, seat),))


async def _setup_holds(call: Call) -> Reply:
    return ok(SetupView(await users.link_holds(call.services.runner, call.query.link, now=call.now)))


async def _set_up(call: Call) -> Reply:
    made, _, header = await browser_session.set_up(call.services, call.request, call.read(FirstUser))
    return Reply(201, made, (("Location", f"/api/v1/users/{quote(made.name)}"), header))


async def _change_password(call: Call) -> Reply:
    services, asked = call.services, call.read(PasswordRequest)
    name = _user_of(call.actor)
    await users.change_own_password(
        services.runner, name, asked.old, asked.new, address=call.address, now=call.now
    )
    return NO_CONTENT


async def _create_token(call: Call) -> Reply:
    services, asked = call.services, call.read(OwnTokenRequest)
    made = await tokens.create_own(
        services.runner, asked, call.actor, now=call.now, randomness=services.randomness
    )
    return created(made, f"/api/v1/tokens/{made.id}")


async def _revoke_token(call: Call) -> Reply:
    if call.actor.kind is not Kind.TOKEN:
        raise Conflict("This call was not made with a token that can be made void.")
    await tokens.revoke(call.services.runner, call.actor.id)
    return NO_CONTENT


async def _to_provider(call: Call) -> Reply:
    try:
        url, cookie = await browser_session.begin_at_provider(call.services, call.request, call.query.next)
    except Unavailable as error:
        return _back_to_the_door(call, error)
    return Reply(303, headers=(("Location", url), cookie))


async def _from_provider(call: Call) -> Reply:
    """Whatever goes wrong is told on the page where one logs in."""
    code = "" if call.said("error") else call.said("code")
    try:
        path, cookies = await browser_session.finish_at_provider(
            call.services, call.request, state=call.said("state"), code=code
        )
    except OperationError as error:
        return _back_to_the_door(call, error)
    return Reply(303, headers=(("Location", path), *cookies))


def _back_to_the_door(call: Call, error: OperationError) -> Reply:
    problem = browser_session.problem_cookie(call.services, call.request, str(error))
    return Reply(303, headers=(("Location", "/login"), problem))


def _view(actor: Actor, csrf: str) -> SessionView:
    return SessionView(actor.name, actor.kind, actor.role, actor.select, csrf)


def _user_of(actor: Actor) -> str:
    if not actor.user:
        raise Conflict("This token belongs to no user, and so to nobody with a password.")
    return actor.user


_SESSION = "/api/v1/session"

ROUTES = (
    Route(
        method="POST",
        path=_SESSION,
        handle=_log_in,
        summary="Log in with a password; the answer sets the session's cookie",
        role=None,
        body=PasswordLogin,
        answers={201: SessionView},
        problems=(401, 403, 429, 503),
    ),
    Route(
        method="GET",
        path=_SESSION,
        handle=_show,
        summary="Who calls, by session or token",
        limited=True,
        answers={200: SessionView},
    ),
    Route(
        method="DELETE",
        path=_SESSION,
        handle=_log_out,
        summary="Log out; written to the audit by itself",
        limited=True,
        changes=False,
        answers={204: None},
        problems=(409,),
    ),
    Route(
        method="GET",
        path="/api/v1/setup",
        handle=_setup_holds,
        summary="Whether a set-up link holds",
        role=None,
        query=_LinkQuery,
        answers={200: SetupView},
        problems=(503,),
    ),
    Route(
        method="POST",
        path="/api/v1/setup",
        handle=_set_up,
        summary="Make the first user, an admin, by the set-up link that `acs up` prints, and log in",
        role=None,
        body=FirstUser,
        answers={201: UserView},
        problems=(403, 409, 429, 503),
    ),
    Route(
        method="POST",
        path="/api/v1/account/password",
        handle=_change_password,
        summary="Change one's own password; sessions from before end",
        limited=True,
        changes=True,
        body=PasswordRequest,
        told=lambda _: {"changed": "password"},
        answers={204: None},
        problems=(404, 409, 429),
    ),
    Route(
        method="POST",
        path="/api/v1/account/tokens",
        handle=_create_token,
        summary="Make a token for oneself, which may what one may; its text is in this answer only",
        limited=True,
        changes=True,
        shows_secret=True,
        body=OwnTokenRequest,
        answers={201: NewToken},
    ),
    Route(
        method="DELETE",
        path="/api/v1/account/token",
        handle=_revoke_token,
        summary="Make void the token that this call is made with",
        limited=True,
        changes=True,
        answers={204: None},
        problems=(404, 409),
    ),
    Route(
        method="GET",
        path="/oidc/login",
        handle=_to_provider,
        summary="To the OpenID provider",
        role=None,
        query=_NextQuery,
        answers={303: None},
        documented=False,
    ),
    Route(
        method="GET",
        path="/oidc/back",
        handle=_from_provider,
        summary="Back from the OpenID provider",
        role=None,
        query=AnyQuery,
        answers={303: None},
        documented=False,
    ),
)
