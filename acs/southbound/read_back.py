"""A phone's uploaded configuration, read for what it proves of the keys on the phone."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import structlog
from twisted.internet.threads import deferToThread

from acs.datamodel import cfg_files
from acs.datamodel.keys import Catalogue
from acs.fleet.changes import TimelineEntry
from acs.fleet.convergence.drift import UPLOAD
from acs.fleet.identity import device_key
from acs.fleet.known_keys import KnownKey, Proof, proved
from acs.fleet.task import Task, UploadWork
from acs.store import known_keys, timeline
from acs.store.runner_reactor import ReactorRunner

log = structlog.get_logger("acs.files")

#: Larger files are stored, but not read: no phone has so many keys.
MOST_BYTES = 1 << 20

#: FileTypes of Upload that bring a configuration; the instance forms of later versions begin the same.
_CONFIGURATIONS = ("1 ", "3 ")


def brings_configuration(task: Task) -> bool:
    return isinstance(task.work, UploadWork) and task.work.file_type.startswith(_CONFIGURATIONS)


async def learn(runner: ReactorRunner, task: Task, path: Path, catalogue: Catalogue, now: float) -> None:
    """Keep what the file says of the phone's keys. One that is no configuration file proves nothing, and the
    phone's timeline says so."""
    key = device_key(task.device)
    try:
        content = await deferToThread(_content, path)
    except OSError as error:
        log.error("an uploaded configuration cannot be read", path=str(path), reason=error.strerror)
        return
    read = cfg_files.read(content)
    if not read.lines:
        text = "The uploaded configuration was not read: it has no `key = value` lines"
        if read.findings:
            text += f" (line {read.findings[0].line}: {read.findings[0].message})"
        await runner.run(timeline.push(key, (TimelineEntry(now, "config", text, {"task": task.id}),)))
        return
    secret = catalogue.secret
    # a phone does not tell its secrets: what stands for one is blank or a mask, and proves nothing
    told = {name: value for name, value in read.values.items() if not secret(name)}
    known = proved(told, secret, at=now, proof=Proof.UPLOADED, salt=task.id)
    known[UPLOAD] = KnownKey(sha256(content).hexdigest(), now, Proof.UPLOADED)
    text = f"The uploaded configuration was read: {len(read.values)} keys"
    entry = TimelineEntry(now, "config", text, {"task": task.id})
    await runner.run_all([*known_keys.put(key, known), timeline.push(key, (entry,))])


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES)
