"""The bytes of stored files on disk, by their SHA-256, and whether they are still what was recorded of them.

A content is read through once for each time of its last change: what was found is kept in Redis, so that no
job and no server reads it again for every phone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct
from twisted.internet.threads import deferToThread

from acs.store import keyspace
from acs.store.calls import Call, Steps, nothing

_CHUNK = 1 << 18


class Sums(Struct, frozen=True):
    """Of a file's bytes, in hex."""

    size: int
    sha256: str
    md5: str


def sums(file: BinaryIO) -> Sums:
    """Of all that is left to read, in one pass."""
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    while chunk := file.read(_CHUNK):
        sha256.update(chunk)
        md5.update(chunk)
        size += len(chunk)
    return Sums(size, sha256.hexdigest(), md5.hexdigest())


class Look(Struct, frozen=True):
    """A first look at a content: `fault` tells what is wrong, `mark` is what its sums are remembered by, ""
    where there is nothing to read."""

    path: Path
    sha256: str
    fault: str = ""
    mark: str = ""


def look(directory: Path, sha256: str, size: int) -> Look:
    """Whether the content is there with all its bytes. Where the directory is not to be seen from here,
    nothing is wrong as far as it is known."""
    path = directory / sha256
    try:
        found = path.stat()
    except OSError as error:
        fault = f"its bytes cannot be read ({error.strerror})" if directory.is_dir() else ""
        return Look(path, sha256, fault)
    if found.st_size != size:
        return Look(path, sha256, f"it is damaged: {found.st_size} bytes are on disk, and {size} were stored")
    return Look(path, sha256, mark=f"{found.st_mtime_ns} ")


def read(content: Look) -> str:
    """What is wrong with the bytes themselves, "" for nothing. Slow."""
    try:
        with content.path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"its bytes cannot be read ({error.strerror})"
    if found == content.sha256:
        return ""
    return f"it is damaged: the SHA-256 of its bytes on disk is {found}, and {content.sha256} was stored"


def kept(content: Look) -> Call[str | None]:
    """What was found when it was read; None where it has changed since or never was."""

    def decode(answer: bytes | None) -> str | None:
        text = (answer or b"").decode()
        return text[len(content.mark) :] if text.startswith(content.mark) else None

    return Call(("HGET", keyspace.CONTENTS_READ, content.sha256), decode)


def keep(content: Look, fault: str) -> Call[None]:
    return Call(("HSET", keyspace.CONTENTS_READ, content.sha256, content.mark + fault), nothing)


def forget(sha256: str) -> Call[None]:
    """What was found of a content that is gone."""
    return Call(("HDEL", keyspace.CONTENTS_READ, sha256), nothing)


def fault_of(directory: Path, sha256: str, size: int) -> Steps[str]:
    """What is wrong with a stored content, "" for nothing. Blocks while it reads: for jobs."""
    content = look(directory, sha256, size)
    if not content.mark:
        return content.fault
    [fault] = yield [kept(content)]
    if fault is None:
        fault = read(content)
        yield [keep(content, fault)]
    return str(fault)


async def fault_in_thread(
    run: Callable[[Call[Any]], Awaitable[Any]], directory: Path, sha256: str, size: int
) -> str:
    """The same on the reactor, by whose runner's `run` the calls are made."""
    content = look(directory, sha256, size)
    if not content.mark:
        return content.fault
    fault: str | None = await run(kept(content))
    if fault is None:
        fault = await deferToThread(read, content)
        await run(keep(content, fault))
    return fault
