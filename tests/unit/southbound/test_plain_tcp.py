"""Plain TCP: what a port and its connections do where the reactor's own would have done it."""

from __future__ import annotations

import errno
import socket
import threading

import pytest
from twisted.internet.protocol import Factory, Protocol

from acs.southbound import plain_tcp
from acs.southbound.plain_tcp import PlainPort


class Echo(Protocol):
    """Says what it hears; `close` and `fail` do so, `gone` tells that the connection was lost."""

    def __init__(self, gone: threading.Event) -> None:
        self._gone = gone

    def dataReceived(self, data: bytes) -> None:
        if data == b"fail":
            raise RuntimeError("a protocol that fails")
        self.transport.write(data * 200 if data == b"much " * 1000 else data)
        if data.startswith(b"much") or data == b"close":
            self.transport.loseConnection()

    def readConnectionLost(self) -> None:
        self.transport.write(b"bye")
        self.transport.loseConnection()

    def connectionLost(self, reason=None) -> None:
        self._gone.set()


class Echoes(Factory):
    noisy = False

    def __init__(self) -> None:
        self.gone = threading.Event()

    def buildProtocol(self, addr) -> Echo:
        return Echo(self.gone)


@pytest.fixture
def echoes() -> Echoes:
    return Echoes()


def test_all_that_was_written_goes_out_before_the_connection_closes(serve, connect, echoes):
    """However slowly the client takes it: a million bytes do not fit into the socket."""
    client = connect(serve(echoes)).send(b"much " * 1000)
    assert client.take(1_000_000) == b"much " * 200_000
    assert client.closed()
    assert echoes.gone.wait(10)


def test_a_client_that_closed_its_side_still_hears_the_end(serve, connect, echoes):
    client = connect(serve(echoes))
    client.socket.shutdown(socket.SHUT_WR)
    assert client.take(3) == b"bye"
    assert client.closed()


def test_a_protocol_that_fails_costs_its_own_connection_only(serve, connect, echoes):
    port = serve(echoes)
    other = connect(port)
    assert connect(port).send(b"fail").closed()
    assert other.send(b"still here").take(10) == b"still here"


def test_a_client_that_resets_is_noticed(serve, connect, echoes):
    connect(serve(echoes)).vanish()
    assert echoes.gone.wait(10)


def test_many_clients_at_once_are_all_accepted(serve, connect, echoes):
    port = serve(echoes)
    clients = [connect(port).send(b"%03d" % number) for number in range(2 * plain_tcp.ACCEPTS)]
    assert [client.take(3) for client in clients] == [b"%03d" % number for number in range(len(clients))]


def test_a_port_is_free_once_it_stops_and_its_connections_go_on(on_reactor, connect, echoes):
    listener = socket.create_server(("127.0.0.1", 0))
    number = listener.getsockname()[1]
    port = on_reactor(PlainPort, echoes, listener)
    client = connect(number)
    assert client.send(b"first").take(5) == b"first"
    on_reactor(port.stopListening)
    socket.create_server(("127.0.0.1", number)).close()
    assert client.send(b"second").take(6) == b"second"
    assert client.send(b"close").take(5) == b"close"
    assert client.closed()


def test_a_process_without_descriptors_accepts_again_when_it_has_some(
    on_reactor, connect, echoes, monkeypatch
):
    monkeypatch.setattr(plain_tcp, "BREATHER", 0.1)
    inner = socket.create_server(("127.0.0.1", 0))
    listener = Exhausted(inner)
    port = on_reactor(PlainPort, echoes, listener)
    try:
        assert connect(inner.getsockname()[1]).send(b"late").take(4) == b"late"
        assert listener.refusals == 0
    finally:
        on_reactor(port.stopListening)


class Exhausted:
    """A listening socket whose first accepts find no descriptor left."""

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner
        self.refusals = 2

    def accept(self):
        if self.refusals:
            self.refusals -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return self._inner.accept()

    def __getattr__(self, name: str):
        return getattr(self._inner, name)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_a_client_of_ipv6_is_told_by_its_address(on_reactor):
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 loopback here")
    seen: list[str] = []
    said = threading.Event()

    class Tell(Protocol):
        def connectionMade(self) -> None:
            seen.append(self.transport.getPeer().host)
            said.set()

        def readConnectionLost(self) -> None:
            self.transport.loseConnection()

    port = on_reactor(PlainPort, Factory.forProtocol(Tell), listener)
    try:
        with socket.create_connection(listener.getsockname()[:2]):
            assert said.wait(10)
        assert seen == ["::1"]
    finally:
        on_reactor(port.stopListening)
