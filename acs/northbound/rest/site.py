"""The twisted.web site of the REST API: connections, bodies, and paths as they were written."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from types import MappingProxyType
from typing import Any
from urllib.parse import quote_from_bytes

from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from acs.fleet.metrics import OTHER, WEB_REQUESTS, WEB_SECONDS
from acs.northbound.rest import cross_origin, problems
from acs.northbound.rest.application import make_application, send
from acs.northbound.rest.bodies import Body
from acs.northbound.rest.channel import Channel
from acs.northbound.rest.replies import NO_CONTENT
from acs.northbound.rest.routes import ROUTES
from acs.northbound.rest.routing import JSON_LIMIT, Services
from acs.northbound.web import Web

#: Labels of counted requests: what anybody may call is not among them.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_AREAS = frozenset({"api", "nbi", "soap", "healthz", "readyz", "metrics"})

#: Bytes of a body kept for a caller who shows no token: such a request is refused, whatever it brings.
STRANGER_LIMIT = 64 << 10


class RestSite(Site):
    """The REST API as a factory to listen with. Made by `make_site`."""

    protocol: Any = Channel

    def __init__(
        self, services: Services, rooms: Mapping[bytes, Resource], *, idle_timeout: float | None
    ) -> None:
        self.application = make_application(services, ROUTES)
        rules = self.application.url_map.iter_rules()
        own = frozenset(rule.rule.split("/")[1].encode() for rule in rules)
        root = _Root(self.application.resource(), rooms, services.web, own)
        construct: Any = super().__init__  # twisted.web is not typed throughout
        construct(root, _ApiRequest, timeout=idle_timeout, parsePOSTFormSubmission=False)
        self._services = services

    def body_for(self, request: Request) -> Body:
        """Where this request's body goes. Its headers are known by now, its path is not yet."""
        shows_token = any(map(request.requestHeaders.hasHeader, (b"Authorization", b"Cookie")))
        limit = max(self._services.file_limit, JSON_LIMIT) if shows_token else STRANGER_LIMIT
        return Body(self._services.incoming, limit)

    def log(self, request: Any) -> None:
        """Changes are logged by `application`; reads are counted, and not worth a line each."""
        method = request.method.decode("latin-1")
        method = method if method in _METHODS else OTHER
        first = request.path.lstrip(b"/").partition(b"/")[0].decode("latin-1")
        area = first if first in _AREAS else "console"
        self._services.tally.count(WEB_REQUESTS, area, method, str(request.code))
        content_type = request.responseHeaders.getRawHeaders(b"content-type", [b""])[0]
        if b"event-stream" not in content_type:  # such a one lasts as long as its reader likes
            self._services.tally.observe(monotonic() - request.began, WEB_SECONDS, area)


class _ApiRequest(Request):
    """A request whose body goes where this server wants it, and whose failures are problems, never HTML."""

    channel: Any
    #: when its headers were in, by a clock that only grows
    began = 0.0

    def gotLength(self, length: int | None) -> None:
        self.began = monotonic()
        self.content = self.channel.site.body_for(self)

    def processingFailed(self, reason: Failure) -> Failure:
        reply = problems.problem(reason.value or RuntimeError("a failure without a reason"))
        request: Any = self
        if not self.startedWriting:
            request.write(send(self, reply))
        request.finish()
        return reason


class _Root(Resource):
    """Hands Klein the path as it was written: a device id may hold an encoded slash or percent sign."""

    isLeaf = True

    def __init__(self, application: Any, rooms: Mapping[bytes, Any], web: Web, own: frozenset[bytes]) -> None:
        construct: Any = super().__init__
        construct()
        self._own = own
        self._web = web
        self._application = application
        self._rooms = rooms

    def _room(self, first: bytes, request: Request) -> Any:
        """What answers paths with this first part; a person who mistypes it gets a page."""
        if first in self._rooms:
            return self._rooms[first]
        if (
            b"" in self._rooms
            and first not in self._own
            and b"text/html" in (request.getHeader(b"accept") or b"")
        ):
            return self._rooms[b""]
        return self._application

    def render(self, request: Request) -> Any:
        segments = request.path.lstrip(b"/").split(b"/")
        if segments[0] == b"api" and cross_origin.allow(self._web, request):
            return send(request, NO_CONTENT)
        request.prepath = []
        request.postpath = [quote_from_bytes(segment, safe="%!$&'()*+,;=:@").encode() for segment in segments]
        return self._room(segments[0], request).render(request)


def make_site(
    services: Services,
    *,
    idle_timeout: float | None = 60,
    rooms: Mapping[bytes, Resource] = MappingProxyType({}),
) -> RestSite:
    """The REST API as a factory to listen with; its directories are made where they are missing.

    :param rooms: what else is served on the port, by the first part of the path.
    :param idle_timeout: seconds without a byte after which a connection is closed; a request that is being
        answered is not idle.
    """
    services.files.mkdir(parents=True, exist_ok=True)
    services.incoming.mkdir(parents=True, exist_ok=True)
    return RestSite(services, rooms, idle_timeout=idle_timeout)
