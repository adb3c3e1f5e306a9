"""The whole table of routes, and the document that is made from it."""

from __future__ import annotations

from functools import cache

import msgspec

from acs.northbound import openapi
from acs.northbound.metrics import route as metrics
from acs.northbound.rest import (
    action_urls,
    audit,
    backup,
    configuration,
    configuration_drift,
    coverage,
    device_export,
    device_import,
    devices,
    events,
    files,
    group_informs,
    groups,
    health,
    hooks,
    keys,
    provisioning_files,
    refusals,
    resources,
    rollout_approvals,
    rollout_reports,
    rollouts,
    schedules,
    selectors,
    session,
    tasks,
    tokens,
    traces,
    users,
    wakes,
)
from acs.northbound.rest.replies import Reply
from acs.northbound.rest.routing import Call, Route


async def _document(call: Call) -> Reply:
    return Reply(200, _encoded(call.services.version))


@cache
def _encoded(version: str) -> bytes:
    return msgspec.json.encode(openapi.document(ROUTES, version))


ROUTES: tuple[Route, ...] = (
    *devices.ROUTES,
    *tasks.ROUTES,
    *traces.ROUTES,
    *wakes.ROUTES,
    *files.ROUTES,
    *resources.ROUTES,
    *keys.ROUTES,
    *coverage.ROUTES,
    *configuration.ROUTES,
    *configuration_drift.ROUTES,
    *provisioning_files.ROUTES,
    *groups.ROUTES,
    *group_informs.ROUTES,
    *selectors.ROUTES,
    *rollouts.ROUTES,
    *schedules.ROUTES,
    *action_urls.ROUTES,
    *events.ROUTES,
    *hooks.ROUTES,
    *device_import.ROUTES,
    *device_export.ROUTES,
    *tokens.ROUTES,
    *users.ROUTES,
    *rollout_approvals.ROUTES,
    *rollout_reports.ROUTES,
    *session.ROUTES,
    *audit.ROUTES,
    *backup.ROUTES,
    *refusals.ROUTES,
    *health.ROUTES,
    *metrics.ROUTES,
    Route(
        method="GET",
        path="/api/openapi.json",
        handle=_document,
        summary="This document",
        role=None,
        answers={200: dict},
    ),
)
