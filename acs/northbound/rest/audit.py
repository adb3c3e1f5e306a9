"""/api/v1/audit: who changed what."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from acs.northbound.rest.replies import JSON, Reply, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import audit
from acs.operations.actors import Role
from acs.operations.audit import AuditPage, AuditQuery

CSV = "text/csv; charset=utf-8"


class _Query(AuditQuery, frozen=True, forbid_unknown_fields=True):
    format: Annotated[Literal["json", "csv"], Meta(description="csv for a table")] = "json"


async def _list(call: Call) -> Reply:
    query: _Query = call.query
    found = await audit.page(call.services.runner, query)
    if query.format == "json":
        return ok(found)
    headers = [("Content-Disposition", 'attachment; filename="audit.csv"')]
    if found.next:
        headers.append(("X-Next-Cursor", found.next))
    return Reply(200, audit.as_csv(found), tuple(headers), CSV)


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/audit",
        handle=_list,
        summary="Who changed what, newest first; of CSV, X-Next-Cursor has the next page's cursor",
        role=Role.ADMIN,
        query=_Query,
        answers={200: {JSON: AuditPage, CSV: str}},
    ),
)
