"""Who calls: the bearer token of RFC 6750 in the Authorization header, else a browser's session cookie."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NoBase64
from collections.abc import Awaitable, Callable
from typing import Protocol

from twisted.web.server import Request

from acs.northbound import browser_session
from acs.northbound.rest.problems import Unauthenticated
from acs.northbound.rest.routing import Services
from acs.operations import call_rates
from acs.operations.actors import Actor, Role
from acs.operations.errors import Forbidden, OutOfReach
from acs.operations.tokens import actor_of


class Guarded(Protocol):
    """What may be called by some: a route, or an operation of another interface."""

    @property
    def role(self) -> Role | None: ...

    @property
    def for_limited(self) -> bool: ...


async def authenticate(services: Services, request: Request) -> Actor:
    """The actor whose token or session the request shows. Raises Unauthenticated, Forged, TooMany."""
    actor = await _actor(services, request)
    await call_rates.count(services.runner, actor, most=services.web.rate_limit)
    return actor


def still_good(services: Services, request: Request, actor: Actor) -> Callable[[], Awaitable[bool]]:
    """Tells of an answer that lasts whether its caller is still the same, with the same role and limit."""

    async def look() -> bool:
        try:
            return await _actor(services, request) == actor
        except Unauthenticated:
            return False

    return look


async def authenticate_machine(services: Services, request: Request) -> Actor:
    """As `authenticate`, for interfaces that no page uses: the API token may also be the password of HTTP
    Basic, with any user name, and no cookie counts. Raises Unauthenticated, TooMany."""
    raw = (request.getHeader(b"authorization") or b"").decode("latin-1").strip()
    scheme, _, text = raw.partition(" ")
    token = (
        text.strip() if scheme.lower() == "bearer" else _password(text) if scheme.lower() == "basic" else ""
    )
    if not token:
        raise Unauthenticated("An API token is needed: as password of HTTP Basic, or Bearer TOKEN.")
    actor = await _owner(services, token)
    await call_rates.count(services.runner, actor, most=services.web.rate_limit)
    return actor


def admit(route: Guarded, actor: Actor) -> None:
    """Raises Forbidden or OutOfReach where this actor may not use this route."""
    if route.role is not None and not actor.role.covers(route.role):
        raise Forbidden(route.role, actor.role)
    if actor.select and route.role is not None and not route.for_limited:
        raise OutOfReach(
            f"You are limited to the phones of {actor.select!r}, and this concerns more than these; "
            "somebody without such a limit has to do it."
        )


async def _actor(services: Services, request: Request) -> Actor:
    raw = request.getHeader(b"authorization")
    if raw is None:
        seat = await browser_session.seat_of(services, request)
        if seat is None:
            raise Unauthenticated("An API token is needed: Authorization: Bearer TOKEN.")
        if request.method not in (b"GET", b"HEAD"):
            browser_session.check_csrf(seat, request)
        return seat.actor
    scheme, _, text = raw.decode("latin-1").strip().partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise Unauthenticated("The Authorization header must be: Bearer TOKEN.")
    return await _owner(services, text.strip())


def _password(text: str) -> str:
    try:
        return b64decode(text.strip(), validate=True).partition(b":")[2].decode("latin-1")
    except (NoBase64, ValueError):
        return ""


async def _owner(services: Services, token: str) -> Actor:
    actor = await actor_of(services.runner, token, now=services.now())
    if actor is None:
        raise Unauthenticated("The API token is unknown, revoked or expired; `acs token create` makes one.")
    return actor
