"""The Klein application: from the table of routes to answers, and from whatever goes wrong to problems."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import structlog
from klein import Klein
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import Request
from werkzeug.exceptions import MethodNotAllowed

from acs.northbound import browser_session
from acs.northbound.phrases import phrase
from acs.northbound.rest import audit_trail, negotiation, once, problems
from acs.northbound.rest.authentication import admit, authenticate
from acs.northbound.rest.replies import Reply
from acs.northbound.rest.routing import AnyQuery, Call, Route, Services, contents
from acs.operations import validation
from acs.operations.errors import Invalid, OperationError
from acs.operations.tokens import Actor

log = structlog.get_logger("api")

#: typed loosely, because Klein's own types know no coroutines that give resources
Endpoint = Callable[..., Any]
Identify = Callable[[Services, Request], Awaitable[Actor]]


def make_application(
    services: Services,
    routes: Iterable[Route],
    *,
    identify: Identify = authenticate,
    answer_to: Callable[[BaseException], Reply] = problems.problem,
) -> Klein:
    """Klein with every route of the table; what matches none, or fails, is answered with a problem.

    :param identify: finds out who calls.
    :param answer_to: makes the problem.
    """
    application = Klein()
    application.url_map.merge_slashes = False
    application.url_map.strict_slashes = False
    table = tuple(routes)
    reads = audit_trail.reads_of({route.path: route for route in table if route.method == "GET"})
    for route in table:
        add = application.route(
            _rule(route.path), methods=[route.method], endpoint=f"{route.method} {route.path}"
        )
        add(_endpoint(services, route, reads.get(route.path), identify))

    for path, allowed, method in _hidden(table):
        add = application.route(_rule(path), methods=[method], endpoint=f"no {method} {path}")
        add(_refusing(allowed))

    def failed(request: Request, failure: Failure) -> bytes:
        error = failure.value or RuntimeError("a failure without a reason")
        if request.method == b"OPTIONS" and isinstance(error, MethodNotAllowed):
            return send(request, Reply(204, None, (("Allow", problems.methods_of(error)),)))
        return send(request, answer_to(error))

    application.handle_errors(Exception)(failed)
    return application


def _rule(path: str) -> str:
    """An OpenAPI path template as werkzeug writes it."""
    return re.sub(r"\{(\w+)\}", r"<\1>", path)


def _hidden(table: tuple[Route, ...]) -> Iterator[tuple[str, list[str], str]]:
    """Paths without a place in them that another route's place would match too, with the methods that they
    take, and each method that only the other one takes: `/selectors/try` is no selector."""
    methods: dict[str, set[str]] = {}
    for route in table:
        methods.setdefault(route.path, set()).add(route.method)
    for path, own in methods.items():
        over = [other for other in methods if "{" in other and re.fullmatch(_matching(other), path)]
        if "{" in path or not over:
            continue
        for method in {"OPTIONS"}.union(*(methods[other] for other in over)) - own:
            yield path, sorted(own | ({"HEAD"} if "GET" in own else set())), method


def _matching(path: str) -> str:
    return re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))


def _refusing(allowed: list[str]) -> Endpoint:
    def endpoint(request: Request) -> bytes:
        raise MethodNotAllowed(allowed)

    return endpoint


def _endpoint(services: Services, route: Route, read: Route | None, identify: Identify) -> Endpoint:
    async def endpoint(request: Request, **path: str) -> bytes | Resource:
        actor: Actor | None = None
        own, identifier = services, browser_session.name_request(services, request)
        admitted = route.admits is not None and route.admits(services, request)
        if route.role is not None and not admitted:
            actor = await identify(services, request)
            own = browser_session.services_for(services, actor)
        call = Call(own, request, path, actor, None, identifier)
        if actor is not None:
            await _admit(route, call, actor)
        if route.role is not None:
            _negotiate(route, request)
        call.query = _query(route, request)
        if actor is None:
            answer = await route.handle(call)
        else:
            answer = await once.perform(call, route, partial(_work, route, read, call))
        if actor is not None and route.method != "GET":
            status = answer.status if isinstance(answer, Reply) else 200
            log.info("change", method=route.method, path=_path(request), status=status, by=actor.name)
        return send(request, answer) if isinstance(answer, Reply) else answer

    return endpoint


def _negotiate(route: Route, request: Request) -> None:
    """Raises NotAcceptable, UnsupportedEncoding. Bytes that are nothing else are for everybody."""
    if route.body is not None:
        negotiation.check_encoding(request)
    kinds = [kind for answer in route.answers.values() for kind in contents(answer).items()]
    if kinds and not any(kind is bytes for _, kind in kinds):
        negotiation.check_accept(request, [name for name, _ in kinds])


async def _admit(route: Route, call: Call, actor: Actor) -> None:
    """A change that is wanted and not allowed stands in the audit too."""
    try:
        admit(route, actor)
    except OperationError as refusal:
        if route.is_change:
            await audit_trail.write_refusal(call, route, refusal)
        raise


async def _work(route: Route, read: Route | None, call: Call) -> Reply | Resource:
    if not route.is_change:
        return await route.handle(call)
    old = await audit_trail.before(call, route, read)
    answer = await route.handle(call)
    await audit_trail.write(call, route, old, answer)
    return answer


def _query(route: Route, request: Request) -> Any:
    """The query as the route's record; twisted's own reading would mix in the fields of a posted form."""
    if route.query is AnyQuery:
        return AnyQuery()
    _, _, text = request.uri.partition(b"?")
    pairs = parse_qsl(text.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=None)
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given:
            raise Invalid.field(name, "is given more than once", value=value)
        given[name] = value
    return validation.read(route.query, given, strict=False)


def _path(request: Request) -> str:
    return request.path.decode("ascii", "replace")


def send(request: Request, reply: Reply) -> bytes:
    """Set status and headers; the body is for the caller to write."""
    body = reply.encoded()
    # Twisted has no phrase for some of them, 422 among these
    request.setResponseCode(reply.status, (reply.phrase or phrase(reply.status)).encode())
    headers = [*reply.headers, ("X-Content-Type-Options", "nosniff")]
    if reply.status not in (204, 304):
        headers += [
            ("Content-Type", reply.content_type),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        ]
    for name in dict.fromkeys(name for name, _ in headers):  # there may be two cookies
        values = [value for other, value in headers if other == name]
        request.responseHeaders.setRawHeaders(name, values)
    return body
