"""The table of phones: found as one types, in columns of choice, and what can be done with many at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from acs.northbound.console import downloads, notices, pages, rollout_filling, rollout_wizard
from acs.northbound.console.templating import link, plural, quoted, stamp
from acs.northbound.console.visits import Answer, Page, Visit, redirect
from acs.northbound.streaming import Streamed
from acs.operations import bulk, groups, phone_table, selectors, tables
from acs.operations.actors import Role
from acs.operations.bulk import DEEDS, Deed
from acs.operations.errors import Forbidden, Invalid
from acs.operations.phone_table import PhoneRow, PhoneTable

#: Name of a column to its title; which are shown when nobody has chosen.
COLUMNS = {
    "label": "Label",
    "mac": "MAC address",
    "serial": "Serial number",
    "model": "Model",
    "firmware": "Firmware",
    "hardware": "Hardware",
    "ip": "IP address",
    "extension": "Extension",
    "tags": "Tags",
    "groups": "Groups",
    "config": "Configuration",
    "last_inform": "Last Inform",
}
USUAL = ("mac", "model", "firmware", "ip", "tags", "config", "last_inform")

_COOKIE = b"acs_columns"
_PAGE = 50
_FOUND = 8

#: The button that leads to a new rollout, beside those of the deeds.
ROLL_OUT = "roll_out"

pages.part("phones-list", "phones-count", "found")


async def _list(visit: Visit) -> Answer:
    q = visit.query.text("q")
    if visit.part == "phones-count":
        return await _count(visit, q)
    context = await _table(visit, q, _FOUND if visit.part == "found" else _PAGE)
    context |= {"columns": _columns(visit), "every_column": COLUMNS, "q": q}
    if not visit.part:
        saved = await selectors.list_all(visit.runner)
        made = await groups.list_all(visit.runner)
        context |= {"saved": saved.items, "deeds": DEEDS, "made_groups": made.items}
    return pages.show(visit, "phones.html", **context)


async def _table(visit: Visit, q: str, limit: int) -> dict[str, Any]:
    """The rows; for a selector that cannot be read, where it goes wrong."""
    services = visit.services
    try:
        table = await phone_table.page(
            visit.runner,
            services.shapes,
            services.catalogue,
            q=q,
            cursor=visit.query.text("cursor"),
            limit=limit,
            now=visit.now,
        )
    except Invalid as error:
        return {"table": PhoneTable([], None, 0), "wrong": error.errors[0], "position": _position(error)}
    return {"table": table, "wrong": None, "position": 0}


def _position(error: Invalid) -> int:
    place = error.errors[0].position
    return place if isinstance(place, int) else 0


async def _count(visit: Visit, q: str) -> Answer:
    services = visit.services
    total = await phone_table.count(visit.runner, services.shapes, services.catalogue, q=q, now=visit.now)
    return pages.show(visit, "phones.html", total=total)


def _columns(visit: Visit) -> list[str]:
    raw = visit.request.getCookie(_COOKIE)
    chosen = raw.decode("ascii", "replace").split(".") if raw else USUAL
    return [name for name in COLUMNS if name in chosen] or list(USUAL)


async def _choose_columns(visit: Visit) -> Answer:
    chosen = [name for name in visit.form().every("column") if name in COLUMNS]
    keep = f"acs_columns={'.'.join(chosen)}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000"
    return redirect(link("/phones", q=visit.form().text("q")), ("Set-Cookie", keep))


# --- many at once ---------------------------------------------------------------------------------------


async def _bulk(visit: Visit) -> Answer:
    """What would be done, to how many; asked again, it is done."""
    form, services = visit.form(), visit.services
    if form.text("deed") == ROLL_OUT:
        return await _roll_out(visit)
    try:
        deed = Deed(form.text("deed"))
    except ValueError:
        raise Invalid.field("deed", "is none", value=form.text("deed"), allowed=list(DEEDS)) from None
    info, q, value = DEEDS[deed], form.text("q"), form.text("value")
    if not visit.may(info.role):
        raise Forbidden(info.role, visit.actor.role)
    back = link("/phones", q=q)
    ids = form.every("pick")
    if form.text("all"):
        ids = await phone_table.ids(visit.runner, services.shapes, services.catalogue, q=q, now=visit.now)
    planned = await bulk.plan(visit.runner, deed, value, ids, now=visit.now)
    count = plural(len(planned.ids), "phone")
    if not pages.confirmed(visit):
        states = ", ".join(f"{number} {state}" for state, number in sorted(planned.states.items()))
        models = ", ".join(f"{number} {model or 'unknown'}" for model, number in planned.models.items())
        facts = [("Phones", count), ("State", states), ("Models", models)]
        if info.value:
            facts.insert(0, (info.value.capitalize(), value))
        if form.text("all"):
            facts.append(("Meant by", q or "all phones"))
        return pages.ask(
            visit,
            title=f"{info.title}: {count}",
            text=info.effect,
            button=f"{info.title} {count}",
            back=back,
            facts=facts,
            names=planned.first,
            dangerous=info.dangerous,
        )
    done = await bulk.run(
        visit.runner,
        services.catalogue,
        deed,
        value,
        planned.ids,
        by=visit.actor.name,
        now=visit.now,
        randomness=services.randomness,
    )
    text = f"{info.title}: {plural(done.done, 'phone')}"
    if done.failed:
        first, why = next(iter(done.failed.items()))
        text += f"; not for {plural(len(done.failed), 'phone')}, such as {first}: {why}"
    return notices.done(back, text, "bad" if done.failed else "good")


async def _roll_out(visit: Visit) -> Answer:
    """On to a new rollout for the phones that are ticked, or for all that match."""
    if not visit.may(Role.ENGINEER):
        raise Forbidden(Role.ENGINEER, visit.actor.role)
    form = visit.form()
    ids = form.every("pick")
    select = form.text("q") or "all"
    if not form.text("all"):
        if not ids:
            raise Invalid.field("phones", "none is selected", allowed="at least one phone")
        select = f"id in ({', '.join(quoted(one) for one in ids)})"
    sketch = await rollout_wizard.start(visit, [*rollout_filling.USUAL, ("select", select)])
    return redirect(f"/rollouts/new/{sketch}/what")


# --- to a file ------------------------------------------------------------------------------------------


async def _csv(visit: Visit) -> Streamed:
    """All phones that match, as CSV, some hundred lines at a time."""
    services, columns = visit.services, ["id", "state", *_columns(visit)]
    pieces = phone_table.every(
        visit.runner, services.shapes, services.catalogue, q=visit.query.text("q"), now=visit.now
    )
    nothing: list[PhoneRow] = []
    first = await anext(pieces, nothing)  # a wrong selector is told before anything is sent
    return downloads.table("phones.csv", _lines(columns, first, pieces))


async def _lines(
    columns: list[str], first: list[PhoneRow], others: AsyncIterator[list[PhoneRow]]
) -> AsyncIterator[bytes]:
    yield tables.lines([columns, *([_text(one, name) for name in columns] for one in first)])
    async for rows in others:
        yield tables.lines([_text(one, name) for name in columns] for one in rows)


def _text(one: PhoneRow, column: str) -> str:
    value = getattr(one, column)
    if isinstance(value, list):
        return " ".join(value)
    return stamp(value) if column == "last_inform" and value else str(value or "")


PAGES = (
    Page(method="GET", path="/phones", handle=_list, limited=True),
    Page(method="GET", path="/phones.csv", handle=_csv, limited=True),
    Page(method="POST", path="/phones/columns", handle=_choose_columns, limited=True),
    Page(method="POST", path="/phones/bulk", handle=_bulk, limited=True),
)
