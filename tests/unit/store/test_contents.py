"""Whether the bytes on disk are what was stored; read once for each change, whoever asks."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from acs.store import contents

from .conftest import Store  # isort: skip

CONTENT = b"firmware " * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / DIGEST
    path.write_bytes(CONTENT)
    return path


def test_sums_are_taken_in_one_pass(stored: Path) -> None:
    with stored.open("rb") as file:
        assert contents.sums(file) == contents.Sums(len(CONTENT), DIGEST, hashlib.md5(CONTENT).hexdigest())


def test_a_whole_content_is_read_once(store: Store, stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    monkeypatch.setattr(contents, "read", lambda content: read.append(content) or "")
    for _ in range(3):
        assert store.drive(contents.fault_of(stored.parent, DIGEST, len(CONTENT))) == ""
    assert len(read) == 1
    os.utime(stored, (1, 1))
    store.drive(contents.fault_of(stored.parent, DIGEST, len(CONTENT)))
    assert len(read) == 2


def test_what_is_wrong_is_told(store: Store, stored: Path, tmp_path: Path) -> None:
    def fault() -> str:
        return store.drive(contents.fault_of(tmp_path, DIGEST, len(CONTENT)))

    assert fault() == ""
    stored.write_bytes(CONTENT.upper())
    for _ in range(2):
        assert hashlib.sha256(CONTENT.upper()).hexdigest() in fault()
    stored.write_bytes(CONTENT[:-1])
    assert "8999 bytes are on disk, and 9000 were stored" in fault()
    stored.unlink()
    assert "cannot be read (No such file or directory)" in fault()


def test_a_machine_without_the_files_knows_nothing_wrong(store: Store, tmp_path: Path) -> None:
    assert store.drive(contents.fault_of(tmp_path / "elsewhere", DIGEST, 1)) == ""
