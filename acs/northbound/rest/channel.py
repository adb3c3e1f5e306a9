"""The HTTP connection of the web port: what cannot be read as a request is answered with a problem too."""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel

from acs.northbound.phrases import phrase
from acs.northbound.rest import problems
from acs.northbound.rest.replies import Reply

#: Longest request line, and all headers together, in bytes: a selector of 4,000 characters of any script has
#: room when each of its bytes is written as three.
LONGEST_LINE = 64 << 10

#: Seconds for a client to read why it is refused, while what it still sends is dropped.
LINGER = 2.0


class Channel(HTTPChannel):
    MAX_LENGTH = LONGEST_LINE
    totalHeadersSize = LONGEST_LINE

    _refused: Any = None

    def dataReceived(self, data: bytes) -> Any:
        if self._refused is None:
            receive: Any = super().dataReceived  # twisted.web is not typed throughout
            return receive(data)
        return None

    def lineLengthExceeded(self, line: bytes) -> None:
        if self.requests:  # its first line was read already
            self._refuse(problems.headers_too_large(LONGEST_LINE))
        else:
            self._refuse(problems.uri_too_long(LONGEST_LINE))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._refused is not None and self._refused.active():
            self._refused.cancel()
        lost: Any = super().connectionLost
        lost(reason)

    def _respondToBadRequestAndDisconnect(self) -> None:
        """Called by twisted.web for headers that are too large or none at all, and first lines likewise."""
        if self._receivedHeaderSize > self.totalHeadersSize:
            self._refuse(problems.headers_too_large(self.totalHeadersSize))
        elif self._receivedHeaderCount > self.maxHeaders:
            self._refuse(problems.too_many_headers(self.maxHeaders))
        else:
            self._refuse(problems.problem(problems.BadRequest("What was sent is no HTTP request.")))

    def _refuse(self, reply: Reply) -> None:
        if self._refused is not None:
            return
        body = reply.encoded()
        head = (
            f"HTTP/1.1 {reply.status} {phrase(reply.status)}\r\nContent-Type: {reply.content_type}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        wire: Any = self.transport
        wire.write(head.encode("ascii") + body)
        later: Any = self.callLater
        self._refused = later(LINGER, self.loseConnection)
        forget: Any = self.clearLineBuffer
        forget()
