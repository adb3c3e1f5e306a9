"""A real redis-server for the session, and the store's calls run through both runners.

A test that takes `store` runs twice, on the reactor's runner and on the blocking one, and cannot tell which.
"""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError
from redis.exceptions import ConnectionError as RedisConnectionError
from twisted.internet.defer import Deferred

from acs.fleet.device import OperatorNotes
from acs.store import codec, keyspace
from acs.store.calls import Call, Steps
from acs.store.redis_server import find_redis_server
from acs.store.runner_blocking import BlockingRunner
from acs.store.runner_reactor import ReactorRunner


class RedisProcess:
    """A redis-server that can be killed and started again in the middle of a test."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "r.sock"
        self.url = f"unix://{self.socket}"
        self.raw = Redis(unix_socket_path=str(self.socket), protocol=2)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        command = [
            find_redis_server().path,
            "--port",
            "0",
            "--unixsocket",
            self.socket,
            "--save",
            "",
            *options,
        ]
        self._process = subprocess.Popen(command, cwd=self._folder, stdout=subprocess.DEVNULL)
        for _ in range(500):
            try:
                self.raw.ping()
                return
            except AuthenticationError:
                return  # it has a password, and so it answers
            except RedisConnectionError:
                time.sleep(0.01)
        raise AssertionError("redis-server does not answer")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def put_notes(key: str, notes: OperatorNotes) -> Call[Any]:
    """The notes as an operator left them."""
    return Call(("SET", keyspace.device_prefix(key) + keyspace.NOTES, codec.encode(notes)), bool)


class Store:
    """Either runner, with the same blocking face for tests."""

    def __init__(self, runner: Any, wait: Callable[[Any], Any], raw: Redis) -> None:
        self.runner = runner
        self.raw = raw
        self._wait = wait

    def run(self, call: Call[Any]) -> Any:
        return self._wait(self.runner.run(call))

    def run_all(self, calls: Sequence[Call[Any]]) -> list[Any]:
        answers: list[Any] = self._wait(self.runner.run_all(calls))
        return answers

    def drive(self, steps: Steps[Any]) -> Any:
        return self._wait(self.runner.drive(steps))


@pytest.fixture(scope="session")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path_factory.mktemp("r"))
    process.start()
    yield process
    process.kill()


@pytest.fixture
def mortal_redis(tmp_path: Path) -> Iterator[RedisProcess]:
    """A redis-server of this test alone."""
    process = RedisProcess(tmp_path)
    process.start()
    yield process
    process.kill()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


@pytest.fixture
def wait(loop: asyncio.AbstractEventLoop) -> Callable[[Deferred[Any]], Any]:
    """Lets the loop run until a Deferred has its result."""
    return lambda deferred: loop.run_until_complete(asyncio.wait_for(deferred.asFuture(loop), 20))


@pytest.fixture
def reactor_runner(
    redis_process: RedisProcess,
    loop: asyncio.AbstractEventLoop,
    wait: Callable[[Deferred[Any]], Any],
) -> Iterator[ReactorRunner]:
    redis_process.raw.flushall()
    runner = ReactorRunner(redis_process.url, loop=loop)
    wait(runner.start())
    yield runner
    wait(runner.stop())


@pytest.fixture(params=["reactor", "blocking"])
def store(request: pytest.FixtureRequest, redis_process: RedisProcess) -> Iterator[Store]:
    redis_process.raw.flushall()
    if request.param == "reactor":
        runner = request.getfixturevalue("reactor_runner")
        yield Store(runner, request.getfixturevalue("wait"), redis_process.raw)
    else:
        blocking = BlockingRunner(redis_process.url)
        yield Store(blocking, lambda answer: answer, redis_process.raw)
        blocking.close()
