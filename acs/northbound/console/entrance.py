"""Signing in and out, the first user of a new server, and one's own account."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from acs.northbound import browser_session
from acs.northbound.browser_session import safe_path
from acs.northbound.console import notices, pages
from acs.northbound.console.visits import Answer, Page, Visit, redirect
from acs.operations import browser_sessions, tokens, users, validation
from acs.operations.actors import Role
from acs.operations.errors import Conflict, Invalid, TooMany, WrongLogin
from acs.operations.tokens import OwnTokenRequest
from acs.operations.users import FirstUser


async def _login(visit: Visit) -> Answer:
    if visit.seat is not None:
        return redirect(_next(visit))
    wrong = browser_session.problem_of(visit.request)
    page = _login_page(visit, wrong=wrong)
    if not wrong:
        return page
    told = browser_session.problem_cookie(visit.services, visit.request, "")
    return structs.replace(page, headers=(*page.headers, told))


def _login_page(visit: Visit, *, name: str = "", wrong: str = "", status: int = 200) -> Answer:
    provider = visit.services.web.provider
    context = {"next": _next(visit), "name": name, "wrong": wrong, "provider": provider is not None}
    return pages.show(visit, "login.html", status=status, **context)


async def _log_in(visit: Visit) -> Answer:
    form = visit.form()
    name = form.text("name")
    try:
        _, header = await browser_session.log_in(visit.services, visit.request, name, form.raw("password"))
    except (WrongLogin, TooMany) as error:
        status = 429 if isinstance(error, TooMany) else 403
        return _login_page(visit, name=name, wrong=str(error), status=status)
    return redirect(_next(visit), header)


async def _log_out(visit: Visit) -> Answer:
    assert visit.seat is not None
    return redirect("/login", await browser_session.log_out(visit.services, visit.request, visit.seat))


def _next(visit: Visit) -> str:
    return safe_path(visit.query.text("next"))


async def _set_up(visit: Visit) -> Answer:
    link = visit.query.text("token")
    holds = await users.link_holds(visit.services.runner, link, now=visit.now)
    return pages.show(visit, "setup.html", status=200 if holds else 410, holds=holds, name="", faults=[])


async def _first_user(visit: Visit) -> Answer:
    form = visit.form()
    name, password = form.text("name"), form.raw("password")
    try:
        if password != form.raw("again"):
            raise Invalid.field("password", "was not written the same twice")
        asked = FirstUser(visit.query.text("token"), name, password, form.text("full_name"))
        made, _, header = await browser_session.set_up(visit.services, visit.request, asked)
    except Invalid as error:
        return pages.show(visit, "setup.html", status=422, holds=True, name=name, faults=error.errors)
    except Conflict:
        return pages.show(visit, "setup.html", status=410, holds=False, name=name, faults=[])
    welcome = notices.done("/connect", f"Welcome, {made.name}. Now connect a first phone.")
    return Answer(status=303, headers=(*welcome.headers, header))


# --- one's own account ----------------------------------------------------------------------------------


async def _account(visit: Visit, **more: Any) -> Answer:
    known = await users.show(visit.services.runner, visit.actor.id)
    mine = [
        token
        for token in await tokens.list_all(visit.services.runner, now=visit.now)
        if token.user == known.name
    ]
    context = {
        "user": known,
        "tokens": mine,
        "faults": [],
        "fresh": None,
        "roles": [role for role in Role if visit.may(role)],
        "given": {},
        **more,
    }
    return pages.show(visit, "account.html", **context)


async def _change_password(visit: Visit) -> Answer:
    form, name, runner = visit.form(), visit.actor.id, visit.services.runner
    user = await users.find(runner, name)
    try:
        if form.raw("password") != form.raw("again"):
            raise Invalid.field("password", "was not written the same twice")
        if user.password:
            address = visit.services.web.address(visit.request)
            await users.change_own_password(
                runner, name, form.raw("old"), form.raw("password"), address=address, now=visit.now
            )
        else:  # who came by the provider so far
            await users.set_password(runner, name, form.raw("password"), now=visit.now)
    except Invalid as error:
        return await _account(visit, status=422, faults=error.errors)
    visit.tell(f"users/{name}", new={"changed": "password"})
    # sessions from before the change are void, this one too
    opened = await browser_sessions.open_for(
        runner,
        await users.find(runner, name),
        address=visit.services.web.address(visit.request),
        now=visit.now,
        randomness=visit.services.randomness,
    )
    cookie = browser_session.session_cookie(visit.services, visit.request, opened.secret)
    said = notices.done("/account", "Your password is changed. Other browsers have to sign in again.")
    return Answer(status=303, headers=(*said.headers, cookie))


async def _own_token(visit: Visit) -> Answer:
    form = visit.form()
    try:
        life = pages.seconds_of(form.text("days"), "days", most=tokens.MAX_OWN_LIFE)
        given = {"name": form.text("name"), "role": form.text("role"), "expires_in": life}
        asked = validation.read(OwnTokenRequest, given)
        fresh = await tokens.create_own(
            visit.services.runner,
            asked,
            visit.actor,
            now=visit.now,
            randomness=visit.services.randomness,
        )
    except Invalid as error:
        shown = {name: form.text(name) for name in ("name", "role", "days")}
        return await _account(visit, status=422, faults=error.errors, given=shown)
    visit.tell(f"tokens/{fresh.id}", new={"name": fresh.name, "role": fresh.role})
    return await _account(visit, fresh=fresh, status=201)


PAGES = (
    Page(method="GET", path="/login", handle=_login, role=None),
    Page(method="POST", path="/login", handle=_log_in, role=None),
    Page(method="POST", path="/logout", handle=_log_out, limited=True),
    Page(method="GET", path="/setup", handle=_set_up, role=None),
    Page(method="POST", path="/setup", handle=_first_user, role=None),
    Page(method="GET", path="/account", handle=_account, limited=True),
    Page(
        method="POST", path="/account/password", handle=_change_password, deed="users.password", limited=True
    ),
    Page(method="POST", path="/account/tokens", handle=_own_token, deed="tokens.create", limited=True),
)
