"""Connections that cannot be ended, because their transport has lost its socket, keep none of the others."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from acs.southbound.http import HttpFactory, Response


class Transport(StringTransport):
    """:param broken: it raises where it is to end."""

    def __init__(self, broken: bool) -> None:
        super().__init__()
        self.broken = broken

    def loseConnection(self) -> None:
        """A client that does not close its side either."""
        if self.broken:
            raise RuntimeError("the handler is closed")

    def abortConnection(self) -> None:
        if self.broken:
            raise RuntimeError("the handler is closed")
        self.aborting = True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def factory(clock: Clock) -> HttpFactory:
    made = HttpFactory(lambda request: Response(200), idle_timeout=30, clock=clock.seconds, reactor=clock)
    made.doStart()
    return made


def connected(factory: HttpFactory, *, broken: bool) -> Any:
    connection = factory.buildProtocol(None)
    connection.makeConnection(Transport(broken))
    return connection


def test_all_others_are_cut_when_the_server_stops(factory: HttpFactory, clock: Clock) -> None:
    connections = [connected(factory, broken=broken) for broken in (True, False, True, False)]
    for connection in connections:
        connection.dataReceived(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n")
        connection.transport.broken, connection.was_broken = False, connection.transport.broken
    gone: list[object] = []
    factory.stop().addCallback(gone.append)
    for connection in connections:
        connection.transport.broken = connection.was_broken
    clock.advance(6)
    whole = [connection for connection in connections if not connection.was_broken]
    assert [connection.transport.aborting for connection in whole] == [True, True]
    for connection in whole:
        connection.connectionLost()
    assert gone == [None]


def test_idle_ones_are_looked_for_all_the_same(factory: HttpFactory, clock: Clock) -> None:
    first = connected(factory, broken=True)
    for _ in range(60):
        clock.advance(1)
    assert first not in factory._connections
    later = connected(factory, broken=False)
    for _ in range(60):
        clock.advance(1)
    assert later.transport.aborting
