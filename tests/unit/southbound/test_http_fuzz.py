"""Whatever arrives, in whatever pieces: the server lives, and others are served."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable
from typing import Any

import pytest

from acs.southbound.http import HttpFactory, Request, Response

from .conftest import Client  # isort: skip

GOOD = b"POST /acs HTTP/1.1\r\nHost: acs\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST /acs HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nT: 1\r\n\r\n"
)

#: What garbage is made of: pieces that look like HTTP reach further than plain noise.
PIECES = [
    b"POST / HTTP/1.1\r\n", b"GET ", b" HTTP/1.0\r\n", b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\0",
    b"\xff\xfe", b":",
    b"Content-Length: 5\r\n", b"Content-Length: 99999999999999999999\r\n", b"Content-Length: -1\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n", b"Content-Encoding: deflate\r\n",
    b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Connection: keep-alive, Upgrade\r\n",
    b"5\r\nhello\r\n", b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"hello",
    b"\x1f\x8b\x08\x00", b"x" * 300, GOOD, CHUNKED,
]  # fmt: skip


@pytest.fixture
def port(serve: Callable[..., int]) -> int:
    def handle(request: Request) -> Response:
        return Response(200, (), b"got " + request.body)

    return serve(HttpFactory(handle, body_limit=10_000, head_limit=4000))


@pytest.mark.parametrize("request_bytes", [GOOD, CHUNKED], ids=["length", "chunked"])
def test_a_request_split_into_packets_at_every_byte(port: int, connect: Any, request_bytes: bytes) -> None:
    phone: Client = connect(port)
    phone.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for cut in range(1, len(request_bytes)):
        phone.send(request_bytes[:cut]).send(request_bytes[cut:])
        assert phone.answer().body == b"got hello", cut


@pytest.mark.parametrize("seed", range(8))
def test_garbage_hurts_nobody_else(port: int, connect: Any, seed: int) -> None:
    chance = random.Random(seed)
    neighbour: Client = connect(port)
    for _ in range(60):
        rude = Client(port)
        for _ in range(chance.randint(1, 12)):
            piece = (
                chance.choice(PIECES) if chance.random() < 0.85 else chance.randbytes(chance.randint(1, 200))
            )
            try:
                rude.send(piece)
            except (ConnectionResetError, BrokenPipeError):
                break
        if chance.random() < 0.3:
            rude.vanish()
        else:
            rude.socket.close()
        assert neighbour.ask(GOOD).body == b"got hello"


@pytest.mark.parametrize("seed", range(4))
def test_broken_requests_get_an_answer_or_a_closed_connection(port: int, connect: Any, seed: int) -> None:
    """One changed byte in a good request: answered, refused with a reason, or still waited for."""
    chance = random.Random(1000 + seed)
    for _ in range(60):
        changed = bytearray(chance.choice((GOOD, CHUNKED)))
        changed[chance.randrange(len(changed))] = chance.randrange(256)
        phone = Client(port)
        phone.send(bytes(changed)).socket.shutdown(socket.SHUT_WR)
        received = b""
        while data := phone.socket.recv(65536):
            received += data
        phone.socket.close()
        assert received == b"" or received.startswith(b"HTTP/1.1 "), bytes(changed)
    assert connect(port).ask(GOOD).body == b"got hello"
