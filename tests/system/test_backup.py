"""A server that burns down goes on elsewhere from its backup: its phones notice nothing but the pause."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from acs.store.embedded import EmbeddedRedis
from tests.system.rollout_phones import eventually

ACS = str(Path(sys.executable).with_name("acs"))
INTERVAL = "Device.ManagementServer.PeriodicInformInterval"

#: The `Server` of this directory's conftest, which cannot be imported by name.
Server = Any


@pytest.fixture
def simulate() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts phones that stay until the end of the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(server: Server, *flags: str) -> subprocess.Popen[bytes]:
        arguments = [ACS, "simulate", "--data-dir", str(server.data_dir), "--quiet", "--ramp", "0", *flags]
        started.append(subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Callable[[int], str]]:
    """A Redis that is not the server's; gives the URL of a database of it."""
    redis = EmbeddedRedis(tmp_path / "own")
    url = redis.start()
    yield lambda number: f"{url}?db={number}"
    redis.stop()


def acs(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ACS, *arguments], capture_output=True, text=True, timeout=120)


def ports(server: Server) -> list[str]:
    """Flags by which another server takes over the ports."""
    return [
        part
        for name in ("cwmp", "files", "web")
        for part in (f"--{name}-port", server.urls[name].rpartition(":")[2])
    ]


def facts(server: Server) -> dict[str, Any]:
    """What an operator sees of a server and that does not change by itself."""

    def items(path: str) -> list[dict[str, Any]]:
        return list(server.api.get(f"/api/v1/{path}").json()["items"])

    devices = [(one["id"], one["tags"], one["software_version"]) for one in items("devices")]
    files = items("files")
    content = {one["name"]: server.api.get(f"/api/v1/files/{one['name']}").content for one in files}
    assert all(hashlib.sha256(content[one["name"]]).hexdigest() == one["sha256"] for one in files)
    return {
        "devices": devices,
        "files": files,
        "config": server.api.get("/api/v1/config").json(),
        **{name: items(name) for name in ("groups", "users", "tokens", "schedules")},
        "rollouts": [(one["id"], one["name"], one["kind"]) for one in items("rollouts")],
    }


def done_tasks(server: Server) -> set[str]:
    """The ids of all tasks that were done."""
    devices = server.api.get("/api/v1/devices").json()["items"]
    return {
        task["id"]
        for device in devices
        for task in server.api.get(f"/api/v1/devices/{device['id']}/tasks").json()["items"]
        if task["state"] == "done"
    }


def fill(server: Server, tmp_path: Path) -> str:
    """Something of everything; gives a token."""
    image = tmp_path / "37.72.0.9.rom"
    image.write_bytes(b"ACS-SIM-ROM version=37.72.0.9\n" + os.urandom(300_000))
    server.acs("file", "add", str(image), "--version", "37.72.0.9")
    server.acs("group", "create", "site7")
    nora = ("nora", "--role", "operator", "--password-stdin")
    server.acs("user", "create", *nora, input="correct horse battery\n")
    server.acs("config", "set", "--fleet", "voice.jib.max=280")
    server.acs("schedule", "add", "nightly", "--cron", "0 3 * * *", "--select", "all")
    return server.acs("token", "create", "--role", "viewer").stdout.strip()


def test_a_server_that_is_gone_goes_on_elsewhere(
    start_server: Callable[..., Server], simulate: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    server = start_server("--processes", "2")
    token = fill(server, tmp_path)
    simulate(server, "--phones", "4", "--boot-time", "0.1", "--retry-scale", "0.05", "--interval", "2")
    eventually(lambda: server.api.get("/api/v1/devices").json()["total"] == 4)
    device = server.api.get("/api/v1/devices").json()["items"][0]["id"]
    server.acs("device", "tag", device, "--add", "reception")
    options = ("--wave", "1", "--wave", "rest", "--soak", "600", "--start", "now")
    server.acs("rollout", "create", "July", "--file", "37.72.0.9.rom", "-q", "all", *options)
    eventually(lambda: "succeeded" in server.acs("rollout", "show", "July", "--json").stdout)
    archive = tmp_path / "backup.tar.gz"
    before, done_before = facts(server), done_tasks(server)
    assert done_before
    made = json.loads(server.acs("backup", str(archive), "--json").stdout)
    assert made["counts"]["phones"] == 4
    assert archive.stat().st_mode & 0o777 == 0o600
    assert facts(server) == before, "a backup changes nothing"
    assert server.acs("audit", "--operation", "backup", "--json").stdout.count('"backup"') >= 1
    server.kill_all()

    place = tmp_path / "elsewhere"
    done = acs("restore", str(archive), "--data-dir", str(place), "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["counts"], answer["differing"], answer["missing"]) == (made["counts"], {}, 0)
    again = start_server("--processes", "2", *ports(server), name="elsewhere")
    assert facts(again) == before
    assert done_tasks(again) >= done_before
    assert again.api.get("/api/v1/devices", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert again.login["password"] == server.login["password"]
    # the phones go on by themselves, do what they are told, and the rollout knows where it was
    again.acs("device", "set", device, f"{INTERVAL}=3", "--timeout", "60")
    assert json.loads(again.acs("rollout", "show", "July", "--json").stdout)["state"] == "running"
    again.acs("rollout", "abort", "July", "--yes")
    assert again.tracebacks() == []


def test_from_and_to_a_redis_of_ones_own(
    start_server: Callable[..., Server],
    simulate: Callable[..., subprocess.Popen[bytes]],
    own_redis: Callable[[int], str],
    tmp_path: Path,
) -> None:
    server = start_server("--redis-url", own_redis(3))
    fill(server, tmp_path)
    simulate(server, "--phones", "2", "--sessions", "2", "--interval", "1").wait(timeout=90)
    assert server.api.get("/api/v1/devices").json()["total"] == 2
    archive = tmp_path / "backup.tar.gz"
    server.acs("backup", str(archive))
    before = facts(server)
    server.stop()

    full = acs("restore", str(archive), "--data-dir", str(tmp_path / "b"), "--redis-url", own_redis(3))
    assert (full.returncode, "is not empty" in full.stderr) == (1, True)
    assert not (tmp_path / "b").exists()
    for name, url in (("private", ""), ("shared", own_redis(5))):
        flags = ["--redis-url", url] if url else []
        done = acs("restore", str(archive), "--data-dir", str(tmp_path / name), *flags)
        assert done.returncode == 0, done.stderr
        again = start_server(*flags, *ports(server), name=name)
        assert facts(again) == before
        assert again.stop() == 0


def test_what_is_no_whole_backup_leaves_nothing(start_server: Callable[..., Server], tmp_path: Path) -> None:
    server = start_server()
    fill(server, tmp_path)
    archive = tmp_path / "backup.tar.gz"
    server.acs("backup", str(archive))
    assert server.acs("backup", str(archive), check=False).returncode == 1
    server.acs("backup", str(archive), "--force")
    running = acs("restore", str(archive), "--data-dir", str(server.data_dir))
    assert (running.returncode, "is not empty" in running.stderr) == (1, True)

    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(archive.read_bytes()[:-100_000])
    done = acs("restore", str(cut), "--data-dir", str(tmp_path / "new"))
    assert (done.returncode, "cut off" in done.stderr) == (1, True)
    assert not (tmp_path / "new").exists()

    # one that is sound in itself, and has a state that Redis cannot read
    with tarfile.open(archive) as source:
        state = source.extractfile("state.rdb").read()  # type: ignore[union-attr]
    spoilt = tmp_path / "spoilt.tar.gz"
    _with_state(archive, spoilt, state[:9] + os.urandom(2000))
    (tmp_path / "empty").mkdir()
    done = acs("restore", str(spoilt), "--data-dir", str(tmp_path / "empty"))
    assert done.returncode != 0
    assert "cannot read the state" in done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "empty").iterdir()) == []


def _with_state(source: Path, target: Path, state: bytes) -> None:
    """The archive with another state, and sums that fit it."""
    from io import BytesIO

    with tarfile.open(source) as old, tarfile.open(target, "w:gz") as new:
        for member in old:
            content = old.extractfile(member).read()  # type: ignore[union-attr]
            if member.name == "manifest.json":
                said = json.loads(content)
                said["parts"]["state.rdb"] = {"size": len(state), "sha256": hashlib.sha256(state).hexdigest()}
                content = json.dumps(said).encode()
            if member.name == "state.rdb":
                content = state
            member.size = len(content)
            new.addfile(member, BytesIO(content))


def test_a_restore_that_was_killed_keeps_servers_out_and_can_be_repeated(
    start_server: Callable[..., Server],
    refused_start: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
) -> None:
    server = start_server()
    archive = tmp_path / "backup.tar.gz"
    server.acs("backup", str(archive))
    place = tmp_path / "elsewhere"
    (place / ".restoring" / "files").mkdir(parents=True)
    (place / "files").mkdir()
    refused = refused_start("--data-dir", str(place))
    assert (refused.returncode, "acs restore" in refused.stderr) == (1, True)
    done = acs("restore", str(archive), "--data-dir", str(place))
    assert done.returncode == 0, done.stderr
    assert not (place / ".restoring").exists()
    start_server(name="elsewhere")
