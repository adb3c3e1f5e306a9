"""Connection requests to phones that are scripted answer by answer."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet.defer import gatherResults

from acs.southbound.connection_request import MalformedUrl, parse_url
from acs.southbound.wake import Kind, Outcome, Waker

from .conftest import Certificate  # isort: skip

DIGEST = b'WWW-Authenticate: Digest realm="phone", qop="auth", nonce="%b"\r\n'


class Phone:
    """A connection-request server that gives these answers, each on a connection of its own, then closes it.

    An answer of None closes without a word; a threading.Event is waited for first.
    """

    def __init__(self, *script: bytes | None, hold: threading.Event | None = None, tls: Any = None) -> None:
        self.requests: list[bytes] = []
        self._script = script
        self._hold = hold
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._listening.getsockname()[1]}/wake?id=1"
        self._thread = threading.Thread(target=self._play, daemon=True)
        self._thread.start()

    def _play(self) -> None:
        for answer in self._script:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                received = b""
                while b"\r\n\r\n" not in received:
                    received += connection.recv(65536)
                self.requests.append(received)
                if self._hold is not None:
                    self._hold.wait(20)
                if answer is not None:
                    connection.sendall(answer)

    def close(self) -> None:
        if self._hold is not None:
            self._hold.set()
        self._listening.close()

    def login(self, number: int) -> dict[str, str]:
        """The parameters of the request's Digest login."""
        found = re.search(rb"Authorization: Digest (.*)\r\n", self.requests[number])
        assert found
        return dict(re.findall(r'(\w+)="?([^",]*)"?', found[1].decode()))


@pytest.fixture
def phone() -> Iterator[Callable[..., Phone]]:
    phones: list[Phone] = []

    def scripted(*script: bytes | None, **options: Any) -> Phone:
        phones.append(Phone(*script, **options))
        return phones[-1]

    yield scripted
    for one in phones:
        one.close()


@pytest.fixture
def wake(reactor: Any, on_reactor: Callable[..., Any]) -> Callable[..., Outcome]:
    waker = Waker(timeout=5, reactor=reactor)
    return lambda url, username="acs", password="secret": on_reactor(waker.wake, url, username, password)


def status(line: bytes, fields: bytes = b"") -> bytes:
    return b"HTTP/1.1 " + line + b"\r\n" + fields + b"Content-Length: 0\r\n\r\n"


def unauthorized(nonce: bytes = b"n1", more: bytes = b"") -> bytes:
    return status(b"401 Unauthorized", DIGEST.replace(b"%b", nonce).replace(b"\r\n", more + b"\r\n"))


@pytest.mark.parametrize("line", [b"200 OK", b"204 No Content", b"202"])
def test_a_phone_that_asks_for_no_login(phone: Any, wake: Any, line: bytes) -> None:
    server = phone(status(line))
    outcome = wake(server.url)
    assert outcome.kind is Kind.ACCEPTED
    assert server.requests[0].startswith(b"GET /wake?id=1 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Authorization" not in server.requests[0]


def test_the_login_goes_on_a_fresh_connection(phone: Any, wake: Any) -> None:
    server = phone(unauthorized(), status(b"200 OK"))
    assert wake(server.url).kind is Kind.ACCEPTED
    login = server.login(1)
    assert (login["username"], login["nonce"], login["uri"]) == ("acs", "n1", "/wake?id=1")
    assert (login["qop"], login["nc"]) == ("auth", "00000001")


def test_a_phone_of_rfc_2069(phone: Any, wake: Any) -> None:
    server = phone(unauthorized().replace(b'qop="auth", ', b""), status(b"204 No Content"))
    assert wake(server.url).kind is Kind.ACCEPTED
    assert not {"qop", "nc", "cnonce"} & set(server.login(1))


def test_a_phone_that_offers_basic(phone: Any, wake: Any) -> None:
    server = phone(status(b"401 no", b"WWW-Authenticate: Basic realm=x\r\n"), status(b"200 OK"))
    assert wake(server.url).kind is Kind.ACCEPTED
    assert b"Authorization: Basic YWNzOnNlY3JldA==\r\n" in server.requests[1]


def test_a_stale_nonce_is_tried_once_more(phone: Any, wake: Any) -> None:
    server = phone(unauthorized(), unauthorized(b"n2", b", stale=TRUE"), status(b"200 OK"))
    assert wake(server.url).kind is Kind.ACCEPTED
    assert server.login(2)["nonce"] == "n2"
    always = phone(unauthorized(), *[unauthorized(b"n2", b", stale=true")] * 5)
    assert wake(always.url).kind is Kind.REFUSED
    assert len(always.requests) == 3


def test_a_refused_login(phone: Any, wake: Any) -> None:
    server = phone(unauthorized(), unauthorized(b"n2"))
    assert wake(server.url) == Outcome(
        Kind.REFUSED, "the phone does not accept the user name and password known for it", 401
    )


def test_a_login_that_nobody_knows(phone: Any, wake: Any) -> None:
    server = phone(unauthorized(), status(b"200 OK"))
    assert wake(server.url, "", "").kind is Kind.REFUSED
    assert len(server.requests) == 1


def test_a_login_of_an_unknown_kind(phone: Any, wake: Any) -> None:
    assert wake(phone(status(b"401 no", b"WWW-Authenticate: Negotiate\r\n")).url).kind is Kind.REFUSED
    assert wake(phone(status(b"401 no")).url).kind is Kind.REFUSED


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (status(b"503 Service Unavailable"), Kind.DECLINED, 503),
        (status(b"404 Not Found"), Kind.UNEXPECTED, 404),
        (status(b"302 Found", b"Location: http://127.0.0.1:1/\r\n"), Kind.UNEXPECTED, 302),
        (status(b"500"), Kind.UNEXPECTED, 500),
        (b"HTTP/1.0 200 OK\n\n", Kind.ACCEPTED, 200),
        (b"HTTP/1.1 200 OK\r\nX: no end of header", Kind.ACCEPTED, 200),
        (b"HTTP/1.1 204\r\n", Kind.ACCEPTED, 204),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + status(b"200 OK"), Kind.ACCEPTED, 200),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000, Kind.ACCEPTED, 200),
        (b"SSH-2.0-dropbear\r\n\r\n", Kind.UNREACHABLE, 0),
        (b"", Kind.UNREACHABLE, 0),
        (None, Kind.UNREACHABLE, 0),
    ],
)
def test_what_else_phones_answer(phone: Any, wake: Any, answer: bytes | None, kind: Kind, code: int) -> None:
    outcome = wake(phone(answer).url)
    assert (outcome.kind, outcome.status) == (kind, code)
    assert outcome.text
    assert "\n" not in outcome.text


def test_nobody_is_there(wake: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    outcome = wake(f"http://127.0.0.1:{port}/")
    assert outcome.kind is Kind.UNREACHABLE
    assert f"127.0.0.1:{port} cannot be reached" in outcome.text
    assert wake("http://no-such-phone.invalid/").kind is Kind.UNREACHABLE


def test_a_phone_that_does_not_answer_in_time(reactor: Any, on_reactor: Any, phone: Any) -> None:
    waker = Waker(timeout=0.2, reactor=reactor)
    outcome = on_reactor(waker.wake, phone(None, hold=threading.Event()).url)
    assert outcome == Outcome(Kind.TIMED_OUT, "the phone did not answer within 0.2 seconds")
    assert waker.under_way == 0


def test_a_phone_with_https_and_a_certificate_of_its_own(
    phone: Any, wake: Any, certificate: Certificate
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate.certificate, certificate.key)
    server = phone(unauthorized(), status(b"200 OK"), tls=tls)
    assert wake(server.url).kind is Kind.ACCEPTED


def test_two_wakes_of_one_phone_are_one(reactor: Any, on_reactor: Any, phone: Any) -> None:
    hold = threading.Event()
    server, waker = phone(status(b"200 OK"), hold=hold), Waker(timeout=5, reactor=reactor)
    threading.Timer(0.05, hold.set).start()
    outcomes = on_reactor(lambda: gatherResults([waker.wake(server.url) for _ in range(3)]))
    assert [outcome.kind for outcome in outcomes] == [Kind.ACCEPTED] * 3
    assert len(server.requests) == 1


def test_no_more_than_the_limit_at_once(reactor: Any, on_reactor: Any, phone: Any) -> None:
    hold = threading.Event()
    servers = [phone(status(b"200 OK"), hold=hold) for _ in range(5)]
    waker = Waker(2, timeout=20, reactor=reactor)
    outcomes: list[Outcome] = []
    on_reactor(lambda: [waker.wake(server.url).addCallback(outcomes.append) for server in servers] and None)
    while sum(len(server.requests) for server in servers) < 2:
        on_reactor(lambda: None)
    assert on_reactor(lambda: waker.under_way) == 5
    assert sum(len(server.requests) for server in servers) == 2
    hold.set()
    while on_reactor(lambda: waker.under_way):
        pass
    assert [outcome.kind for outcome in outcomes] == [Kind.ACCEPTED] * 5


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("http://10.0.0.7:7547/abc", "10.0.0.7:7547", "/abc"),
        ("  http://10.0.0.7\n", "10.0.0.7", "/"),
        ("HTTP://phone.example:80?x=1", "phone.example", "/?x=1"),
        ("https://[2001:db8::7]:8443/a b".replace(" ", "%20"), "[2001:db8::7]:8443", "/a%20b"),
        ("https://[fe80::1]/", "[fe80::1]", "/"),
        ("http://192.168.1.5:49152//tr069/ä;x=1?a=b/c", "192.168.1.5:49152", "//tr069/%C3%A4;x=1?a=b/c"),
        ("http://user:password@10.0.0.7/", "10.0.0.7", "/"),
        ("http://127.0.0.1:1234/", "127.0.0.1:1234", "/"),
        ("http://phone_7.example/", "phone_7.example", "/"),
    ],
)
def test_urls_that_lead_to_a_phone(url: str, authority: str, path: str) -> None:
    target = parse_url(url)
    assert (target.authority, target.path) == (authority, path)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "   ",
        "10.0.0.7:7547",
        "http://",
        "http:///abc",
        "http://:7547/",
        "http://10.0.0.7:0/",
        "http://10.0.0.7:99999/",
        "http://10.0.0.7:port/",
        "http://[::1/",
        "http://a b/",
        "http://10.0.0.7/\r\nX-Evil: 1",
        "http://10.0.0.7/\x00",
        "ftp://10.0.0.7/",
        "file:///etc/passwd",
        "http://0.0.0.0:7547/",
        "http://[::]/",
        "http://224.0.0.1/",
        "http://[ff02::1]/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:169.254.169.254]/latest/meta-data",
        "http://0xa9fea9fe/",
        "http://169.254.169.0xFE/",
        "http://300.1.2.3/",
        "http://" + "a" * 64 + "/",
        "http://a..b/",
    ],
)
def test_urls_that_lead_to_none(url: str, wake: Any) -> None:
    with pytest.raises(MalformedUrl):
        parse_url(url)
    outcome = wake(url)
    assert outcome.kind is Kind.MALFORMED_URL
    assert "\n" not in outcome.text


@pytest.mark.parametrize("host", ["conference_room.example", "-room.example", "\u2460.example"])
def test_a_name_that_cannot_be_looked_up_is_a_malformed_url(wake: Any, host: str) -> None:
    outcome = wake(f"http://{host}/")
    assert outcome.kind is Kind.MALFORMED_URL
    assert host in outcome.text
