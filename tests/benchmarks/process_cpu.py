"""CPU time of a process and everything below it, from the kernel's accounts in /proc."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> tuple[int, float] | None:
    """Parent and CPU seconds, with those of its children that ended; None for a process that is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # the name in brackets may hold anything; after it: state, parent, … utime, stime, cutime, cstime
    fields = text.rpartition(")")[2].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / _TICKS


def tree(root: int) -> list[int]:
    """The process and all its descendants that are alive, parents first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (found := _stat(int(entry.name))):
            children.setdefault(found[0], []).append(int(entry.name))
    found_tree = [root]
    for pid in found_tree:
        found_tree += sorted(children.get(pid, ()))
    return found_tree


def name_of(pid: int, root: int) -> str:
    """What the process is in this server: supervisor, server, worker, redis."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return "gone"
    if pid == root:
        return "supervisor"
    if b"redis" in words[0]:
        return "redis"
    return "worker" if b"workers" in words else "server"


def cpu_seconds(root: int, others: tuple[int, ...] = ()) -> dict[str, float]:
    """CPU seconds so far by the name of the process, over the tree below `root` and over `others`."""
    used: dict[str, float] = {}
    for pid in dict.fromkeys((*tree(root), *others)):
        if found := _stat(pid):
            name = name_of(pid, root)
            used[name] = used.get(name, 0) + found[1]
    return used


def difference(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: seconds - before.get(name, 0) for name, seconds in after.items()}
