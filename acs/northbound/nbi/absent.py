"""Parts of GenieACS's NBI that this server has nothing like: each says what does their work here."""

from __future__ import annotations

from acs.northbound.rest.problems import NotOffered
from acs.northbound.rest.replies import Reply
from acs.northbound.rest.routing import AnyQuery, Call, Route

#: By the first part of the path behind /nbi: what to use instead.
INSTEAD = {
    "presets": "Desired configuration of the fleet, models, groups or phones does the work of presets: "
    "/api/v1/config and its like, docs/configuration.md. What a phone's events are to lead to is a rule: "
    "/api/v1/rules.",
    "provisions": "Desired configuration does the work of provision scripts: /api/v1/config and its like, "
    "docs/configuration.md. For many phones in waves there are rollouts: /api/v1/rollouts.",
    "virtual_parameters": "What a script would compute stands at the phone (/api/v1/devices/{id}), or in its "
    "attributes, which templates and selectors use: docs/selectors.md.",
    "objects": "They belong to presets: /api/v1/config and its like, docs/configuration.md.",
    "config": "Settings of this server are flags, variables and its file: docs/operation.md.",
    "permissions": "What somebody may do is the role and selector of a user or token: /api/v1/users and "
    "/api/v1/tokens, docs/users.md.",
    "users": "/api/v1/users has them, docs/users.md.",
    "operations": "Transfers under way are tasks in the state waiting: /api/v1/devices/{id}/tasks.",
    "ping": "A connection request tells whether a phone can be reached: POST /api/v1/devices/{id}/wake, or "
    "/nbi/devices/{id}/tasks?connection_request with an empty body. Whether it calls as it should is its "
    "presence: /api/v1/devices/{id}.",
}
_OTHER_SPELLINGS = {"virtualParameters": "virtual_parameters", "virtualparameters": "virtual_parameters"}


async def _refuse(call: Call) -> Reply:
    part = call.request.path.decode("ascii", "replace").split("/")[2]
    text = INSTEAD[_OTHER_SPELLINGS.get(part, part)]
    raise NotOffered(f"This server has no {part} of GenieACS's kind. {text}")


ROUTES = tuple(
    Route(
        method=method,
        path=f"/nbi/{part}/{below}",
        limited=True,
        handle=_refuse,
        summary=f"Not offered: {part}",
        query=AnyQuery,
        answers={501: None},
        changes=False,
    )
    for part in (*INSTEAD, *_OTHER_SPELLINGS)
    for method in ("GET", "PUT", "POST", "DELETE")
    for below in ("", "{name}")
)
