"""From the table of pages to answers. Whatever goes wrong becomes a page that says what to do about it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, urlsplit

import structlog
from klein import Klein
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import Request
from werkzeug.exceptions import HTTPException

from acs.northbound import browser_session
from acs.northbound.browser_session import CSRF_FIELD, CSRF_HEADER, safe_path
from acs.northbound.console import changes, pages
from acs.northbound.console.templating import link, render
from acs.northbound.console.visits import Answer, Page, Visit, redirect
from acs.northbound.phrases import phrase
from acs.northbound.rest.routing import Services
from acs.operations.errors import (
    Conflict,
    Forbidden,
    Forged,
    Invalid,
    NotFound,
    OutOfReach,
    PreconditionFailed,
    TooLarge,
    Unavailable,
)
from acs.store.errors import StoreConflict, StoreError

log = structlog.get_logger("console")

#: Nothing is loaded from elsewhere, and no other site may frame a page. Charts bring styles of their own.
_SAFETY = (
    (
        "Content-Security-Policy",
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "frame-ancestors 'none'; form-action 'self'; base-uri 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
)


def make_console(services: Services, table: Iterable[Page]) -> Klein:
    """Klein with every page of the table."""
    application = Klein()
    application.url_map.merge_slashes = False
    application.url_map.strict_slashes = False
    for page in table:
        rule = re.sub(r"\{(\w+)\}", r"<\1>", page.path)
        add = application.route(rule, methods=[page.method], endpoint=f"{page.method} {page.path}")
        add(_endpoint(services, page))

    def failed(request: Request, failure: Failure) -> bytes:
        return send(request, _trouble(services, request, None, failure.value))

    application.handle_errors(Exception)(failed)
    return application


def _endpoint(services: Services, page: Page) -> Callable[..., Any]:
    async def endpoint(request: Request, **path: str) -> bytes | Resource:
        identifier = browser_session.name_request(services, request)
        visit = Visit(services, request, path, None)
        try:
            seat = await browser_session.seat_of(services, request)
            visit = Visit(services, request, path, seat)
            if page.role is not None and seat is None:
                return send(request, _to_the_door(visit))
            answer = await _answer(visit, page, identifier)
        except Exception as error:  # noqa: BLE001 - whatever it was, the visitor gets a page
            answer = _trouble(services, request, visit, error)
        return send(request, answer) if isinstance(answer, Answer) else answer

    return endpoint


async def _answer(visit: Visit, page: Page, identifier: str) -> Answer | Resource:
    """The page's answer; a change stands in the audit, and one that is not allowed too."""
    if page.method == "GET" or visit.seat is None:
        _admit(visit, page)
        return await page.handle(visit)
    field = "" if visit.request.getHeader(CSRF_HEADER) else visit.form().raw(CSRF_FIELD)
    browser_session.check_csrf(visit.seat, visit.request, field)
    try:
        _admit(visit, page)
        answer = await page.handle(visit)
    except (Forbidden, OutOfReach) as refusal:
        await changes.record(visit, page.deed, identifier, outcome=str(refusal))
        raise
    if page.deed and isinstance(answer, Answer) and answer.status in (201, 303):
        await changes.record(visit, page.deed, identifier)
        log.info("change", path=visit.path, by=visit.actor.name, request=identifier)
    return answer


def _admit(visit: Visit, page: Page) -> None:
    """Raises Forbidden, OutOfReach."""
    if page.role is None:
        return
    if not visit.may(page.role):
        raise Forbidden(page.role, visit.actor.role)
    if visit.actor.select and not page.limited:
        raise OutOfReach(
            f"You see the phones of {visit.actor.select}, and this page is about more than these."
        )


def _to_the_door(visit: Visit) -> Answer:
    """To sign in, and then back to what was asked. A part of a page, and what a script sends, is refused.

    Who sends a form when the session has ended is led back to the page with the form.
    """
    if visit.part or (visit.request.method != b"GET" and visit.request.getHeader(CSRF_HEADER)):
        return Answer(b"Sign in again.", 401, "text/plain; charset=utf-8")
    if visit.request.method != b"GET":
        form = urlsplit(visit.request.getHeader("referer") or "")
        page = safe_path(f"{form.path}?{form.query}" if form.query else form.path)
        context = {
            "title": "You are signed out",
            "text": "Your session has ended. Nothing was changed.",
            "todo": "Sign in, and repeat it.",
            "button": ("Sign in", link("/login", next=page)),
            "faults": [],
            "status": 401,
            "said": None,
        }
        return Answer(render("error.html", {**pages.frame(visit), **context}, now=visit.now), 401)
    return redirect(f"/login?next={quote(visit.here, safe='')}" if visit.here != "/" else "/login")


def send(request: Request, answer: Answer) -> bytes:
    """Set status and headers; the body is for the caller to write."""
    if not answer.status:
        return b""  # a stream that is over
    request.setResponseCode(answer.status, phrase(answer.status).encode())
    headers = [
        ("Content-Type", answer.content_type),
        ("Content-Length", str(len(answer.body))),
        *_SAFETY,
        *answer.headers,
    ]
    if not any(name == "Cache-Control" for name, _ in headers):
        headers.append(("Cache-Control", "no-store"))
    for name, value in headers:
        request.responseHeaders.addRawHeader(name, value)
    return answer.body


# --- what goes wrong ------------------------------------------------------------------------------------


def _trouble(
    services: Services, request: Request, visit: Visit | None, error: BaseException | None
) -> Answer:
    status, title, text, todo = _told(error)
    if visit is None:
        visit = Visit(services, request, {}, None)
    if visit.part or request.getHeader(CSRF_HEADER):
        return Answer(text.encode(), status, "text/plain; charset=utf-8")
    faults = error.errors if isinstance(error, Invalid) else []
    context = {"title": title, "text": text, "todo": todo, "faults": faults, "status": status, "said": None}
    return Answer(render("error.html", {**pages.frame(visit), **context}, now=visit.now), status)


def _told(error: BaseException | None) -> tuple[int, str, str, str]:
    """Status, title, what happened, what can be done."""
    match error:
        case Invalid():
            return 422, "That cannot be", "Nothing was changed, because of this:", "Go back and correct it."
        case NotFound():
            return 404, "Not here", str(error), "It may have been removed, or the address has a slip in it."
        case HTTPException(code=404):
            return 404, "Not here", "There is no such page.", "The address may have a slip in it."
        case Conflict() | StoreConflict():
            return 409, "Not in this state", str(error), "Look at it again; somebody may have been faster."
        case PreconditionFailed():
            text = "Somebody else has changed this while you had it open. Nothing of yours was written."
            return 412, "Changed meanwhile", text, "Open it again, look at the change, and repeat yours."
        case Forbidden(needed=needed, role=role):
            text = f"This needs the role {needed}; yours is {role}."
            return 403, "Not for your role", text, "An administrator can give you another role."
        case OutOfReach():
            return (
                403,
                "Beyond your phones",
                str(error),
                "You see and touch your own phones only.",
            )
        case Forged():
            text = "The form was filled in under another session, or not on this console at all."
            return 403, "Form refused", text, "Open the page again and repeat what you did."
        case TooLarge():
            return 413, "Too large", str(error), ""
        case Unavailable():
            return 503, "Not at the moment", str(error), "Try again shortly."
        case StoreError():
            log.warning("store unavailable", reason=str(error))
            text = "The server's store does not answer. Phones are asked to come back later; nothing is lost."
            return 503, "Not at the moment", text, "Try again in some seconds."
        case HTTPException(code=int(code)) if code < 500:
            return code, "Not understood", str(error.description or ""), ""
        case _:
            identifier = uuid.uuid4()
            log.error("unexpected error", id=str(identifier), exc_info=error)
            text = f"The server failed at this. Its log has the reason under {identifier}."
            return 500, "Server error", text, "Tell whoever runs it this number."
