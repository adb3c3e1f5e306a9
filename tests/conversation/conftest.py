"""Real conversations: a real Redis, server processes of their own, phones on raw sockets."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from desk import Operator, Server
from talking_phone import TalkingPhone


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="acs-redis-") as folder:
        socket = Path(folder) / "redis.sock"
        arguments = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", folder]
        process = subprocess.Popen(["redis-server", *arguments], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not socket.exists():
            assert process.poll() is None
            assert time.monotonic() < deadline, "redis-server does not start"
            time.sleep(0.02)
        yield f"unix://{socket}"
        process.terminate()
        process.wait()


@contextmanager
def running(redis_url: str, **settings: object) -> Iterator[Server]:
    server = Server(redis_url, **settings)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def server(redis_url) -> Iterator[Server]:
    """The server most conversations talk to: no login, patience as in production."""
    with running(redis_url) as one:
        yield one


@pytest.fixture(scope="session")
def other_server(redis_url) -> Iterator[Server]:
    """A second process of the same fleet."""
    with running(redis_url) as one:
        yield one


@pytest.fixture(scope="session")
def hasty_server(redis_url) -> Iterator[Server]:
    """A server that waits for no phone longer than a moment."""
    patience = {"cpe_turn": 0.5, "read": 0.8, "write": 0.5, "other": 0.5}
    with running(redis_url, patience=patience) as one:
        yield one


@pytest.fixture(scope="session")
def digest_server(redis_url) -> Iterator[Server]:
    with running(redis_url, auth="digest") as one:
        yield one


@pytest.fixture(scope="session")
def basic_server(redis_url) -> Iterator[Server]:
    with running(redis_url, auth="basic") as one:
        yield one


@pytest.fixture
def start_server(redis_url) -> Iterator[object]:
    """Starts servers of their own kind, which end with the test."""
    started: list[Server] = []

    def start(**settings: object) -> Server:
        started.append(Server(redis_url, **settings))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture(scope="session")
def operator(redis_url) -> Operator:
    return Operator(redis_url)


@pytest.fixture
def phone(server) -> TalkingPhone:
    """A phone whose first contact is still to come."""
    return server.phone()


@pytest.fixture
def known_phone(server) -> TalkingPhone:
    """A phone that was learnt completely; its connection stays open."""
    one = server.phone()
    one.holds_session("0 BOOTSTRAP", "1 BOOT")
    return one
