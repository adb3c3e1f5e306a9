"""The stream of events of a real server: Redis is killed in the middle, and the server stopped at the end."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path
from queue import Queue

import httpx
import pytest


def redis_of(server) -> int:
    [pid] = [pid for pid in server.family() if b"redis-server" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return pid


@pytest.fixture
def told(server):
    """What the stream tells, as it comes; None at its end."""
    found: Queue[dict | None] = Queue()
    begun = threading.Event()

    def read():
        headers = {"Accept": "text/event-stream"}
        try:
            with server.api.stream("GET", "/api/v1/events?kind=device_new", headers=headers) as answer:
                for line in answer.iter_lines():
                    begun.set()
                    if line.startswith("data: "):
                        found.put(json.loads(line.removeprefix("data: ")))
        except httpx.RemoteProtocolError:
            pass  # the server has gone
        found.put(None)

    reader = threading.Thread(target=read)
    reader.start()
    assert begun.wait(30)
    yield found
    server.stop()
    reader.join(30)


@pytest.fixture
def server(start_server):
    return start_server("--cpe-auth", "none")


def phones(server, count):
    server.acs("simulate", "--phones", str(count), "--sessions", "1", "--quiet")


def test_redis_is_killed_and_the_stream_goes_on(server, told):
    phones(server, 1)
    assert told.get(timeout=60)["text"].startswith("New")
    os.kill(redis_of(server), signal.SIGKILL)
    phones(server, 3)
    more = {told.get(timeout=60)["device"] for _ in range(2)}
    assert len(more) == 2
    assert server.stop() == 0
    assert told.get(timeout=30) is None
    assert server.tracebacks() == []
