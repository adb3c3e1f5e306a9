"""The archive of the whole server: for whom, one at a time, and nothing left behind."""

from __future__ import annotations

import fcntl
import os
import tarfile
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from acs.operations import backup_archive

PATH = "/backup"
CONTENT = b"voice.jib.max = 280"


@pytest.fixture
def archive(api, tmp_path) -> backup_archive.Checked:
    """One that was fetched, and read."""
    answer = api("GET", PATH)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/gzip"
    assert answer.headers["Content-Disposition"].endswith('.tar.gz"')
    path = tmp_path / "backup.tar.gz"
    path.write_bytes(answer.content)
    return backup_archive.read(path)


def test_it_has_everything(api, phone, tmp_path, data_dir):
    phone()
    about = {"file_type": "3 Vendor Configuration File"}
    api("PUT", "/files/a.cfg", params=about, content=CONTENT)
    (data_dir / "local-admin.token").write_text("acs_1_2")
    path = tmp_path / "backup.tar.gz"
    path.write_bytes(api("GET", PATH).content)
    found = backup_archive.read(path)
    assert (found.manifest.counts["phones"], found.manifest.counts["files"]) == (1, 1)
    assert set(found.manifest.parts) == {"state.rdb", "local-admin.token"}
    with tarfile.open(path) as whole:
        content = whole.extractfile(f"files/{sha256(CONTENT).hexdigest()}")
        assert content is not None
        assert content.read() == CONTENT
    assert not list((data_dir / "incoming").iterdir())


@pytest.mark.parametrize("role", ["viewer", "operator", "engineer"])
def test_it_is_for_administrators(as_role, role):
    assert as_role(role)("GET", PATH).status_code == 403


def test_it_is_for_nobody_who_is_limited(as_role):
    answer = as_role("admin", select="tag = mine")("GET", PATH)
    assert (answer.status_code, "limited to" in answer.json()["detail"]) == (403, True)


def test_it_stands_in_the_audit(api, archive):
    [entry] = api("GET", "/audit", params={"operation": "backup"}).json()["items"]
    assert entry["actor"] == "Alice"


def test_one_at_a_time(api, data_dir):
    with (data_dir / "backup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = api("GET", PATH)
        assert (answer.status_code, answer.json()["detail"]) == (
            409,
            "A backup is being made already; wait until it is done.",
        )
    assert api("GET", PATH).status_code == 200


def test_a_reader_who_goes_away_leaves_room_for_the_next(api, as_role, data_dir):
    big = data_dir / "files" / ("0" * 64)
    with big.open("wb") as content:
        for _ in range(64):  # more than the connection holds by itself
            content.write(os.urandom(1 << 20))
    reader = as_role("admin")
    with reader.client.stream("GET", f"/api/v1{PATH}") as answer:
        assert answer.status_code == 200
        pieces = answer.iter_raw()
        next(pieces)  # to let go of it would hang up
        assert api("GET", PATH).status_code == 409
    big.unlink()
    _eventually(lambda: api("GET", PATH).status_code == 200)
    assert not list((data_dir / "incoming").iterdir())


def _eventually(true: Any) -> None:
    give_up = time.monotonic() + 20
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.1)


def test_without_room_for_the_state_the_reason_is_told(api, data_dir: Path):
    (data_dir / "incoming").rename(data_dir / "gone")
    try:
        answer = api("GET", PATH)
    finally:
        (data_dir / "gone").rename(data_dir / "incoming")
    assert (answer.status_code, "cannot be made" in answer.json()["detail"]) == (503, True)
