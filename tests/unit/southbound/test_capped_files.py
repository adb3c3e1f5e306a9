"""Files sent by a line with real sockets: every byte, its count, and clients that go away meanwhile."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed

from acs.southbound.bandwidth import Bandwidth
from acs.southbound.files_port import FilesPort
from acs.southbound.http import FileBody, HttpFactory, Request, Response
from acs.southbound.http_messages import RequestHead
from acs.southbound.tls import Profile, server_context

from .conftest import PATIENCE, Certificate, Client  # isort: skip

IMAGE = bytes(range(256)) * 8192  # 2 MB
GET = b"GET /image HTTP/1.1\r\n\r\n"


class Shelf:
    """A door that serves one file, from a byte on where the path says so, and tells how it ended."""

    kind = "shelf"

    def __init__(self, path: Path) -> None:
        self._path = path
        self.ended: list[tuple[int, bool]] = []
        self.over = threading.Event()

    def claims(self, path: str) -> bool:
        return True

    def begin(self, head: RequestHead) -> None:
        return None

    def handle(self, request: Request) -> Response:
        if request.path == "/text":
            return Response(200, (), b"a page")
        start = 1_900_001 if request.path == "/rest" else 0
        return Response(200, (), FileBody(str(self._path), len(IMAGE) - start, start, self._end))

    def _end(self, sent: int, complete: bool) -> None:
        self.ended.append((sent, complete))
        self.over.set()

    def end(self) -> tuple[int, bool]:
        assert self.over.wait(PATIENCE)
        return self.ended[0]


class Line:
    """Room on the line as a test gives it."""

    def __init__(self) -> None:
        self.taken = 0
        self.delay = 0.0
        self.shut = False
        self.asked = threading.Event()

    def take(self, line: str, size: int, rate: int) -> Deferred[float]:
        self.asked.set()
        if self.shut:
            return Deferred()
        self.taken += size
        return succeed(self.delay)


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    path = tmp_path / "image"
    path.write_bytes(IMAGE)
    return Shelf(path)


@pytest.fixture(params=["plain", "tls"])
def phone(
    request: pytest.FixtureRequest,
    shelf: Shelf,
    line: Line,
    serve: Callable[..., int],
    connect: Callable[..., Client],
    certificate: Certificate,
    trusting: ssl.SSLContext,
    reactor: Any,
) -> Client:
    files = FilesPort(shelf, bandwidth=Bandwidth(1_000_000, line.take, clock=reactor))
    factory = HttpFactory(files.handle, begin=files.begin, idle_timeout=0.4)
    if request.param == "plain":
        return connect(serve(factory))
    context = server_context(certificate.certificate, certificate.key, Profile.MODERN)
    return connect(serve(factory, context), trusting)


def test_every_byte_comes_and_room_was_taken_for_it(phone: Client, shelf: Shelf, line: Line) -> None:
    assert phone.ask(GET).body == IMAGE
    assert shelf.end() == (len(IMAGE), True)
    assert line.taken >= len(IMAGE)


def test_a_part_of_a_file_takes_room_for_that_part(phone: Client, shelf: Shelf, line: Line) -> None:
    assert phone.ask(b"GET /rest HTTP/1.1\r\n\r\n").body == IMAGE[1_900_001:]
    assert shelf.end() == (len(IMAGE) - 1_900_001, True)
    assert len(IMAGE) - 1_900_001 <= line.taken < 1_000_000


def test_what_comes_from_memory_waits_for_its_room_too(phone: Client, line: Line) -> None:
    assert phone.ask(b"GET /text HTTP/1.1\r\n\r\n").body == b"a page"
    assert line.taken


def test_head_takes_no_room(phone: Client, shelf: Shelf, line: Line) -> None:
    answer = phone.ask(b"HEAD /image HTTP/1.1\r\n\r\n")
    assert answer[b"content-length"] == b"%d" % len(IMAGE)
    assert line.taken == 0
    assert shelf.ended == []


def test_several_files_on_one_connection(phone: Client, shelf: Shelf) -> None:
    phone.send(GET * 3)
    for _ in range(3):
        assert phone.answer().body == IMAGE


def test_a_phone_that_goes_while_it_waits_got_what_it_acknowledged(
    phone: Client, shelf: Shelf, line: Line
) -> None:
    line.shut = True
    phone.send(GET)
    phone.until(b"\r\n\r\n")
    assert line.asked.wait(PATIENCE)
    phone.vanish()
    assert shelf.end() == (0, False)


def test_whom_the_line_keeps_waiting_is_not_idle(phone: Client, shelf: Shelf, line: Line) -> None:
    """Each wait is longer than the client may be idle."""
    line.delay = 0.6
    answer = phone.ask(b"GET /rest HTTP/1.1\r\n\r\n")
    assert answer.body == IMAGE[1_900_001:]
    assert shelf.end()[1]
