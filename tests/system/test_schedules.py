"""Schedules with real processes: a backup of three phones by the clock, what is kept of it, and what dies."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.system.rollout_phones import Phones

#: The `Server` of this directory's conftest, which cannot be imported by name.
Server = Any

FIRST_MAC = "001565700000"
ALL = {"kind": "backup", "select": "all", "stop": None}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    from .conftest import Server as RealServer

    one = RealServer(tmp_path_factory.mktemp("schedules") / "data", "--cpe-auth", "none")
    yield one
    assert one.stop() == 0
    assert not one.tracebacks()


@pytest.fixture(scope="module")
def ids(server: Server) -> Iterator[list[str]]:
    phones = Phones(server.urls["cwmp"])
    phones.start(FIRST_MAC, 3)
    eventually(lambda: len(listed(server, "/devices")) == 3)
    eventually(lambda: all(learnt(server, one["id"]) for one in listed(server, "/devices")))
    yield [one["id"] for one in listed(server, "/devices")]
    phones.stop()


def eventually(what: Callable[[], Any], seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.3)
    return found


def listed(server: Server, path: str) -> list[dict[str, Any]]:
    answer = server.api.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def learnt(server: Server, device: str) -> bool:
    return bool(server.api.get(f"/api/v1/devices/{device}").json()["learning"]["state"] == "complete")


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def make(server: Server, name: str, **when: Any) -> str:
    answer = server.api.post("/api/v1/schedules", json={"name": name, "what": ALL, **when})
    assert answer.status_code == 201, answer.text
    return f"/api/v1/schedules/{answer.json()['id']}"


def done(server: Server, path: str, runs: int = 1) -> list[dict[str, Any]] | None:
    """The runs of the schedule, once there are so many and their rollouts are over."""
    found: list[dict[str, Any]] = server.api.get(path).json()["runs"]
    ended = len(found) == runs and all(one["state"] == "completed" for one in found)
    return found if ended else None


def sent(server: Server, ids: list[str], path: str) -> dict[str, int]:
    """How many files of each phone there are that it sent for this schedule."""
    schedule = path.rpartition("/")[2]
    return {
        one: sum(
            file["rollout"].startswith(f"{schedule}-") for file in listed(server, f"/devices/{one}/files")
        )
        for one in ids
    }


def workers(server: Server) -> list[int]:
    return [
        pid for pid in server.family() if b"workers" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    ]


def test_a_single_backup_two_seconds_ahead_and_what_is_kept(server: Server, ids: list[str]) -> None:
    path = make(server, "once", at=in_seconds(2), keep=1)
    [run] = eventually(lambda: done(server, path))
    assert (run["outcome"], run["phones"], run["outcomes"]) == ("started", 3, {"succeeded": 3})
    assert sent(server, ids, path) == dict.fromkeys(ids, 1)
    shown = server.api.get(path).json()
    assert (shown["next_at"], shown["coming"]) == (None, [])
    [first, *_] = (file["name"] for file in listed(server, f"/devices/{ids[0]}/files"))
    assert server.api.get(f"/api/v1/files/{first}").text.startswith("#!version:")

    assert server.api.post(f"{path}/run").status_code == 201
    eventually(lambda: done(server, path, runs=2))
    eventually(lambda: sent(server, ids, path) == dict.fromkeys(ids, 1), seconds=180)
    [newest, *_] = (file["name"] for file in listed(server, f"/devices/{ids[0]}/files"))
    assert newest > first


def test_workers_that_are_killed_at_its_time_make_one_rollout(server: Server, ids: list[str]) -> None:
    path = make(server, "killed", at=in_seconds(2))
    for _ in range(8):
        time.sleep(0.4)
        for pid in workers(server):
            os.kill(pid, signal.SIGKILL)
    [run] = eventually(lambda: done(server, path), seconds=180)
    assert run["outcomes"] == {"succeeded": 3}
    made = [one for one in listed(server, "/rollouts") if one["name"].startswith("killed ")]
    assert [one["id"] for one in made] == [run["rollout"]]
    assert sent(server, ids, path) == dict.fromkeys(ids, 1)


def test_what_was_due_while_everything_was_down_is_made_good(server: Server, ids: list[str]) -> None:
    path = make(server, "missed", at=in_seconds(1.5))
    server.kill_all()
    time.sleep(2)
    server.start()
    [run] = eventually(lambda: done(server, path), seconds=180)
    assert (run["outcome"], run["outcomes"]) == ("started", {"succeeded": 3})
    kinds = [one["kind"] for one in listed(server, "/events?kind=schedule_*&limit=100")]
    assert kinds.count("schedule_started") == 3
