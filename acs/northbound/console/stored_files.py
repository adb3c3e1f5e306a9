"""Stored files: firmware and configurations for phones, and what phones sent."""

from __future__ import annotations

from typing import Any

from acs.fleet.requests import DOWNLOAD_TYPES
from acs.northbound.console import notices, pages
from acs.northbound.console.visits import Answer, Page, Visit
from acs.operations import files, resources, validation
from acs.operations.actors import Role
from acs.operations.files import About

_PAGE = 100


async def _list(visit: Visit) -> Answer:
    page = await files.page(visit.runner, cursor=visit.query.text("cursor"), limit=_PAGE)
    context: dict[str, Any] = {"page": page, "types": DOWNLOAD_TYPES, "kinds": resources.kinds()}
    return pages.show(visit, "files.html", **context)


async def _put(visit: Visit) -> Answer:
    """The body is the file, the query says what it is. A script sends it, and goes where the answer says."""
    query = visit.query
    name = query.text("name")
    files.check_name(name)
    given = {field: query.text(field) for field in About.__struct_fields__ if query.text(field)}
    about = validation.read(About, given)
    view, _ = await files.put(
        visit.runner,
        visit.services.files,
        visit.body.take(),
        name,
        about,
        by=visit.actor.name,
        now=visit.now,
    )
    visit.tell(f"files/{name}", new=view)
    place = notices.done("/files", f"{name} is stored.")
    cookies = tuple(pair for pair in place.headers if pair[0] == "Set-Cookie")
    return Answer(b"/files", 201, "text/plain; charset=utf-8", cookies)


async def _remove(visit: Visit) -> Answer:
    name = visit.segment("name")
    file = files.view(await files.get(visit.runner, name))
    if not pages.confirmed(visit):
        return pages.ask(
            visit,
            title=f"Remove {name}",
            text="Its name is gone at once. Tasks already put down can still fetch it for a day.",
            button="Remove it",
            back="/files",
            facts=[
                ("Type", file.file_type),
                ("Version", file.version),
                ("SHA-256", file.sha256),
                ("MD5", file.md5),
            ],
        )
    await files.remove(visit.runner, visit.services.files, name, now=visit.now)
    visit.tell(f"files/{name}", old=file)
    return notices.done("/files", f"{name} is removed.")


PAGES = (
    Page(method="GET", path="/files", handle=_list),
    Page(method="POST", path="/files", handle=_put, role=Role.OPERATOR, deed="files.put"),
    Page(method="POST", path="/files/{name}/remove", handle=_remove, role=Role.OPERATOR, deed="files.delete"),
)
