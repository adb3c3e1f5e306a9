"""A snapshot made the state of a Redis again: of a private one as it is, of another one key by key.

Blocking code, for a command.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, TimeoutError

from acs.store.errors import StoreRefused, StoreUnavailable, without_password

#: Keys that share a round trip.
_BATCH = 500


def lay(snapshot: Path, data_dir: Path) -> None:
    """Put the snapshot where the private Redis of that directory, which never ran, finds it at its first
    start: an append-only file may begin with a snapshot, and Redis 7 makes its own of one."""
    folder = data_dir / "redis"
    folder.mkdir(mode=0o700)
    snapshot.replace(folder / "appendonly.aof")


def keep_only(url: str, database: int) -> None:
    """Have this Redis keep that one of its databases, as its first: a snapshot has all there were."""
    with _client(url) as client:
        if database:
            client.execute_command("SWAPDB", 0, database)
        for name in client.info("keyspace"):
            number = int(name.removeprefix("db"))
            if number:
                empty(f"{url}?db={number}")


def size(url: str) -> int:
    """How many keys are in it."""
    with _client(url) as client:
        return int(client.dbsize())


def empty(url: str) -> None:
    with _client(url) as client:
        client.flushdb()


def copy(source_url: str, target_url: str) -> None:
    """Every key with its time to live, into a database that has none."""
    with _client(source_url) as source, _client(target_url) as target:
        cursor = 0
        while True:
            cursor, keys = source.scan(cursor, count=_BATCH)
            if keys:
                _copy_some(source, target, keys)
            if not cursor:
                return


def _copy_some(source: Any, target: Any, keys: list[bytes]) -> None:
    with source.pipeline(transaction=False) as asking:
        for key in keys:
            asking.dump(key).pttl(key)
        answers = asking.execute()
    with target.pipeline(transaction=False) as telling:
        for key, content, left in zip(keys, answers[::2], answers[1::2], strict=True):
            if content is not None and left != 0:  # else it has just expired
                telling.restore(key, max(0, left), content, replace=True)
        telling.execute()


@contextmanager
def _client(url: str) -> Iterator[Any]:
    client: Any = Redis.from_url(url, protocol=2, socket_connect_timeout=10)
    shown = without_password(url)
    try:
        yield client
    except (RedisConnectionError, TimeoutError, OSError) as error:
        raise StoreUnavailable(f"Redis at {shown} cannot be reached: {error}") from error
    except RedisError as error:
        raise StoreRefused(f"Redis at {shown} refused: {error}") from error
    finally:
        client.close()
