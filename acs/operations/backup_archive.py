"""The archive of a whole server, a gzipped tar: how it is written, and how it is read and checked.

In this order:

manifest.json            what this is and what is in it (`Manifest`), with the sums of the parts that follow
state.rdb                all of Redis at one moment
fleet-credential.json, local-admin.token, keys/NAME.toml     where there are such
files/SHA256             the stored files; the name of each is its sum
complete.json            how many files there were (`Complete`): without it the archive is cut off

Nothing else is taken, least of all links and paths that lead elsewhere. Blocking code, for a thread.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO

import msgspec
from msgspec import Struct

#: What this server writes, and the newest that it reads.
FORMAT = 1

MANIFEST = "manifest.json"
STATE = "state.rdb"
COMPLETE = "complete.json"
FILES = "files/"
KEYS = "keys/"

#: Of the data directory itself.
PLAIN = ("fleet-credential.json", "local-admin.token")

_NAMES = re.compile(r"state\.rdb|fleet-credential\.json|local-admin\.token|keys/[^/.][^/]*\.toml")
_CONTENT = re.compile(r"files/([0-9a-f]{64})")

#: Largest manifest, in bytes.
_LARGEST_MANIFEST = 4 << 20

_CHUNK = 1 << 18
#: Most of what is large, firmware and configurations from phones, does not become smaller by more effort.
_LEVEL = 1


class ArchiveError(Exception):
    """The archive cannot be used. The message is one sentence."""


class Part(Struct, frozen=True):
    size: int
    sha256: str


class Manifest(Struct, frozen=True, kw_only=True):
    """`counts` were taken just after the state. `changing` names those of them that were others just before
    it, so that the state may have either."""

    acs_backup: int
    server_version: str
    redis_version: str
    #: the number of the database in Redis
    database: int
    made_at: datetime
    counts: dict[str, int]
    changing: list[str]
    #: of what is no stored file, by its name in the archive
    parts: dict[str, Part]
    #: stored files, and all their bytes, as far as known when the archive was begun
    files: int
    file_bytes: int


class Complete(Struct, frozen=True):
    """`damaged` are stored files whose bytes were not what their names say when they were read."""

    files: int
    file_bytes: int
    damaged: list[str]


class Checked(Struct, frozen=True):
    """An archive whose every part is what it should be."""

    manifest: Manifest
    complete: Complete


class _Version(Struct):
    acs_backup: int


def is_content(name: str) -> bool:
    """Whether a stored file may have this name."""
    return _CONTENT.fullmatch(FILES + name) is not None


# --- writing ------------------------------------------------------------------------------------------------


def write(
    manifest: Manifest, parts: Mapping[str, Callable[[], BinaryIO]], contents: Iterable[Path]
) -> Iterator[bytes]:
    """The bytes of the archive, as they are read from the disk. A content that has gone meanwhile is left
    out: nothing refers to it any more."""
    packer = zlib.compressobj(_LEVEL, wbits=31)  # with gzip's head and sum
    for piece in _tar(manifest, parts, contents):
        packed = packer.compress(piece)
        if packed:
            yield packed
    yield packer.flush()


def _tar(
    manifest: Manifest, parts: Mapping[str, Callable[[], BinaryIO]], contents: Iterable[Path]
) -> Iterator[bytes]:
    now = int(manifest.made_at.timestamp())
    yield from _small(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)), now)
    for name, part in manifest.parts.items():
        with parts[name]() as source:
            yield from _member(name, source, part.size, now, hashlib.sha256())
    files, size, damaged = 0, 0, []
    for path in contents:
        try:
            source = path.open("rb")
        except FileNotFoundError:
            continue
        with source:
            length, found = path.stat().st_size, hashlib.sha256()
            yield from _member(FILES + path.name, source, length, now, found)
        files, size = files + 1, size + length
        if found.hexdigest() != path.name:
            damaged.append(path.name)
    yield from _small(COMPLETE, msgspec.json.encode(Complete(files, size, damaged)), now)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _small(name: str, content: bytes, now: int) -> Iterator[bytes]:
    yield _header(name, len(content), now) + content + _padding(len(content))


def _member(name: str, source: BinaryIO, size: int, now: int, found: hashlib._Hash) -> Iterator[bytes]:
    yield _header(name, size, now)
    missing = size
    while missing:
        data = source.read(min(_CHUNK, missing))
        if not data:
            raise ArchiveError(f"{name} became shorter while it was read")
        found.update(data)
        missing -= len(data)
        yield data
    yield _padding(size)


def _header(name: str, size: int, now: int) -> bytes:
    about = tarfile.TarInfo(name)
    about.size, about.mtime, about.mode = size, now, 0o600
    return about.tobuf(tarfile.PAX_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)


# --- reading ------------------------------------------------------------------------------------------------


def read(
    path: Path,
    *,
    into: Callable[[str], IO[bytes]] | None = None,
    progress: Callable[[int, int], None] = lambda done, size: None,
) -> Checked:
    """Read the whole archive and check every part of it; each part is written to what `into` opens for it.

    `progress` hears how many bytes of how many are read. Raises ArchiveError, and OSError as it comes.
    """
    with path.open("rb") as raw:
        size = path.stat().st_size
        try:
            with gzip.GzipFile(fileobj=raw) as packed:
                reading = _Reading(packed, into, lambda: progress(raw.tell(), size))
                found = reading.run()
                while packed.read(_CHUNK):  # to the end, where gzip's own sum is
                    continue
        except (EOFError, tarfile.ReadError, zlib.error, gzip.BadGzipFile) as error:
            if raw.tell() <= _CHUNK and not isinstance(error, EOFError):
                raise ArchiveError(f"{path} is no backup of this server: {error}") from None
            raise ArchiveError(f"{path} is damaged or cut off: {error}") from None
        except ArchiveError as error:
            raise ArchiveError(f"{path} {error}") from None
    return found


class _Reading:
    """One pass over an archive. Messages go on behind its name."""

    def __init__(
        self,
        packed: gzip.GzipFile,
        into: Callable[[str], IO[bytes]] | None,
        progress: Callable[[], None],
    ) -> None:
        self._packed = packed
        self._into = into
        self._progress = progress
        self._seen: set[str] = set()
        self._files = self._file_bytes = 0
        self._damaged: set[str] = set()

    def run(self) -> Checked:
        with tarfile.open(fileobj=self._packed, mode="r|", errorlevel=2) as archive:
            manifest: Manifest | None = None
            for member in archive:
                if member.name in self._seen:
                    raise ArchiveError(f"is no backup of this server: it has {member.name!r} twice")
                self._seen.add(member.name)
                if member.type != tarfile.REGTYPE or member.sparse is not None:
                    raise ArchiveError(f"is no backup of this server: {member.name!r} in it is no plain file")
                content = archive.extractfile(member)
                assert content is not None
                if manifest is None:
                    manifest = _manifest(member, content)
                elif member.name == COMPLETE:
                    return Checked(manifest, self._complete(manifest, member, content))
                else:
                    self._part(manifest, member, content)
        raise ArchiveError("is cut off: its end is missing")

    def _part(self, manifest: Manifest, member: tarfile.TarInfo, content: IO[bytes]) -> None:
        name, is_content = member.name, _CONTENT.fullmatch(member.name)
        expected = manifest.parts.get(name)
        if not is_content and (expected is None or not _NAMES.fullmatch(name)):
            raise ArchiveError(f"is no backup of this server: {name!r} does not belong into one")
        found = self._copy(name, content)
        if is_content:
            self._files += 1
            self._file_bytes += member.size
            if found != is_content[1]:
                self._damaged.add(is_content[1])
        elif expected is not None and expected != Part(member.size, found):
            raise ArchiveError(f"is damaged: {name} in it is not what its SHA-256 says")

    def _copy(self, name: str, content: IO[bytes]) -> str:
        """Its SHA-256."""
        found = hashlib.sha256()
        out = self._into(name) if self._into is not None else None
        try:
            while data := content.read(_CHUNK):
                found.update(data)
                if out is not None:
                    out.write(data)
                self._progress()
        finally:
            if out is not None:
                out.close()
        return found.hexdigest()

    def _complete(self, manifest: Manifest, member: tarfile.TarInfo, content: IO[bytes]) -> Complete:
        try:
            complete = msgspec.json.decode(_whole(member, content), type=Complete)
        except msgspec.DecodeError:
            raise ArchiveError(f"is damaged: {COMPLETE} in it cannot be read") from None
        wrong = sorted(self._damaged - set(complete.damaged))
        if wrong:
            raise ArchiveError(
                f"is damaged: {len(wrong)} stored files in it are not what their SHA-256 says, "
                f"the first of them files/{wrong[0]}"
            )
        missing = sorted(manifest.parts.keys() - self._seen)
        if missing:
            raise ArchiveError(f"is damaged: {missing[0]} is missing in it")
        if (self._files, self._file_bytes) != (complete.files, complete.file_bytes):
            raise ArchiveError(
                f"is damaged: it has {self._files} stored files of {self._file_bytes} bytes, "
                f"and {complete.files} of {complete.file_bytes} were written"
            )
        return complete


def _manifest(member: tarfile.TarInfo, content: IO[bytes]) -> Manifest:
    if member.name != MANIFEST:
        raise ArchiveError(f"is no backup of this server: it begins with {member.name!r}")
    text = _whole(member, content)
    try:
        version = msgspec.json.decode(text, type=_Version).acs_backup
        if version > FORMAT:
            raise ArchiveError(
                f"was made by a newer server (format {version}; this one reads up to {FORMAT}): "
                "restore it with that version"
            )
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ArchiveError(f"is no backup of this server: {MANIFEST} in it: {error}") from None
    if STATE not in manifest.parts:
        raise ArchiveError(f"is no backup of this server: {MANIFEST} in it names no {STATE}")
    return manifest


def _whole(member: tarfile.TarInfo, content: IO[bytes]) -> bytes:
    if member.size > _LARGEST_MANIFEST:
        raise ArchiveError(f"is no backup of this server: {member.name} in it has {member.size} bytes")
    return content.read()
