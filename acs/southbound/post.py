"""What the endpoint hands to a conversation, and what it gets back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from acs.cwmp.reading import Envelope, MalformedMessage
from acs.southbound.http_messages import Connection, Request

if TYPE_CHECKING:
    from acs.southbound.recording import Recording


class Post(NamedTuple):
    """One POST of a phone, read."""

    #: None for an empty body
    message: Envelope | MalformedMessage | None
    #: session ids from the cookie
    sids: tuple[str, ...]
    #: as whom the phone authenticated, "" where it need not
    username: str
    request: Request
    connection: Connection
    peer: str

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.request.body)

    @property
    def host(self) -> str:
        """The host by which the phone reached this server."""
        return self.request.host

    @property
    def user_agent(self) -> str:
        return self.request.headers.text(b"user-agent")

    @property
    def lasting(self) -> bool:
        """Whether the phone means to keep the connection for its next message."""
        connection = self.request.headers.get(b"connection")
        if self.request.version == "1.0":
            return connection is not None and b"keep-alive" in connection.lower()
        return connection is None or b"close" not in connection.lower()


class Reply(NamedTuple):
    #: an envelope, or nothing: then the answer is empty
    body: bytes = b""
    #: the session id to set as a cookie
    sid: str = ""
    #: where the exchange is to be recorded
    recording: Recording | None = None


EMPTY = Reply()
