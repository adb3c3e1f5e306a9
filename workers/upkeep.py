"""Upkeep: tasks whose time is over while their phone stays silent, files that nobody refers to, the index."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

from acs.fleet import expiry
from acs.fleet.identity import device_key_of_task
from acs.fleet.task import TaskState
from acs.store import files, index_repair, known_keys, metrics, tasks, timeline
from acs.store.runner_blocking import BlockingRunner
from workers.surroundings import current

#: Deadlines looked at in one run; the rest is due again at the next.
DEADLINES_AT_ONCE = 1000

#: Seconds for which a half-received file may be still on its way: the slowest upload, a day.
INCOMING_LIFE = 24 * 3600

#: Seconds for which a content without a name is kept: its record may not be written yet, or it was removed
#: while tasks already put down still need it (`acs.operations.files.GRACE` is the same time).
UNNAMED_LIFE = 24 * 3600

_SHA256 = re.compile(r"[0-9a-f]{64}")


def expire_overdue_tasks() -> dict[str, int]:
    """End every task whose `expires_at` or `deadline` has passed; returns how many were due and ended."""
    runner, now = current().runner, time.time()
    due = runner.run(tasks.due_deadlines(now, DEADLINES_AT_ONCE))
    return {"due": len(due), "ended": sum(_settle(runner, identifier, now) for identifier in due)}


def _settle(runner: BlockingRunner, identifier: str, now: float) -> bool:
    """Deal with one deadline; True when it ended its task."""
    key = device_key_of_task(identifier)
    ended = False
    found = runner.run(tasks.get(identifier))
    if found is not None and found.task.open:
        changes = expiry.overdue((found.task,), now)
        if changes.tasks:
            changed = runner.run(
                tasks.change_tasks(key, stamp=found.stamp, tasks=changes.tasks, new_stamp=tasks.fresh_stamp())
            )
            if changed.outcome != "ok":
                return False  # a session was faster: the deadline stays, and is looked at again
            ended = True
            runner.run(metrics.entered(changes.tasks))
            runner.run_all(known_keys.put(key, changes.known))
            if changes.timeline:
                runner.run(timeline.push(key, changes.timeline))
        elif found.task.state is TaskState.RUNNING:
            return False  # its answer may still come; the deadline stays until it is clear
    runner.run(tasks.remove_deadline(identifier))
    # a session may have moved the deadline between the look and the removal: then it is put back
    after = runner.run(tasks.get(identifier))
    if after is not None:
        runner.run_all(tasks.register_deadlines((after.task,)))
    return ended


def prune_files() -> dict[str, int]:
    """Remove what is left of broken transfers, and contents without a name. Returns how many of each."""
    here, now = current(), time.time()
    abandoned = [
        path for path in _files_below(here.data_dir / "incoming") if _older(path, now - INCOMING_LIFE)
    ]
    unnamed: list[Path] = []
    contents = [path for path in _files_below(here.data_dir / "files") if _SHA256.fullmatch(path.name)]
    if contents:
        named = set(_named_contents(here.runner))
        unnamed = [path for path in contents if path.name not in named and _older(path, now - UNNAMED_LIFE)]
    for path in (*abandoned, *unnamed):
        path.unlink(missing_ok=True)
    return {"abandoned": len(abandoned), "unnamed": len(unnamed)}


def _files_below(directory: Path) -> Iterator[Path]:
    return (path for path in directory.rglob("*") if path.is_file())


def _older(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime < moment
    except FileNotFoundError:
        return False  # it was moved to its place, or removed, meanwhile


def _named_contents(runner: BlockingRunner) -> Iterator[str]:
    """The SHA-256 of every stored file."""
    cursor: str | None = ""
    while cursor is not None:
        page = runner.drive(files.page(cursor=cursor, limit=500))
        yield from (file.sha256 for file in page.files)
        cursor = page.next


def repair_indexes() -> dict[str, int]:
    """Put the index of selectors right where it differs from the records; returns how much was looked at."""
    runner, looked_at, repaired = current().runner, 0, 0

    def tell(done: index_repair.Repaired) -> None:
        nonlocal looked_at, repaired
        looked_at, repaired = looked_at + done.looked_at, repaired + done.repaired

    after, more = "", True
    while more:
        after, done = runner.drive(index_repair.repair_devices(after=after))
        more = bool(after)
        tell(done)
    for of_notes in (False, True):
        cursor, more = "0", True
        while more:
            cursor, done = runner.drive(index_repair.drop_strangers(cursor=cursor, of_notes=of_notes))
            more = cursor != "0"
            tell(done)
    member, more = b"", True
    while more:
        member, done = runner.drive(index_repair.repair_ends(after=member))
        more = bool(member)
        tell(done)
    return {"looked_at": looked_at, "repaired": repaired}
