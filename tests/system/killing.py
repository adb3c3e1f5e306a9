"""Which processes a server consists of, and `kill -9` of them."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import Protocol


class Server(Protocol):
    """`pid` is the supervisor's."""

    @property
    def pid(self) -> int: ...
    @property
    def data_dir(self) -> Path: ...


def family(pid: int) -> list[int]:
    """The pids of a server's processes: the supervisor first, then its children and theirs."""
    pids = [pid]
    for one in pids:
        children = Path(f"/proc/{one}/task/{one}/children")
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            pids += [int(child) for child in children.read_text().split()]
    return pids


def processes(server: Server, kind: str) -> list[int]:
    """The pids of this server's processes of one kind: supervisor, server, worker or redis."""
    found = []
    for pid in family(server.pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            if pid == server.pid:
                what = "supervisor"
            elif b"redis-server" in line:
                what = "redis"
            else:
                # the server's own command line may have the flag --workers
                what = "worker" if b"\0-m\0workers\0" in line else "server"
            if what == kind:
                found.append(pid)
    if kind == "redis" and not found:  # adopted from a supervisor that was killed
        found = [int((server.data_dir / "redis" / "redis.pid").read_text())]
    return found


def slay(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
