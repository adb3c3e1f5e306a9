"""The file server: phones fetch what a Download names, and send what an Upload asks for.

    GET, HEAD  /d/<token>/<name>     a file for one task of one phone
    PUT, POST  /u/<token>/<name>     a phone's file, for one task

The link is the credential: `acs.fleet.transfer_link` binds it to task, purpose and time. Whatever else a
request shows (Digest, cookies) is not looked at. Answers are plain text or the file; nobody browses here.

Every transfer is told to a `TransferBook`, and every wrong, foreign or expired link.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog
from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from acs.fleet import transfer_link
from acs.fleet.transfer_link import Grant, Refusal
from acs.southbound.bandwidth import Bandwidth
from acs.southbound.byte_ranges import NotSatisfiable, Span, same_entity, wanted_span
from acs.southbound.http_messages import BodySink, FileBody, Request, RequestHead, Response, text_response
from acs.southbound.uploads import Received, UploadSink, too_large
from acs.store.errors import StoreError

log = structlog.get_logger("acs.files")

#: Seconds after which a phone is asked to come back while the store is away.
RETRY_AFTER = 10

_METHODS = {"d": ("GET", "HEAD"), "u": ("PUT", "POST")}
_WHY = {
    "expired": "this link has expired",
    "forged": "this link was not made by this server",
    "malformed": "this is not a link of this server",
}


class ServedFile(Struct, frozen=True):
    """What a task's phone may fetch. `path` holds `size` bytes that never change; `sha256` in hex.

    `rollout` is the one that the task belongs to, whose phones together get `bandwidth` bytes a second at
    most; 0 for no such limit."""

    path: Path
    size: int
    sha256: str
    name: str
    rollout: str = ""
    bandwidth: int = 0
    #: why it cannot be served, "" where it can
    fault: str = ""


class Transfer(Struct, frozen=True):
    """One request that moved bytes, at its end."""

    task_id: str
    #: "d" the phone fetched, "u" the phone sent
    purpose: str
    #: of the stored file for a download; as it stands in the link for an upload
    file_name: str
    #: bytes that went over the line, as far as the phone's side acknowledged them
    bytes: int
    #: all bytes that were asked for went over; for an upload: the file is stored
    complete: bool
    #: of the whole file, 0 where a broken upload did not state it
    size: int
    started_at: float
    ended_at: float
    #: where in the file a download began (a phone that resumes)
    start: int = 0
    #: bytes that were asked for; less than `size` for a range
    wanted: int = 0
    #: of a stored file, in hex; "" for a broken upload
    sha256: str = ""
    #: of an upload that is stored, in hex
    md5: str = ""
    #: why it broke off, as far as it is known
    reason: str = ""
    peer: str = ""
    user_agent: str = ""

    @property
    def whole(self) -> bool:
        """The entire file went over in this one request."""
        return self.complete and self.start == 0 and self.bytes >= self.size


class TransferBook(Protocol):
    """What the file server asks and tells; `acs.southbound.transfers` keeps it in the store."""

    def lookup(self, task_id: str) -> Deferred[ServedFile | None]:
        """The file that the task with this id lets its phone fetch; None when it lets it fetch none."""

    def begins(self, task_id: str) -> Deferred[None]:
        """The file is about to be sent. No byte of it leaves before this has fired."""

    def goes_on(self, task_id: str, sent: int) -> Deferred[None]:
        """The file is still being sent; `sent` bytes have gone over in this request."""

    def record(self, transfer: Transfer) -> Deferred[None]:
        """A transfer has ended. An upload is answered after this has fired, and with 503 if it fails."""

    def refused(self, peer: str, path: str, reason: str) -> None:
        """Somebody came with a link that is not good."""


class FilesEndpoint:
    """Its `begin` and `handle` are those of the files port's `HttpFactory`.

    :param secret: the key under which links were made.
    :param files: directory of stored files, named by SHA-256.
    :param incoming: directory for uploads under way, on the same file system.
    :param file_limit: largest upload in bytes.
    :param reserve: bytes of the disk that no upload gets, for Redis and for files that phones fetch.
    :param bandwidth: what may be sent.
    :param now: seconds since the epoch.
    """

    kind = "task"

    def __init__(
        self,
        secret: bytes,
        transfers: TransferBook,
        *,
        files: Path,
        incoming: Path,
        file_limit: int,
        reserve: int = 0,
        bandwidth: Bandwidth | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._secret = secret
        self._bandwidth = bandwidth
        self._transfers = transfers
        self._files = files
        self._incoming = incoming
        self._limit = file_limit
        self._reserve = reserve
        self._now = now

    def claims(self, path: str) -> bool:
        """Whether the path looks like a link, good or not."""
        return self._purpose(path) is not None

    def begin(self, head: RequestHead) -> BodySink | Response | None:
        """Before the body: refuse what is not allowed, let uploads go to disk."""
        purpose = self._purpose(head.path)
        if purpose is None:
            return text_response(404, "there is nothing here")
        if head.method not in _METHODS[purpose]:
            allowed = ", ".join(_METHODS[purpose])
            return text_response(405, f"only {allowed}", ((b"Allow", allowed.encode()),))
        grant = transfer_link.check(self._secret, head.path, self._now())
        if isinstance(grant, Refusal):
            reason = _WHY[grant.reason]
            self._transfers.refused(head.peer, head.path, reason)
            return text_response(403, reason)
        return self._take_upload(head, grant) if purpose == "u" else None

    def handle(self, request: Request) -> Response | Deferred[Response]:
        """A download that `begin` has let through."""
        grant = transfer_link.check(self._secret, request.path, self._now())
        if isinstance(grant, Refusal):  # it has expired in this very moment
            return text_response(403, _WHY[grant.reason])
        found = self._transfers.lookup(grant.task_id)
        answer: Deferred[Response] = found.addCallback(self._serve, request, grant)
        return answer.addErrback(_come_back, request)

    @staticmethod
    def _purpose(path: str) -> str | None:
        """ "d" or "u" for a path that looks like a link, also below a prefix; else None."""
        for part in path.split("/")[1:]:
            if part in _METHODS:
                return part
        return None

    # Downloads

    def _serve(
        self, file: ServedFile | None, request: Request, grant: Grant
    ) -> Response | Deferred[Response]:
        if file is None:
            return text_response(404, "the file of this link is gone")
        if file.fault:
            log.error("stored file cannot be served", name=file.name, path=str(file.path), reason=file.fault)
            return text_response(404, f"the file of this link cannot be served: {file.fault}")
        etag = b'"%b"' % file.sha256.encode()
        fields: tuple[tuple[bytes, bytes], ...] = ((b"Accept-Ranges", b"bytes"), (b"ETag", etag))
        if same_entity(request.headers.get(b"if-none-match"), etag, weak=True):
            return Response(304, fields)
        span = None
        condition = request.headers.get(b"if-range")
        if request.method == "GET" and (condition is None or same_entity(condition, etag, weak=False)):
            try:
                span = wanted_span(request.headers.get(b"range"), file.size)
            except NotSatisfiable as error:
                return text_response(
                    416, str(error), ((b"Content-Range", b"bytes */%d" % file.size), *fields)
                )
        fields = ((b"Content-Type", b"application/octet-stream"), *fields)
        if span is not None:
            fields = (*fields, (b"Content-Range", span.content_range(file.size)))
        status = 200 if span is None else 206
        span = span or Span(0, file.size)
        ended = self._download_ended(file, span, request, grant)
        line = None
        if self._bandwidth is not None:
            line = self._bandwidth.line(file.size, file.rollout, file.bandwidth)
        goes_on = partial(self._goes_on, grant.task_id)
        body = FileBody(str(file.path), span.length, span.start, ended, goes_on, line)
        response = Response(status, fields, body)
        if request.method != "GET":
            return response
        return self._transfers.begins(grant.task_id).addCallback(lambda _: response)

    def _goes_on(self, task_id: str, sent: int) -> None:
        self._transfers.goes_on(task_id, sent).addErrback(_not_told, task_id)

    def _download_ended(
        self, file: ServedFile, span: Span, request: Request, grant: Grant
    ) -> Callable[[int, bool], None]:
        started = self._now()

        def ended(sent: int, complete: bool) -> None:
            transfer = Transfer(
                task_id=grant.task_id,
                purpose=grant.purpose,
                file_name=file.name,
                bytes=sent,
                complete=complete,
                size=file.size,
                started_at=started,
                ended_at=self._now(),
                start=span.start,
                wanted=span.length,
                sha256=file.sha256,
                peer=request.peer,
                user_agent=request.headers.text(b"user-agent"),
            )
            self._transfers.record(transfer).addErrback(_not_recorded, transfer)

        return ended

    # Uploads

    def _take_upload(self, head: RequestHead, grant: Grant) -> BodySink | Response:
        stated = (head.headers.get(b"content-length") or b"").strip()
        expected = int(stated) if stated.isdigit() else None
        if expected is not None and expected > self._limit:
            return too_large(self._limit)
        if b"content-range" in head.headers:
            return text_response(400, "an upload has to be one whole file")
        upload = _Upload(head, grant, self._now(), expected or 0, self._now, self._transfers)
        try:
            free = shutil.disk_usage(self._incoming).free - (expected or 0)
            if free < self._reserve:
                log.error("upload is refused, the disk is nearly full", free=free, reserve=self._reserve)
                return text_response(507, "there is no room for the file")
            return UploadSink(
                grant.task_id,
                incoming=self._incoming,
                files=self._files,
                limit=self._limit,
                received=upload.received,
                broken_off=upload.broken_off,
            )
        except OSError as error:
            log.error("upload cannot be taken", directory=str(self._incoming), reason=error.strerror)
            return text_response(507, "the file could not be stored")


class _Upload:
    """Tells the end of one upload."""

    def __init__(
        self,
        head: RequestHead,
        grant: Grant,
        started: float,
        stated_size: int,
        now: Callable[[], float],
        transfers: TransferBook,
    ) -> None:
        self._head = head
        self._grant = grant
        self._started = started
        self._stated_size = stated_size
        self._now = now
        self._transfers = transfers

    def received(self, received: Received) -> Deferred[Response]:
        transfer = self._transfer(
            received.size, True, size=received.size, sha256=received.sha256, md5=received.md5
        )
        return self._transfers.record(transfer).addCallback(lambda _: text_response(200, "stored"))

    def broken_off(self, size: int, reason: str) -> None:
        transfer = self._transfer(size, False, size=self._stated_size, reason=reason)
        self._transfers.record(transfer).addErrback(_not_recorded, transfer)

    def _transfer(
        self, count: int, complete: bool, *, size: int, sha256: str = "", md5: str = "", reason: str = ""
    ) -> Transfer:
        return Transfer(
            task_id=self._grant.task_id,
            purpose=self._grant.purpose,
            file_name=self._grant.file_name,
            bytes=count,
            complete=complete,
            size=size,
            started_at=self._started,
            ended_at=self._now(),
            wanted=size,
            sha256=sha256,
            md5=md5,
            reason=reason,
            peer=self._head.peer,
            user_agent=self._head.headers.text(b"user-agent"),
        )


def _come_back(failure: Failure, request: Request) -> Response:
    if not isinstance(failure.value, StoreError):
        failure.raiseException()
    log.warning("a transfer was sent away", peer=request.peer, reason=str(failure.value))
    line = "The server's store is not available; come back later."
    return text_response(503, line, ((b"Retry-After", b"%d" % RETRY_AFTER),))


def _not_told(failure: Failure, task_id: str) -> None:
    log.warning("how far a transfer is could not be told", task=task_id, reason=repr(failure.value))


def _not_recorded(failure: Failure, transfer: Transfer) -> None:
    log.error(
        "transfer could not be recorded",
        task=transfer.task_id,
        bytes=transfer.bytes,
        reason=repr(failure.value),
    )
