"""HTTP as a phone speaks it, over a raw socket: every oddity can be put on the line, byte by byte."""

from __future__ import annotations

import hashlib
import re
import socket
from dataclasses import dataclass, field

#: Seconds to wait for an answer; a test that runs into this has failed.
PATIENCE = 30


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    #: every Set-Cookie value
    cookies: list[str] = field(default_factory=list)


class Wire:
    """One connection."""

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        self._socket = socket.create_connection(
            ("127.0.0.1", port), timeout=PATIENCE, source_address=(source, 0)
        )
        self._buffer = b""

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def close(self) -> None:
        self._socket.close()

    def _line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            self._more()
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        return line

    def _more(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError(f"the server closed the connection; before that it sent {self._buffer!r}")
        self._buffer += data

    def answer(self) -> Answer:
        """The next response; an interim one (100) is an answer of its own."""
        status = int(self._line().split()[1])
        headers: dict[str, str] = {}
        cookies: list[str] = []
        while line := self._line():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
            if name.lower() == "set-cookie":
                cookies.append(value.strip())
        length = int(headers.get("content-length", 0))
        while len(self._buffer) < length:
            self._more()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return Answer(status, headers, body, cookies)

    @property
    def closed_by_server(self) -> bool:
        try:
            return self._socket.recv(1) == b""
        except TimeoutError:
            return False


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def digest_login(challenge: str, *, username: str, password: str, path: str, qop: bool = True) -> str:
    """An Authorization field for a Digest challenge; without `qop` as phones of RFC 2069 do it."""

    def part(name: str) -> str:
        found = re.search(rf'{name}="?([^",]+)', challenge)
        return found[1] if found else ""

    realm, nonce = part("realm"), part("nonce")
    secret, request = _md5(f"{username}:{realm}:{password}"), _md5(f"POST:{path}")
    middle = f"{nonce}:00000001:0a4f113b:auth" if qop else nonce
    response = _md5(f"{secret}:{middle}:{request}")
    more = ', qop=auth, nc=00000001, cnonce="0a4f113b"' if qop else ""
    return (
        f'Digest username="{username}", realm="{realm}", nonce="{nonce}", uri="{path}", '
        f'response="{response}"{more}'
    )
