"""Signing in and out, and the first user of a new server."""

from __future__ import annotations

from urllib.parse import urlsplit

from acs.northbound.console import doors, notices, pages
from acs.northbound.console.visits import Answer, Page, Visit, redirect
from acs.operations import browser_sessions, users
from acs.operations.errors import Conflict, Invalid, TooMany, WrongLogin
from acs.operations.users import FirstUser


async def _login(visit: Visit) -> Answer:
    if visit.visitor is not None:
        return redirect(_next(visit))
    return pages.show(visit, "login.html", next=_next(visit), name="", wrong="")


async def _log_in(visit: Visit) -> Answer:
    form, services = visit.form(), visit.services
    name = form.text("name")
    try:
        opened = await browser_sessions.log_in(
            services.runner,
            name,
            form.raw("password"),
            address=doors.address_of(visit.request),
            now=visit.now,
            randomness=services.randomness,
        )
    except (WrongLogin, TooMany) as error:
        status = 429 if isinstance(error, TooMany) else 403
        return pages.show(visit, "login.html", status=status, next=_next(visit), name=name, wrong=str(error))
    return redirect(_next(visit), doors.keep(visit.request, opened.secret))


async def _log_out(visit: Visit) -> Answer:
    assert visit.visitor is not None
    await browser_sessions.log_out(visit.services.runner, visit.visitor.session)
    return redirect("/login", doors.keep(visit.request, ""))


def _next(visit: Visit) -> str:
    """Where to go after signing in: a path of this server, nothing else."""
    wanted = visit.query.text("next")
    parts = urlsplit(wanted)
    good = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.netloc
    return wanted if good and wanted.isprintable() else "/"


async def _set_up(visit: Visit) -> Answer:
    link = visit.query.text("token")
    holds = await users.link_holds(visit.services.runner, link, now=visit.now)
    return pages.show(visit, "setup.html", status=200 if holds else 410, holds=holds, name="", faults=[])


async def _first_user(visit: Visit) -> Answer:
    form, services = visit.form(), visit.services
    link, name, password = visit.query.text("token"), form.text("name"), form.raw("password")
    try:
        if password != form.raw("again"):
            raise Invalid.field("password", "was not written the same twice")
        asked = FirstUser(link, name, password, form.text("full_name"))
        made = await users.create_first(services.runner, asked, services.catalogue, now=visit.now)
    except Invalid as error:
        return pages.show(visit, "setup.html", status=422, holds=True, name=name, faults=error.errors)
    except Conflict:
        return pages.show(visit, "setup.html", status=410, holds=False, name=name, faults=[])
    user = await users.find(services.runner, made.name)
    opened = await browser_sessions.open_for(
        services.runner,
        user,
        address=doors.address_of(visit.request),
        now=visit.now,
        randomness=services.randomness,
    )
    welcome = notices.done("/connect", f"Welcome, {made.name}. Now connect a first phone.")
    return Answer(status=303, headers=(*welcome.headers, doors.keep(visit.request, opened.secret)))


PAGES = (
    Page(method="GET", path="/login", handle=_login, role=None),
    Page(method="POST", path="/login", handle=_log_in, role=None),
    Page(method="POST", path="/logout", handle=_log_out),
    Page(method="GET", path="/setup", handle=_set_up, role=None),
    Page(method="POST", path="/setup", handle=_first_user, role=None),
)
