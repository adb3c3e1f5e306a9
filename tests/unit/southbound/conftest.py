"""A running reactor, servers on it, and clients of plain sockets that may be as rude as real phones.

One reactor runs in a thread for all tests here; `serve` listens on it, `on_reactor` runs what must run there.
"""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from twisted.internet import reactor as installed  # by tests/conftest.py
from twisted.internet.threads import blockingCallFromThread
from twisted.protocols.tls import TLSMemoryBIOFactory

from acs.southbound.http import HttpFactory
from acs.southbound.plain_tcp import PlainPort

#: Seconds that a test waits for bytes before it fails.
PATIENCE = 10


class Answer:
    """One response as a client saw it."""

    def __init__(self, head: bytes, body: bytes) -> None:
        lines = head.split(b"\r\n")
        self.status = int(lines[0].split(b" ")[1])
        self.fields = [tuple(line.split(b": ", 1)) for line in lines[1:]]
        self.body = body

    def __getitem__(self, name: bytes) -> bytes | None:
        """The field of this name, None where it is missing."""
        return dict((found.lower(), value) for found, value in self.fields).get(name.lower())

    def __repr__(self) -> str:
        return f"{self.status} {self.fields} {self.body[:200]!r}"


class Client:
    """One connection. What it has received and not yet looked at is in `received`."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket)
        self.received = b""

    def send(self, data: bytes) -> Client:
        self.socket.sendall(data)
        return self

    def until(self, mark: bytes) -> bytes:
        """What comes up to and including the mark."""
        while mark not in self.received:
            data = self.socket.recv(65536)
            assert data, f"the server closed after {self.received!r}"
            self.received += data
        found, _, self.received = self.received.partition(mark)
        return found + mark

    def take(self, length: int) -> bytes:
        while len(self.received) < length:
            data = self.socket.recv(min(1 << 20, length - len(self.received)))
            assert data, f"the server closed with {length - len(self.received)} bytes to come"
            self.received += data
        taken, self.received = self.received[:length], self.received[length:]
        return taken

    def answer(self, head_only: bool = False) -> Answer:
        """The next response."""
        answer = Answer(self.until(b"\r\n\r\n")[:-4], b"")
        length = int(answer[b"content-length"] or 0)
        if length and not head_only:
            answer.body = self.take(length)
        return answer

    def ask(self, data: bytes) -> Answer:
        return self.send(data).answer(head_only=data.startswith(b"HEAD"))

    def closed(self) -> bool:
        """Waits for the server to close, having sent nothing more."""
        try:
            return self.received == b"" and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def vanish(self) -> None:
        """Break the connection as a phone does that loses its power: with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()


@pytest.fixture(scope="session")
def reactor() -> Iterator[Any]:
    running: Any = installed
    thread = threading.Thread(target=running.run, kwargs={"installSignalHandlers": False}, daemon=True)
    thread.start()
    yield running
    running.callFromThread(running.stop)
    thread.join(PATIENCE)


@pytest.fixture
def on_reactor(reactor: Any) -> Callable[..., Any]:
    """Calls a function on the reactor and waits for its result, or for that of the Deferred it returns."""
    return lambda function, *arguments: blockingCallFromThread(reactor, function, *arguments)


@pytest.fixture
def serve(reactor: Any, on_reactor: Callable[..., Any]) -> Iterator[Callable[..., int]]:
    """Listens with an `HttpFactory`, over TLS with a context; gives the port."""
    ports, factories = [], []

    def listen(factory: Any, tls: Any = None) -> int:
        factories.append(factory)
        if tls is None:
            listener = socket.create_server(("127.0.0.1", 0))
            ports.append(on_reactor(PlainPort, factory, listener))
            return listener.getsockname()[1]
        outer = TLSMemoryBIOFactory(tls, False, factory)
        ports.append(on_reactor(reactor.listenTCP, 0, outer, 50, "127.0.0.1"))
        return ports[-1].getHost().port

    yield listen
    for port in ports:
        on_reactor(port.stopListening)
    for factory in factories:
        if isinstance(factory, HttpFactory):
            on_reactor(factory.stop, 0.2)


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    """Opens connections, and closes them when the test is over."""
    clients: list[Client] = []

    def opened(port: int, tls: ssl.SSLContext | None = None) -> Client:
        clients.append(Client(port, tls))
        return clients[-1]

    yield opened
    for client in clients:
        client.socket.close()


class Certificate:
    """A self-signed certificate and its key, on disk."""

    def __init__(self, directory: Path, name: str = "server", *, rsa_key: bool = False) -> None:
        private = (
            rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP256R1())
        )
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "acs.example")])
        now = datetime.datetime.now(datetime.UTC)
        made = (
            x509.CertificateBuilder(subject, subject, private.public_key(), x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .sign(private, hashes.SHA256())
        )
        self.certificate = directory / f"{name}.crt"
        self.key = directory / f"{name}.key"
        self.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        self.key.write_bytes(self._pem(private, serialization.NoEncryption()))
        self.encrypted_key = directory / f"{name}.encrypted.key"
        self.encrypted_key.write_bytes(self._pem(private, serialization.BestAvailableEncryption(b"secret")))

    @staticmethod
    def _pem(private: Any, encryption: serialization.KeySerializationEncryption) -> bytes:
        pkcs8 = serialization.PrivateFormat.PKCS8
        return private.private_bytes(serialization.Encoding.PEM, pkcs8, encryption)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """With an RSA key, because phones of the TLS 1.0 years know nothing else."""
    return Certificate(tmp_path_factory.mktemp("certificate"), rsa_key=True)


@pytest.fixture
def make_certificate(tmp_path: Path) -> Callable[[str], Certificate]:
    return lambda name: Certificate(tmp_path, name)


@pytest.fixture
def trusting() -> ssl.SSLContext:
    """A TLS client that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
