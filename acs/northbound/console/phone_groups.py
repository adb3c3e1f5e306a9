"""Groups, and the list of phones from which they and the attributes come."""

from __future__ import annotations

from typing import Any

from acs.northbound.console import notices, pages
from acs.northbound.console.templating import link, plural
from acs.northbound.console.visits import Answer, Page, Visit
from acs.operations import configuration_targets, device_import, groups, validation
from acs.operations.actors import Role
from acs.operations.errors import Conflict, FieldError, Forbidden, Invalid
from acs.operations.groups import GroupChange, GroupRequest

_PAGE = 100


async def _list(visit: Visit, **more: Any) -> Answer:
    made = await groups.list_all(visit.runner)
    awaited = await device_import.awaited_page(visit.runner, cursor="", limit=_PAGE)
    context: dict[str, Any] = {"groups": made.items, "awaited": awaited, "faults": [], "given": {}, **more}
    return pages.show(visit, "groups.html", **context)


async def _create(visit: Visit) -> Answer:
    form = visit.form()
    given = {name: form.text(name) for name in ("name", "order", "description") if form.text(name)}
    try:
        asked = validation.read(GroupRequest, given, strict=False)
        made = await groups.create(visit.runner, asked, by=visit.actor.name, now=visit.now)
    except (Invalid, Conflict) as error:
        return await _list(visit, status=422, faults=pages.faults_of(error), given=given)
    visit.tell(f"groups/{made.name}", new=asked)
    return notices.done(link("/groups/" + made.name), f"The group {made.name} is made. Put phones into it.")


async def _show(visit: Visit, **more: Any) -> Answer:
    name = visit.segment("group")
    group = await groups.show(visit.runner, name)
    members = await groups.members(visit.runner, name, cursor=visit.query.text("cursor"), limit=_PAGE)
    faults: list[FieldError] = []
    return pages.show(visit, "group.html", **{"group": group, "members": members, "faults": faults, **more})


async def _change(visit: Visit) -> Answer:
    form, name = visit.form(), visit.segment("group")
    back = f"/groups/{name}"
    deed = form.text("deed")
    if deed in ("add", "remove"):
        return await _move(visit, name, deed)
    if not visit.may(Role.ENGINEER):
        raise Forbidden(Role.ENGINEER, visit.actor.role)
    if deed == "delete":
        return await _delete(visit, name)
    before = await groups.show(visit.runner, name)
    given = {"order": form.text("order") or "0", "description": form.text("description")}
    try:
        asked = validation.read(GroupChange, given, strict=False)
        after = await groups.change(visit.runner, name, asked)
    except Invalid as error:
        return await _show(visit, status=422, faults=error.errors)
    visit.tell(f"groups/{name}", old=before, new=after)
    return notices.done(back, "Kept.")


async def _move(visit: Visit, name: str, deed: str) -> Answer:
    member = visit.form().text("member")
    target = await configuration_targets.phone(visit.runner, visit.services.catalogue, member)
    move = groups.add if deed == "add" else groups.remove
    await move(visit.runner, target, name, by=visit.actor.name, now=visit.now)
    visit.tell(f"groups/{name}", new={deed: member})
    return notices.done(f"/groups/{name}", f"{member}: {'put in' if deed == 'add' else 'taken out'}.")


async def _delete(visit: Visit, name: str) -> Answer:
    group = await groups.show(visit.runner, name)
    if not pages.confirmed(visit):
        return pages.ask(
            visit,
            title=f"Delete the group {name}",
            text="The group is forgotten with its configuration and all versions of that. Its phones stay, "
            "and lose what the group set.",
            button=f"Delete the group of {plural(group.members, 'phone')}",
            back=f"/groups/{name}",
            facts=[("Phones", str(group.members)), ("Configuration", f"version {group.config_version}")],
        )
    await groups.delete(visit.runner, name)
    visit.tell(f"groups/{name}", old=group)
    return notices.done("/groups", f"The group {name} is deleted.")


async def _import(visit: Visit) -> Answer:
    """A list of phones as CSV, sent by a script; what is wrong is told line by line and nothing is taken."""
    content = visit.body.whole(visit.services.file_limit)
    try:
        done = await device_import.import_list(visit.runner, content, by=visit.actor.name, now=visit.now)
    except Invalid as error:
        lines = [f"{one.field} {one.message}" for one in error.errors[:10]]
        more = len(error.errors) - len(lines)
        text = "Nothing was taken. " + "; ".join(lines) + (f"; and {more} more" if more else "") + "."
        return Answer(text.encode(), 422, "text/plain; charset=utf-8")
    visit.tell("devices/import", new=done)
    said = f"{plural(done.phones, 'phone')} in the list: {done.known} known, {done.awaited} awaited."
    place = notices.done("/groups", said)
    cookies = tuple(pair for pair in place.headers if pair[0] == "Set-Cookie")
    return Answer(b"/groups", 201, "text/plain; charset=utf-8", cookies)


PAGES = (
    Page(method="GET", path="/groups", handle=_list),
    Page(method="POST", path="/groups", handle=_create, role=Role.ENGINEER, deed="groups.create"),
    Page(method="POST", path="/groups/import", handle=_import, role=Role.ENGINEER, deed="devices.import"),
    Page(method="GET", path="/groups/{group}", handle=_show),
    Page(method="POST", path="/groups/{group}", handle=_change, role=Role.OPERATOR, deed="groups.change"),
)
