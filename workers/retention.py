"""Uploads that go: backups beyond what their schedule keeps, and of all else what is more than enough.

Files are looked through in the order of their names, in which those of one phone stand together, so many in
one run; the next run goes on behind them. What is decided again is decided the same.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

from acs.fleet import retention
from acs.fleet.retention import Keep, Sent
from acs.fleet.schedule import schedule_of
from acs.store import files, schedules
from acs.store.files import GivenUp, StoredFile
from workers.surroundings import Surroundings, current

#: Records read in one round trip, and pages in one run: 10,000 files.
PAGE = 500
PAGES = 20


def drop_surplus() -> dict[str, int]:
    """Drop what is not kept among the next files; returns how many were looked at and dropped."""
    here, now = current(), time.time()
    keeps = {one.id: one.keep for one in here.runner.drive(schedules.every()) if one.keep is not None}
    looked_at = dropped = 0
    if not keeps and not here.uploads_keep:
        return {"looked_at": looked_at, "dropped": dropped}
    start: str = here.runner.run(files.pruned())
    #: where to read on, the last name before those of the phone at hand, and its files so far
    cursor: str | None = start
    before, done = start, 0
    own: list[StoredFile] = []
    while cursor is not None and (done < PAGES or before == start):
        page = here.runner.drive(files.page(cursor=cursor, limit=PAGE))
        for file in page.files:
            if own and file.device != own[0].device:
                before = own[-1].name
                dropped += _drop(here, own, keeps, now)
                own = []
            own.append(file)
        looked_at += len(page.files)
        cursor, done = page.next, done + 1
    if cursor is None:
        dropped += _drop(here, own, keeps, now)
        before = ""
    here.runner.run(files.note_pruned(before))
    return {"looked_at": looked_at, "dropped": dropped}


def _drop(here: Surroundings, own: list[StoredFile], keeps: dict[str, Keep], now: float) -> int:
    """Drop what is surplus of one phone's files; how many."""
    if not own or not own[0].device:
        return 0
    sent = (
        Sent(one.name, one.device, one.file_type, one.created_at, schedule_of(one.rollout)) for one in own
    )
    names = retention.surplus(sent, keeps, here.uploads_keep, now)
    for name in names:
        gone: GivenUp | None = here.runner.run(files.delete(name))
        if gone is not None and gone.content_unused:
            # from now on its bytes stay for a day, for whoever fetches them (`workers.upkeep`)
            with suppress(FileNotFoundError):
                os.utime(here.data_dir / "files" / gone.file.sha256, (now, now))
    return len(names)
