"""Stored files: firmware and configurations for phones, and what phones sent.

Contents travel inside the XML, so that they are limited by the size of a request; larger files go by
`PUT /api/v1/files/{name}` with the same token.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct
from twisted.internet.threads import deferToThread

from acs.fleet.requests import MAX_FILE_TYPE
from acs.northbound.rest.bodies import Body
from acs.northbound.soap.devices import LOOK, TOUCH
from acs.northbound.soap.operations import Asking, Change, Limit, Operation, Rule
from acs.operations import files
from acs.operations.actors import Role
from acs.operations.errors import NotFound, TooLarge
from acs.operations.files import About, FilePage, FileView

Name = Annotated[str, Meta(min_length=1, max_length=128, description="the name of a stored file")]

#: Bytes of a file that is answered.
MOST = 3 << 20


class PutFile(Struct, frozen=True):
    name: Name
    content: Annotated[bytes, Meta(description="in Base64; at most 3 MB, more by PUT /api/v1/files/NAME")]
    file_type: Annotated[str, Meta(max_length=MAX_FILE_TYPE, description="1 Firmware Upgrade Image")] = ""
    version: Annotated[str, Meta(max_length=64, description="the SoftwareVersion that it brings")] = ""
    model: Annotated[str, Meta(max_length=64, description="the product class that it is for")] = ""
    resource: Annotated[str, Meta(max_length=64, description="the kind of a resource file")] = ""


class ListFiles(Struct, frozen=True):
    limit: Limit = 50
    cursor: Annotated[str, Meta(max_length=128, description="the `next` of the answer before")] = ""


class GetFile(Struct, frozen=True):
    name: Name
    with_content: Annotated[bool, Meta(description="answer its bytes as well")] = False


class FileContent(Struct, frozen=True):
    file: FileView
    content: bytes | None


class DeleteFile(Struct, frozen=True):
    name: Name


class DeletedFile(Struct, frozen=True):
    """What there was until now."""

    file: FileView


async def _put(asking: Asking, asked: PutFile) -> FileView:
    files.check_name(asked.name)
    services = asking.services
    about = About(asked.file_type, asked.version, asked.model, asked.resource)
    received = await deferToThread(_kept, services.incoming, asked.content)
    stored, _ = await files.put(
        services.runner, services.files, received, asked.name, about, by=asking.by, now=asking.now
    )
    return stored


def _kept(incoming: Path, content: bytes) -> Path:
    body = Body(incoming, len(content))
    body.write(content)
    return body.take()


async def _list(asking: Asking, asked: ListFiles) -> FilePage:
    return await files.page(asking.services.runner, cursor=asked.cursor, limit=asked.limit)


async def _view(asking: Asking, asked: Any) -> FileView:
    return files.view(await files.get(asking.services.runner, asked.name))


async def _get(asking: Asking, asked: GetFile) -> FileContent:
    found = await _view(asking, asked)
    if not asked.with_content:
        return FileContent(found, None)
    if found.size > MOST:
        what = f"The file {found.name} ({found.size} bytes, which GET /api/v1/files/{found.name} gives)"
        raise TooLarge(what, MOST)
    path = files.content(asking.services.files, found.sha256)
    try:
        return FileContent(found, await deferToThread(path.read_bytes))
    except FileNotFoundError:
        raise NotFound("content on this server for the file", found.name) from None


async def _delete(asking: Asking, asked: DeleteFile) -> DeletedFile:
    was = await _view(asking, asked)
    services = asking.services
    await files.remove(services.runner, services.files, asked.name, now=asking.now)
    return DeletedFile(was)


def _file(asked: Any, _: Any) -> str:
    return f"files/{asked.name}"


OPERATIONS = (
    Operation(
        name="PutFile",
        summary="Store a file, or replace the one of this name",
        request=PutFile,
        answer=FileView,
        perform=_put,
        rule=Rule(Role.OPERATOR),
        change=Change(operation="files.put", on=_file),
    ),
    Operation(
        name="ListFiles",
        summary="The stored files by name, a page at a time",
        request=ListFiles,
        answer=FilePage,
        perform=_list,
        rule=LOOK,
    ),
    Operation(
        name="GetFile",
        summary="What is known of a stored file, and its bytes where they are wanted",
        request=GetFile,
        answer=FileContent,
        perform=_get,
        rule=LOOK,
    ),
    Operation(
        name="DeleteFile",
        summary="Remove a file's name at once; its bytes stay a day for tasks already put down",
        request=DeleteFile,
        answer=DeletedFile,
        perform=_delete,
        rule=TOUCH,
        change=Change(operation="files.delete", on=_file),
    ),
)
