"""/api/v1/resources: kinds of resource files; checking, building and reading them without storing anything.

They are stored by `PUT /api/v1/files/{name}?resource=KIND`.
"""

from __future__ import annotations

from msgspec import Struct

from acs.datamodel.resources.documents import MAX_SIZE
from acs.northbound.rest.replies import Reply, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import resources
from acs.operations.resources import BuildRequest, CheckView, KindView, RowsView


class KindList(Struct, frozen=True):
    """`base_url` and a stored file's `path` make the address at which phones fetch it; "" where the server
    does not know its own."""

    items: list[KindView]
    base_url: str


async def _kinds(call: Call) -> Reply:
    return ok(KindList(resources.kinds(), call.services.files_url()))


async def _check(call: Call) -> Reply:
    return ok(await resources.check(call.segment("kind"), call.body.whole(MAX_SIZE)))


async def _build(call: Call) -> Reply:
    content = await resources.build(call.segment("kind"), call.read(BuildRequest))
    return Reply(200, content, content_type=resources.CONTENT_TYPE)


async def _rows(call: Call) -> Reply:
    return ok(RowsView(await resources.read_rows(call.segment("kind"), call.body.whole(MAX_SIZE))))


_KIND = "/api/v1/resources/{kind}"

ROUTES = (
    Route(
        method="GET",
        path="/api/v1/resources",
        limited=True,
        handle=_kinds,
        summary="The kinds of resource files, their columns and limits",
        answers={200: KindList},
    ),
    Route(
        method="POST",
        path=f"{_KIND}/check",
        limited=True,
        handle=_check,
        summary="What is wrong with a file of this kind, line by line; the answer is 200 either way",
        body=bytes,
        answers={200: CheckView},
    ),
    Route(
        method="POST",
        path=f"{_KIND}/build",
        limited=True,
        handle=_build,
        summary="The file that these rows make; the same rows make the same bytes",
        body=BuildRequest,
        answers={200: {resources.CONTENT_TYPE: bytes}},
    ),
    Route(
        method="POST",
        path=f"{_KIND}/rows",
        limited=True,
        handle=_rows,
        summary="The rows of a file of this kind, to be edited and built again",
        body=bytes,
        answers={200: RowsView},
    ),
)
