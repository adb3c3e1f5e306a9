"""All of a Redis at one moment, as the file that Redis itself would write (RDB).

It is asked for as a replica asks (SYNC): that works for the private Redis and for one elsewhere, over any
connection that redis-py can make, and leaves no file behind. What comes first is either `$LENGTH` or, where
Redis does not write it to its own disk before, `$EOF:MARK`, where the same mark of 40 bytes stands behind
the snapshot.

Blocking code, for a thread.
"""

from __future__ import annotations

import hashlib
import socket
from typing import Any, BinaryIO

from msgspec import Struct
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from acs.store import keyspace
from acs.store.calls import Call
from acs.store.errors import StoreRefused, StoreUnavailable, without_password

#: Seconds without a byte after which it is given up. While it prepares, Redis sends a sign each second.
PATIENCE = 60

_CHUNK = 1 << 18
_MARK = 40

_COUNTED = {
    "phones": ("ZCARD", keyspace.DEVICES),
    "open_tasks": ("ZCARD", keyspace.DEADLINES),
    "files": ("ZCARD", keyspace.FILE_INDEX),
    "awaited": ("ZCARD", keyspace.AWAITED),
    "groups": ("HLEN", keyspace.GROUPS),
    "rollouts": ("ZCARD", keyspace.ROLLOUTS),
    "schedules": ("ZCARD", keyspace.SCHEDULES),
    "users": ("HLEN", keyspace.USERS),
    "tokens": ("HLEN", keyspace.TOKENS),
}

#: What `counts` gives numbers of.
COUNTED = tuple(_COUNTED)


class Snapshot(Struct, frozen=True):
    """`database` is the number of the one that the server uses; the snapshot has all of that Redis."""

    size: int
    sha256: str
    redis_version: str
    database: int


def counts() -> list[Call[int]]:
    """How many there are of each thing in `COUNTED`."""
    return [Call(parts, int) for parts in _COUNTED.values()]


def take(url: str, out: BinaryIO) -> Snapshot:
    """Write the snapshot to `out`. Raises `StoreUnavailable`, `StoreRefused`, and OSError of `out`."""
    client: Any = Redis.from_url(
        url, protocol=2, socket_timeout=PATIENCE, socket_connect_timeout=10, retry=Retry(NoBackoff(), 0)
    )
    shown = without_password(url)
    connection: Any = None
    try:
        about = client.info()
        if about.get("cluster_enabled"):
            raise StoreRefused(f"Redis at {shown} is a part of a cluster: back up each of its nodes its way")
        pool = client.connection_pool
        connection = pool.make_connection()
        connection.connect()
        _ask(connection)
        reader = _Reader(connection._sock, out)
        reader.read()
    except RedisError as error:
        raise StoreUnavailable(f"Redis at {shown} cannot be reached: {error}") from error
    finally:
        if connection is not None:
            connection.disconnect()
        client.close()
    database = int(pool.connection_kwargs.get("db") or 0)
    return Snapshot(reader.size, reader.sha256, str(about["redis_version"]), database)


def _ask(connection: Any) -> None:
    """Say that a mark is understood and that nothing is wanted behind the snapshot, then ask for it."""
    for said in (("capa", "eof"), ("rdb-only", "1")):
        connection.send_command("REPLCONF", *said)
        try:
            connection.read_response()
        except RedisError:
            continue  # an older one, which knows no such thing and does without
    connection.send_command("SYNC")


class _Reader:
    """Takes the snapshot from the connection."""

    def __init__(self, connection: socket.socket, out: BinaryIO) -> None:
        self._connection = connection
        self._out = out
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def read(self) -> None:
        line = self._line()
        if line.startswith(b"$EOF:"):
            self._until(line[5:])
        elif line.startswith(b"$"):
            self._so_many(int(line[1:]))
        else:
            raise StoreRefused(f"Redis gives no snapshot: {line.lstrip(b'-').decode('utf-8', 'replace')}")

    def _line(self) -> bytes:
        """The first line that has anything in it; each byte by itself, because no later one may be taken."""
        line = b""
        while True:
            byte = self._receive(1)
            if byte == b"\n" and line.strip():
                return line.strip()
            line += byte

    def _so_many(self, missing: int) -> None:
        while missing:
            data = self._receive(min(_CHUNK, missing))
            self._keep(data)
            missing -= len(data)

    def _until(self, mark: bytes) -> None:
        if len(mark) != _MARK:
            raise StoreRefused(f"Redis begins its snapshot with a mark of {len(mark)} bytes")
        held = b""
        while True:
            held += self._receive(_CHUNK)
            if held.endswith(mark):
                self._keep(held[:-_MARK])
                return
            self._keep(held[:-_MARK])
            held = held[-_MARK:]

    def _keep(self, data: bytes) -> None:
        self._out.write(data)
        self._hash.update(data)
        self.size += len(data)

    def _receive(self, most: int) -> bytes:
        try:
            data = self._connection.recv(most)
        except OSError as error:
            raise StoreUnavailable(f"Redis did not send the whole of its snapshot: {error}") from error
        if not data:
            raise StoreUnavailable("Redis closed the connection before its snapshot was whole")
        return data
