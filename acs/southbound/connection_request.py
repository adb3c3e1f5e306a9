"""One HTTP GET to a phone's connection-request server, on a connection of its own.

The URL is what the phone said of itself in its Inform. Operators run private networks, so private addresses
are fine, loopback too (simulated phones live there); refused are addresses that can be no phone: multicast,
the unspecified address, and those under which clouds hand out secrets to whoever asks from inside.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, cast
from urllib.parse import quote, urlsplit

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from acs.southbound.tls import ClientContext

#: A status line and some fields; whatever a phone sends beyond is not looked at.
ANSWER_LIMIT = 16 * 1024

_STATUS_LINE = re.compile(rb"\s*[A-Za-z]+/?[\d.]*\s+(\d{3})\b")
_NO_PHONES = frozenset(map(ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200")))
#: What ends an IPv4 address in any of the ways in which resolvers read one: 0xa9fea9fe, 169.254.43518.
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)
_PATH_CHARACTERS = "/%:@!$&'()*+,;=~-._"


class MalformedUrl(ValueError):
    """One line that says what is wrong with a ConnectionRequestURL."""


class NoAnswer(Exception):
    """The phone took the connection and said nothing that could be understood."""


class Target(Struct, frozen=True):
    """Where a connection request goes. `host` is without brackets, `path` has the query with it."""

    secure: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


class Reply(Struct, frozen=True):
    status: int
    #: the values of all WWW-Authenticate fields
    challenges: tuple[bytes, ...] = ()


def parse_url(url: str) -> Target:
    """What a ConnectionRequestURL says, with some patience: blanks around it, odd characters in the path.

    :raises MalformedUrl: it leads nowhere a phone could be.
    """
    text = url.strip()
    if not text:
        raise MalformedUrl("the phone has told no ConnectionRequestURL")

    def malformed(why: str) -> MalformedUrl:
        return MalformedUrl(f"ConnectionRequestURL {text[:256]!r} {why}")

    if any(character.isspace() or ord(character) < 32 for character in text):
        raise malformed("has blanks in it")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise malformed(f"is malformed: {error}") from error
    if parts.scheme not in ("http", "https"):
        raise malformed("is neither http nor https")
    if not host or port == 0:
        raise malformed("names no host" if not host else "names port 0")
    _check_host(host, malformed)
    path = quote(parts.path or "/", safe=_PATH_CHARACTERS)
    if parts.query:
        path += "?" + quote(parts.query, safe=_PATH_CHARACTERS + "?")
    secure = parts.scheme == "https"
    return Target(secure, host, port or (443 if secure else 80), path)


def _check_host(host: str, malformed: Callable[[str], MalformedUrl]) -> None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        labels = host.rstrip(".").split(".")
        if not all(0 < len(label) < 64 for label in labels) or _NUMBER.fullmatch(labels[-1]):
            raise malformed("has no valid host name") from None
        return
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_multicast or address.is_unspecified or address in _NO_PHONES:
        raise malformed("has an address that can be no phone's")


async def get(reactor: Any, target: Target, authorization: bytes | None, tls: ClientContext) -> Reply:
    """One GET on a fresh connection, which is closed as soon as the head of the answer is there.

    Cancelling it ends the connection. Fails as connecting does, and with `NoAnswer`.
    """
    endpoint: Any = HostnameEndpoint(reactor, target.host, target.port)
    if target.secure:
        endpoint = wrapClientTLS(cast(Any, tls), endpoint)
    connect: Any = connectProtocol  # Twisted gives it no types
    exchange: _Exchange = await connect(endpoint, _Exchange())
    lines = [
        f"GET {target.path} HTTP/1.1".encode("ascii"),
        b"Host: " + target.authority.encode("ascii" if target.authority.isascii() else "idna"),
        b"User-Agent: acs",
        b"Connection: close",
    ]
    if authorization is not None:
        lines.append(b"Authorization: " + authorization)
    return await exchange.ask(b"\r\n".join(lines) + b"\r\n\r\n")


class _Exchange(Protocol):
    """One request and the head of its answer."""

    def __init__(self) -> None:
        self._received = b""
        self._over = False
        self._reply: Deferred[Reply] = Deferred(lambda _: self._hang_up())

    def ask(self, request: bytes) -> Deferred[Reply]:
        transport: Any = self.transport
        transport.write(request)
        return self._reply

    def dataReceived(self, data: bytes) -> None:
        self._received += data
        while not self._over:
            head, blank = _split_head(self._received)
            if blank and _status(head) == 100:
                self._received = self._received[len(head) + len(blank) :]
            elif blank or len(self._received) > ANSWER_LIMIT:
                self._tell(head)
            else:
                return

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self._over:
            self._tell(self._received)

    def _tell(self, head: bytes) -> None:
        self._hang_up()
        if self._reply.called:
            return  # cancelled
        status = _status(head)
        if status is None:
            told = (
                "it answered with something that is not HTTP"
                if head.strip()
                else "it closed without an answer"
            )
            self._reply.errback(NoAnswer(told))
            return
        fields = [line.partition(b":") for line in head.split(b"\n")[1:]]
        asked = (value.strip() for name, _, value in fields if name.strip().lower() == b"www-authenticate")
        self._reply.callback(Reply(status, tuple(asked)))

    def _hang_up(self) -> None:
        self._over = True
        transport: Any = self.transport
        if transport is not None:
            transport.abortConnection()


def _split_head(received: bytes) -> tuple[bytes, bytes]:
    """What stands before the first blank line, and that line's end; empty while it has not come."""
    ends = [(at, mark) for mark in (b"\r\n\r\n", b"\n\n") if (at := received.find(mark)) >= 0]
    at, mark = min(ends, default=(len(received), b""))
    return received[:at], mark


def _status(head: bytes) -> int | None:
    match = _STATUS_LINE.match(head)
    return int(match[1]) if match else None
