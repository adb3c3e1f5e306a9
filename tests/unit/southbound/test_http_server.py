"""Phones of all kinds on real connections."""

from __future__ import annotations

import contextlib
import gzip
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from acs.southbound.http import FileBody, HttpFactory, Request, Response, text_response

from .conftest import Client  # isort: skip


class Server:
    """Echoes what it is asked, and does what the path says."""

    def __init__(self, reactor: Any, directory: Path) -> None:
        self.reactor = reactor
        self.requests: list[Request] = []
        self.held: list[Deferred[Response]] = []
        self.lost: list[str] = []
        self.refused: list[tuple[str, int, str]] = []
        self.file = directory / "file"
        self.file.write_bytes(bytes(range(256)) * 4096)

    def handle(self, request: Request) -> Any:
        self.requests.append(request)
        match request.path:
            case "/empty":
                return Response(204, (), b"must not go out")
            case "/fails":
                raise RuntimeError("a mistake in the handler")
            case "/fails-later":
                return self._failing()
            case "/nonsense":
                return "not a response"
            case "/injected":
                return Response(200, ((b"X", b"a\r\nX-Evil: 1"),))
            case "/coroutine":
                return self._coroutine()
            case "/coroutine-waits":
                return self._waits()
            case "/coroutine-fails":
                return self._waits_in_vain()
            case "/held":
                held: Deferred[Response] = Deferred()
                self.held.append(held)
                request.connection.on_lost(lambda: self.lost.append(request.path))
                return held
            case "/file":
                return Response(200, (), FileBody(str(self.file), 1 << 20))
            case "/missing-file":
                return Response(200, (), FileBody(str(self.file) + "x", 10))
            case "/short-file":
                return Response(200, (), FileBody(str(self.file), 2 << 20))
            case "/close":
                return Response(200, (), b"bye", close=True)
        return Response(200, (), b"%b %b" % (request.method.encode(), request.body))

    async def _coroutine(self) -> Response:
        return Response(200, (), b"awaited")

    async def _waits(self) -> Response:
        said: Deferred[bytes] = Deferred()
        self.reactor.callLater(0, said.callback, b"fired")
        heard = await said
        try:
            await self._failing()
        except RuntimeError as error:
            return Response(200, (), b"%b, then: %b" % (heard, str(error).encode()))
        return Response(200, (), b"nothing failed")

    async def _waits_in_vain(self) -> Response:
        await self._failing()
        return Response(200, (), b"nothing failed")

    def _failing(self) -> Deferred[Response]:
        failing: Deferred[Response] = Deferred()
        self.reactor.callLater(0, failing.errback, RuntimeError("a mistake in the handler"))
        return failing


@pytest.fixture
def server(reactor: Any, tmp_path: Path) -> Server:
    return Server(reactor, tmp_path)


@pytest.fixture
def port(server: Server, serve: Callable[..., int]) -> int:
    refused = lambda *facts: server.refused.append(facts)  # noqa: E731 - one line says it
    return serve(HttpFactory(server.handle, body_limit=100_000, idle_timeout=30, refused=refused))


@pytest.fixture
def phone(port: int, connect: Callable[..., Client]) -> Client:
    return connect(port)


POST = b"POST /acs HTTP/1.1\r\nHost: acs\r\nContent-Length: 5\r\n\r\nhello"
EMPTY = b"POST /empty HTTP/1.1\r\nHost: acs\r\nContent-Length: 0\r\n\r\n"


# --- the life of a connection ---------------------------------------------------------------------------


def test_a_connection_stays_for_the_next_request(phone: Client, server: Server) -> None:
    for _ in range(3):
        assert phone.ask(POST).body == b"POST hello"
    assert len({id(request.connection) for request in server.requests}) == 1
    request = server.requests[0]
    assert (request.peer, request.secure, request.host) == ("127.0.0.1", False, "acs")


def test_what_a_handler_keeps_on_a_connection_is_there_with_the_next_request(
    phone: Client, server: Server
) -> None:
    phone.ask(POST)
    server.requests[0].connection.state["session"] = "one"
    phone.ask(POST)
    assert server.requests[1].connection.state == {"session": "one"}


def test_an_empty_answer_has_no_body(phone: Client) -> None:
    answer = phone.ask(EMPTY)
    assert (answer.status, answer[b"content-length"]) == (204, b"0")
    assert phone.ask(POST).body == b"POST hello"


def test_http_1_0_is_answered_and_closed(phone: Client) -> None:
    answer = phone.ask(POST.replace(b"1.1", b"1.0"))
    assert (answer.body, answer[b"connection"]) == (b"POST hello", b"close")
    assert phone.closed()


def test_http_1_0_may_ask_to_stay(phone: Client) -> None:
    request = POST.replace(b"1.1\r\n", b"1.0\r\nConnection: Keep-Alive\r\n")
    for _ in range(2):
        answer = phone.ask(request)
        assert (answer.body, answer[b"connection"]) == (b"POST hello", b"keep-alive")


@pytest.mark.parametrize(
    "request_bytes",
    [POST.replace(b"1.1\r\n", b"1.1\r\nConnection: close\r\n"), POST.replace(b"acs HTTP", b"close HTTP")],
)
def test_either_side_may_end_the_connection(phone: Client, request_bytes: bytes) -> None:
    assert phone.ask(request_bytes)[b"connection"] == b"close"
    assert phone.closed()


def test_pipelined_requests_are_answered_in_order(phone: Client, server: Server, on_reactor: Any) -> None:
    phone.send(POST.replace(b"/acs", b"/held") + POST.replace(b"hello", b"later") + EMPTY)
    first = _wait_for(server.held)
    assert len(server.requests) == 1
    on_reactor(first.callback, Response(200, (), b"first"))
    assert [phone.answer().body for _ in range(3)] == [b"first", b"POST later", b""]


def test_hundreds_of_pipelined_requests(phone: Client) -> None:
    phone.send(POST * 500)
    assert all(phone.answer().body == b"POST hello" for _ in range(500))


def test_a_client_that_sends_far_ahead_is_not_read_without_end(
    phone: Client, server: Server, on_reactor: Any
) -> None:
    phone.send(POST.replace(b"/acs", b"/held"))
    held = _wait_for(server.held)
    ahead = threading.Thread(target=_send_until_broken, args=(phone, POST * 200_000))
    ahead.start()
    ahead.join(0.5)
    assert ahead.is_alive()
    on_reactor(held.callback, Response(200, (), b"first", close=True))
    assert phone.answer().body == b"first"
    ahead.join()


def test_a_half_closed_connection_still_gets_its_answer(
    phone: Client, server: Server, on_reactor: Any
) -> None:
    phone.send(POST.replace(b"/acs", b"/held"))
    held = _wait_for(server.held)
    phone.socket.shutdown(1)
    phone.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        phone.socket.recv(1)
    phone.socket.settimeout(10)
    on_reactor(held.callback, Response(200, (), b"still there"))
    assert phone.answer().body == b"still there"
    assert phone.closed()


def test_a_request_and_a_half_close_in_one_go(phone: Client) -> None:
    phone.send(POST)
    phone.socket.shutdown(1)
    assert phone.answer().body == b"POST hello"
    assert phone.closed()


def test_a_client_that_vanishes_is_noticed_and_its_answer_dropped(
    phone: Client, port: int, server: Server, on_reactor: Any, connect: Any, capsys: Any
) -> None:
    phone.send(POST.replace(b"/acs", b"/held"))
    held = _wait_for(server.held)
    phone.vanish()
    assert _wait_for(server.lost) == "/held"
    on_reactor(held.callback, Response(200, (), b"too late"))
    assert connect(port).ask(POST).body == b"POST hello"
    assert capsys.readouterr().out == ""


# --- bodies ---------------------------------------------------------------------------------------------


def test_chunked_bodies_are_put_together(phone: Client) -> None:
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: CHUNKED\r\n\r\n"
    answer = phone.ask(head + b"2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: 1\r\n\r\n")
    assert answer.body == b"POST hello"
    assert phone.ask(POST).body == b"POST hello"


@pytest.mark.parametrize("coding", [b"gzip", b"deflate"])
def test_compressed_bodies_are_decompressed(phone: Client, coding: bytes) -> None:
    body = gzip.compress(b"hello") if coding == b"gzip" else zlib.compress(b"hello")
    head = b"POST / HTTP/1.1\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n"
    assert phone.ask(head % (coding, len(body)) + body).body == b"POST hello"


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"GET"])
def test_a_client_that_waits_for_100_continue_gets_it(phone: Client, method: bytes) -> None:
    phone.send(method + b" / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n")
    assert phone.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    phone.send(b"hello")
    assert phone.answer().body == method + b" hello"


def test_nobody_else_gets_a_100_continue(phone: Client) -> None:
    expect = b"Expect: 100-continue\r\n"
    assert phone.ask(POST.replace(b"1.1\r\n", b"1.1\r\n" + expect)).status == 200
    keep = b"Connection: keep-alive\r\n"
    phone.send(POST.replace(b"1.1\r\n", b"1.0\r\n" + expect + keep)[:-5])
    assert phone.ask(b"hello").status == 200
    assert phone.ask(EMPTY.replace(b"1.1\r\n", b"1.1\r\n" + expect)).status == 204


def test_a_body_may_trickle_for_longer_than_the_idle_time(server: Server, serve: Any, connect: Any) -> None:
    """Quirks 19 and 21: the time-out counts inactivity, not the time a request takes."""
    phone = connect(serve(HttpFactory(server.handle, idle_timeout=0.4)))
    for byte in POST:
        phone.send(bytes((byte,)))
        time.sleep(0.01)
    assert phone.answer().body == b"POST hello"


# --- limits ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST / HTTP/1.1\r\nContent-Length: 100001\r\n\r\n" + bytes(100_001),
        b"POST / HTTP/1.1\r\nContent-Length: 9999999999\r\nExpect: 100-continue\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"ffff\r\n" + bytes(65535) + b"\r\n") * 3,
        b"POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"
        % (len(gzip.compress(bytes(10**7))), gzip.compress(bytes(10**7))),
    ],
    ids=["stated", "stated and not sent", "chunked", "bomb"],
)
def test_a_body_over_the_limit_is_413(phone: Client, server: Server, request_bytes: bytes) -> None:
    answer = phone.ask(request_bytes)
    assert (answer.status, answer.body) == (413, b"the body is larger than 100000 bytes\n")
    assert answer[b"connection"] == b"close"
    assert phone.closed()
    assert server.refused == [("127.0.0.1", 413, "the body is larger than 100000 bytes")]


def test_a_header_over_the_limit_is_431(phone: Client) -> None:
    assert phone.ask(b"POST / HTTP/1.1\r\nX: " + b"x" * 40_000).status == 431


def test_junk_is_400_with_a_reason(phone: Client, server: Server) -> None:
    answer = phone.ask(b"HELO phone.example\r\n\r\n")
    assert (answer.status, answer[b"content-type"]) == (400, b"text/plain; charset=utf-8")
    assert answer.body.count(b"\n") == 1
    assert b"HELO" in answer.body
    assert phone.closed()
    assert server.requests == []


def test_a_tls_client_on_the_plain_port_is_told_so(phone: Client) -> None:
    assert b"TLS" in phone.ask(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc").body


def test_a_garbled_authorization_is_no_bad_request(phone: Client, server: Server) -> None:
    garbled = b'Digest \xff\x00="\x80,,,=\x07'
    assert phone.ask(POST.replace(b"\r\n\r\n", b"\r\nAuthorization: " + garbled + b"\r\n\r\n")).status == 200
    assert server.requests[0].headers.get(b"authorization") == garbled


def test_an_idle_connection_is_closed_and_a_broken_request_told(
    server: Server, serve: Any, connect: Any
) -> None:
    port = serve(HttpFactory(server.handle, idle_timeout=0.2))
    idle, broken = connect(port), connect(port)
    idle.ask(POST)
    assert broken.ask(POST[:-1]).status == 408
    assert idle.closed()
    assert broken.closed()


def test_a_handler_may_take_longer_than_the_idle_time(
    server: Server, serve: Any, connect: Any, on_reactor: Any
) -> None:
    phone = connect(serve(HttpFactory(server.handle, idle_timeout=0.1)))
    phone.send(POST.replace(b"/acs", b"/held"))
    held = _wait_for(server.held)
    time.sleep(0.4)
    on_reactor(held.callback, Response(200, (), b"at last"))
    assert phone.answer().body == b"at last"


# --- answers --------------------------------------------------------------------------------------------


def test_head_gets_the_fields_only(phone: Client) -> None:
    answer = phone.ask(b"HEAD / HTTP/1.1\r\n\r\n")
    assert (answer.status, answer[b"content-length"]) == (200, b"5")
    answer = phone.ask(b"HEAD /file HTTP/1.1\r\n\r\n")
    assert (answer.status, answer[b"content-length"]) == (200, b"1048576")
    assert phone.ask(POST).body == b"POST hello"


def test_a_file_is_sent_whole_and_the_connection_stays(phone: Client, server: Server) -> None:
    for _ in range(2):
        assert phone.ask(b"GET /file HTTP/1.1\r\n\r\n").body == server.file.read_bytes()


@pytest.mark.parametrize(
    ("path", "log"),
    [
        (b"/fails", "a mistake in the handler"),
        (b"/fails-later", "a mistake in the handler"),
        (b"/coroutine-fails", "a mistake in the handler"),
        (b"/nonsense", "gave no response"),
        (b"/injected", "cannot be written"),
        (b"/missing-file", "cannot be opened"),
    ],
)
def test_a_handlers_mistake_is_a_500_and_one_log_entry(
    phone: Client, capsys: Any, path: bytes, log: str
) -> None:
    answer = phone.ask(b"POST " + path + b" HTTP/1.1\r\n\r\n")
    assert answer.status == 500
    assert b"Evil" not in answer.body
    assert capsys.readouterr().out.count(log) >= 1
    assert phone.ask(POST).body == b"POST hello"


def test_a_file_shorter_than_stated_breaks_the_connection(phone: Client, capsys: Any) -> None:
    phone.send(b"GET /short-file HTTP/1.1\r\n\r\n").until(b"\r\n\r\n")
    with pytest.raises((AssertionError, ConnectionResetError)):
        phone.take(2 << 20)
    assert "shorter than it should be" in capsys.readouterr().out


def test_a_handler_may_be_a_coroutine(phone: Client) -> None:
    assert phone.ask(b"POST /coroutine HTTP/1.1\r\n\r\n").body == b"awaited"
    waited = phone.ask(b"POST /coroutine-waits HTTP/1.1\r\n\r\n").body
    assert waited == b"fired, then: a mistake in the handler"


def test_a_refused_request_is_answered_even_while_its_body_still_comes(phone: Client) -> None:
    """Closing at once would reset the connection, and the client would never see why."""
    head = b"POST / HTTP/1.1\r\nContent-Length: 900000\r\n\r\n"
    sender = threading.Thread(target=phone.send, args=(head + bytes(900_000),))
    sender.start()
    assert phone.answer().status == 413
    sender.join()
    assert phone.closed()


# --- TLS and the end ------------------------------------------------------------------------------------


def test_a_stopping_server_answers_what_it_has_and_ends_the_rest(
    reactor: Any, server: Server, serve: Any, connect: Any, on_reactor: Any
) -> None:
    factory = HttpFactory(server.handle)
    port = serve(factory)
    idle, busy, stuck = connect(port), connect(port), connect(port)
    idle.ask(POST)
    busy.send(POST.replace(b"/acs", b"/held"))
    held = _wait_for(server.held)
    stuck.send(POST.replace(b"/acs", b"/held"))
    _wait_for(server.held, 2)
    stopped: list[None] = []
    on_reactor(lambda: factory.stop(0.3).addCallback(stopped.append) and None)
    assert idle.closed()
    on_reactor(held.callback, Response(200, (), b"last words"))
    assert busy.answer()[b"connection"] == b"close"
    assert stuck.closed()
    assert _wait_for([True] if stopped else stopped) in (True, None)
    assert on_reactor(lambda: factory.connections) == 0


def test_text_responses_are_one_line() -> None:
    assert text_response(400, "two\r\nlines").body == b"two lines\n"


def _send_until_broken(phone: Client, data: bytes) -> None:
    with contextlib.suppress(OSError):
        phone.send(data)


def _wait_for(things: list[Any], count: int = 1) -> Any:
    """The last of the first `count` things, once they are there."""
    for _ in range(1000):
        if len(things) >= count:
            return things[count - 1]
        time.sleep(0.01)
    raise AssertionError("it did not come")
