"""/api/v1/action-urls: what phones are to call when something happens to them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from acs.northbound.rest.replies import Reply, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import action_urls
from acs.operations.action_urls import ActionUrlsView
from acs.operations.tokens import Role


class _Query(Struct, frozen=True, forbid_unknown_fields=True):
    calls: Annotated[bool, Meta(description="events of calls, too")] = False


async def _show(call: Call) -> Reply:
    services, query = call.services, call.query
    return ok(
        action_urls.show(
            services.files_url(),
            services.action_token,
            calls=query.calls,
            keeps_calls=services.keeps_calls,
        )
    )


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/action-urls",
        handle=_show,
        summary="Keys with the URLs that phones call when something happens to them; they hold a secret",
        role=Role.ENGINEER,
        query=_Query,
        answers={200: ActionUrlsView},
    ),
)
