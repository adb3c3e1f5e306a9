"""The service on the web port: who calls is found out on the reactor, the rest is done by a thread.

A request reaches a thread when it is there as a whole and its caller is known; a client that is slow to send
or to take its answer keeps nobody waiting. The WSDL is for everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from io import BytesIO
from threading import Lock
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.threadpool import ThreadPool
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request
from twisted.web.wsgi import WSGIResource

from acs.northbound import browser_session
from acs.northbound.phrases import phrase
from acs.northbound.rest.authentication import authenticate_machine
from acs.northbound.rest.bodies import Body
from acs.northbound.rest.routing import Services
from acs.northbound.soap import faults, wsgi_service
from acs.northbound.soap.crossing import Crossing
from acs.northbound.soap.operations import Asking, Operation
from acs.northbound.soap.performing import perform
from acs.northbound.soap.places import THREADS, Places
from acs.operations.actors import Actor
from acs.operations.audit import Origin
from cwmp_schemas.loader import SOAP_ADDRESS, northbound_text

#: Seconds that one call may take; a wait is a minute at most.
SECONDS = 120.0

_XML = "text/xml; charset=utf-8"

_Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Any]


class SoapRoom(Resource):
    """`/soap`. Its threads are started by the first call, and end with the reactor."""

    isLeaf = True

    def __init__(self, services: Services) -> None:
        construct: Any = super().__init__  # twisted.web is not typed
        construct()
        self._services = services
        self._reactor: Any = services.reactor
        self._places = Places()
        self._crossing = Crossing(self._reactor, seconds=SECONDS)
        self._making = Lock()
        self._made: _Wsgi | None = None

    def render(self, request: Any) -> Any:
        if request.path.strip(b"/") != b"soap":
            return _plain(request, 404, "There is no such path; the service is at /soap.")
        if request.method in (b"GET", b"HEAD"):
            return self._document(request)
        if request.method != b"POST":
            request.setHeader(b"allow", b"GET, HEAD, POST")
            return _plain(request, 405, "SOAP is taken by POST; the WSDL is at /soap?wsdl.")
        answering: Any = Deferred.fromCoroutine(self._call(request))
        answering.addErrback(lambda why: _refuse(request, why.value))
        return NOT_DONE_YET

    # --- the WSDL ---------------------------------------------------------------------------------------

    def _document(self, request: Request) -> bytes:
        wanted = request.uri.partition(b"?")[2].partition(b"=")[0].lower()
        if wanted not in (b"wsdl", b"xsd"):
            return _plain(request, 404, "SOAP is taken by POST; the WSDL is at /soap?wsdl.")
        text = northbound_text("acs.xsd" if wanted == b"xsd" else "acs.wsdl")
        address = self._services.web.base(request) + "/soap"
        return _written(request, 200, text.replace(SOAP_ADDRESS, _escaped(address)).encode(), _XML)

    # --- calls ------------------------------------------------------------------------------------------

    async def _call(self, request: Request) -> None:
        identifier = browser_session.name_request(self._services, request)
        actor = await authenticate_machine(self._services, request)
        content: Any = request.content
        assert isinstance(content, Body)
        body = content.whole(wsgi_service.LIMIT)
        services = browser_session.services_for(self._services, actor)
        asking = Asking(services, actor, Origin(services.web.address(request), identifier))
        self._places.enter(actor)
        environ = {
            "wsgi.input": BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": (request.getHeader(b"content-type") or b"text/xml").decode("latin-1"),
            wsgi_service.PERFORM: lambda operation, given: self._perform(asking, operation, given),
        }
        application = self._application(actor, environ)
        resource: Any = WSGIResource
        resource(self._reactor, self._pool, application).render(request)

    def _perform(self, asking: Asking, operation: Operation, given: dict[str, Any]) -> Any:
        """Called in a thread."""

        def cross() -> Any:
            return self._crossing.run(lambda: perform(operation, asking, given))

        if not operation.waits:
            return cross()
        with self._places.waiting(asking.actor):
            return cross()

    def _application(self, actor: Actor, environ: Mapping[str, Any]) -> _Wsgi:
        def application(given: dict[str, Any], start_response: Callable[..., Any]) -> Any:
            try:
                return self._wsgi({**given, **environ}, start_response)
            finally:
                self._places.leave(actor)

        return application

    @property
    def _wsgi(self) -> _Wsgi:
        """Made by the first call, in its thread."""
        with self._making:
            if self._made is None:
                self._made = wsgi_service.make_wsgi()
            return self._made

    @cached_property
    def _pool(self) -> ThreadPool:
        pool = ThreadPool(0, THREADS, name="soap")
        pool.start()
        self._reactor.addSystemEventTrigger("before", "shutdown", self._crossing.close)
        self._reactor.addSystemEventTrigger("during", "shutdown", pool.stop)
        return pool


def rooms(services: Services) -> Mapping[bytes, Resource]:
    """By the first part of the path."""
    return {b"soap": SoapRoom(services)}


def _refuse(request: Any, error: BaseException) -> None:
    """A fault that is found before any thread has the call."""
    detail = faults.detail_of(error)
    status = faults.status_of(detail)
    if status == 401:
        request.setHeader(b"www-authenticate", b'Basic realm="acs", charset="UTF-8"')
    if request.startedWriting or request._disconnected:
        return
    request.write(_written(request, status, faults.envelope(detail), _XML))
    request.finish()


def _plain(request: Any, status: int, text: str) -> bytes:
    return _written(request, status, f"{text}\n".encode(), "text/plain; charset=utf-8")


def _written(request: Any, status: int, body: bytes, kind: str) -> bytes:
    request.setResponseCode(status, phrase(status).encode())
    for name, value in (("content-type", kind), ("cache-control", "no-store"), ("content-length", len(body))):
        request.setHeader(name.encode(), str(value).encode())
    return body


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
