"""A snapshot of a Redis, and a Redis that becomes what a snapshot says."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from acs.store import refill, snapshot
from acs.store.embedded import EmbeddedRedis
from acs.store.errors import StoreRefused, StoreUnavailable


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    private = EmbeddedRedis(tmp_path / "a")
    private.start()
    yield private
    private.stop()


@pytest.fixture
def again(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    """Another one, which does not run yet."""
    (tmp_path / "b").mkdir()
    private = EmbeddedRedis(tmp_path / "b")
    yield private
    if private.running():
        private.stop()


def client(url: str, database: int = 0) -> Redis:
    return Redis.from_url(f"{url}?db={database}", protocol=2)


def filled(url: str, database: int = 0) -> None:
    into = client(url, database)
    into.set("plain", b"\x00\xff binary")
    into.set("soon gone", "x", px=3_600_000)
    into.zadd("sorted", {f"member {n}": n for n in range(2000)})
    into.hset("hash", mapping={"a": "1"})
    into.xadd("stream", {"f": "v"})


def lay(url: str, again: EmbeddedRedis, folder: Path) -> str:
    """Snapshot of the first, state of the other."""
    path = folder / "state.rdb"
    with path.open("wb") as out:
        snapshot.take(url, out)
    refill.lay(path, folder / "b")
    return again.start()


@pytest.mark.parametrize("diskless", ["yes", "no"])
def test_both_ways_in_which_redis_sends_it(redis, diskless):
    filled(redis.url)
    client(redis.url).config_set("repl-diskless-sync", diskless)
    out = io.BytesIO()
    taken = snapshot.take(f"{redis.url}?db=3", out)
    content = out.getvalue()
    assert content.startswith(b"REDIS00")
    assert (taken.size, taken.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert taken.database == 3
    assert taken.redis_version == client(redis.url).info("server")["redis_version"]


def test_what_comes_of_it_is_the_same(redis, again, tmp_path):
    filled(redis.url)
    url = lay(redis.url, again, tmp_path)
    before, after = client(redis.url), client(url)
    assert after.dbsize() == 5
    assert after.get("plain") == b"\x00\xff binary"
    assert after.zrange("sorted", 0, -1) == before.zrange("sorted", 0, -1)
    assert 3_000_000 < after.pttl("soon gone") <= 3_600_000
    # it goes on as any private Redis does
    after.set("more", "1")
    again.stop()
    again.start()
    assert client(again.url).get("more") == b"1"


def test_one_database_of_several_is_kept(redis, again, tmp_path):
    filled(redis.url, 3)
    client(redis.url).set("somebody else's", "1")
    client(redis.url, 7).set("somebody else's", "1")
    url = lay(redis.url, again, tmp_path)
    refill.keep_only(url, 3)
    assert client(url).info("keyspace").keys() == {"db0"}
    assert client(url).dbsize() == 5


def test_key_by_key_with_the_time_that_each_has(redis, again, tmp_path):
    filled(redis.url)
    target = f"{again.start()}?db=2"
    refill.copy(redis.url, target)
    assert refill.size(target) == 5
    assert 3_000_000 < client(again.url, 2).pttl("soon gone") <= 3_600_000
    assert client(again.url, 2).zcard("sorted") == 2000
    refill.empty(target)
    assert refill.size(target) == 0


def test_a_redis_that_gives_none_says_why(redis):
    admin = client(redis.url)
    admin.execute_command("ACL", "SETUSER", "reader", "on", ">word", "~*", "+@all", "-sync", "-psync")
    url = redis.url.replace("unix://", "unix://reader:word@")
    with pytest.raises(StoreRefused, match="no snapshot: NOPERM"):
        snapshot.take(url, io.BytesIO())


def test_a_redis_that_is_not_there(tmp_path):
    for work in (
        lambda: snapshot.take(f"unix://{tmp_path}/none", io.BytesIO()),
        lambda: refill.size("redis://127.0.0.1:1"),
    ):
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            work()
