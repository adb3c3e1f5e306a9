"""What a transfer leaves in the store: evidence in its task, a line on the timeline, a named file."""

from __future__ import annotations

import hashlib
import subprocess
import time
from collections.abc import Callable, Iterator
from os import urandom
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from twisted.internet.defer import fail, gatherResults

from acs.cwmp.structures import DeviceId
from acs.fleet.device import Device
from acs.fleet.identity import device_id_text, device_key, task_id
from acs.fleet.rollout.definition import Definition, Kind, Pace
from acs.fleet.rollout.rollout import Rollout
from acs.fleet.task import DownloadWork, RebootWork, Task, TaskState, UploadWork, Work
from acs.southbound.files_endpoint import ServedFile, Transfer
from acs.southbound.transfers import Transfers
from acs.store import files, keyspace, refusals, rollouts, tasks, timeline
from acs.store.codec import encode
from acs.store.errors import StoreUnavailable
from acs.store.files import StoredFile
from acs.store.redis_server import find_redis_server
from acs.store.runner_reactor import ReactorRunner

DEVICE = device_id_text(DeviceId("Yealink", "001565", "T46/G", "00:15:65:aa"))
KEY = device_key(DEVICE)
NOW = 1_750_000_000.0
SHA = "ab" * 32
FIRMWARE = DownloadWork(file="T46.rom", size=1000, sha256=SHA, file_type="1 Firmware Upgrade Image")


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = tmp_path_factory.mktemp("redis") / "r.sock"
    command = [find_redis_server().path, "--port", "0", "--unixsocket", path, "--save", ""]
    process = subprocess.Popen(command, cwd=path.parent, stdout=subprocess.DEVNULL)
    for _ in range(500):
        try:
            Redis(unix_socket_path=str(path)).ping()
            break
        except RedisConnectionError:
            time.sleep(0.01)
    yield f"unix://{path}"
    process.kill()
    process.wait()


class Store:
    """The store as a test sees it, its runner on the reactor."""

    def __init__(self, url: str, on_reactor: Callable[..., Any]) -> None:
        self._on_reactor = on_reactor
        self.runner: ReactorRunner = on_reactor(lambda: ReactorRunner(url))
        on_reactor(self.runner.start)
        self.run = lambda call: on_reactor(self.runner.run, call)

    def put_down(self, work: Work, state: TaskState = TaskState.RUNNING, rollout: str = "") -> Task:
        """A new task for the device."""
        task = Task(
            id=task_id(KEY, urandom(6)),
            device=DEVICE,
            work=work,
            state=state,
            created_at=NOW,
            rollout=rollout,
        )
        assert self.run(tasks.create(KEY, [task], stamp=tasks.fresh_stamp())) == "created"
        return task

    def task(self, task: Task) -> Task:
        """The task as it is now."""
        return self.run(tasks.get(task.id)).task

    def lines(self) -> list[Any]:
        """The phone's timeline, newest first."""
        return self.run(timeline.read(KEY))


@pytest.fixture
def store(redis_url: str, on_reactor: Callable[..., Any]) -> Iterator[Store]:
    redis = Redis(unix_socket_path=redis_url.removeprefix("unix://"))
    redis.flushall()
    redis.set(keyspace.device_prefix(KEY) + keyspace.DEVICE, encode(Device(id=DEVICE)))
    redis.close()
    store = Store(redis_url, on_reactor)
    yield store
    on_reactor(store.runner.stop)


@pytest.fixture
def transfers(store: Store, reactor: Any, tmp_path: Path) -> Transfers:
    return Transfers(store.runner, tmp_path, lambda: NOW, reactor=reactor)


def download(task: Task, **facts: Any) -> Transfer:
    """A transfer of the whole of a file of 1,000 bytes, but for these facts."""
    whole = {
        "bytes": 1000,
        "complete": True,
        "size": 1000,
        "wanted": 1000,
        "file_name": "T46.rom",
        "sha256": SHA,
    }
    times = {"started_at": NOW - 2, "ended_at": NOW, "peer": "10.0.0.7"}
    return Transfer(**{"task_id": task.id, "purpose": "d", **whole, **times, **facts})


def upload(task: Task, **facts: Any) -> Transfer:
    return structs.replace(download(task), purpose="u", file_name="x.cfg", **facts)


# --- what a phone may fetch -----------------------------------------------------------------------------


def test_a_download_task_lets_its_phone_fetch_its_file(
    store: Store, transfers: Transfers, on_reactor: Any, tmp_path: Path
) -> None:
    task = store.put_down(DownloadWork(file="T46.rom", size=1000, sha256=SHA))
    found = on_reactor(transfers.lookup, task.id)
    assert structs.replace(found, fault="") == ServedFile(tmp_path / SHA, 1000, SHA, "T46.rom")
    assert "cannot be read" in found.fault
    assert store.lines()[0].text.startswith("T46.rom was asked for and cannot be sent: its bytes")
    content = bytes(1000)
    digest = hashlib.sha256(content).hexdigest()
    (tmp_path / digest).write_bytes(content)
    whole = store.put_down(DownloadWork(file="T46.rom", size=1000, sha256=digest))
    assert on_reactor(transfers.lookup, whole.id).fault == ""


def test_a_task_that_names_only_a_file_fetches_what_has_that_name_now(
    store: Store, transfers: Transfers, on_reactor: Any, tmp_path: Path
) -> None:
    task = store.put_down(DownloadWork(file="T46.rom"))
    assert on_reactor(transfers.lookup, task.id) is None
    store.run(files.put(StoredFile("T46.rom", SHA, 5)))
    found = on_reactor(transfers.lookup, task.id)
    assert structs.replace(found, fault="") == ServedFile(tmp_path / SHA, 5, SHA, "T46.rom")


def test_the_file_of_a_rollout_keeps_to_its_bandwidth(
    store: Store, transfers: Transfers, on_reactor: Any
) -> None:
    asked = Definition(name="July", kind=Kind.REBOOT, pace=Pace(bandwidth=5000))
    store.run(rollouts.create(Rollout(id="july", definition=asked)))
    for rollout, bandwidth in (("july", 5000), ("gone", 0)):
        task = store.put_down(FIRMWARE, rollout=rollout)
        found = on_reactor(transfers.lookup, task.id)
        assert (found.rollout, found.bandwidth) == (rollout, bandwidth)


def test_other_tasks_let_nobody_fetch_anything(store: Store, transfers: Transfers, on_reactor: Any) -> None:
    cancelled = store.put_down(DownloadWork(file="T46.rom", sha256=SHA), TaskState.PENDING)
    on_reactor(store.runner.drive, tasks.cancel(cancelled.id, now=NOW, stamp=tasks.fresh_stamp()))
    others = [store.put_down(RebootWork()), store.put_down(DownloadWork(url="http://elsewhere/")), cancelled]
    for task in others:
        assert on_reactor(transfers.lookup, task.id) is None
    assert on_reactor(transfers.lookup, task_id(KEY, b"nobody")) is None


# --- downloads ------------------------------------------------------------------------------------------


def test_a_download_is_evidence_and_a_line_on_the_timeline(
    store: Store, transfers: Transfers, on_reactor: Any
) -> None:
    task = store.put_down(FIRMWARE)
    on_reactor(transfers.record, download(task))
    evidence = store.task(task).evidence
    assert (evidence["bytes_served"], evidence["served_complete"]) == (1000, True)
    [line] = store.lines()
    assert (line.kind, line.text, line.at) == ("transfer", "Downloaded T46.rom (1,000 bytes)", NOW)
    assert line.data["task"] == task.id
    assert line.data["seconds"] == 2
    assert line.data["ip"] == "10.0.0.7"


def test_a_download_that_breaks_off_and_is_resumed(
    store: Store, transfers: Transfers, on_reactor: Any
) -> None:
    task = store.put_down(FIRMWARE)
    on_reactor(transfers.record, download(task, bytes=400, complete=False))
    evidence = store.task(task).evidence
    assert (evidence["bytes_served"], evidence["served_complete"]) == (400, False)
    on_reactor(transfers.record, download(task, start=400, wanted=600, bytes=600))
    evidence = store.task(task).evidence
    assert (evidence["bytes_served"], evidence["served_complete"]) == (1000, True)
    assert [line.text for line in store.lines()] == [
        "Downloaded 600 bytes of T46.rom from byte 400 on, of 1,000 bytes",
        "Download of T46.rom broke off after 400 bytes of 1,000 bytes",
    ]


def test_a_download_for_a_task_that_is_long_over_is_still_told(
    store: Store, transfers: Transfers, on_reactor: Any
) -> None:
    task = store.put_down(DownloadWork(file="T46.rom", sha256=SHA), TaskState.PENDING)
    on_reactor(store.runner.drive, tasks.cancel(task.id, now=NOW, stamp=tasks.fresh_stamp()))
    on_reactor(transfers.record, download(task))
    assert store.task(task).state is TaskState.CANCELLED
    assert len(store.lines()) == 1


def test_evidence_arrives_though_others_change_the_tasks_meanwhile(
    store: Store, transfers: Transfers, on_reactor: Any
) -> None:
    many = [store.put_down(FIRMWARE) for _ in range(8)]
    on_reactor(lambda: gatherResults([transfers.record(download(task)) for task in many]))
    assert all(store.task(task).evidence["served_complete"] for task in many)


# --- uploads --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file_type", "ending"),
    [
        ("1 Vendor Configuration File", "config.cfg"),
        ("3 Vendor Configuration File 2", "config.cfg"),
        ("2 Vendor Log File", "log.log"),
        ("X 001565 Trace", "file.cfg"),
    ],
)
def test_an_upload_gets_a_name_in_the_file_store(
    store: Store, transfers: Transfers, on_reactor: Any, file_type: str, ending: str
) -> None:
    task = store.put_down(UploadWork(file_type))
    on_reactor(transfers.record, upload(task))
    name = f"001565-T46_2FG-00_3A15_3A65_3Aaa-20250615T150640-{ending}"
    stored = store.run(files.get(name))
    assert (stored.sha256, stored.size, stored.file_type) == (SHA, 1000, file_type)
    assert (stored.device, stored.task, stored.created_at) == (DEVICE, task.id, NOW)
    assert store.task(task).evidence["received"] == {"file": name, "size": 1000, "sha256": SHA}
    assert store.lines()[0].text == f"Uploaded {name} (1,000 bytes)"


def test_two_uploads_in_one_second_keep_their_own_names(
    store: Store, transfers: Transfers, on_reactor: Any
) -> None:
    for digest in (SHA, "cd" * 32, SHA):
        on_reactor(transfers.record, upload(store.put_down(UploadWork()), sha256=digest))
    page = on_reactor(store.runner.drive, files.page(limit=10))
    assert [file.name[-12:] for file in page.files] == ["config-2.cfg", "0-config.cfg"]


def test_a_waiting_upload_task_whose_phone_has_reported_is_done(
    store: Store, transfers: Transfers, on_reactor: Any
) -> None:
    task = store.put_down(UploadWork())
    reported = task.replace(state=TaskState.WAITING).noting(transfer_complete={"fault_code": 0})
    on_reactor(store.runner.drive, tasks.update(task.id, lambda _: reported, stamp=tasks.fresh_stamp()))
    on_reactor(transfers.record, upload(task))
    assert store.task(task).state is TaskState.DONE


def test_a_broken_upload_is_only_told(store: Store, transfers: Transfers, on_reactor: Any) -> None:
    task = store.put_down(UploadWork())
    on_reactor(
        transfers.record, upload(task, bytes=10, complete=False, sha256="", reason="the connection was lost")
    )
    assert store.task(task).evidence == {}
    assert store.lines()[0].text == "Upload broke off after 10 bytes of 1,000 bytes: the connection was lost"


# --- refusals, and a store that is away -----------------------------------------------------------------


def test_a_refused_link_is_kept_for_the_operator(store: Store, transfers: Transfers, on_reactor: Any) -> None:
    on_reactor(transfers.refused, "10.9.9.9", "/d/x/y", "this link has expired")
    [refusal] = store.run(refusals.read())
    assert (refusal.ip, refusal.reason, refusal.excerpt, refusal.door) == (
        "10.9.9.9",
        "this link has expired",
        b"/d/x/y",
        "files",
    )


def test_a_download_is_recorded_when_the_store_is_back(store: Store, reactor: Any, on_reactor: Any) -> None:
    task = store.put_down(FIRMWARE)
    away = _Away(store.runner, times=2)
    transfers = Transfers(away, Path(), lambda: NOW, reactor=reactor, retries=(0.01, 0.01))
    on_reactor(transfers.record, download(task))
    assert store.task(task).evidence["served_complete"]
    away.times = 3
    with pytest.raises(StoreUnavailable):
        on_reactor(transfers.record, download(task))


def test_a_phone_that_comes_while_the_store_is_away_waits_for_its_file(
    store: Store, reactor: Any, on_reactor: Any
) -> None:
    task = store.put_down(FIRMWARE)
    away = _Away(store.runner, times=2)
    transfers = Transfers(away, Path(), lambda: NOW, reactor=reactor, patience=(0.01, 0.01))
    on_reactor(transfers.begins, task.id)
    assert store.task(task).evidence["fetches_open"] == 1
    away.times = 3
    with pytest.raises(StoreUnavailable):
        on_reactor(transfers.begins, task.id)


class _Away:
    """A runner whose store is away for so many calls."""

    def __init__(self, runner: ReactorRunner, times: int) -> None:
        self._runner = runner
        self.times = times

    def run(self, call: Any) -> Any:
        return self._runner.run(call)

    def drive(self, steps: Any) -> Any:
        if self.times:
            self.times -= 1
            return fail(StoreUnavailable("away"))
        return self._runner.drive(steps)
