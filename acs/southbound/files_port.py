"""The files port: every request goes to the first door that claims its path, and what is sent keeps to the
bandwidth that it may take."""

from __future__ import annotations

from collections.abc import Coroutine
from inspect import isawaitable
from typing import Any, Protocol

from msgspec import structs
from twisted.internet.defer import Deferred

from acs.fleet import metrics
from acs.fleet.metrics import OTHER, Tally
from acs.southbound.bandwidth import Bandwidth
from acs.southbound.http_messages import (
    BodySink,
    FileBody,
    Request,
    RequestHead,
    Response,
    text_response,
)

#: The kind of files that are tasks' own: their bytes are counted where a transfer ends.
TASK = "task"

_NOTHING_HERE = text_response(404, "there is nothing here")


class Door(Protocol):
    """What serves some paths of the port. `begin` and `handle` are those of an `HttpFactory`."""

    @property
    def kind(self) -> str:
        """What it serves, in a word."""

    def claims(self, path: str) -> bool: ...

    def begin(self, head: RequestHead) -> BodySink | Response | None: ...

    def handle(
        self, request: Request
    ) -> Response | Deferred[Response] | Coroutine[Deferred[Any], Any, Response]: ...


class FilesPort:
    """Its `begin` and `handle` are those of the files port's `HttpFactory`.

    :param tally: counts requests and bytes.
    :param bandwidth: what may be sent; a door may have given a file a line of its own.
    """

    def __init__(self, *doors: Door, tally: Tally | None = None, bandwidth: Bandwidth | None = None) -> None:
        self._doors = doors
        self._bandwidth = bandwidth
        self._tally = tally or Tally()

    def begin(self, head: RequestHead) -> BodySink | Response | None:
        kind, door = self._door(head.path)
        answer = _NOTHING_HERE if door is None else door.begin(head)
        if isinstance(answer, Response):
            self._count(kind, answer)
        return answer

    async def handle(self, request: Request) -> Response:
        kind, door = self._door(request.path)
        answer = _NOTHING_HERE if door is None else door.handle(request)
        response: Response = await answer if isawaitable(answer) else answer
        self._count(kind, response)
        if kind != TASK and response.status == 200 and request.method == "GET":
            body = response.body
            size = body.length if isinstance(body, FileBody) else len(body)
            self._tally.add(size, metrics.FILE_BYTES, "down", kind)
        if self._bandwidth is not None and request.method == "GET":
            return await _capped(response, self._bandwidth)
        return response

    def _count(self, kind: str, response: Response) -> None:
        self._tally.count(metrics.FILE_REQUESTS, kind, str(response.status))
        if response.status == 403:
            self._tally.count(metrics.REFUSALS, "files")

    def _door(self, path: str) -> tuple[str, Door | None]:
        return next(((door.kind, door) for door in self._doors if door.claims(path)), (OTHER, None))


async def _capped(response: Response, bandwidth: Bandwidth) -> Response:
    """The response, its file sent by a line; what comes from memory is returned when there is room for it."""
    body = response.body
    if isinstance(body, FileBody):
        line = body.line or bandwidth.line(body.length)
        return structs.replace(response, body=structs.replace(body, line=line))
    room = bandwidth.room_for(len(body)) if body else None
    if room is not None:
        await room
    return response
