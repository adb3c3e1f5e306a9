"""Resource files on the files port: contacts, dial rules and such, each at an address that stays the same.

    GET, HEAD  …/r/<name>     a stored file that has a kind of resource file

Phones learn the address from a configuration key and fetch it again and again, so it is no link for one task:
what opens the door is what opens it to provisioning files. Any other stored file is 404 here. Each fetch of a
known phone is on its timeline.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from acs.fleet.changes import TimelineEntry
from acs.fleet.identity import device_key
from acs.southbound.byte_ranges import same_entity
from acs.southbound.http_messages import (
    FileBody,
    Request,
    RequestHead,
    Response,
    refused_unless_read,
    text_response,
)
from acs.southbound.provisioning_access import Caller, Denied, Doorkeeper
from acs.store import fetches, files, refusals, timeline
from acs.store.errors import StoreError
from acs.store.fetches import Asking
from acs.store.files import StoredFile
from acs.store.runner_reactor import ReactorRunner

log = structlog.get_logger("acs.files")

#: Seconds after which a phone is asked to come back while the store is away.
RETRY_AFTER = 10

_PATH = re.compile(r"(?:/[^/]*)*?/r/([A-Za-z0-9_-][A-Za-z0-9._-]{0,127})")
_NOT_FOUND = text_response(404, "there is no such file")
_XML = (b"Content-Type", b"application/xml")
#: A changed file is to be seen at once, and contacts are nobody else's business.
_PRIVATE = (b"Cache-Control", b"private, no-cache")


class ResourceFiles:
    """Its `claims`, `begin` and `handle` are used by the files port (`acs.southbound.files_port`).

    :param directory: of stored files, named by SHA-256.
    :param now: seconds since the epoch.
    """

    kind = "resource"

    def __init__(
        self,
        runner: ReactorRunner,
        doorkeeper: Doorkeeper,
        directory: Path,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._runner = runner
        self._doorkeeper = doorkeeper
        self._directory = directory
        self._now = now

    def claims(self, path: str) -> bool:
        """Whether this is the address of a resource file, also below a prefix."""
        return _PATH.fullmatch(path) is not None

    def begin(self, head: RequestHead) -> Response | None:
        """Before the body: these files are only read."""
        return refused_unless_read(head.method)

    async def handle(self, request: Request) -> Response:
        admitted = self._doorkeeper.admit(request, self._now())
        if isinstance(admitted, Denied):
            return self._denied(request, admitted)
        match = _PATH.fullmatch(request.path)
        assert match is not None
        try:
            file = await self._runner.run(files.get(match[1]))
            if file is None or not file.resource:
                return _NOT_FOUND
            response = self._served(request, file)
            if request.method == "GET" and response.status in (200, 304):
                await self._record(request, admitted, file, unchanged=response.status == 304)
            return response
        except StoreError as error:
            log.warning("a phone was sent away", peer=request.peer, reason=str(error))
            line = "The server's store is not available; come back later."
            return text_response(503, line, ((b"Retry-After", b"%d" % RETRY_AFTER),))

    def _served(self, request: Request, file: StoredFile) -> Response:
        etag = b'"%b"' % file.sha256.encode()
        fields = ((b"ETag", etag), _PRIVATE)
        if same_entity(request.headers.get(b"if-none-match"), etag, weak=True):
            return Response(304, fields)
        path = self._directory / file.sha256
        if not path.is_file():
            log.error("stored file cannot be read", path=str(path), name=file.name)
            return _NOT_FOUND
        return Response(200, (_XML, *fields), FileBody(str(path), file.size))

    async def _record(self, request: Request, caller: Caller, file: StoredFile, *, unchanged: bool) -> None:
        """A line for the phone's timeline, where it tells who it is and has called before."""
        if not caller.mac:
            return
        asking: Asking = await self._runner.drive(fetches.who(caller.mac))
        if asking.device is None:
            return
        done = (
            f"Asked for {file.name}: unchanged" if unchanged else f"Fetched {file.name} ({file.size:,} bytes)"
        )
        data = {
            "file": file.name,
            "resource": file.resource,
            "bytes": 0 if unchanged else file.size,
            "etag": file.sha256,
            "ip": request.peer,
        }
        entry = TimelineEntry(self._now(), "file", done, data)
        await self._runner.run(timeline.push(device_key(asking.device.id), (entry,)))

    def _denied(self, request: Request, denied: Denied) -> Response:
        if denied.reason:
            log.info(
                "resource file refused", peer=request.peer, path=request.path[:200], reason=denied.reason
            )
            excerpt = request.path.encode("latin-1", "replace")
            refusal = refusals.Refusal(self._now(), request.peer, denied.reason, excerpt, "files")
            self._runner.run(refusals.push(refusal)).addErrback(_not_kept)
        if denied.headers:
            return text_response(401, "log in as this server's administrator has set up", denied.headers)
        return text_response(403, "this file is not for you")


def _not_kept(failure: Any) -> None:
    failure.trap(StoreError)
    log.warning("a refusal could not be kept", reason=str(failure.value))
