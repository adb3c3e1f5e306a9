"""Who calls: the bearer token of RFC 6750, in the Authorization header and nowhere else."""

from __future__ import annotations

from twisted.web.server import Request

from acs.northbound.rest.problems import Unauthenticated
from acs.operations.ports import Runner
from acs.operations.tokens import Actor, actor_of


async def authenticate(runner: Runner, request: Request, now: float) -> Actor:
    """The actor whose token the request shows. Raises Unauthenticated."""
    raw = request.getHeader(b"authorization")
    if raw is None:
        raise Unauthenticated("An API token is needed: Authorization: Bearer TOKEN.")
    scheme, _, text = raw.decode("latin-1").strip().partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise Unauthenticated("The Authorization header must be: Bearer TOKEN.")
    actor = await actor_of(runner, text.strip(), now=now)
    if actor is None:
        raise Unauthenticated("The API token is unknown, revoked or expired; `acs token create` makes one.")
    return actor
