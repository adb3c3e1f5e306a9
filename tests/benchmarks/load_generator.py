"""The phones' side of the session benchmark: a process of its own on raw sockets.

    python load_generator.py --url http://127.0.0.1:7547/ --phones 200 --parameters 500 --at-once 32

First every phone is introduced until the server has nothing more to ask. Then it prints `ready`, and for each
line `SECONDS` on stdin runs smallest sessions (connect, Inform 2 PERIODIC, empty POST, 204, close) for that
long and prints one line of JSON: {"sessions", "seconds", "cpu", "median_ms", "p99_ms"}.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import resource
import sys
import time
from dataclasses import dataclass
from hashlib import md5
from typing import cast
from urllib.parse import urlsplit

import uvloop
from phone_script import ScriptedPhone

#: Sessions within which a server must have learnt a phone of the benchmark.
MOST_INTRODUCTIONS = 20


class SessionFailed(Exception):
    """The server answered something that no smallest session has."""


class Wire(asyncio.Protocol):
    """One connection: `exchange` sends a request and returns status, head and body of its answer."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes, bytes]] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(SessionFailed("the server closed the connection"))

    async def exchange(self, request: bytes) -> tuple[int, bytes, bytes]:
        assert self.transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answer

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._answer is None or self._answer.done():
            return
        head = bytes(self._buffer[:end])
        found = re.search(rb"\r\ncontent-length:\s*(\d+)", head, re.IGNORECASE)
        length = int(found[1]) if found else 0
        if len(self._buffer) < end + 4 + length:
            return
        body = bytes(self._buffer[end + 4 : end + 4 + length])
        del self._buffer[: end + 4 + length]
        self._answer.set_result((int(head[9:12]), head, body))


@dataclass
class Login:
    """The fleet's credential; an empty name for a server that wants none."""

    username: str
    password: str

    def digest(self, head: bytes, count: int) -> bytes:
        """The Authorization header that answers the challenge in `head` (RFC 2617, qop=auth)."""
        line = re.search(rb"\r\nwww-authenticate:\s*digest ([^\r]*)", head, re.IGNORECASE)
        if line is None:
            raise SessionFailed("401 without a Digest challenge")
        fields = {
            name.decode().lower(): quoted.decode() or plain.decode()
            for name, quoted, plain in re.findall(rb'(\w+)=(?:"([^"]*)"|([^,\s]*))', line[1])
        }
        realm, nonce, number, cnonce = fields["realm"], fields["nonce"], f"{count:08x}", "0123456789abcdef"
        who = _md5(f"{self.username}:{realm}:{self.password}")
        response = _md5(f"{who}:{nonce}:{number}:{cnonce}:auth:{_md5('POST:/')}")
        opaque = f', opaque="{fields["opaque"]}"' if "opaque" in fields else ""
        return (
            f'Authorization: Digest username="{self.username}", realm="{realm}", nonce="{nonce}", uri="/", '
            f'qop=auth, nc={number}, cnonce="{cnonce}", response="{response}", algorithm=MD5{opaque}\r\n'
        ).encode()


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


class Caller:
    """A phone on the line: opens sessions with one server."""

    def __init__(self, phone: ScriptedPhone, host: str, port: int, login: Login | None) -> None:
        self.phone = phone
        self.periodic = phone.inform("2 PERIODIC")
        self._host, self._port, self._login = host, port, login
        self._start = f"POST / HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: benchmark\r\n".encode()

    async def session(self, inform: bytes) -> int:
        """One whole session; returns how many requests of the server it answered."""
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(Wire, self._host, self._port)
        assert wire.transport is not None
        try:
            return await self._converse(wire, inform)
        finally:
            wire.transport.close()

    async def _converse(self, wire: Wire, inform: bytes) -> int:
        challenge = b""
        cookie = b""
        requests = 0
        count = 0

        async def post(body: bytes) -> tuple[int, bytes, bytes]:
            nonlocal challenge, count, cookie
            for _ in range(2):
                authorization = b""
                if challenge and self._login:
                    count += 1
                    authorization = self._login.digest(challenge, count)
                kind = b"Content-Type: text/xml; charset=utf-8\r\nSOAPAction: \r\n" if body else b""
                length = b"Content-Length: %d\r\n\r\n" % len(body)
                status, head, answer = await wire.exchange(
                    self._start + kind + cookie + authorization + length + body
                )
                set_cookie = re.search(rb"\r\nset-cookie:\s*([^;\r]*)", head, re.IGNORECASE)
                if set_cookie:
                    cookie = b"Cookie: " + set_cookie[1] + b"\r\n"
                if status != 401 or not self._login:
                    return status, head, answer
                challenge, count = head, 0
            return status, head, answer

        status, _, answer = await post(inform)
        if status != 200 or b"InformResponse" not in answer:
            raise SessionFailed(f"Inform was answered {status} {answer[:200]!r}")
        status, _, answer = await post(b"")
        while status == 200 and answer:
            requests += 1
            status, _, answer = await post(self.phone.answer(answer))
        if status not in (200, 204):
            raise SessionFailed(f"the session ended with {status} {answer[:200]!r}")
        return requests


async def introduce(caller: Caller) -> None:
    """Sessions until the server has nothing more to ask."""
    events = ("0 BOOTSTRAP", "1 BOOT")
    for _ in range(MOST_INTRODUCTIONS):
        if not await caller.session(caller.phone.inform(*events)):
            return
        events = ("2 PERIODIC",)
    raise SessionFailed(f"{caller.phone.serial} is still being asked after {MOST_INTRODUCTIONS} sessions")


async def introduce_all(callers: list[Caller], at_once: int) -> None:
    # the first alone: what is learnt of it serves the others
    await introduce(callers[0])
    waiting = iter(callers[1:])

    async def some() -> None:
        for caller in waiting:
            await introduce(caller)

    await asyncio.gather(*(some() for _ in range(at_once)))


async def measure(callers: list[Caller], at_once: int, seconds: float) -> dict[str, float]:
    """Smallest sessions for so long, `at_once` at a time, each by the next phone in turn."""
    turn = iter(_round_and_round(callers))
    durations: list[float] = []
    end = time.perf_counter() + seconds

    async def some() -> None:
        while (began := time.perf_counter()) < end:
            caller = next(turn)
            asked = await caller.session(caller.periodic)
            if asked:
                raise SessionFailed(
                    f"{caller.phone.serial} was asked {asked} times in what should be a smallest session"
                )
            durations.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(some() for _ in range(at_once)))
    took = time.perf_counter() - began
    durations.sort()
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "sessions": len(durations),
        "seconds": took,
        "cpu": used.ru_utime + used.ru_stime,
        "median_ms": durations[len(durations) // 2] * 1000,
        "p99_ms": durations[len(durations) * 99 // 100] * 1000,
    }


def _round_and_round(callers: list[Caller]):
    while True:
        yield from callers


async def run(arguments: argparse.Namespace) -> None:
    url = urlsplit(arguments.url)
    login = Login(arguments.username, arguments.password) if arguments.username else None
    callers = [
        Caller(
            ScriptedPhone(number, arguments.parameters), url.hostname or "127.0.0.1", url.port or 80, login
        )
        for number in range(arguments.phones)
    ]
    await introduce_all(callers, min(arguments.at_once, 8))
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await measure(callers, arguments.at_once, float(line))), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", required=True)
    parser.add_argument("--phones", type=int, default=200)
    parser.add_argument("--parameters", type=int, default=10)
    parser.add_argument("--at-once", type=int, default=32)
    parser.add_argument("--username", default="")
    parser.add_argument("--password", default="")
    try:
        uvloop.run(run(parser.parse_args()))
    except SessionFailed as error:
        sys.exit(f"load generator: {error}")


if __name__ == "__main__":
    main()
