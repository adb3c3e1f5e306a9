"""The CWMP port: HTTP requests of phones to messages, and the answers back to HTTP.

Any path is served, because phones are set up with any (quirk 20). Content-Type and SOAPAction are never
checked (quirk 5). CWMP faults travel with status 200: phones take anything else for a broken session."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Coroutine
from typing import Any
from zlib import crc32

import structlog
from twisted.internet.defer import Deferred

from acs.cwmp.messages import Inform
from acs.cwmp.reading import Envelope, MalformedMessage, NotSoap, read
from acs.southbound.conversation import Conversations
from acs.southbound.credentials import Accepted, Authenticator, Challenge
from acs.southbound.http_messages import TEXT, Request, Response, text_response
from acs.southbound.post import Post, Reply
from acs.southbound.session_cookie import session_ids, set_cookie
from acs.store.errors import StoreError

log = structlog.get_logger("acs.cwmp")

_XML = (b"Content-Type", b"text/xml; charset=utf-8")
_NO_CONTENT = Response(204)
_ONLY_POST = text_response(
    405, "This is a CWMP (TR-069) server: phones POST SOAP messages here.", ((b"Allow", b"POST"),)
)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s;"']+)""", re.IGNORECASE)

#: Seconds after which phones are asked to come back while the store is away, spread per device (quirk 22).
RETRY_AFTER = (10, 70)

#: Bytes of what was no SOAP that are kept for the operator.
EXCERPT = 200


class CwmpEndpoint:
    """Its `handle` is the handler of the CWMP port's `HttpFactory`.

    :param now: seconds since the epoch.
    """

    def __init__(
        self,
        conversations: Conversations,
        authenticator: Authenticator,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._conversations = conversations
        self._authenticator = authenticator
        self._now = now

    def handle(self, request: Request) -> Response | Coroutine[Deferred[Any], Any, Response]:
        if request.method != "POST":
            return _ONLY_POST
        headers = request.headers
        verdict = self._authenticator.check(
            request.method, request.target, headers.get(b"authorization"), self._now()
        )
        sids = session_ids(headers.get(b"cookie"))
        if isinstance(verdict, Accepted):
            return self._answer(request, verdict.username, sids)
        if not sids and self._conversations.vouched(sids, request.connection) is None:
            return self._challenged(request, verdict)
        return self._answer_vouched(request, verdict, sids)

    async def _answer_vouched(self, request: Request, verdict: Challenge, sids: tuple[str, ...]) -> Response:
        """A request without credentials that may belong to a session whose Inform had them. An Inform begins
        a session and needs its own."""
        try:
            message = _read(request)
            if isinstance(message, Envelope) and type(message.message) is Inform:
                return self._challenged(request, verdict)
            username = self._conversations.vouched(sids, request.connection)
            if username is None:
                username = await self._conversations.vouched_elsewhere(sids)
        except NotSoap:
            return self._challenged(request, verdict)
        except StoreError as error:
            return _come_back(request, None, sids, error)
        if username is None:
            return self._challenged(request, verdict)
        return await self._answer(request, username, sids)

    async def _answer(self, request: Request, username: str, sids: tuple[str, ...]) -> Response:
        try:
            message = _read(request)
        except NotSoap as error:
            self._conversations.refuse(request.peer, str(error), request.body[:EXCERPT])
            response = text_response(400, str(error))
            await self._record_aside(request, response, sids)
            return response
        try:
            reply = await self._conversations.receive(
                Post(message, sids, username, request, request.connection, request.peer)
            )
        except StoreError as error:
            return _come_back(request, message, sids, error)
        response = _response(reply)
        if reply.recording is not None:
            reply.recording.exchange(request, response)
        return response

    async def _record_aside(self, request: Request, response: Response, sids: tuple[str, ...]) -> None:
        """Keep what could not be read with the session that it came in, where that is recorded."""
        try:
            recording = await self._conversations.recording(sids, request.connection)
        except StoreError as error:
            log.warning("a part of a trace was lost", reason=str(error))
            return
        if recording is not None:
            recording.aside(request, response)

    def _challenged(self, request: Request, challenge: Challenge) -> Response:
        line = b"Log in as this server's administrator has set up.\n"
        response = Response(401, (*challenge.headers, TEXT), line)
        if challenge.attempted and not challenge.stale:
            self._conversations.refuse(request.peer, challenge.reason)
            inform = _inform(request)
            if inform is not None:
                self._conversations.recorder.refused(inform, request, response)
        else:
            self._conversations.recorder.challenged(request, response, self._now())
        return response


def _read(request: Request) -> Envelope | MalformedMessage | None:
    """The message in the body; None for an empty post, which may hold white space. Raises NotSoap."""
    body = request.body
    if not body or body.isspace():
        return None
    content_type = request.headers.get(b"content-type")
    charset = None
    if content_type is not None and b"charset" in content_type.lower():
        found = _CHARSET.search(content_type.decode("latin-1"))
        charset = found[1] if found else None
    try:
        return read(body, charset)
    except MalformedMessage as malformed:
        return malformed


def _response(reply: Reply) -> Response:
    if not reply.body:
        return _NO_CONTENT
    if reply.sid:
        return Response(200, (_XML, set_cookie(reply.sid)), reply.body)
    return Response(200, (_XML,), reply.body)


def _inform(request: Request) -> Inform | None:
    """The Inform in the body of a request that is not answered."""
    try:
        envelope = _read(request)
    except NotSoap:
        return None
    message = envelope.message if isinstance(envelope, Envelope) else None
    return message if isinstance(message, Inform) else None


def _come_back(
    request: Request,
    message: Envelope | MalformedMessage | None,
    sids: tuple[str, ...],
    error: StoreError,
) -> Response:
    """503: the phone ends its session and begins another by itself. When it should, differs by device and is
    the same for each attempt, so that a fleet does not come back in one moment."""
    device = sids[0][:16] if sids else request.peer
    if isinstance(message, Envelope) and isinstance(message.message, Inform):
        device = message.message.device_id.serial_number
    first, last = RETRY_AFTER
    seconds = first + crc32(device.encode("utf-8", "replace")) % (last - first)
    log.warning("a phone was sent away", peer=request.peer, reason=str(error), retry_after=seconds)
    return text_response(
        503, "The server's store is not available; come back later.", ((b"Retry-After", b"%d" % seconds),)
    )
