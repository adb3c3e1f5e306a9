"""/api/v1/devices/import and /api/v1/awaited: lists of phones, those that have not called yet among them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from acs.northbound.rest.devices import Limit
from acs.northbound.rest.replies import NO_CONTENT, Reply, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import device_import
from acs.operations.device_import import AwaitedPage, ImportView
from acs.operations.tokens import Role

#: Largest list, in bytes: some 200,000 phones.
LIST_LIMIT = 16 << 20


class _AwaitedQuery(Struct, frozen=True, forbid_unknown_fields=True):
    limit: Limit = 50
    cursor: Annotated[str, Meta(description="the `next` of the page before")] = ""


class _ImportQuery(Struct, frozen=True, forbid_unknown_fields=True):
    dry_run: Annotated[bool, Meta(description="1: only say what would come of it")] = False


async def _import(call: Call) -> Reply:
    content = call.body.whole(LIST_LIMIT)
    query: _ImportQuery = call.query
    view = await device_import.import_list(
        call.services.runner, content, by=call.actor.name, now=call.now, dry_run=query.dry_run
    )
    return ok(view)


async def _awaited(call: Call) -> Reply:
    query: _AwaitedQuery = call.query
    page = await device_import.awaited_page(call.services.runner, cursor=query.cursor, limit=query.limit)
    return ok(page)


async def _forget(call: Call) -> Reply:
    await device_import.forget_awaited(call.services.runner, call.segment("mac"))
    return NO_CONTENT


ROUTES = (
    Route(
        method="POST",
        path="/api/v1/devices/import",
        handle=_import,
        summary="Take a CSV list of phones: mac, group, tags, label, attributes; the whole, or nothing",
        query=_ImportQuery,
        role=Role.ENGINEER,
        body=bytes,
        body_type="text/csv",
        answers={200: ImportView},
        problems=(409,),
    ),
    Route(
        method="GET",
        path="/api/v1/awaited",
        handle=_awaited,
        summary="Phones that a list named and that have not called yet",
        query=_AwaitedQuery,
        answers={200: AwaitedPage},
    ),
    Route(
        method="DELETE",
        path="/api/v1/awaited/{mac}",
        handle=_forget,
        summary="Await this phone no longer, and drop what was kept for it",
        role=Role.ENGINEER,
        answers={204: None},
    ),
)
