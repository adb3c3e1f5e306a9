"""Who is at the door: the cookie that a signed-in browser shows, and the secret its forms must carry."""

from __future__ import annotations

from typing import Any

from acs.northbound.console.visits import Visit, Visitor
from acs.northbound.rest.routing import Services
from acs.operations import browser_sessions

COOKIE = "acs_session"

#: The header that scripts send instead of the form's field.
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf"


class Forged(Exception):
    """A form that did not come from a page of this console, or from one of an earlier session."""


async def visitor_of(services: Services, request: Any) -> Visitor | None:
    """Who is signed in; None for nobody."""
    raw = request.getCookie(COOKIE.encode())
    if not raw:
        return None
    secret = raw.decode("ascii", "replace")
    actor = await browser_sessions.at(services.runner, secret, now=services.now())
    return Visitor(actor, browser_sessions.csrf_of(secret), secret) if actor is not None else None


def check_form(visit: Visit) -> None:
    """Raises Forged unless this request changes nothing or carries the session's secret."""
    if visit.visitor is None or visit.request.method in (b"GET", b"HEAD"):
        return
    shown = visit.request.getHeader(CSRF_HEADER) or visit.form().raw(CSRF_FIELD)
    if not browser_sessions.is_csrf_of(visit.visitor.session, shown):
        raise Forged


def keep(request: Any, secret: str) -> tuple[str, str]:
    """The header by which the browser keeps the session; an empty secret drops it."""
    life = browser_sessions.LONGEST if secret else 0
    parts = [f"{COOKIE}={secret}", "Path=/", "HttpOnly", "SameSite=Lax", f"Max-Age={life}"]
    return "Set-Cookie", "; ".join([*parts, "Secure"] if request.isSecure() else parts)


def address_of(request: Any) -> str:
    peer = request.getClientAddress()
    return str(getattr(peer, "host", ""))
