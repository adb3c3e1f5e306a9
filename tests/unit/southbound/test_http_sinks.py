"""Bodies taken as they come, and requests refused before their body."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from acs.southbound.http import BodyRefused, HttpFactory, Request, RequestHead, Response, text_response

from .conftest import Client  # isort: skip


class Sink:
    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor
        self.received = bytearray()
        self.pieces = 0
        self.aborted: str | None = None
        self.finished = False

    def write(self, data: bytes) -> None:
        self.pieces += 1
        self.received += data
        if b"refuse me" in data:
            raise BodyRefused(text_response(409, "refused"))
        if b"break" in data:
            raise RuntimeError("a mistake in the sink")

    def finish(self) -> Deferred[Response]:
        self.finished = True
        answer: Deferred[Response] = Deferred()
        self.reactor.callLater(0, answer.callback, Response(201, (), b"%d" % len(self.received)))
        return answer

    def abort(self, reason: str) -> None:
        self.aborted = reason


@pytest.fixture
def sinks() -> list[Sink]:
    return []


@pytest.fixture
def phone(
    reactor: Any, serve: Callable[..., int], connect: Callable[..., Client], sinks: list[Sink]
) -> Client:
    def begin(head: RequestHead) -> Sink | Response | None:
        if head.path == "/forbidden":
            return text_response(403, "not you")
        if head.path == "/broken":
            raise RuntimeError("a mistake in begin")
        if head.method == "PUT":
            sinks.append(Sink(reactor))
            return sinks[-1]
        return None

    def handle(request: Request) -> Response:
        return Response(200, (), b"collected " + request.body)

    return connect(serve(HttpFactory(handle, begin=begin, body_limit=1000, drain_timeout=0.5)))


def put(body: bytes, fields: bytes = b"", path: bytes = b"/u") -> bytes:
    return b"PUT %b HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n%b" % (path, fields, len(body), body)


def test_a_large_body_goes_to_the_sink_in_pieces(phone: Client, sinks: list[Sink]) -> None:
    body = bytes(range(256)) * 40_000
    answer = phone.ask(put(body))
    assert (answer.status, answer.body) == (201, b"10240000")
    assert bytes(sinks[0].received) == body
    assert sinks[0].pieces > 10
    assert phone.ask(put(b"next")).body == b"4"
    assert phone.ask(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi").body == b"collected hi"


def test_chunks_compression_and_100_continue_are_the_servers_business(
    phone: Client, sinks: list[Sink]
) -> None:
    zipped = gzip.compress(b"hello " * 100)
    fields = b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\nExpect: 100-continue\r\n"
    phone.send(b"PUT /u HTTP/1.1\r\n%b\r\n" % fields)
    assert phone.until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
    assert phone.ask(b"%x\r\n%b\r\n0\r\n\r\n" % (len(zipped), zipped)).body == b"600"
    assert bytes(sinks[0].received) == b"hello " * 100


def test_an_empty_body_finishes_at_once(phone: Client, sinks: list[Sink]) -> None:
    assert phone.ask(put(b"")).body == b"0"
    assert sinks[0].pieces == 0


def test_a_connection_that_breaks_aborts_the_sink(phone: Client, sinks: list[Sink]) -> None:
    phone.send(put(b"x" * 1000)[:-1])
    _wait_until(lambda: sinks and sinks[0].received)
    phone.vanish()
    _wait_until(lambda: sinks[0].aborted)
    assert not sinks[0].finished


def test_a_client_that_closes_too_early_aborts_the_sink(phone: Client, sinks: list[Sink]) -> None:
    phone.send(put(b"x" * 1000)[:-1]).socket.shutdown(1)
    assert phone.closed()
    assert sinks[0].aborted == "the client closed the connection"


def test_nonsense_between_chunks_aborts_the_sink(phone: Client, sinks: list[Sink]) -> None:
    answer = phone.ask(b"PUT /u HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nnonsense\r\n")
    assert answer.status == 400
    assert "hexadecimal" in str(sinks[0].aborted)


@pytest.mark.parametrize(
    ("body", "status"), [(b"refuse me" + bytes(500_000), 409), (b"break" + bytes(10), 500)]
)
def test_a_sink_may_refuse_in_the_middle(phone: Client, sinks: list[Sink], body: bytes, status: int) -> None:
    sender = threading.Thread(target=phone.send, args=(put(body),))
    sender.start()
    assert phone.answer().status == status
    sender.join()
    assert phone.closed()
    assert sinks[0].aborted is None
    assert not sinks[0].finished


def test_a_request_refused_before_its_body_never_needs_to_send_it(phone: Client) -> None:
    phone.send(b"PUT /forbidden HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n")
    answer = phone.answer()
    assert (answer.status, answer[b"connection"]) == (403, b"close")
    assert phone.closed()


def test_a_refused_request_without_a_body_keeps_the_connection(phone: Client) -> None:
    assert phone.ask(b"GET /forbidden HTTP/1.1\r\n\r\n").body == b"not you\n"
    assert phone.ask(put(b"next")).body == b"4"


def test_a_refused_client_that_goes_on_sending_is_cut_off(phone: Client) -> None:
    phone.send(b"PUT /forbidden HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n")
    assert phone.answer().status == 403
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        _send_on(phone, bytes(65536))


def test_a_refused_client_that_stays_is_cut_off_in_the_end(phone: Client) -> None:
    phone.send(b"PUT /forbidden HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n")
    assert phone.answer().status == 403
    assert phone.closed()
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        _send_on(phone, b"x", pause=0.05)


def test_a_mistake_before_the_body_is_a_500(phone: Client, capsys: Any) -> None:
    assert phone.ask(b"GET /broken HTTP/1.1\r\n\r\n").status == 500
    assert "a mistake in begin" in capsys.readouterr().out


def _send_on(phone: Client, data: bytes, pause: float = 0) -> None:
    for _ in range(1000):
        phone.send(data)
        time.sleep(pause)


def _wait_until(condition: Callable[[], object]) -> None:
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen")
