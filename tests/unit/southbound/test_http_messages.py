"""Requests and responses as values."""

from __future__ import annotations

import pytest

from acs.southbound.http_messages import Connection, FileBody, Headers, Request, Response, response_head


def test_field_names_have_no_case_and_repeated_fields_are_joined() -> None:
    headers = Headers(
        [
            (b"Cookie", b"a=1"),
            (b"cookie", b"b=2"),
            (b"X-Many", b"1"),
            (b"x-many", b"2"),
            (b"Host", b"one"),
            (b"host", b"two"),
        ]
    )
    assert headers.get(b"cookie") == b"a=1; b=2"
    assert headers.get(b"x-many") == b"1, 2"
    assert headers.get(b"host") == b"one"
    assert headers.get(b"missing") is None
    assert headers.text(b"missing", "nothing") == "nothing"


def test_text_is_read_as_utf_8_or_else_as_latin_1() -> None:
    headers = Headers([(b"user-agent", "Telefön".encode()), (b"other", b"Telef\xf6n")])
    assert headers.text(b"user-agent") == headers.text(b"other") == "Telefön"


@pytest.mark.parametrize(
    ("target", "host_field", "path", "host", "query"),
    [
        (b"/acs?x=1&y=a%20b&x=2", b"acs.example:7547", "/acs", "acs.example", {"x": "2", "y": "a b"}),
        (b"http://phone.example:80/acs?x", b"other", "/acs", "phone.example", {"x": ""}),
        (b"HTTP://user:pw@[2001:db8::1]:7547/", b"other", "/", "[2001:db8::1]", {}),
        (b"http://acs.example", b"", "/", "acs.example", {}),
        (b"http://acs.example?q=1", b"", "/", "acs.example", {"q": "1"}),
        (b"*", b"[::1]:7547", "*", "[::1]", {}),
        (b"acs", b"a b", "/acs", "", {}),
        (b"/%2e%2e/a%2Fb", b'<script>"', "/%2e%2e/a%2Fb", "", {}),
        (b"/\xe4?\xe4", b"acs", "/ä", "acs", {"ä": ""}),
        (b"//acs//", b"acs", "//acs//", "acs", {}),
    ],
)
def test_what_a_target_says(
    target: bytes, host_field: bytes, path: str, host: str, query: dict[str, str]
) -> None:
    request = Request("GET", target, Headers([(b"host", host_field)]))
    assert (request.path, request.host, request.query) == (path, host, query)


def test_a_response_states_its_length() -> None:
    head = response_head(Response(200, ((b"X", b"y"),), b"12345"), close=False, say_keep_alive=False)
    assert head == b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 5\r\n\r\n"
    file = response_head(Response(206, (), FileBody("x", 7)), close=True, say_keep_alive=False)
    assert file == b"HTTP/1.1 206 Partial Content\r\nContent-Length: 7\r\nConnection: close\r\n\r\n"


def test_an_empty_answer_states_that_it_is_empty() -> None:
    head = response_head(Response(204), close=False, say_keep_alive=True)
    assert head == b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"


@pytest.mark.parametrize(
    "field",
    [(b"X", b"a\r\nSet-Cookie: b"), (b"X", b"a\nb"), (b"X\r\n", b"a"), (b"X", b"a\rb"), (b"X", b"a\0")],
)
def test_no_field_can_add_another(field: tuple[bytes, bytes]) -> None:
    with pytest.raises(ValueError, match="line end"):
        response_head(Response(200, (field,)), close=False, say_keep_alive=False)


def test_a_lost_connection_tells_whoever_asked_once() -> None:
    connection, told = Connection(), []
    connection.on_lost(lambda: told.append("before"))
    connection.lose()
    connection.lose()
    connection.on_lost(lambda: told.append("after"))
    assert told == ["before", "after"]


def test_a_callback_that_fails_keeps_no_other_from_being_told(capsys: pytest.CaptureFixture[str]) -> None:
    connection, told = Connection(), []
    connection.on_lost(lambda: 1 // 0)
    connection.on_lost(lambda: told.append("told"))
    connection.lose()
    assert told == ["told"]
    assert "ZeroDivisionError" in capsys.readouterr().out
