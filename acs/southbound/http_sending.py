"""Sends a file piece by piece, at the speed at which the client takes it, and knows how much of it arrived.

"Arrived" is what the client's side acknowledged: the bytes written less those that still wait in the
transport and, where the kernel tells, in the socket. Without that, a phone that vanishes after the first
kilobyte of a small file would count as served in full, because the kernel had taken all of it.

A body with a line asks it before each piece. While it waits, the transport is not asked to take anything;
a connection that is lost meanwhile gives the wish up.
"""

from __future__ import annotations

import contextlib
import fcntl
import socket
import struct
import termios
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog
from twisted.internet.interfaces import IPullProducer, IPushProducer
from zope.interface import implementer  # type: ignore[import-untyped]  # it ships no types

from acs.southbound.http_messages import FileBody, Line

if TYPE_CHECKING:
    from acs.southbound.http_connection import HttpConnection

log = structlog.get_logger("acs.southbound.http")

#: One read from disk and one write to the socket; 200 downloads at once hold 200 of these in memory.
PIECE = 64 * 1024

#: After the last write: how soon to look whether all has been acknowledged, doubling up to the second.
_FIRST_LOOK = 0.005
_LATER_LOOKS = 0.5

#: Seconds between two reports of how far a file is.
REPORT_EVERY = 30.0


@implementer(IPullProducer)
class FileSender:
    """Sends one `FileBody`, then tells `body.on_end` and the connection.

    :raises OSError: when made, if the file cannot be opened.
    """

    def __init__(self, connection: HttpConnection, body: FileBody) -> None:
        self._connection = connection
        self._transport: Any = connection.transport
        self._body = body
        self._left = body.length
        self._acknowledged = 0
        self._look: Any = None
        self._over = False
        self._report_at = connection.factory.clock() + REPORT_EVERY
        #: bytes that the line lets through now; while it lets none, how to give up waiting for them
        self._granted = 0
        self._give_up: Callable[[], object] | None = None
        self._file = open(body.path, "rb")  # noqa: SIM115 - closed in _end, which every way out passes
        self._file.seek(body.start)

    def start(self, head: bytes) -> None:
        """Write `head`, then the file."""
        self._transport.write(head)
        self._transport.registerProducer(self, False)

    @property
    def waiting(self) -> bool:
        """Whether it is this server that keeps the client waiting."""
        return self._give_up is not None

    def resumeProducing(self) -> None:
        """The client has taken what was written so far."""
        self._count()
        if not self._left:
            self._stand_by()
            self._await_acknowledgement(_FIRST_LOOK)
        elif self._body.line is None:
            self._write(PIECE)
        else:
            if not self._granted:
                self._ask(self._body.line)
            if self._granted:
                granted, self._granted = self._granted, 0
                self._write(granted)

    def _ask(self, line: Line) -> None:
        give_up = line.ask(min(PIECE, self._left), self._may_send)
        if not self._granted:
            self._give_up = give_up
            self._stand_by()

    def _stand_by(self) -> None:
        """Send nothing for now, and hear of the connection's end while its socket can still be asked."""
        self._transport.unregisterProducer()
        self._transport.registerProducer(_Idle(self), True)

    def _may_send(self, size: int) -> None:
        self._granted = size
        if self._give_up is not None:
            self._give_up = None
            self._connection.last_active = self._connection.factory.clock()
            self._transport.unregisterProducer()
            self._transport.registerProducer(self, False)

    def _write(self, most: int) -> None:
        try:
            piece = self._file.read(min(most, self._left))
        except OSError as error:
            log.error("file cannot be read", path=self._body.path, error=str(error))
            piece = b""
        if not piece:
            log.error("file is shorter than it should be", path=self._body.path, missing=self._left)
            self._transport.unregisterProducer()
            self._end(False)
            return
        self._left -= len(piece)
        self._transport.write(piece)

    def stopProducing(self) -> None:
        """The connection is being lost; its socket can still be asked what was acknowledged."""
        self._count()

    def connection_lost(self) -> None:
        """The connection is gone; a client that has all may close it before anybody looked."""
        self._end(self._acknowledged >= self._body.length)

    def _await_acknowledgement(self, delay: float) -> None:
        self._look = None
        self._count()
        if self._acknowledged >= self._body.length:
            self._transport.unregisterProducer()
            self._end(True)
        else:
            following = min(delay * 2, _LATER_LOOKS)
            reactor = self._connection.factory.reactor
            self._look = reactor.callLater(delay, self._await_acknowledgement, following)

    def _count(self) -> None:
        written = self._body.length - self._left
        acknowledged = max(written - self._in_flight(), 0)
        if acknowledged > self._acknowledged:
            self._acknowledged = acknowledged
            now = self._connection.last_active = self._connection.factory.clock()
            if now >= self._report_at and self._body.on_progress is not None:
                self._report_at = now + REPORT_EVERY
                self._told(self._body.on_progress, acknowledged)

    def _in_flight(self) -> int:
        """Bytes that wait in the transport or, unacknowledged, in the kernel; 0 where nobody can tell."""
        transport = getattr(self._transport, "transport", self._transport)  # beneath TLS
        waiting = len(getattr(transport, "dataBuffer", b"")) - getattr(transport, "offset", 0)
        waiting += getattr(transport, "_tempDataLen", 0)
        with contextlib.suppress(OSError, AttributeError):
            handle = transport.getHandle()
            if isinstance(handle, socket.socket):
                answer = fcntl.ioctl(handle.fileno(), termios.TIOCOUTQ, bytes(4))
                waiting += struct.unpack("i", answer)[0]
        return max(waiting, 0)

    def _end(self, complete: bool) -> None:
        if self._over:
            return
        self._over = True
        self._file.close()
        if self._give_up is not None:
            self._give_up()
            self._give_up = None
        if self._look is not None:
            self._look.cancel()
            self._look = None
        if self._body.on_end is not None:
            self._told(self._body.on_end, self._acknowledged, complete)
        self._connection.file_sent(complete)

    def _told(self, report: Callable[..., object], *how_far: int) -> None:
        try:
            report(*how_far)
        except Exception:
            log.exception("a transfer could not be reported", path=self._body.path)


@implementer(IPushProducer)
class _Idle:
    """Stands in for a sender that has nothing to send, so that it hears of the connection's end in time."""

    def __init__(self, sender: FileSender) -> None:
        self._sender = sender

    def pauseProducing(self) -> None:
        """It sends nothing."""

    def resumeProducing(self) -> None:
        """It has nothing to send."""

    def stopProducing(self) -> None:
        self._sender.stopProducing()
