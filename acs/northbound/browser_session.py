"""Browser sessions at the web port: the cookie, the secret of forms, logging in and out, the first user.

For REST (`acs.northbound.rest.session`) and for the pages of the console; both get the same cookie, and every
login stands in the audit.

    seat = await seat_of(services, request)                # None: nobody is logged in
    check_csrf(seat, request, form_value)                  # raises Forged
    headers = [await log_in(services, request, name, password)]
"""

from __future__ import annotations

import base64
import re
from typing import Any

from msgspec import Struct, structs
from twisted.web.server import Request

from acs.northbound.rest.routing import Services
from acs.operations import audit, browser_sessions, limits, provider, users
from acs.operations.actors import Actor, Kind, Role
from acs.operations.audit import Origin
from acs.operations.browser_sessions import Opened
from acs.operations.errors import Forged, NotFound, TooMany, WrongLogin
from acs.operations.users import FirstUser, UserView

COOKIE = "acs_session"
STATE_COOKIE = "acs_login"
#: what went wrong at the provider, for the page where one logs in
PROBLEM_COOKIE = "acs_problem"
_PROBLEM_LIFE = 60

#: What scripts send, and forms have a hidden field of.
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf"

Header = tuple[str, str]

_REQUEST = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Seat(Struct, frozen=True):
    """Who is logged in here. `csrf` goes into forms; `services` are those that this actor may use."""

    actor: Actor
    csrf: str
    secret: str
    services: Services


async def seat_of(services: Services, request: Request) -> Seat | None:
    """Who is logged in; None for nobody. Costs two round trips."""
    secret = cookie_of(request, COOKIE)
    actor = await browser_sessions.at(services.runner, secret, now=services.now()) if secret else None
    if actor is None:
        return None
    return Seat(actor, browser_sessions.csrf_of(secret), secret, services_for(services, actor))


def services_for(services: Services, actor: Actor) -> Services:
    """What the actor's operations run on: phones that it may not see are not there."""
    if not actor.select:
        return services
    runner = limits.limited(services.runner, actor, services.shapes, services.now)
    return structs.replace(services, runner=runner)


def name_request(services: Services, request: Request) -> str:
    """The id of the request: the caller's own, where it is a sensible one, else a new one."""
    given = (request.getHeader(b"x-request-id") or b"").decode("latin-1")
    named: Any = request
    named.acs_id = given if _REQUEST.fullmatch(given) else services.randomness(8).hex()
    request.responseHeaders.setRawHeaders(b"x-request-id", [named.acs_id.encode()])
    return str(named.acs_id)


def check_csrf(seat: Seat, request: Request, form_value: str = "") -> None:
    """Raises Forged unless the header, or the form's field, has the session's secret."""
    shown = (request.getHeader(CSRF_HEADER) or form_value).encode("utf-8", "replace").decode()
    if not browser_sessions.is_csrf_of(seat.secret, shown):
        raise Forged(f"Changes by a browser session need its secret in {CSRF_HEADER}; open the page again.")


def check_same_site(request: Request, services: Services) -> None:
    """For forms of somebody who is not logged in yet. Raises Forged for one that another site has sent."""
    origin = (request.getHeader(b"origin") or b"").decode("latin-1")
    site = (request.getHeader(b"sec-fetch-site") or b"").decode("latin-1")
    host = (request.getHeader(b"host") or b"").decode("latin-1")
    ours = origin in ("", services.web.base(request)) or origin.partition("://")[2] == host
    if site in ("cross-site", "same-site") or not ours:
        raise Forged("This form was sent by another site.")


async def log_in(services: Services, request: Request, name: str, password: str) -> tuple[Opened, Header]:
    """The session and the header that has the browser keep it. Raises WrongLogin, TooMany, Forged."""
    check_same_site(request, services)
    address = services.web.address(request)
    try:
        opened = await browser_sessions.log_in(
            services.runner,
            name,
            password,
            address=address,
            now=services.now(),
            randomness=services.randomness,
        )
    except (WrongLogin, TooMany) as error:
        await _record(services, request, _somebody(name), "session.login", outcome=str(error))
        raise
    await _record(services, request, opened.actor, "session.login")
    return opened, session_cookie(services, request, opened.secret)


async def log_out(services: Services, request: Request, seat: Seat) -> Header:
    """End the session; the header has the browser forget it."""
    await browser_sessions.log_out(services.runner, seat.secret)
    await _record(services, request, seat.actor, "session.logout")
    return session_cookie(services, request, "")


async def set_up(services: Services, request: Request, asked: FirstUser) -> tuple[UserView, Opened, Header]:
    """Make the first user by the set-up link, and log them in. Raises Invalid, Conflict, Forged."""
    check_same_site(request, services)
    made = await users.create_first(services.runner, asked, services.catalogue, now=services.now())
    await _record(services, request, _somebody(made.name), "users.create", on=f"users/{made.name}", new=made)
    opened, header = await log_in(services, request, made.name, asked.password)
    return made, opened, header


# --- by the OpenID provider -----------------------------------------------------------------------------


async def begin_at_provider(services: Services, request: Request, path: str) -> tuple[str, Header]:
    """Where the browser has to go, and the cookie by which it is known when it comes back."""
    chosen = services.web.provider
    if chosen is None:
        raise NotFound("login", "by an OpenID provider")
    url, state = await provider.begin(
        services.runner,
        chosen,
        redirect=services.web.base(request) + "/oidc/back",
        path=safe_path(path),
        randomness=services.randomness,
    )
    return url, _cookie(services, request, STATE_COOKIE, state, life=provider.LIFE)


async def finish_at_provider(
    services: Services, request: Request, *, state: str, code: str
) -> tuple[str, list[Header]]:
    """Where the browser wanted to go, and its cookies. Raises WrongLogin, Unavailable."""
    chosen = services.web.provider
    if chosen is None:
        raise NotFound("login", "by an OpenID provider")
    try:
        if not state or cookie_of(request, STATE_COOKIE) != state:
            raise WrongLogin("This login was begun in another browser; begin it again.")
        user, path = await provider.finish(
            services.runner, chosen, state=state, code=code, now=services.now()
        )
    except WrongLogin as error:
        await _record(services, request, _somebody(""), "session.login", outcome=str(error))
        raise
    opened = await browser_sessions.open_for(
        services.runner,
        user,
        address=services.web.address(request),
        now=services.now(),
        randomness=services.randomness,
    )
    await _record(services, request, opened.actor, "session.login", new={"by": "provider"})
    forget = _cookie(services, request, STATE_COOKIE, "", life=0)
    return path, [session_cookie(services, request, opened.secret), forget]


def problem_cookie(services: Services, request: Request, text: str) -> Header:
    """Has the page where one logs in tell this: in an address anybody could write anything."""
    told = base64.urlsafe_b64encode(text[:300].encode()).decode().rstrip("=")
    return _cookie(services, request, PROBLEM_COOKIE, told, life=_PROBLEM_LIFE if text else 0)


def problem_of(request: Request) -> str:
    """What is to be told, "" for nothing."""
    told = cookie_of(request, PROBLEM_COOKIE)
    try:
        return base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)).decode()
    except ValueError:
        return ""


# --- cookies and paths ----------------------------------------------------------------------------------


def session_cookie(services: Services, request: Request, secret: str) -> Header:
    """Keeps the session in the browser, or has it forgotten where there is no secret."""
    return _cookie(services, request, COOKIE, secret, life=browser_sessions.LONGEST if secret else 0)


def _cookie(services: Services, request: Request, name: str, value: str, *, life: int) -> Header:
    parts = [f"{name}={value}", "Path=/", "HttpOnly", "SameSite=Lax", f"Max-Age={life}"]
    if services.web.secure(request):
        parts.append("Secure")
    return "Set-Cookie", "; ".join(parts)


def cookie_of(request: Request, name: str) -> str:
    """What the browser has kept under this name, "" for nothing."""
    found: Any = request.received_cookies.get(name.encode(), b"")
    return str(found.decode("ascii", "replace"))


def safe_path(path: str) -> str:
    """A path of this server to go on to; whatever leads elsewhere becomes the start page."""
    fine = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if fine and "\\" not in path else "/"


def _somebody(name: str) -> Actor:
    """Who has not proved to be anybody."""
    return Actor("", name[:100] or "somebody", Role.VIEWER, Kind.USER)


async def _record(
    services: Services,
    request: Request,
    actor: Actor,
    operation: str,
    *,
    on: str = "",
    outcome: str = "done",
    new: Any = None,
) -> None:
    origin = Origin(services.web.address(request), str(getattr(request, "acs_id", "")))
    await audit.record(
        services.runner,
        actor,
        origin,
        operation,
        on or f"users/{actor.name}",
        now=services.now(),
        new=new,
        outcome=outcome,
    )
