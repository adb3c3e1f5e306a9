"""The files port: every request goes to the first door that claims its path."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from acs.southbound.http_messages import BodySink, Request, RequestHead, Response, text_response


class Door(Protocol):
    """What serves some paths of the port. `begin` and `handle` are those of an `HttpFactory`."""

    def claims(self, path: str) -> bool: ...

    def begin(self, head: RequestHead) -> BodySink | Response | None: ...

    def handle(
        self, request: Request
    ) -> Response | Deferred[Response] | Coroutine[Deferred[Any], Any, Response]: ...


class FilesPort:
    """Its `begin` and `handle` are those of the files port's `HttpFactory`."""

    def __init__(self, *doors: Door) -> None:
        self._doors = doors

    def begin(self, head: RequestHead) -> BodySink | Response | None:
        door = self._door(head.path)
        return text_response(404, "there is nothing here") if door is None else door.begin(head)

    def handle(
        self, request: Request
    ) -> Response | Deferred[Response] | Coroutine[Deferred[Any], Any, Response]:
        door = self._door(request.path)
        return text_response(404, "there is nothing here") if door is None else door.handle(request)

    def _door(self, path: str) -> Door | None:
        return next((door for door in self._doors if door.claims(path)), None)
