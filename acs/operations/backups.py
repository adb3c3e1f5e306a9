"""A backup of the whole server, made while it runs: the state at one moment, and every stored file."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct
from twisted.internet.threads import deferToThread

from acs.operations import backup_archive
from acs.operations.backup_archive import FORMAT, KEYS, PLAIN, STATE, Manifest, Part
from acs.operations.errors import Conflict, Unavailable
from acs.operations.ports import Runner
from acs.store import snapshot
from acs.store.errors import StoreError
from acs.store.snapshot import Snapshot

#: Held while a backup is made, by whichever process of the server makes it.
LOCK = "backup.lock"


class Source(Struct, frozen=True):
    """Where there is what is backed up. `keys_dir` has the operators' own keys, where there are any."""

    redis_url: str
    data_dir: Path
    keys_dir: Path | None
    server_version: str


class Backup:
    """One backup on its way. The snapshot lies in a file without a name, the lock goes with this process:
    nothing is left behind, however it ends."""

    def __init__(self, pieces: Iterator[bytes], lock: int) -> None:
        self._pieces = pieces
        self._lock = lock

    async def pieces(self) -> AsyncIterator[bytes]:
        """The archive's bytes."""
        while piece := await deferToThread(next, self._pieces, b""):
            yield piece
        self.close()

    def close(self) -> None:
        """Let the next one begin."""
        lock, self._lock = self._lock, -1
        if lock >= 0:
            os.close(lock)

    def __del__(self) -> None:
        self.close()


async def begin(runner: Runner, source: Source, *, now: float) -> Backup:
    """Take the snapshot and be ready to write. Raises Conflict while another one is made, Unavailable where
    it cannot be taken."""
    lock = _lock(source.data_dir / LOCK)
    try:
        before = await runner.run_all(snapshot.counts())
        spool, taken = await deferToThread(_spool, source)
        after = await runner.run_all(snapshot.counts())
        pieces = await deferToThread(_archive, source, spool, taken, before, after, now)
    except BaseException as error:
        os.close(lock)
        if isinstance(error, StoreError):
            raise Unavailable(str(error)) from error
        if isinstance(error, OSError):
            raise Unavailable(f"The backup cannot be made: {error.strerror}.") from error
        raise
    return Backup(pieces, lock)


def _lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Conflict("A backup is being made already; wait until it is done.") from None
    return descriptor


def _spool(source: Source) -> tuple[BinaryIO, Snapshot]:
    """The snapshot on the disk first, so that Redis need not wait for whoever fetches it."""
    spool: BinaryIO = tempfile.TemporaryFile(dir=source.data_dir / "incoming")  # noqa: SIM115  # the archive closes it
    try:
        return spool, snapshot.take(source.redis_url, spool)
    except BaseException:
        spool.close()
        raise


def _archive(
    source: Source, spool: BinaryIO, taken: Snapshot, before: list[int], after: list[int], now: float
) -> Iterator[bytes]:
    parts = {STATE: Part(taken.size, taken.sha256)}
    openers: dict[str, Callable[[], BinaryIO]] = {STATE: partial(_rewound, spool)}
    for name, path in _small_files(source):
        content = path.read_bytes()
        parts[name] = Part(len(content), hashlib.sha256(content).hexdigest())
        openers[name] = partial(BytesIO, content)
    stored = list(_stored(source.data_dir / "files"))
    counted = dict(zip(snapshot.COUNTED, after, strict=True))
    earlier = dict(zip(snapshot.COUNTED, before, strict=True))
    manifest = Manifest(
        acs_backup=FORMAT,
        server_version=source.server_version,
        redis_version=taken.redis_version,
        database=taken.database,
        made_at=datetime.fromtimestamp(now, UTC),
        counts=counted,
        changing=[name for name in counted if counted[name] != earlier[name]],
        parts=parts,
        files=len(stored),
        file_bytes=sum(size for _, size in stored),
    )
    return backup_archive.write(manifest, openers, [path for path, _ in stored])


def _small_files(source: Source) -> Iterator[tuple[str, Path]]:
    for name in PLAIN:
        path = source.data_dir / name
        if path.is_file():
            yield name, path
    if source.keys_dir is not None:
        for path in sorted(source.keys_dir.glob("*.toml")):
            yield KEYS + path.name, path


def _stored(folder: Path) -> Iterator[tuple[Path, int]]:
    """Each stored file with its size, in order of their names."""
    for name in sorted(filter(backup_archive.is_content, os.listdir(folder))):
        path = folder / name
        with contextlib.suppress(FileNotFoundError):  # it has just gone
            yield path, path.stat().st_size


def _rewound(spool: BinaryIO) -> BinaryIO:
    spool.seek(0)
    return spool
