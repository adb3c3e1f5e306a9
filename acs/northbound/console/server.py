"""Settings: how the server is set, whether it is well, who was refused, and the saved selectors."""

from __future__ import annotations

from typing import Any

from acs.northbound.console import notices, pages
from acs.northbound.console.visits import Answer, Page, Visit
from acs.operations import health, refusals, selectors, validation
from acs.operations.actors import Role
from acs.operations.errors import Conflict, Invalid, Unavailable
from acs.operations.health import Ready
from acs.operations.selectors import SelectorRequest

_REFUSALS = 30


async def _show(visit: Visit, **more: Any) -> Answer:
    services = visit.services
    ready: Ready | None = None
    trouble = ""
    try:
        ready = await health.check_ready(
            services.runner,
            services.files,
            services.version,
            now=visit.now,
            closed=services.closed_ports(),
        )
    except Unavailable as error:
        trouble = str(error)
    context: dict[str, Any] = {
        "ready": ready,
        "trouble": trouble,
        "settings": services.settings if visit.may("engineer") else (),
        "refused": await refusals.newest(visit.runner, limit=_REFUSALS),
        "saved": (await selectors.list_all(visit.runner)).items,
        "faults": [],
        "given": {},
        **more,
    }
    return pages.show(visit, "settings.html", **context)


async def _save(visit: Visit) -> Answer:
    form = visit.form()
    given = {name: form.text(name) for name in ("name", "select", "description")}
    try:
        asked = validation.read(SelectorRequest, given)
        made = await selectors.create(
            visit.runner, visit.services.catalogue, asked, by=visit.actor.name, now=visit.now
        )
    except (Invalid, Conflict) as error:
        return await _show(visit, status=422, faults=pages.faults_of(error), given=given)
    visit.tell(f"selectors/{made.name}", new=asked)
    return notices.done(
        "/settings", f"The selector {made.name} is saved; it stands above the table of phones."
    )


async def _delete(visit: Visit) -> Answer:
    name = visit.segment("selector")
    before = await selectors.show(visit.runner, name)
    if not pages.confirmed(visit):
        return pages.ask(
            visit,
            title=f"Delete the selector {name}",
            text="The phones it means stay as they are.",
            button="Delete the selector",
            back="/settings",
            facts=[("Means", before.select)],
        )
    await selectors.delete(visit.runner, name)
    visit.tell(f"selectors/{name}", old=before)
    return notices.done("/settings", f"The selector {name} is deleted.")


PAGES = (
    Page(method="GET", path="/settings", handle=_show),
    Page(
        method="POST", path="/settings/selectors", handle=_save, role=Role.OPERATOR, deed="selectors.create"
    ),
    Page(
        method="POST",
        path="/settings/selectors/{selector}",
        handle=_delete,
        role=Role.OPERATOR,
        deed="selectors.delete",
    ),
)
