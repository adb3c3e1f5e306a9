"""What the reader makes of phones' bytes, without a socket."""

from __future__ import annotations

import pytest

from acs.southbound.http_messages import BadRequest
from acs.southbound.http_reading import ParsedHead, RequestReader

INFORM = (
    b"POST /acs HTTP/1.1\r\nHost: acs.example:7547\r\nSOAPAction: \r\nContent-Length: 11\r\n\r\n<Envelope/>"
)


def read(data: bytes, reader: RequestReader | None = None) -> tuple[ParsedHead, bytes]:
    """The first request in the data, all of it."""
    reader = reader or RequestReader()
    reader.receive(data)
    head = reader.next_head()
    assert head is not None
    body = reader.next_body()
    assert reader.body_over
    return head, body


def refused(data: bytes) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        read(data)
    assert "\n" not in caught.value.reason
    return caught.value


def test_a_plain_request() -> None:
    head, body = read(INFORM)
    assert (head.method, head.target, head.version, head.keep_alive) == ("POST", b"/acs", "1.1", True)
    assert head.headers.get(b"host") == b"acs.example:7547"
    assert head.headers.get(b"soapaction") == b""
    assert body == b"<Envelope/>"


@pytest.mark.parametrize("cut", range(1, len(INFORM)))
def test_a_request_may_be_split_at_any_byte(cut: int) -> None:
    reader = RequestReader()
    reader.receive(INFORM[:cut])
    head = reader.next_head()
    body = reader.next_body() if head else b""
    reader.receive(INFORM[cut:])
    head = head or reader.next_head()
    assert head is not None
    assert head.headers.get(b"content-length") == b"11"
    assert body + reader.next_body() == b"<Envelope/>"
    assert reader.body_over


def test_a_request_may_come_byte_by_byte() -> None:
    reader = RequestReader()
    head, body = None, b""
    for byte in INFORM:
        reader.receive(bytes((byte,)))
        head = head or reader.next_head()
        if head is not None:
            body += reader.next_body()
    assert body == b"<Envelope/>"


def test_pipelined_requests_are_given_one_at_a_time() -> None:
    reader = RequestReader()
    assert read(INFORM + b"POST /second HTTP/1.1\r\n\r\n", reader)[1] == b"<Envelope/>"
    assert reader.buffered == len(b"POST /second HTTP/1.1\r\n\r\n")
    second = reader.next_head()
    assert second is not None
    assert (second.target, reader.body_over) == (b"/second", True)


@pytest.mark.parametrize(
    ("what", "head"),
    [
        ("bare line feeds", b"POST / HTTP/1.1\nHost: x\nContent-Length: 2\n\n"),
        ("mixed line ends", b"POST / HTTP/1.1\r\nHost: x\nContent-Length: 2\n\r\n"),
        ("a bare line feed at the end", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\n"),
        (
            "blank lines before the request",
            b"\r\n\r\nPOST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n",
        ),
        ("a blank before the colon", b"POST / HTTP/1.1\r\nHost : x\r\nContent-Length : 2\r\n\r\n"),
        ("no blank after the colon", b"POST / HTTP/1.1\r\nHost:x\r\nContent-Length:2\r\n\r\n"),
        (
            "a line without a colon",
            b"POST / HTTP/1.1\r\nHost: x\r\nwhat is this\r\nContent-Length: 2\r\n\r\n",
        ),
        ("an odd field name", b"POST / HTTP/1.1\r\nHost: x\r\nA(\xff): y\r\nContent-Length: 2\r\n\r\n"),
        (
            "a repeated equal length",
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n",
        ),
        ("a list of equal lengths", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2, 2\r\n\r\n"),
        ("blanks around the version", b"POST  /  HTTP/1.1 \r\nHost: x\r\nContent-Length: 2\r\n\r\n"),
        ("a version in small letters", b"POST / http/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"),
        (
            "an identity encoding",
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n",
        ),
        (
            "bytes above 127, and NUL",
            b"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: \xff\xfe\x00\x01\r\nContent-Length: 2\r\n\r\n",
        ),
    ],
)
def test_what_is_mended(what: str, head: bytes) -> None:
    parsed, body = read(head + b"ok")
    assert body == b"ok", what
    assert parsed.headers.get(b"host") == b"x"


def test_a_folded_field_is_one_field() -> None:
    head, _ = read(
        b'POST / HTTP/1.1\r\nAuthorization: Digest username="a",\r\n  realm="b"\r\nHost: x\r\n\r\n'
    )
    assert head.headers.get(b"authorization") == b'Digest username="a", realm="b"'
    assert head.headers.get(b"host") == b"x"


def test_a_blank_inside_the_target_is_kept_as_an_escape() -> None:
    assert read(b"POST /my acs HTTP/1.1\r\n\r\n")[0].target == b"/my%20acs"


def test_no_length_means_no_body() -> None:
    """An empty POST is a message of CWMP, and old phones send it without a length."""
    assert read(b"POST / HTTP/1.1\r\n\r\n")[1] == b""
    assert read(b"POST / HTTP/1.0\r\n\r\n")[1] == b""
    assert read(b"POST / HTTP/1.1\r\nContent-Length: \r\n\r\n")[1] == b""


def test_who_keeps_the_connection() -> None:
    assert read(b"POST / HTTP/1.1\r\n\r\n")[0].keep_alive
    assert not read(b"POST / HTTP/1.1\r\nConnection: Close\r\n\r\n")[0].keep_alive
    assert not read(b"POST / HTTP/1.0\r\n\r\n")[0].keep_alive
    assert read(b"POST / HTTP/1.0\r\nConnection: TE, Keep-Alive\r\n\r\n")[0].keep_alive


CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "body",
    [
        b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
        b'5;name=value;other="a b"\r\nhello\r\n6 \r\n world\r\n0;last\r\n\r\n',
        b"5\r\nhello\r\n6\r\n world\r\n000\r\nTrailer: yes\r\nAnother: one\r\n\r\n",
        b"5\nhello\n6\n world\n0\n\n",
        b"0000000b\r\nhello world\r\n0\r\n\r\n",
        b"B\r\nhello world\r\n0\r\n\r\n",
    ],
)
def test_chunks_in_all_their_forms(body: bytes) -> None:
    for size in (1, 2, 3, 7, 1000):
        reader = RequestReader()
        reader.receive(CHUNKED)
        assert reader.next_head() is not None
        collected = b""
        for start in range(0, len(body), size):
            reader.receive(body[start : start + size])
            collected += reader.next_body()
        assert collected == b"hello world"
        assert reader.body_over
        assert reader.buffered == 0


def test_the_case_of_chunked_is_free() -> None:
    data = b"POST / HTTP/1.1\r\ntransfer-ENCODING:  Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    assert read(data)[1] == b"ok"


def test_chunked_beside_a_length_ends_the_connection() -> None:
    """RFC 9112 6.1: somebody between may have understood it differently."""
    data = CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n") + b"2\r\nok\r\n0\r\n\r\n"
    head, body = read(data)
    assert body == b"ok"
    assert not head.keep_alive


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"nonsense\r\n\r\n", 400, "request line"),
        (b"GET /\r\n\r\n", 400, "request line"),
        (b"G\x01T / HTTP/1.1\r\n\r\n", 400, "request line"),
        (b"PRI * HTTP/2.0\r\n\r\n", 505, "HTTP/1.1"),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400, "TLS"),
        (b"\x00\x00\x00\x2a\xff", 400, "not an HTTP request"),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", 400, "not one number"),
        (b"POST / HTTP/1.1\r\nContent-Length: -3\r\n\r\n", 400, "not one number"),
        (b"POST / HTTP/1.1\r\nContent-Length: 3x\r\n\r\n", 400, "not one number"),
        (b"POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\n", 400, "not one number"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501, "chunked"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: cow\r\n\r\n", 501, "chunked"),
        (CHUNKED + b"x\r\n", 400, "hexadecimal"),
        (CHUNKED + b"0x5\r\nhello", 400, "hexadecimal"),
        (CHUNKED + b"5_0\r\nhello", 400, "hexadecimal"),
        (CHUNKED + b"-1\r\nhello", 400, "hexadecimal"),
        (CHUNKED + b"\r\n", 400, "hexadecimal"),
        (CHUNKED + b"2\r\nhello\r\n", 400, "longer than its size"),
        (CHUNKED + b"2;" + b"x" * 2000, 400, "does not end"),
        (CHUNKED + b"0\r\n" + b"Trailer: x\r\n" * 4000, 431, "larger"),
        (b"POST / HTTP/1.1\r\nX: " + b"x" * 40000, 431, "larger"),
        (b"POST / HTTP/1.1\r\nX: " + b"x" * 40000 + b"\r\n\r\n", 431, "larger"),
    ],
)
def test_what_is_refused(data: bytes, status: int, words: str) -> None:
    error = refused(data)
    assert error.status == status
    assert words in error.reason
