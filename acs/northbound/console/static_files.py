"""Style sheet, scripts and drawings: read once, kept by browsers until they change."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from acs.northbound.console.visits import Answer, Page, Visit
from acs.operations.errors import NotFound

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


async def _show(visit: Visit) -> Answer:
    name = visit.segment("name")
    found = _files().get(name)
    if found is None:
        raise NotFound("file", name)
    # modules ask for each other without a version: they are asked for again before they are used
    keep = "max-age=31536000, immutable" if b"?" in visit.request.uri else "no-cache"
    kind = _TYPES[name.rpartition(".")[2]]
    return Answer(found, content_type=kind, headers=(("Cache-Control", f"public, {keep}"),))


@cache
def _files() -> dict[str, bytes]:
    entries = files(__package__).joinpath("static").iterdir()
    return {entry.name: entry.read_bytes() for entry in entries if entry.name.rpartition(".")[2] in _TYPES}


PAGES = (Page(method="GET", path="/static/{name}", handle=_show, role=None),)
