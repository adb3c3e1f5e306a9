"""An archive is taken whole, or refused in one sentence: cut off, damaged, foreign, newer, or with more in it
than belongs there."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from acs.operations import backup_archive
from acs.operations.backup_archive import FORMAT, ArchiveError, Manifest, Part

STATE = b"REDIS0010" + bytes(range(256)) * 50
FIRMWARE, LOG = b"firmware" * 4000, b"log"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def stored(tmp_path: Path) -> list[Path]:
    """Two stored files."""
    folder = tmp_path / "files"
    folder.mkdir()
    for content in (FIRMWARE, LOG):
        (folder / sha(content)).write_bytes(content)
    return sorted(folder.iterdir())


def written(stored: list[Path], version: int = FORMAT) -> bytes:
    manifest = Manifest(
        acs_backup=version,
        server_version="1.2.3",
        redis_version="7.0.15",
        database=0,
        made_at=datetime(2026, 11, 25, tzinfo=UTC),
        counts={"phones": 3},
        changing=[],
        parts={"state.rdb": Part(len(STATE), sha(STATE)), "local-admin.token": Part(5, sha(b"token"))},
        files=len(stored),
        file_bytes=sum(path.stat().st_size for path in stored),
    )
    parts = {"state.rdb": partial(io.BytesIO, STATE), "local-admin.token": partial(io.BytesIO, b"token")}
    return b"".join(backup_archive.write(manifest, parts, stored))


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], backup_archive.Checked]:
    def read(content: bytes) -> backup_archive.Checked:
        path = tmp_path / "backup.tar.gz"
        path.write_bytes(content)
        return backup_archive.read(path)

    return read


Change = Callable[[tarfile.TarInfo, bytes], list[tuple[tarfile.TarInfo, bytes]]]


def changed(archive: bytes, change: Change) -> bytes:
    """The archive anew, with what `change` makes of each of its parts."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(archive)) as old, tarfile.open(fileobj=out, mode="w:gz") as new:
        for member in old:
            content = old.extractfile(member)
            assert content is not None
            for about, data in change(member, content.read()):
                about.size = len(data)
                new.addfile(about, io.BytesIO(data))
    return out.getvalue()


def test_what_was_written_is_read(stored, tmp_path):
    path = tmp_path / "backup.tar.gz"
    path.write_bytes(written(stored))
    laid = tmp_path / "laid"
    (laid / "files").mkdir(parents=True)
    heard = []
    found = backup_archive.read(
        path,
        into=lambda name: (laid / name).open("wb"),
        progress=lambda done, size: heard.append((done, size)),
    )
    assert (found.manifest.counts, found.complete.files, found.complete.damaged) == ({"phones": 3}, 2, [])
    assert (laid / "state.rdb").read_bytes() == STATE
    assert (laid / "files" / sha(FIRMWARE)).read_bytes() == FIRMWARE
    assert sorted(path.name for path in laid.iterdir()) == ["files", "local-admin.token", "state.rdb"]
    assert heard[-1][1] == path.stat().st_size >= heard[-1][0]


def test_any_tar_reads_it(stored, tmp_path):
    with tarfile.open(fileobj=io.BytesIO(written(stored))) as archive:
        names = archive.getnames()
    assert names[0] == "manifest.json"
    assert names[-1] == "complete.json"


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.999])
def test_cut_off_anywhere(stored, read, share):
    whole = written(stored)
    with pytest.raises(ArchiveError, match=r"cut off|no backup"):
        read(whole[: int(len(whole) * share)])


def test_every_flipped_byte_is_noticed(stored, read):
    whole = written(stored)
    for place in range(10, len(whole), max(1, len(whole) // 60)):
        with pytest.raises(ArchiveError):
            read(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])


def test_a_file_that_went_meanwhile_is_left_out(stored, read):
    stored.append(stored[0].with_name("0" * 64))
    stored[-1].write_bytes(b"")
    whole = written(stored[:2])
    assert read(whole).complete.files == 2
    gone = [stored[0], stored[0].with_name("1" * 64)]
    gone[1].write_bytes(b"soon gone")
    pieces = backup_archive.write(
        read(whole).manifest,
        {"state.rdb": partial(io.BytesIO, STATE), "local-admin.token": partial(io.BytesIO, b"token")},
        gone,
    )
    first = next(pieces)
    gone[1].unlink()
    assert read(first + b"".join(pieces)).complete.files == 1


def test_a_file_that_is_damaged_on_the_server_is_named_and_spoils_nothing(stored, read):
    stored[0].write_bytes(b"rotten")
    assert read(written(stored)).complete.damaged == [stored[0].name]


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04" + bytes(900)])
def test_what_is_no_archive(read, content):
    with pytest.raises(ArchiveError, match=r"no backup|cut off"):
        read(content)


def test_a_gzipped_something(read):
    with pytest.raises(ArchiveError, match="no backup"):
        read(gzip.compress(b"nothing of the kind" * 100))


def test_a_foreign_tar(read):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("etc/passwd"), io.BytesIO())
    with pytest.raises(ArchiveError, match="begins with 'etc/passwd'"):
        read(out.getvalue())


def test_a_newer_format(stored, read):
    with pytest.raises(ArchiveError, match="newer server"):
        read(written(stored, FORMAT + 1))


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/evil", "files/../../evil", "redis/appendonly.aof", "keys/../evil.toml", "run.json"],
)
def test_nothing_else_is_taken(stored, read, name):
    def add(about, content):
        return [(about, content), *([(tarfile.TarInfo(name), b"x")] if about.name == "state.rdb" else [])]

    with pytest.raises(ArchiveError, match="does not belong"):
        read(changed(written(stored), add))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_links_and_such_are_refused(stored, read, kind):
    def add(about, content):
        if about.name != "state.rdb":
            return [(about, content)]
        link = tarfile.TarInfo(f"files/{'a' * 64}")
        link.type, link.linkname = kind, "/etc/passwd"
        return [(about, content), (link, b"")]

    with pytest.raises(ArchiveError, match="no plain file"):
        read(changed(written(stored), add))


def test_a_part_twice(stored, read):
    with pytest.raises(ArchiveError, match="twice"):
        read(changed(written(stored), lambda about, content: [(about, content)] * 2))


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("state.rdb", "state.rdb is missing"),
        (f"files/{sha(LOG)}", "it has 1 stored files of 32000 bytes, and 2 of 32003 were written"),
        ("complete.json", "cut off"),
    ],
)
def test_a_part_that_is_missing(stored, read, name, match):
    with pytest.raises(ArchiveError, match=match):
        read(changed(written(stored), lambda about, data: [] if about.name == name else [(about, data)]))


@pytest.mark.parametrize("name", ["state.rdb", f"files/{sha(FIRMWARE)}"])
def test_a_part_that_was_changed(stored, read, name):
    def spoil(about, content):
        return [(about, b"x" + content[1:] if about.name == name else content)]

    with pytest.raises(ArchiveError, match="SHA-256"):
        read(changed(written(stored), spoil))


@pytest.mark.parametrize("text", [b"{}", b"[]", b"nonsense", json.dumps({"acs_backup": 1}).encode(), b"\xff"])
def test_a_manifest_that_is_none(stored, read, text):
    def spoil(about, content):
        return [(about, text if about.name == "manifest.json" else content)]

    with pytest.raises(ArchiveError, match="no backup"):
        read(changed(written(stored), spoil))
