"""Users and tokens, and the audit of all that was changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from msgspec import structs

from acs.northbound.console import downloads, notices, pages
from acs.northbound.console.visits import Answer, Page, Visit
from acs.northbound.streaming import Streamed
from acs.operations import audit, tokens, users, validation
from acs.operations.actors import Role
from acs.operations.audit import AuditPage, AuditQuery
from acs.operations.errors import Conflict, Invalid
from acs.operations.ports import Runner
from acs.operations.tokens import TokenRequest
from acs.operations.users import UserChange, UserRequest

_ENTRIES = 100
_EXPORTED = 2_000


async def _list(visit: Visit, **more: Any) -> Answer:
    context: dict[str, Any] = {
        "users": (await users.list_all(visit.runner)).items,
        "tokens": await tokens.list_all(visit.runner, now=visit.now),
        "roles": list(Role),
        "faults": [],
        "given": {},
        "token_faults": [],
        "token": {},
        "fresh": None,
        **more,
    }
    return pages.show(visit, "users.html", **context)


async def _create(visit: Visit) -> Answer:
    form = visit.form()
    given: dict[str, Any] = {name: form.text(name) for name in ("name", "full_name", "role", "select")}
    shown = dict(given)
    if form.raw("password"):
        given["password"] = form.raw("password")
    try:
        asked = validation.read(UserRequest, given)
        made = await users.create(
            visit.runner, asked, visit.services.catalogue, by=visit.actor.name, now=visit.now
        )
    except (Invalid, Conflict) as error:
        return await _list(visit, status=422, faults=pages.faults_of(error), given=shown)
    visit.tell(f"users/{made.name}", new=made)
    return notices.done("/users", f"{made.name} may sign in now.")


async def _show(visit: Visit, **more: Any) -> Answer:
    user = await users.show(visit.runner, visit.segment("user"))
    context = {"user": user, "roles": list(Role), "faults": [], "given": {}, **more}
    return pages.show(visit, "user.html", **context)


async def _change(visit: Visit) -> Answer:
    form, name = visit.form(), visit.segment("user")
    before = await users.show(visit.runner, name)
    if form.text("deed") == "delete":
        return await _delete(visit, name)
    given: dict[str, Any] = {
        "role": form.text("role"),
        "full_name": form.text("full_name"),
        "select": form.text("select"),
        "disabled": bool(form.text("disabled")),
    }
    if form.raw("password"):
        given["password"] = form.raw("password")
    try:
        asked = validation.read(UserChange, given)
        after = await users.change(visit.runner, name, asked, visit.services.catalogue, now=visit.now)
    except Invalid as error:
        return await _show(visit, status=422, faults=error.errors, given=given)
    old, new = audit.difference(before, after)
    visit.tell(f"users/{name}", old=old, new=new)
    return notices.done("/users", f"{name}: kept. It holds from now on, in open browsers too.")


async def _delete(visit: Visit, name: str) -> Answer:
    before = await users.show(visit.runner, name)
    if not pages.confirmed(visit):
        return pages.ask(
            visit,
            title=f"Delete the user {name}",
            text="Sessions and tokens of the user end at once. What the user did stays in the audit.",
            button="Delete the user",
            back=f"/users/{name}",
            facts=[("Role", before.role), ("Phones", before.select or "all")],
        )
    await users.delete(visit.runner, name)
    visit.tell(f"users/{name}", old=before)
    return notices.done("/users", f"{name} is deleted.")


async def _token(visit: Visit) -> Answer:
    form = visit.form()
    days = form.text("days")
    given: dict[str, Any] = {name: form.text(name) for name in ("name", "role", "select")}
    shown = {**given, "days": days}
    try:
        if days:
            given["expires_in"] = pages.seconds_of(days, "days", most=tokens.MAX_LIFE)
        asked = validation.read(TokenRequest, given)
        fresh = await tokens.create(
            visit.runner,
            asked,
            visit.services.catalogue,
            by=visit.actor.name,
            now=visit.now,
            randomness=visit.services.randomness,
        )
    except Invalid as error:
        return await _list(visit, status=422, token_faults=error.errors, token=shown)
    visit.tell(f"tokens/{fresh.id}", new={"name": fresh.name, "role": fresh.role, "select": fresh.select})
    return await _list(visit, status=201, fresh=fresh)


async def _revoke(visit: Visit) -> Answer:
    name = visit.segment("token")
    if not pages.confirmed(visit):
        return pages.ask(
            visit,
            title="Revoke a token",
            text="Whoever uses it is refused from this moment on. It cannot be brought back.",
            button="Revoke it",
            back="/users",
            facts=[("Token", name)],
        )
    await tokens.revoke(visit.runner, name)
    visit.tell(f"tokens/{name}", old={"id": name})
    return notices.done("/users", "The token is revoked.")


# --- the audit ------------------------------------------------------------------------------------------


def _asked(visit: Visit, limit: int) -> AuditQuery:
    fields = ("actor", "object", "operation", "since", "until", "cursor")
    given: dict[str, Any] = {name: visit.query.text(name) for name in fields if visit.query.text(name)}
    return validation.read(AuditQuery, given | {"limit": limit})


async def _audit(visit: Visit) -> Answer:
    faults, page = [], None
    try:
        page = await audit.page(visit.runner, _asked(visit, _ENTRIES))
    except Invalid as error:
        faults = error.errors
    fields = ("actor", "object", "operation", "since", "until")
    asked = {name: visit.query.text(name) for name in fields}
    return pages.show(visit, "audit.html", page=page, asked=asked, faults=faults)


async def _audit_csv(visit: Visit) -> Streamed:
    """All entries that match, newest first, some thousands at a time."""
    asked = _asked(visit, _EXPORTED)
    first = await audit.page(visit.runner, asked)  # a wrong query is told before anything is sent
    return downloads.table("audit.csv", _lines(visit.runner, asked, first))


async def _lines(runner: Runner, asked: AuditQuery, page: AuditPage) -> AsyncIterator[bytes]:
    yield audit.as_csv(page)
    while page.next:
        page = await audit.page(runner, structs.replace(asked, cursor=page.next))
        yield audit.as_csv(page, names=False)


PAGES = (
    Page(method="GET", path="/users", handle=_list, role=Role.ADMIN),
    Page(method="POST", path="/users", handle=_create, role=Role.ADMIN, deed="users.create"),
    Page(method="POST", path="/users/tokens", handle=_token, role=Role.ADMIN, deed="tokens.create"),
    Page(method="POST", path="/users/tokens/{token}", handle=_revoke, role=Role.ADMIN, deed="tokens.delete"),
    Page(method="GET", path="/users/{user}", handle=_show, role=Role.ADMIN),
    Page(method="POST", path="/users/{user}", handle=_change, role=Role.ADMIN, deed="users.change"),
    Page(method="GET", path="/audit", handle=_audit, role=Role.ADMIN),
    Page(method="GET", path="/audit.csv", handle=_audit_csv, role=Role.ADMIN),
)
