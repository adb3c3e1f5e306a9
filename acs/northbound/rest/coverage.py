"""/api/v1/models/{model}/coverage: which way each documented key goes to a model's phones."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from acs.northbound.rest.replies import Reply, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import coverage
from acs.operations.coverage import Coverage


class _Query(Struct, frozen=True, forbid_unknown_fields=True):
    firmware: Annotated[
        str, Meta(max_length=64, description="by a phone with this firmware; default: the one heard last")
    ] = ""


async def _show(call: Call) -> Reply:
    query: _Query = call.query
    services = call.services
    return ok(
        await coverage.show(
            services.runner, services.shapes, services.catalogue, call.segment("model"), query.firmware
        )
    )


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/models/{model}/coverage",
        handle=_show,
        summary="Which documented keys go to this model's phones as parameters, which by file, and why",
        query=_Query,
        answers={200: Coverage},
        problems=(404,),
    ),
)
