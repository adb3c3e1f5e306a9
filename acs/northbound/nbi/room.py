"""The façade as a room of the web port: its routes, who may call, and its refusals as problems."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import structs
from twisted.web.resource import Resource

from acs.northbound.nbi import absent, devices, faults, files, tasks
from acs.northbound.rest import problems
from acs.northbound.rest.application import make_application
from acs.northbound.rest.authentication import authenticate_machine
from acs.northbound.rest.replies import Reply
from acs.northbound.rest.routing import Services

_TABLE = (*devices.ROUTES, *tasks.ROUTES, *faults.ROUTES, *files.ROUTES, *absent.ROUTES)

#: Collections are asked for with a slash at the end, and without.
ROUTES = (
    *_TABLE,
    *(structs.replace(route, path=route.path[:-1]) for route in _TABLE if route.path.endswith("/")),
)

#: How a client without a token is asked for one: panels know Basic.
_CHALLENGE = (("WWW-Authenticate", 'Basic realm="acs", charset="UTF-8"'),)


def _problem(error: BaseException) -> Reply:
    """Clients of this interface know 400 for what is wrong in itself."""
    reply = problems.problem(error, invalid=400)
    return structs.replace(reply, headers=_CHALLENGE) if reply.status == 401 else reply


def rooms(services: Services) -> Mapping[bytes, Resource]:
    """By the first part of the path."""
    application = make_application(services, ROUTES, identify=authenticate_machine, answer_to=_problem)
    return {b"nbi": application.resource()}
