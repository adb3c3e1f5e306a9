"""Handshakes with real clients, and certificates that cannot be used."""

from __future__ import annotations

import queue
import ssl
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acs.southbound.http import FileBody, HttpFactory, Request, Response
from acs.southbound.tls import Profile, TlsError, server_context

from .conftest import Certificate, Client  # isort: skip

POST = b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture
def listen(serve: Callable[..., int], certificate: Certificate, tmp_path: Path) -> Callable[..., int]:
    file = tmp_path / "file"
    file.write_bytes(bytes(3_000_000))

    def handle(request: Request) -> Response:
        if request.path == "/file":
            return Response(200, (), FileBody(str(file), 3_000_000))
        return Response(200, (), b"%d %b" % (request.secure, request.body))

    def with_profile(profile: Profile, **options: Any) -> int:
        context = server_context(certificate.certificate, certificate.key, profile)
        return serve(HttpFactory(handle, **options), context)

    return with_profile


def old_client(version: ssl.TLSVersion) -> ssl.SSLContext:
    """A client that knows this version and no later one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = version
        context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def test_a_modern_client_is_served(listen: Any, connect: Any, trusting: ssl.SSLContext) -> None:
    phone: Client = connect(listen(Profile.MODERN), trusting)
    assert phone.socket.version() == "TLSv1.3"
    for _ in range(2):
        assert phone.ask(POST).body == b"1 hello"
    assert len(phone.ask(b"GET /file HTTP/1.1\r\n\r\n").body) == 3_000_000
    assert phone.ask(POST).body == b"1 hello"


def test_who_has_the_whole_file_may_close_at_once(
    serve: Callable[..., int],
    certificate: Certificate,
    connect: Any,
    trusting: ssl.SSLContext,
    tmp_path: Path,
) -> None:
    ends: queue.Queue[tuple[int, bool]] = queue.Queue()
    file = tmp_path / "file"
    file.write_bytes(bytes(1_000_000))

    def handle(request: Request) -> Response:
        return Response(
            200, (), FileBody(str(file), 1_000_000, on_end=lambda size, whole: ends.put((size, whole)))
        )

    context = server_context(certificate.certificate, certificate.key, Profile.MODERN)
    port = serve(HttpFactory(handle), context)
    for _ in range(20):
        phone: Client = connect(port, trusting)
        assert len(phone.ask(b"GET /file HTTP/1.1\r\n\r\n").body) == 1_000_000
        phone.socket.close()
        assert ends.get(timeout=30) == (1_000_000, True)


def test_http_1_0_over_tls_ends_with_a_farewell(listen: Any, connect: Any, trusting: ssl.SSLContext) -> None:
    phone: Client = connect(listen(Profile.MODERN), trusting)
    assert phone.ask(POST.replace(b"1.1", b"1.0")).body == b"1 hello"
    assert phone.closed()


def test_the_modern_profile_wants_tls_1_2(listen: Any, connect: Any) -> None:
    port = listen(Profile.MODERN)
    assert connect(port, old_client(ssl.TLSVersion.TLSv1_2)).ask(POST).body == b"1 hello"
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        connect(port, old_client(ssl.TLSVersion.TLSv1_1))


@pytest.mark.parametrize(
    ("version", "name"), [(ssl.TLSVersion.TLSv1, "TLSv1"), (ssl.TLSVersion.TLSv1_1, "TLSv1.1")]
)
def test_the_legacy_profile_serves_old_phones(
    listen: Any, connect: Any, trusting: ssl.SSLContext, version: ssl.TLSVersion, name: str
) -> None:
    port = listen(Profile.LEGACY)
    phone: Client = connect(port, old_client(version))
    assert phone.socket.version() == name
    assert phone.ask(POST).body == b"1 hello"
    assert connect(port, trusting).socket.version() == "TLSv1.3"


def test_a_client_that_speaks_plain_http_hurts_nobody(
    listen: Any, connect: Any, trusting: ssl.SSLContext
) -> None:
    port = listen(Profile.MODERN)
    assert connect(port).send(POST).socket.recv(100)[:1] in (b"\x15", b"")
    assert connect(port, trusting).ask(POST).body == b"1 hello"


def test_a_refused_client_is_told_over_tls_too(listen: Any, connect: Any, trusting: ssl.SSLContext) -> None:
    phone: Client = connect(listen(Profile.MODERN, body_limit=100), trusting)
    phone.send(b"PUT / HTTP/1.1\r\nContent-Length: 50000\r\n\r\n" + bytes(10_000))
    assert phone.answer().status == 413
    assert phone.closed()


def test_missing_files_are_named(certificate: Certificate, tmp_path: Path) -> None:
    with pytest.raises(TlsError, match=r"certificate .*nowhere cannot be read: No such file"):
        server_context(tmp_path / "nowhere", certificate.key)
    with pytest.raises(TlsError, match=r"key .*nowhere cannot be read: No such file"):
        server_context(certificate.certificate, tmp_path / "nowhere")
    with pytest.raises(TlsError, match="Is a directory"):
        server_context(tmp_path, certificate.key)


def test_files_that_are_no_pem_are_named(certificate: Certificate, tmp_path: Path) -> None:
    junk = tmp_path / "junk"
    junk.write_text("junk")
    with pytest.raises(TlsError, match=r"junk: no PEM certificate"):
        server_context(junk, certificate.key)
    with pytest.raises(TlsError, match=r"junk: no PEM private key"):
        server_context(certificate.certificate, junk)
    broken = tmp_path / "broken"
    broken.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(TlsError, match=r"TLS certificate .*broken: "):
        server_context(broken, certificate.key)


def test_an_encrypted_key_is_named_and_nobody_is_asked_for_its_password(certificate: Certificate) -> None:
    with pytest.raises(TlsError, match="the key is encrypted"):
        server_context(certificate.certificate, certificate.encrypted_key)


def test_a_key_of_another_certificate_is_named(
    certificate: Certificate, make_certificate: Callable[[str], Certificate]
) -> None:
    with pytest.raises(TlsError, match="does not belong to the certificate"):
        server_context(certificate.certificate, make_certificate("other").key)
