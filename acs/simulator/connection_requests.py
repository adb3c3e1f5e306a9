"""The HTTP server that connection requests reach: one port for all phones, a path for each.

GET with Digest by the phone's own ConnectionRequestUsername and ConnectionRequestPassword (an empty user
name asks for none); 204 accepts, 503 declines while the phone is in a session or was asked too often.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from secrets import token_hex
from typing import cast

import httptools

from acs.simulator.authentication import Challenge, answers, ask, parameters
from acs.simulator.phone import Phone

REALM = "CPE"
#: nonces remembered at most
MOST_NONCES = 10_000


class ConnectionRequestServer:
    """`find` gives the phone behind a serial number."""

    def __init__(self, find: Callable[[str], Phone | None]) -> None:
        self._find = find
        self._nonces: dict[str, None] = {}
        self._server: asyncio.Server | None = None

    async def listen(self, host: str, port: int) -> int:
        """Start listening; the port, chosen by the system for 0."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), host, port)
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    def answer(self, method: str, target: str, authorization: str) -> tuple[int, str] | None:
        """The status, and the challenge of a 401; None when nothing answers there."""
        phone = self._find(target.partition("?")[0].strip("/"))
        if phone is None:
            return 404, ""
        if phone.off:
            return None
        if method != "GET":
            return 405, ""
        if challenge := self._challenge(phone, authorization):
            return 401, challenge
        return (204 if phone.accept_connection_request() else 503), ""

    def _challenge(self, phone: Phone, authorization: str) -> str:
        """What a 401 has to ask for; "" when the request may pass."""
        username = phone.state.setting("ManagementServer.ConnectionRequestUsername")
        if not username:
            return ""
        password = phone.state.setting("ManagementServer.ConnectionRequestPassword")
        qop = "" if phone.state.persona.connection_requests == "no-qop" else "auth"
        asked = Challenge("digest", REALM, parameters(authorization).get("nonce", ""), qop=qop)
        if asked.nonce in self._nonces and answers(authorization, asked, username, password, "GET"):
            del self._nonces[asked.nonce]  # each nonce opens one door once
            return ""
        if len(self._nonces) >= MOST_NONCES:
            del self._nonces[next(iter(self._nonces))]
        nonce = token_hex(12)
        self._nonces[nonce] = None
        return ask(Challenge("digest", REALM, nonce, qop=qop))


_REASONS = {
    204: "No Content",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    503: "Service Unavailable",
}


class _Connection(asyncio.Protocol):
    """One request, one answer, then the phone closes (quirk 12)."""

    def __init__(self, server: ConnectionRequestServer) -> None:
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._target = ""
        self._authorization = ""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._respond(400, "")

    def on_url(self, url: bytes) -> None:
        self._target += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"authorization":
            self._authorization = value.decode("latin-1")

    def on_message_complete(self) -> None:
        method = self._parser.get_method().decode("latin-1")
        answer = self._server.answer(method, self._target, self._authorization)
        if answer is not None:
            self._respond(*answer)
        elif self._transport is not None:
            self._transport.abort()

    def _respond(self, status: int, challenge: str) -> None:
        if self._transport is None:
            return
        lines = [f"HTTP/1.1 {status} {_REASONS[status]}", "Connection: close"]
        if challenge:
            lines.append(f"WWW-Authenticate: {challenge}")
        if status != 204:
            lines.append("Content-Length: 0")
        self._transport.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        self._transport.close()
