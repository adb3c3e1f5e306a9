"""/api/v1/rollouts/{rollout}/report: all of a rollout, as JSON or as a table, written while it is read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from twisted.web.resource import Resource

from acs.fleet.rollout.member import Outcome
from acs.northbound.rest.audit import CSV
from acs.northbound.rest.replies import JSON
from acs.northbound.rest.routing import Call, Route
from acs.northbound.streaming import Streamed
from acs.operations import rollout_reports, tables
from acs.operations.ports import moment
from acs.operations.rollout_reports import ReportedPhone, RolloutReport
from acs.operations.rollouts import RolloutView

_Pages = AsyncIterator[list[ReportedPhone]]

_Format = Annotated[
    Literal["json", "csv"] | None,
    Meta(description="left out: csv where Accept names text/csv first, else json"),
]


class _Query(Struct, frozen=True, forbid_unknown_fields=True):
    outcome: Outcome | None = None
    format: _Format = None


async def _report(call: Call) -> Resource:
    query: _Query = call.query
    runner, identifier = call.services.runner, call.segment("rollout")
    head = await rollout_reports.head(runner, identifier, now=call.now)
    pages = rollout_reports.phones(runner, identifier, query.outcome)
    nobody: list[ReportedPhone] = []
    found = _behind(await anext(pages, nobody), pages)  # a store that is away is told as such
    vary = ("Vary", "Accept")
    if (query.format or _accepted(call)) == "csv":
        saved = ("Content-Disposition", f'attachment; filename="rollout-{identifier}.csv"')
        return Streamed(_as_csv(found), CSV, (vary, saved))
    return Streamed(_as_json(head, found, call.now), JSON, (vary,))


def _accepted(call: Call) -> str:
    header = (call.request.getHeader(b"accept") or b"").decode("latin-1").lower()
    named = (part.partition(";")[0].strip() for part in header.split(","))
    return "csv" if next((one for one in named if one in ("text/csv", JSON)), JSON) == "text/csv" else "json"


async def _behind(first: list[ReportedPhone], pages: _Pages) -> _Pages:
    yield first
    async for phones in pages:
        yield phones


async def _as_csv(pages: _Pages) -> AsyncIterator[bytes]:
    yield tables.lines([rollout_reports.COLUMNS])
    async for phones in pages:
        yield rollout_reports.table(phones)


async def _as_json(head: RolloutView, pages: _Pages, now: float) -> AsyncIterator[bytes]:
    """A `RolloutReport`, a phone a line."""
    about = msgspec.json.encode({"made_at": moment(now), "rollout": head})
    yield about[:-1] + b',"devices":['
    between = b"\n"
    async for phones in pages:
        for phone in phones:
            yield between + msgspec.json.encode(phone)
            between = b",\n"
    yield b"\n]}\n"


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/rollouts/{rollout}/report",
        handle=_report,
        query=_Query,
        limited=True,
        summary="The whole, and every phone with its evidence; or a table of the phones",
        answers={200: {JSON: RolloutReport, CSV: str}},
    ),
)
