"""What the endpoint hands to a conversation, and what it gets back."""

from __future__ import annotations

from typing import NamedTuple

from acs.cwmp.reading import Envelope, MalformedMessage
from acs.southbound.http_messages import Connection


class Post(NamedTuple):
    """One POST of a phone, read."""

    #: None for an empty body
    message: Envelope | MalformedMessage | None
    #: bytes of the body
    size: int
    #: session ids from the cookie
    sids: tuple[str, ...]
    connection: Connection
    peer: str
    #: the host by which the phone reached this server
    host: str = ""
    user_agent: str = ""
    #: as whom the phone authenticated, "" where it need not
    username: str = ""
    #: whether the phone will keep the connection for its next message
    lasting: bool = True


class Reply(NamedTuple):
    #: an envelope, or nothing: then the answer is empty
    body: bytes = b""
    #: the session id to set as a cookie
    sid: str = ""


EMPTY = Reply()
