"""The way to a phone behind NAT: a UDP port that keeps a binding with the STUN server, and takes connection
requests (TR-069 Annex G, RFC 3489).

Written apart from the server's own STUN, so that each proves the other. The network between is this
machine's: what makes the phone find NAT is that its own address is a private one that nothing else has.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import struct
from typing import Any
from urllib.parse import parse_qs, urlsplit

from acs.simulator.phone import Phone

#: Seconds between looks at what the ACS has set.
LOOK = 0.2
#: Seconds to wait for an answer before asking again.
PATIENCE = 1.0
#: Seconds between binding requests where no period is set.
PERIOD = 30

_REQUEST, _RESPONSE, _ERROR = 0x0001, 0x0101, 0x0111
_MAPPED, _USERNAME, _INTEGRITY, _ERROR_CODE = 0x0001, 0x0006, 0x0008, 0x0009
_TAKES_REQUESTS, _CHANGED = 0xC001, 0xC002
_TR111 = b"dslforum.org/TR-111 "
_UNAUTHORIZED = 401


class UdpWay(asyncio.DatagramProtocol):
    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self._transport: asyncio.DatagramTransport | None = None
        self._server: tuple[str, int] | None = None
        self._asked = b""
        self._answered = asyncio.Event()
        self._code = 0
        self._next = 0.0
        #: (ts, id) of the last request that counted
        self._last_request = (0, "")

    async def keep_open(self) -> None:
        """As long as the phone lives: a binding while STUN is enabled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                state = self._phone.state
                if not self._phone.off and state.flag("ManagementServer.STUNEnable"):
                    if loop.time() >= self._next or self._server != await self._wanted_server():
                        await self._bind()
                elif self._transport is not None:
                    self._close()
                await asyncio.sleep(LOOK)
        finally:
            self._close()

    async def _wanted_server(self) -> tuple[str, int]:
        """As set; without an address it is the ACS's host."""
        setting = self._phone.state.setting
        host = (
            setting("ManagementServer.STUNServerAddress")
            or urlsplit(setting("ManagementServer.URL")).hostname
        )
        port = int(setting("ManagementServer.STUNServerPort") or "3478")
        found = await asyncio.get_running_loop().getaddrinfo(host, port)
        address: tuple[str, int] = found[0][4][:2]  # type: ignore[assignment]  # an IP address here
        return address

    async def _bind(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await self._wanted_server()
        if self._transport is None:
            any_address = "::" if ":" in self._server[0] else "0.0.0.0"
            self._transport, _ = await loop.create_datagram_endpoint(lambda: self, (any_address, 0))
        known = self._phone.state.setting("ManagementServer.UDPConnectionRequestAddress")
        period = int(self._phone.state.setting("ManagementServer.STUNMaximumKeepAlivePeriod"))
        self._next = loop.time() + (period if period > 0 else PERIOD)
        await self._ask((_TAKES_REQUESTS, _TR111))
        if known != self._phone.state.setting("ManagementServer.UDPConnectionRequestAddress"):
            await self._ask((_TAKES_REQUESTS, _TR111), (_CHANGED, b""))

    async def _ask(self, *attributes: tuple[int, bytes]) -> None:
        """One binding request; signed once more where the server wants that."""
        setting = self._phone.state.setting
        code = await self._exchange(_message(os.urandom(16), attributes))
        username = setting("ManagementServer.STUNUsername")
        if code == _UNAUTHORIZED and username:
            signed = (*attributes, (_USERNAME, username.encode()))
            password = setting("ManagementServer.STUNPassword")
            await self._exchange(_message(os.urandom(16), signed, password))

    async def _exchange(self, datagram: bytes) -> int:
        """The error code of the answer, 0 for success and for none."""
        if self._transport is None or self._server is None:
            return 0
        self._answered.clear()
        self._asked, self._code = datagram[4:20], 0
        self._transport.sendto(datagram, self._server)
        try:
            async with asyncio.timeout(PATIENCE):
                await self._answered.wait()
        except TimeoutError:
            self._next = 0
        return self._code

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        self._transport, self._server = None, None
        self._next = 0
        self._phone.mapped("")

    # --- what comes in --------------------------------------------------------------------------------------

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if addr[:2] != self._server:
            return  # the gateway lets nobody else in
        if data[:4] == b"GET ":
            self._requested(data)
        elif len(data) >= 20 and data[4:20] == self._asked:
            self._read_answer(data)

    def _read_answer(self, data: bytes) -> None:
        (kind,) = struct.unpack_from("!H", data)
        attributes = _attributes(data)
        mapped = attributes.get(_MAPPED)
        if kind == _RESPONSE and mapped is not None:
            (port,) = struct.unpack_from("!H", mapped, 2)
            host = ".".join(map(str, mapped[4:8]))
            self._phone.mapped(f"{host}:{port}")
        elif kind == _ERROR and _ERROR_CODE in attributes:
            value = attributes[_ERROR_CODE]
            self._code = value[2] * 100 + value[3]
        self._answered.set()

    def _requested(self, data: bytes) -> None:
        """A connection request: it counts when it is signed, and newer than the last one."""
        line = data.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        query = parse_qs(urlsplit(line[1]).query) if len(line) == 3 else {}
        try:
            ts, number, username, cnonce, given = (query[name][0] for name in ("ts", "id", "un", "cn", "sig"))
            moment = int(ts)
        except (KeyError, ValueError):
            return
        setting = self._phone.state.setting
        password = setting("ManagementServer.ConnectionRequestPassword").encode()
        wanted = hmac.new(password, f"{ts}{number}{username}{cnonce}".encode(), "sha1").hexdigest()
        if username != setting("ManagementServer.ConnectionRequestUsername") or wanted != given.lower():
            return
        if moment < self._last_request[0] or (moment, number) == self._last_request:
            return
        if not self._phone.off and self._phone.accept_connection_request():
            self._last_request = (moment, number)


def _message(transaction: bytes, attributes: tuple[tuple[int, bytes], ...], password: str = "") -> bytes:
    body = b"".join(struct.pack("!HH", kind, len(value)) + value for kind, value in attributes)
    if not password:
        return struct.pack("!HH", _REQUEST, len(body)) + transaction + body
    text = struct.pack("!HH", _REQUEST, len(body) + 24) + transaction + body
    padded = text + b"\0" * (-len(text) % 64)
    return text + struct.pack("!HH", _INTEGRITY, 20) + hmac.new(password.encode(), padded, "sha1").digest()


def _attributes(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    place = 20
    while place + 4 <= len(data):
        kind, size = struct.unpack_from("!HH", data, place)
        found.setdefault(kind, data[place + 4 : place + 4 + size])
        place += 4 + size + -size % 4
    return found
