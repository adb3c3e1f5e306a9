"""A Redis of the test's own, and the surroundings of a worker process."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NotYet

from acs.store.runner_blocking import BlockingRunner
from workers import surroundings


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = tmp_path_factory.mktemp("redis")
    socket = directory / "s"
    options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(directory)]
    process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
    url = f"unix://{socket}"
    try:
        with Redis.from_url(url) as client:
            for _ in range(500):
                try:
                    client.ping()
                    break
                except NotYet:
                    time.sleep(0.01)
        yield url
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        client.flushall()
        yield client


@pytest.fixture
def runner(redis: Redis, redis_url: str, tmp_path: Path) -> Iterator[BlockingRunner]:
    """The store as the jobs see it; their data directory is `tmp_path`."""
    here = surroundings.Surroundings(redis_url, tmp_path)
    surroundings.settle(here)
    yield here.runner
    here.runner.close()
