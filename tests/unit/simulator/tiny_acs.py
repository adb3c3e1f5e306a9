"""A tiny ACS over bare sockets, scripted by the test: it keeps what phones send and answers by its script.

`script` holds one list of requests for each session; `acs.cwmp` reads and writes the messages, since what is
tested here is the phone.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from acs.cwmp import messages as m
from acs.cwmp.reading import Envelope, read
from acs.cwmp.writing import write
from acs.simulator.faults import Faults
from acs.simulator.identity import identities
from acs.simulator.personas import PERSONAS
from acs.simulator.phone import Phone
from acs.simulator.state import PhoneState, Surroundings
from acs.simulator.tally import Tally


@dataclass
class Heard:
    """One HTTP request as it came."""

    method: str
    target: str
    version: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def decoded(self) -> bytes:
        return gzip.decompress(self.body) if "content-encoding" in self.headers else self.body

    @property
    def envelope(self) -> Envelope:
        return read(self.decoded)


@dataclass
class Conversation:
    """One session: what the phone said (None for an empty POST), in order."""

    said: list[Any] = field(default_factory=list)

    @property
    def inform(self) -> m.Inform:
        message = self.said[0]
        assert isinstance(message, m.Inform)
        return message

    @property
    def events(self) -> list[str]:
        return [event.event_code for event in self.inform.event]

    @property
    def values(self) -> dict[str, str]:
        return {parameter.name: parameter.value for parameter in self.inform.parameter_list}

    def of(self, kind: type[Any]) -> list[Any]:
        return [message for message in self.said if isinstance(message, kind)]


class TinyAcs:
    """`files` are served by GET; `spoil` may replace an answer (status, headers, body) before it goes out."""

    def __init__(self, script: list[list[m.Message]]) -> None:
        self.script = [list(requests) for requests in script]
        self.sessions: list[Conversation] = []
        self.heard: list[Heard] = []
        self.files: dict[str, bytes] = {}
        self.uploads: dict[str, bytes] = {}
        #: user name and password, and what a 401 asks for
        self.login: tuple[str, str] | None = None
        self.challenge = 'Digest realm="acs", nonce="{nonce}", qop="auth", opaque="5ccc", algorithm=MD5'
        self.set_cookie = "sid=a1b2; Path=/; HttpOnly"
        self.answer_transfer_complete = True
        self.hang_up: Callable[[Heard], bool] = lambda heard: False
        self.redirect_once = ""
        self.hold_requests = False
        self._nonce = 0
        self._connections = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        number = self._connections
        try:
            while True:
                heard = await self._read(reader, writer, number)
                self.heard.append(heard)
                if self.hang_up(heard):
                    break
                status, headers, body = self._answer(heard)
                lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
                writer.write(
                    "\r\n".join([*lines, "", ""]).encode() + (b"" if heard.method == "HEAD" else body)
                )
                await writer.drain()
                if heard.version == "HTTP/1.0" or heard.headers.get("connection") == "close":
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> Heard:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, version = head[0].split(" ")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in head[1:] if line)}
        if headers.get("expect") == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(await reader.readline(), 16):
                body += await reader.readexactly(size)
                await reader.readline()
            await reader.readline()
        else:
            body = await reader.readexactly(int(headers.get("content-length", 0)))
        return Heard(method, target, version, headers, body, number)

    def _answer(self, heard: Heard) -> tuple[int, list[str], bytes]:
        if self.login is not None and not self._logged_in(heard):
            self._nonce += 1
            return 401, ["WWW-Authenticate: " + self.challenge.format(nonce=f"n{self._nonce}")], b"no"
        if heard.method == "PUT":
            self.uploads[heard.target] = heard.body
            return 201, [], b""
        if heard.method in ("GET", "HEAD"):
            if heard.target not in self.files:
                return 404, [], b"nothing here"
            return 200, [], self.files[heard.target]
        if self.redirect_once:
            location, self.redirect_once = self.redirect_once, ""
            return 307, [f"Location: {location}"], b""
        return self._converse(heard)

    def _logged_in(self, heard: Heard) -> bool:
        assert self.login is not None
        return check_digest(heard, *self.login)

    def _converse(self, heard: Heard) -> tuple[int, list[str], bytes]:
        if not heard.body:
            self.sessions[-1].said.append(None)
            return self._next_request()
        envelope = heard.envelope
        said = envelope.message
        if isinstance(said, m.Inform):
            if self.sessions and self.sessions[-1].said == [said]:
                self.sessions[-1].said.append(said)
            else:
                self.sessions.append(Conversation([said]))
            cookie = [f"Set-Cookie: {self.set_cookie}"]
            return self._soap(m.InformResponse(), envelope, cookie)
        self.sessions[-1].said.append(said)
        if isinstance(said, m.TransferComplete):
            if not self.answer_transfer_complete:
                return 500, [], b"not today"
            return self._soap(m.TransferCompleteResponse(), envelope, [])
        return self._next_request()

    def _next_request(self) -> tuple[int, list[str], bytes]:
        index = len(self.sessions) - 1
        if index < len(self.script) and self.script[index]:
            request = self.script[index].pop(0)
            return 200, [], write(request, cwmp_id="acs-1", namespace="urn:dslforum-org:cwmp-1-0")
        return 204, [], b""

    def _soap(self, message: m.Message, to: Envelope, headers: list[str]) -> tuple[int, list[str], bytes]:
        hold = True if self.hold_requests else None
        return 200, headers, write(message, cwmp_id=to.cwmp_id, namespace=to.namespace, hold_requests=hold)


def check_digest(heard: Heard, username: str, password: str) -> bool:
    """An independent check of Basic and Digest answers."""
    header = heard.headers.get("authorization", "")
    if header.startswith("Basic "):
        return base64.b64decode(header[6:]).decode() == f"{username}:{password}"
    given = dict(re.findall(r'(\w+)="?([^",]+)"?', header))
    if given.get("username") != username or given.get("uri") != heard.target:
        return False

    def digest(*parts: str) -> str:
        return hashlib.md5(":".join(parts).encode()).hexdigest()

    ha1 = digest(username, given["realm"], password)
    ha2 = digest(heard.method, given["uri"])
    middle = [given["nc"], given["cnonce"], "auth"] if "qop" in given else []
    return digest(ha1, given["nonce"], *middle, ha2) == given["response"]


def play(
    acs: TinyAcs,
    *,
    persona: str = "cp860",
    faults: tuple[str, ...] = (),
    sessions: int = 1,
    tally: Tally | None = None,
    login: tuple[str, str] = ("", ""),
    interval: int = 1000,
    before: Callable[[Phone], None] | None = None,
    url: str = "",
    limit: float = 20.0,
) -> Phone:
    """Let one phone live against the ACS until it has completed so many sessions."""

    async def run() -> Phone:
        await acs.start()
        surroundings = Surroundings(
            acs_url=acs.url + (url or "/acs"),
            username=login[0],
            password=login[1],
            interval=interval,
            boot_seconds=0,
            retry_scale=0,
            connection_request_base="http://127.0.0.1:9/",
        )
        phone = make(surroundings, persona, faults, sessions, tally or Tally())
        if before is not None:
            before(phone)
        try:
            async with asyncio.timeout(limit):
                await phone.live()
        finally:
            acs.stop()
        return phone

    return asyncio.run(run())


def make(
    surroundings: Surroundings, persona: str, faults: tuple[str, ...], sessions: int, tally: Tally
) -> Phone:
    identity = identities("0015658a3786", 1)[0]
    state = PhoneState(identity, PERSONAS[persona], Faults(frozenset(faults)), surroundings, time.time)
    return Phone(state, tally, Random(7), most_sessions=sessions)
