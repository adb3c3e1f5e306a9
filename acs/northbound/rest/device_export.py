"""/api/v1/devices/export: phones as CSV."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct
from twisted.web.resource import Resource

from acs.northbound.rest.audit import CSV
from acs.northbound.rest.routing import Call, Route
from acs.northbound.streaming import Streamed
from acs.operations.phone_export import PhoneExport


class _Query(Struct, frozen=True, forbid_unknown_fields=True):
    q: Annotated[str, Meta(max_length=4096, description="a selector, or a fragment; left out: all")] = ""
    columns: Annotated[
        str, Meta(max_length=4096, description="with commas between; left out: those that can be imported")
    ] = ""


async def _export(call: Call) -> Resource:
    query: _Query = call.query
    services = call.services
    export = PhoneExport(services.runner, services.shapes, services.catalogue, query.q, call.now)
    columns = await export.columns(query.columns)
    await export.check()
    saved = ("Content-Disposition", 'attachment; filename="phones.csv"')
    return Streamed(export.lines(columns), CSV, (saved,))


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/devices/export",
        limited=True,
        handle=_export,
        query=_Query,
        summary="Phones as CSV, those that are awaited too: a list to be imported again, or chosen columns",
        answers={200: {CSV: str}},
    ),
)
