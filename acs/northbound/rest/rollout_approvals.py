"""/api/v1/rollouts/{rollout}/approve: a second person's approval."""

from __future__ import annotations

from acs.northbound.rest.replies import Reply, ok
from acs.northbound.rest.routing import Call, Route
from acs.northbound.rollout_desk import desk_for
from acs.operations import rollout_approvals
from acs.operations.actors import Role
from acs.operations.rollout_approvals import ApprovalList, ApprovalRequest


async def _approve(call: Call) -> Reply:
    asked = call.read_if_given(ApprovalRequest)
    desk = desk_for(call.services, call.actor)
    return ok(await rollout_approvals.approve(desk, call.segment("rollout"), asked))


async def _list(call: Call) -> Reply:
    return ok(await rollout_approvals.list_all(call.services.runner, call.segment("rollout")))


_ROLLOUT = "/api/v1/rollouts/{rollout}"

ROUTES = (
    Route(
        method="POST",
        path=_ROLLOUT + "/approve",
        handle=_approve,
        summary="Approve of a rollout that somebody else has made, before it starts; for users, not tokens",
        role=Role.ENGINEER,
        limited=True,
        body=ApprovalRequest,
        body_optional=True,
        answers={200: ApprovalList},
        problems=(409,),
    ),
    Route(
        method="GET",
        path=_ROLLOUT + "/approvals",
        handle=_list,
        summary="Who has approved of a rollout",
        limited=True,
        answers={200: ApprovalList},
    ),
)
