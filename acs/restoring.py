"""A backup made a server again, in a directory that has nothing: all of it, or nothing.

Everything is read and checked into `.restoring` first, and a private Redis has shown there that it can read
the state, before any of it gets its place. A restore that was killed is known by that directory: no server
starts on it, and the next restore clears it away.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO

from msgspec import Struct

from acs.data_directory import RESTORING, DataDirectory
from acs.operations import backup_archive
from acs.operations.backup_archive import STATE, Checked, Manifest
from acs.processes import StartError
from acs.store import files, refill, snapshot
from acs.store.embedded import EmbeddedRedis, EmbeddedRedisError, NoRedisServer
from acs.store.runner_blocking import BlockingRunner


class Restored(Struct, frozen=True):
    """`counts` are what there is now; `missing` says how many contents of stored files the backup did not
    have."""

    manifest: Manifest
    counts: dict[str, int]
    files: int
    missing: int
    damaged: list[str]
    has_keys: bool

    @property
    def differing(self) -> dict[str, tuple[int, int]]:
        """What there is not as many of as the manifest says, with both numbers; not what was changing."""
        said = self.manifest.counts
        return {
            name: (said[name], number)
            for name, number in self.counts.items()
            if name in said and said[name] != number and name not in self.manifest.changing
        }


def restore(archive: Path, data_dir: Path, redis_url: str, progress: Callable[[int, int], None]) -> Restored:
    """Fill the directory, and the Redis of that URL or else a private one.

    Raises StartError where it cannot be begun, ArchiveError, StoreError, and OSError as it comes; then
    nothing is left of it.
    """
    _check_redis(redis_url)
    made = not data_dir.exists()
    _check_place(data_dir)
    directory = DataDirectory(data_dir)
    directory.lock()
    staging = directory.path / RESTORING
    try:
        _clear(directory.path)
        staging.mkdir(mode=0o700)
        checked = backup_archive.read(archive, into=_Layer(staging).open, progress=progress)
        counts, missing = _state(staging, checked.manifest, redis_url)
        restored = Restored(
            manifest=checked.manifest,
            counts=counts,
            files=checked.complete.files,
            missing=missing,
            damaged=checked.complete.damaged,
            has_keys=(staging / "keys").exists(),
        )
        os.sync()
        _settle(staging, directory.path)
    except BaseException:
        _clear(directory.path)
        (directory.path / "lock").unlink(missing_ok=True)
        if made:
            directory.path.rmdir()
        raise
    return restored


def verify(archive: Path, progress: Callable[[int, int], None]) -> Checked:
    """Check every part of an archive and keep nothing. Raises as `restore` does."""
    return backup_archive.read(archive, progress=progress)


def _check_redis(redis_url: str) -> None:
    keys = refill.size(redis_url) if redis_url else 0
    if keys:
        raise StartError(f"the Redis database is not empty ({keys} keys): restore into one that is")


def _check_place(data_dir: Path) -> None:
    try:
        there = sorted(set(os.listdir(data_dir)) - {"lock"})
    except FileNotFoundError:
        return
    except OSError as error:
        raise StartError(f"cannot use {data_dir} as data directory: {error.strerror}") from None
    if there and RESTORING not in there:
        shown = ", ".join(there[:4]) + (", …" if len(there) > 4 else "")
        raise StartError(f"{data_dir} is not empty (it has {shown}): restore into an empty directory")


def _clear(data_dir: Path) -> None:
    """Take away everything but the lock: it was empty before, or has what a killed restore left."""
    redis = EmbeddedRedis(data_dir / RESTORING)
    if redis.running():
        redis.stop()
    for path in data_dir.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != "lock":
            path.unlink()


class _Layer:
    """Opens a new file for each part of the archive, below `folder`. The names were checked before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("files", "incoming"):
            (folder / name).mkdir(mode=0o700)

    def open(self, name: str) -> IO[bytes]:
        path = self._folder / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _state(staging: Path, manifest: Manifest, redis_url: str) -> tuple[dict[str, int], int]:
    """Have Redis read the snapshot; gives what it has, and how many contents are not among the files."""
    refill.lay(staging / STATE, staging)
    redis = EmbeddedRedis(staging)
    try:
        url = redis.start()
    except NoRedisServer:
        raise
    except EmbeddedRedisError as error:
        raise EmbeddedRedisError(
            f"redis-server cannot read the state, which Redis {manifest.redis_version} wrote: {error}"
        ) from error
    try:
        refill.keep_only(url, manifest.database)
        if redis_url:
            _copy(url, redis_url)
        found = _look(redis_url or url, staging / "files")
    finally:
        redis.stop()
    folder = staging / "redis"
    if redis_url:
        shutil.rmtree(folder)
    else:
        for path in folder.iterdir():
            if not path.name.startswith("appendonly"):
                path.unlink()
    return found


def _copy(url: str, redis_url: str) -> None:
    try:
        refill.copy(url, redis_url)
    except BaseException:
        refill.empty(redis_url)
        raise


def _look(url: str, contents: Path) -> tuple[dict[str, int], int]:
    runner = BlockingRunner(url)
    try:
        counts = dict(zip(snapshot.COUNTED, runner.run_all(snapshot.counts()), strict=True))
        known = runner.run(files.known_contents())
    finally:
        runner.close()
    return counts, sum(not (contents / name).is_file() for name in known)


def _settle(staging: Path, data_dir: Path) -> None:
    """Each thing to its place; the mark that it is not whole goes last."""
    for path in staging.iterdir():
        path.replace(data_dir / path.name)
    staging.rmdir()
