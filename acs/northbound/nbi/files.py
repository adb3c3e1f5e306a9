"""/nbi/files: stored files with what GenieACS keeps of them."""

from __future__ import annotations

from typing import Any

from acs.northbound.nbi import listing, moments
from acs.northbound.nbi.devices import DONE
from acs.northbound.rest.problems import BadRequest
from acs.northbound.rest.replies import Reply
from acs.northbound.rest.routing import AnyQuery, Call, Route
from acs.operations import files, validation
from acs.operations.files import About
from acs.operations.tokens import Role
from acs.store.files import StoredFile

#: Characters of an `oui` header.
LONGEST_OUI = 64


def _document(file: StoredFile) -> dict[str, Any]:
    metadata = {
        "fileType": file.file_type,
        "oui": file.oui,
        "productClass": file.model,
        "version": file.version,
    }
    return {
        "_id": file.name,
        "filename": file.name,
        "length": file.size,
        "uploadDate": moments.of_seconds(file.created_at),
        "md5": file.md5,
        "sha256": file.sha256,
        "metadata": {name: said for name, said in metadata.items() if said},
    }


async def _list(call: Call) -> Reply:
    asked = listing.read(call, listing.plain)
    every = await files.every(call.services.runner)
    return listing.answer(call, asked, [_document(file) for file in every])


async def _put(call: Call) -> Reply:
    name = call.segment("name")
    files.check_name(name)
    oui = _header(call, "oui")
    if len(oui) > LONGEST_OUI:
        raise BadRequest(f"oui: has {len(oui)} characters; at most {LONGEST_OUI} are taken.")
    about = validation.read(
        About,
        {
            "file_type": _header(call, "fileType"),
            "version": _header(call, "version"),
            "model": _header(call, "productClass"),
        },
    )
    services = call.services
    await files.put(
        services.runner,
        services.files,
        call.body.take(),
        name,
        about,
        by=call.actor.name,
        now=call.now,
        oui=oui,
    )
    return Reply(201, b"", (), "text/plain")


def _header(call: Call, name: str) -> str:
    raw = call.request.getHeader(name.lower().encode()) or b""
    return raw.decode("utf-8", "replace").strip()


async def _remove(call: Call) -> Reply:
    services = call.services
    await files.remove(services.runner, services.files, call.segment("name"), now=call.now)
    return DONE


_FILE = "/nbi/files/{name}"

ROUTES = (
    Route(
        method="GET",
        path="/nbi/files/",
        limited=True,
        handle=_list,
        summary="The records of stored files",
        query=AnyQuery,
        answers={200: list[dict[str, Any]]},
    ),
    Route(
        method="PUT",
        path=_FILE,
        handle=_put,
        summary="Store a file; the headers fileType, oui, productClass and version tell of it",
        role=Role.OPERATOR,
        query=AnyQuery,
        body=bytes,
        answers={201: None},
    ),
    Route(
        method="DELETE",
        path=_FILE,
        limited=True,
        handle=_remove,
        summary="Remove a file",
        role=Role.OPERATOR,
        query=AnyQuery,
        answers={200: None},
    ),
)
