"""/api/v1/keys: the documented configuration keys."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from acs.northbound.rest.replies import Reply, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import keys
from acs.operations.keys import KeyView


class KeyList(Struct, frozen=True):
    items: list[KeyView]
    total: int


class _ListQuery(Struct, frozen=True, forbid_unknown_fields=True):
    q: Annotated[
        str,
        Meta(
            max_length=200,
            description="words that must all be in the name, feature or description; `*` for any characters",
        ),
    ] = ""
    model: Annotated[str, Meta(max_length=64, description="only the keys of this model")] = ""


async def _list(call: Call) -> Reply:
    query: _ListQuery = call.query
    found = keys.find(call.services.catalogue, q=query.q, model=query.model)
    return ok(KeyList(found, len(found)))


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/keys",
        limited=True,
        handle=_list,
        summary="The documented configuration keys, or those that match q",
        query=_ListQuery,
        answers={200: KeyList},
    ),
)
