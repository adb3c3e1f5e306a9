"""Plain TCP for the phones' HTTP: a listening socket and its connections, without the reactor's transports.

A phone's smallest session is a connection of two requests, so that accepting, watching and closing weigh as
much as reading what it says. In the reactor's transports each event goes through a logging context, and each
connection through several calls that register it with the event loop. Here one epoll, itself watched by the
event loop, holds a port and all that came through it; what is ready is served in one turn, answers go out at
once, and closing a socket is all it takes to forget it.

To its protocol a `PlainTransport` is a transport of Twisted's, with one difference: `connectionLost` may
come before `loseConnection` or `abortConnection` returns. TLS runs on the reactor's own transports.
"""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Callable
from typing import Any, NamedTuple

import structlog
from twisted.internet.protocol import connectionDone

log = structlog.get_logger("acs.southbound.http")

#: Bytes asked for in one read.
READ_SIZE = 64 * 1024

#: Connections taken in one turn; the others wait until those that are here were served.
ACCEPTS = 64

#: Seconds without accepting, once the process has no descriptor left for a connection.
BREATHER = 1.0

_IN, _OUT = select.EPOLLIN, select.EPOLLOUT


class Peer(NamedTuple):
    """Where a connection comes from."""

    host: str
    port: int


class PlainPort:
    """Listens on the socket, which is this port's from now on, with a `factory` of Twisted protocols.

    To be made while the event loop runs.
    """

    def __init__(self, factory: Any, listener: socket.socket) -> None:
        self._factory = factory
        self._listener = listener
        self._listening = listener.fileno()
        self._loop = asyncio.get_running_loop()
        self._transports: dict[int, PlainTransport] = {}
        self._epoll = select.epoll()
        listener.setblocking(False)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what it accepts inherits this
        self._epoll.register(self._listening, _IN)
        self._loop.add_reader(self._epoll.fileno(), self._serve)
        factory.doStart()

    def stopListening(self) -> None:
        """Accept no more, and free the port. Connections go on until their protocols end them."""
        if self._listening < 0:
            return
        self._listening = -1
        self._listener.close()
        self._factory.doStop()
        self._end_if_done()

    def _serve(self) -> None:
        for descriptor, events in self._epoll.poll(0):
            if descriptor == self._listening:
                self._accept()
                continue
            transport = self._transports.get(descriptor)
            if transport is None:
                continue  # closed since, by what was served before it
            try:
                transport.serve(events)
            except Exception:
                log.exception("a connection failed")
                transport.abortConnection()

    def _accept(self) -> None:
        for _ in range(ACCEPTS):
            try:
                accepted, address = self._listener.accept()
            except (BlockingIOError, ConnectionError):
                return
            except OSError as error:
                log.error("connections cannot be accepted for a moment", reason=str(error))
                self._epoll.modify(self._listening, 0)
                self._loop.call_later(BREATHER, self._accept_again)
                return
            self._connected(accepted, address)

    def _accept_again(self) -> None:
        if self._listening >= 0:
            self._epoll.modify(self._listening, _IN)

    def _connected(self, accepted: socket.socket, address: Any) -> None:
        host = address[0]
        if len(address) > 3 and address[3]:  # an IPv6 address that means nothing without its interface
            host = socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)[0]
        accepted.setblocking(False)
        protocol = self._factory.buildProtocol(None)
        descriptor = accepted.fileno()
        transport = PlainTransport(self, accepted, Peer(host, address[1]), protocol)
        self._transports[descriptor] = transport
        self._epoll.register(descriptor, _IN)
        protocol.makeConnection(transport)

    def watch(self, descriptor: int, events: int) -> None:
        """Called by a transport that waits for something else than before."""
        self._epoll.modify(descriptor, events)

    def left(self, descriptor: int) -> None:
        """Called by a transport just before it closes its socket, which takes it out of the epoll, too."""
        del self._transports[descriptor]
        self._end_if_done()

    def _end_if_done(self) -> None:
        if self._listening < 0 and not self._transports and not self._epoll.closed:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()


class PlainTransport:
    """One connection. Writes at once what the socket takes, and the rest when it can."""

    __slots__ = (
        "_events",
        "_input_over",
        "_paused",
        "_port",
        "_producer",
        "_protocol",
        "_pulled",
        "_socket",
        "_then",
        "dataBuffer",
        "peer",
    )

    def __init__(self, port: PlainPort, accepted: socket.socket, peer: Peer, protocol: Any) -> None:
        self.peer = peer
        #: what the socket did not take yet
        self.dataBuffer = bytearray()
        self._port = port
        self._socket = accepted
        self._protocol = protocol
        self._producer: Any = None
        self._pulled = True
        self._events = _IN
        self._paused = False
        self._input_over = False
        #: what to do once all is written
        self._then: Callable[[], None] | None = None

    def serve(self, events: int) -> None:
        """What was waited for can be done; or the connection broke, which shows when it is tried."""
        if events & _OUT:
            self._flush()
            if events == _OUT or self._socket.fileno() < 0:
                return
        if not self._events & _IN:
            if events & ~_OUT:
                self._lost()  # both ways are closed, or the client has reset the connection
            return
        try:
            data = self._socket.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            self._lost()
            return
        if data:
            self._protocol.dataReceived(data)
        else:
            self._input_over = True
            self._protocol.readConnectionLost()
            self._watch()

    def write(self, data: bytes) -> None:
        if self.dataBuffer:
            self.dataBuffer += data
            return
        sent = self._send(data)
        if sent < len(data):
            self.dataBuffer += data[sent:]
            self._watch()

    def _send(self, data: bytes | bytearray) -> int:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError:  # what this connection's next event will tell; until then it is written to nobody
            return len(data)

    def _flush(self) -> None:
        if self.dataBuffer:
            del self.dataBuffer[: self._send(self.dataBuffer)]
        if not self.dataBuffer:
            if self._then is not None:
                self._then()
            elif self._producer is not None and self._pulled:
                self._producer.resumeProducing()
        self._watch()

    def _watch(self) -> None:
        """Have the port wait for what can be of use now."""
        if self._socket.fileno() < 0:
            return
        events = 0 if self._paused or self._input_over else _IN
        if self.dataBuffer or (self._producer is not None and self._pulled):
            events |= _OUT
        if events != self._events:
            self._events = events
            self._port.watch(self._socket.fileno(), events)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """`producer` is asked for a piece whenever all that was written has gone out; one that streams is
        asked for nothing and never told to pause, only that the connection is lost."""
        self._producer = producer
        self._pulled = not streaming
        self._watch()

    def unregisterProducer(self) -> None:
        self._producer = None
        self._watch()

    def pauseProducing(self) -> None:
        self._paused = True
        self._watch()

    def resumeProducing(self) -> None:
        self._paused = False
        self._watch()

    def loseWriteConnection(self) -> None:
        """Tell the client that nothing more comes, once all is written."""
        self._when_written(self._shut)

    def loseConnection(self) -> None:
        """Close, once all is written."""
        self._when_written(self._lost)

    def _when_written(self, then: Callable[[], None]) -> None:
        if self.dataBuffer:
            self._then = then
        else:
            then()

    def abortConnection(self) -> None:
        """Close now."""
        self._lost()

    def _shut(self) -> None:
        self._then = None
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            return  # it is lost, which the next event will tell

    def _lost(self) -> None:
        descriptor = self._socket.fileno()
        if descriptor < 0:
            return
        if self._producer is not None:
            self._producer.stopProducing()
        self._port.left(descriptor)
        self._socket.close()
        self._protocol.connectionLost(connectionDone)

    def getPeer(self) -> Peer:
        return self.peer

    def getHandle(self) -> socket.socket:
        return self._socket
