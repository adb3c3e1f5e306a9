"""/api/v1/files: firmware and configurations for phones, and what phones sent."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct
from twisted.web.http import CACHED
from twisted.web.resource import Resource
from twisted.web.static import File

from acs.northbound.rest.devices import Limit, device_of
from acs.northbound.rest.replies import JSON, NO_CONTENT, Reply, created, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import files
from acs.operations.errors import NotFound
from acs.operations.files import About, FilePage, FileView
from acs.operations.tokens import Role

_BINARY = "application/octet-stream"


class _ListQuery(Struct, frozen=True, forbid_unknown_fields=True):
    limit: Limit = 50
    cursor: Annotated[str, Meta(max_length=128, description="the `next` of the page before")] = ""


class _Content(File):
    """Bytes of a stored file; twisted.web's own knows Range, HEAD and pacing."""

    isLeaf = True
    type = _BINARY
    encoding = None


async def _put(call: Call) -> Reply:
    name = call.segment("name")
    files.check_name(name)
    view, new = await files.put(
        call.services.runner,
        call.services.files,
        call.body.take(),
        name,
        call.query,
        by=call.actor.name,
        now=call.now,
    )
    return created(view, f"/api/v1/files/{name}") if new else ok(view)


async def _get(call: Call) -> Reply | Resource:
    file = await files.get(call.services.runner, call.segment("name"))
    if _wants_json(call):
        return ok(files.view(file))
    path = files.content(call.services.files, file.sha256)
    if not path.is_file():
        raise NotFound("content on this server for the file", file.name)
    for header, value in (
        ("Content-Disposition", f'attachment; filename="{file.name}"'),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "private, no-cache"),
        ("Vary", "Accept"),
    ):
        call.request.responseHeaders.setRawHeaders(header, [value])
    request: Any = call.request
    if request.setETag(f'"{file.sha256}"'.encode()) is CACHED:
        return Reply(304)
    return _Content(str(path))


def _wants_json(call: Call) -> bool:
    """Only a client that names JSON and nothing wider gets the record instead of the bytes."""
    accepted = (call.request.getHeader(b"accept") or b"").decode("latin-1")
    return {part.partition(";")[0].strip().lower() for part in accepted.split(",")} == {JSON}


async def _list(call: Call) -> Reply:
    query: _ListQuery = call.query
    return ok(await files.page(call.services.runner, cursor=query.cursor, limit=query.limit))


async def _of_device(call: Call) -> Reply:
    query: _ListQuery = call.query
    device = (await device_of(call)).device.id
    return ok(await files.of_device(call.services.runner, device, cursor=query.cursor, limit=query.limit))


async def _remove(call: Call) -> Reply:
    services = call.services
    await files.remove(services.runner, services.files, call.segment("name"), now=call.now)
    return NO_CONTENT


_FILE = "/api/v1/files/{name}"


async def _was(call: Call) -> FileView:
    return files.view(await files.get(call.services.runner, call.segment("name")))


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/files",
        limited=True,
        handle=_list,
        summary="The stored files by name",
        query=_ListQuery,
        answers={200: FilePage},
    ),
    Route(
        method="GET",
        path="/api/v1/devices/{device}/files",
        handle=_of_device,
        summary="What the phone sent, newest first: backups of its configuration, logs",
        query=_ListQuery,
        answers={200: FilePage},
    ),
    Route(
        method="PUT",
        path=_FILE,
        handle=_put,
        was=_was,
        summary="Store a file, or replace the one of this name",
        role=Role.OPERATOR,
        query=About,
        body=bytes,
        answers={200: FileView, 201: FileView},
    ),
    Route(
        method="GET",
        path=_FILE,
        limited=True,
        handle=_get,
        summary="The file's bytes, or what is known of it where Accept says application/json; takes Range",
        answers={200: {_BINARY: bytes, JSON: FileView}, 206: {_BINARY: bytes}, 304: None, 416: None},
    ),
    Route(
        method="DELETE",
        path=_FILE,
        limited=True,
        handle=_remove,
        was=_was,
        summary="Remove the name at once; its bytes stay a day for tasks already put down",
        role=Role.OPERATOR,
        answers={204: None},
    ),
)
