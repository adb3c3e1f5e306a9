"""What the file server's transfers mean for tasks, phones and the file store.

A task id names its device, so that each transfer reaches that phone's timeline and its task's evidence, by
which `acs.fleet.proof` decides whether the task is done.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from acs.datamodel import cfg_files, key_loading
from acs.datamodel.keys import Catalogue
from acs.fleet import metrics, proof, upload_names
from acs.fleet.changes import TimelineEntry
from acs.fleet.identity import device_key_of_task
from acs.fleet.known_keys import pushed
from acs.fleet.metrics import Tally
from acs.fleet.task import DownloadWork, Task, TaskState, UploadWork
from acs.southbound import read_back
from acs.southbound.files_endpoint import ServedFile, Transfer
from acs.store import contents, files, known_keys, refusals, rollouts, tasks, timeline
from acs.store.errors import StoreError, StoreUnavailable
from acs.store.files import StoredFile
from acs.store.runner_reactor import ReactorRunner

log = structlog.get_logger("acs.files")

#: Seconds before a download is recorded again when the store was away: long enough together for a Redis that
#: restarts. An upload is not tried again here, because its phone waits and can send it again.
RETRIES = (1.0, 5.0, 25.0)

#: Seconds before a phone that comes for its file is looked up again when the store was away: in all, what a
#: phone waits for an answer without giving up.
PATIENCE = (0.3, 0.7, 1.5, 3.0, 5.0)

T = TypeVar("T")


class Transfers:
    """The `TransferBook` over the store.

    :param directory: of stored files, named by SHA-256.
    :param now: seconds since the epoch.
    :param tally: counts transfers, their bytes, and what becomes of tasks over them.
    """

    def __init__(
        self,
        runner: ReactorRunner,
        directory: Path,
        now: Callable[[], float],
        *,
        reactor: Any = None,
        retries: tuple[float, ...] = RETRIES,
        patience: tuple[float, ...] = PATIENCE,
        catalogue: Catalogue | None = None,
        tally: Tally | None = None,
    ) -> None:
        if reactor is None:
            from twisted.internet import reactor
        self._runner = runner
        self._directory = directory
        self._now = now
        self._reactor = reactor
        self._retries = retries
        self._patience = patience
        self._tally = tally or Tally()
        self._catalogue = catalogue or key_loading.shipped()

    def lookup(self, task_id: str) -> Deferred[ServedFile | None]:
        """The file of a download task, by the content it had when the task was made."""
        return Deferred.fromCoroutine(self._patiently(partial(self._lookup, task_id)))

    async def _patiently(self, act: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What this gives, also where the store comes back in a moment: a phone sent away takes that for the
        end of its download."""
        for pause in self._patience:
            try:
                return await act()
            except StoreUnavailable:
                await deferLater(self._reactor, pause)
        return await act()

    async def _lookup(self, task_id: str) -> ServedFile | None:
        found = await self._runner.run(tasks.get(task_id))
        if found is None or found.task.state is TaskState.CANCELLED:
            return None
        work = found.task.work
        if not isinstance(work, DownloadWork) or not work.file:
            return None
        if work.values:
            await deferToThread(self._make, work)
        size, sha256, name = work.size, work.sha256, work.file
        if not sha256:
            stored = await self._runner.run(files.get(work.file))
            if stored is None:
                return None
            size, sha256, name = stored.size, stored.sha256, stored.name
        rollout = found.task.rollout
        limit = await self._limit_of(rollout) if rollout else 0
        fault = await contents.fault_in_thread(self._runner.run, self._directory, sha256, size)
        if fault:
            text = f"{name} was asked for and cannot be sent: {fault}"
            entry = TimelineEntry(self._now(), "transfer", text, {"task": task_id, "file": name})
            await self._runner.run(timeline.push(device_key_of_task(task_id), (entry,)))
        return ServedFile(self._directory / sha256, size, sha256, name, rollout, limit, fault)

    async def _limit_of(self, rollout: str) -> int:
        """Bytes a second that all phones of this rollout together may be sent, 0 for no limit."""
        stored = await self._runner.run(rollouts.get(rollout))
        return stored.rollout.definition.pace.bandwidth if stored is not None else 0

    def _make(self, work: DownloadWork) -> None:
        """Write a configuration file that was made for one task. Upkeep removes it: no record names it."""
        path = self._directory / work.sha256
        if not path.exists():
            part = path.with_suffix(f".{os.urandom(4).hex()}.part")
            part.write_bytes(cfg_files.write_in_order(work.values))
            part.replace(path)

    def begins(self, task_id: str) -> Deferred[None]:
        """Note in the task that its phone fetches the file: this server may not live to tell the end."""
        return Deferred.fromCoroutine(self._patiently(partial(self._update, task_id, proof.serving)))

    def goes_on(self, task_id: str, sent: int) -> Deferred[None]:
        """Note in the task how far its transfer is: a slow one is not given up while it goes on."""

        def seen(task: Task) -> Task:
            return proof.sending(task, sent, self._now())

        return Deferred.fromCoroutine(self._update(task_id, seen))

    def record(self, transfer: Transfer) -> Deferred[None]:
        """Write a transfer to the phone's timeline and into its task's evidence."""
        direction = "down" if transfer.purpose == "d" else "up"
        outcome = "whole" if transfer.whole else "part" if transfer.complete else "broken"
        self._tally.count(metrics.TRANSFERS, direction, outcome)
        self._tally.add(transfer.bytes, metrics.FILE_BYTES, direction, "task")
        if transfer.purpose == "d":
            return Deferred.fromCoroutine(self._record_download(transfer))
        return Deferred.fromCoroutine(self._record_upload(transfer))

    async def _record_download(self, transfer: Transfer) -> None:
        for pause in (*self._retries, None):
            try:
                await self._downloaded(transfer)
                return
            except StoreUnavailable:
                if pause is None:
                    raise
                await deferLater(self._reactor, pause)

    async def _downloaded(self, transfer: Transfer) -> None:
        def seen(task: Task) -> Task:
            return proof.served(task, bytes_sent=transfer.bytes, complete=transfer.whole, now=self._now())

        await self._update(transfer.task_id, seen)
        await self._tell(transfer, _download_sentence(transfer))

    async def _record_upload(self, transfer: Transfer) -> None:
        if not transfer.complete:
            await self._tell(transfer, _broken_upload_sentence(transfer))
            return
        name = await self._register(transfer)

        def seen(task: Task) -> Task:
            return proof.received(
                task, size=transfer.size, sha256=transfer.sha256, file_name=name, now=self._now()
            )

        text = f"Uploaded {name} ({_bytes(transfer.size)})"
        await self._tell(transfer, text, file=name, sha256=transfer.sha256)
        found = await self._runner.run(tasks.get(transfer.task_id))
        if found is not None and read_back.brings_configuration(found.task):
            path = self._directory / transfer.sha256
            await read_back.learn(self._runner, found.task, path, self._catalogue, self._now())
        await self._update(transfer.task_id, seen)

    async def _register(self, transfer: Transfer) -> str:
        """Give the uploaded file a name in the file store; the name."""
        found = await self._runner.run(tasks.get(transfer.task_id))
        work = found.task.work if found is not None else None
        device = found.task.device if found is not None else device_key_of_task(transfer.task_id)
        file_type = work.file_type if isinstance(work, UploadWork) else ""
        base, extension = upload_names.name_of(device, transfer.ended_at, file_type, transfer.file_name)
        name = f"{base}.{extension}"
        for number in range(2, 100):
            taken = await self._runner.run(files.get(name))
            if taken is None or taken.sha256 == transfer.sha256:
                break
            name = f"{base}-{number}.{extension}"
        stored = StoredFile(
            name=name,
            sha256=transfer.sha256,
            md5=transfer.md5,
            size=transfer.size,
            file_type=file_type,
            created_at=transfer.ended_at,
            created_by="phone",
            device=device,
            task=transfer.task_id,
            content_type="application/octet-stream",
            rollout=found.task.rollout if found is not None else "",
        )
        await self._runner.run(files.put(stored))
        return name

    async def _update(self, task_id: str, change: Callable[[Task], Task]) -> None:
        before: list[TaskState] = []

        def changed(task: Task) -> Task:
            before[:] = [task.state]
            return change(task)

        after = await self._runner.drive(tasks.update(task_id, changed, stamp=tasks.fresh_stamp()))
        if after is not None and before and after.state is not before[0]:
            self._tally.count(metrics.TASKS, after.type, after.state)
        known = pushed(after) if after is not None else {}
        if known:
            await self._runner.run_all(known_keys.put(device_key_of_task(task_id), known))

    async def _tell(self, transfer: Transfer, text: str, **facts: Any) -> None:
        data = {
            "task": transfer.task_id,
            "bytes": transfer.bytes,
            "size": transfer.size,
            "complete": transfer.complete,
            "seconds": round(transfer.ended_at - transfer.started_at, 3),
            "ip": transfer.peer,
            **facts,
        }
        if transfer.start:
            data["from"] = transfer.start
        entry = TimelineEntry(transfer.ended_at, "transfer", text, data)
        await self._runner.run(timeline.push(device_key_of_task(transfer.task_id), (entry,)))

    def refused(self, peer: str, path: str, reason: str) -> None:
        """Keep a refused link among the refusals, for the operator to see."""
        log.warning("file link refused", peer=peer, path=path[:200], reason=reason)
        refusal = refusals.Refusal(self._now(), peer, reason, path.encode("latin-1", "replace"), "files")
        self._runner.run(refusals.push(refusal)).addErrback(_not_kept)


def _not_kept(failure: Any) -> None:
    failure.trap(StoreError)
    log.warning("a refusal could not be kept", reason=str(failure.value))


def _download_sentence(transfer: Transfer) -> str:
    name, sent, size = transfer.file_name, _bytes(transfer.bytes), _bytes(transfer.size)
    if transfer.whole:
        return f"Downloaded {name} ({size})"
    if transfer.complete:
        return f"Downloaded {sent} of {name} from byte {transfer.start} on, of {size}"
    return f"Download of {name} broke off after {sent} of {_bytes(transfer.wanted)}"


def _broken_upload_sentence(transfer: Transfer) -> str:
    of = f" of {_bytes(transfer.size)}" if transfer.size else ""
    why = f": {transfer.reason}" if transfer.reason else ""
    return f"Upload broke off after {_bytes(transfer.bytes)}{of}{why}"


def _bytes(count: int) -> str:
    return f"{count:,} byte" if count == 1 else f"{count:,} bytes"
