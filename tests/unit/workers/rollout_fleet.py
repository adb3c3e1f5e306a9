"""A fleet for rollout jobs: records as sessions leave them, and phones that do what a test says."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import structs
from redis import Redis

from acs.fleet import outcome, proof
from acs.fleet.device import Device, Learning
from acs.fleet.facts import UP
from acs.fleet.identity import device_key
from acs.fleet.rollout import rollout as rules
from acs.fleet.rollout.definition import Definition, Gate, Kind, Pace
from acs.fleet.rollout.firmware_check import Image
from acs.fleet.rollout.member import Member, Outcome
from acs.fleet.rollout.rollout import Rollout, State
from acs.fleet.rollout.tally import Tally, together
from acs.fleet.task import GetParameterValuesWork, Task, TaskState
from acs.store import codec, devices, indexes, keyspace, rollouts, tasks
from acs.store.calls import Call
from acs.store.runner_blocking import BlockingRunner
from workers import rollouts as jobs
from workers.rollout_desk import Desk

OLD, NEW = "37.72.0.5", "37.72.0.12"
IMAGE = Image(f"{NEW}.rom", 1000, "ab" * 32, NEW)

#: What a phone does with its task: gives the task as it ends, or None while it does nothing.
Conduct = Callable[[Task, Device, float], Task | None]


def upgraded(task: Task, device: Device, now: float) -> Task | None:
    sent = outcome.claimed(task, now, "s").noting(version_before=device.software_version, bytes_served=1000)
    return outcome.done(sent, now, {"version": NEW}, proved_by="SoftwareVersion")


def broken_image(task: Task, device: Device, now: float) -> Task | None:
    return outcome.failed(outcome.claimed(task, now, "s"), now, 9018, "9018 File corrupted")


def silent_for_ever(task: Task, device: Device, now: float) -> Task | None:
    return outcome.waiting(outcome.claimed(task, now, "s"), now + 1e6) if not task.attempts else None


def never_comes(task: Task, device: Device, now: float) -> Task | None:
    return None


class Crash(Exception):
    """The worker dies here."""


class MortalRunner:
    """Runs the store's calls until a number of round trips are done, then dies; with 0 it never does."""

    def __init__(self, runner: BlockingRunner) -> None:
        self._runner = runner
        self.left = 0
        self.trips = 0

    def run(self, call: Any) -> Any:
        return self.run_all([call])[0]

    def run_all(self, calls: Any) -> Any:
        self.trips += 1
        if self.left:
            self.left -= 1
            if not self.left:
                raise Crash
        return self._runner.run_all(calls)

    def drive(self, steps: Any) -> Any:
        try:
            calls = next(steps)
            while True:
                calls = steps.send(self.run_all(calls))
        except StopIteration as end:
            return end.value


class Fleet:
    def __init__(self, runner: BlockingRunner, redis: Redis) -> None:
        self.runner = runner
        self.redis = redis
        self.now = 1_800_000_000.0
        self.mortal = MortalRunner(runner)
        self.conduct: dict[str, Conduct] = {}
        self.started: dict[str, int] = {}
        #: what a phone's lines say when they are asked, "" for nothing: Up where nothing stands here
        self.statuses: dict[str, str] = {}
        self.most_at_once = 0
        #: where the bytes of stored files are
        self.files: Path | None = None

    # --- phones ---

    def phones(self, count: int, **facts: Any) -> list[str]:
        return [self.phone(f"0015650{number:05}", **facts) for number in range(count)]

    def phone(self, serial: str, **facts: Any) -> str:
        known = {
            "oui": "001565",
            "product_class": "CP860",
            "serial_number": serial,
            "software_version": OLD,
            "hardware_version": "37.0.0.0",
            "root": "Device.",
            "ip": "192.0.2.7",
            "last_inform": self.now,
            "inform_interval": 10,
            "learning": Learning.COMPLETE,
            **facts,
        }
        device = Device(f"001565-CP860-{serial}", **known)
        self.keep(device)
        self.runner.run_all([devices.register(device.id), indexes.put(device)])
        return device.id

    def keep(self, device: Device) -> None:
        key = keyspace.device_prefix(device_key(device.id)) + keyspace.DEVICE
        self.runner.run(Call(("SET", key, codec.encode(device)), bool))

    def device(self, device_id: str) -> Device:
        found = self.runner.run(devices.get(device_key(device_id)))
        assert found is not None
        return found.device

    def sessions(self, ids: list[str]) -> None:
        """Each phone informs, and does its open tasks as it is used to."""
        for device_id in ids:
            if self.conduct.get(device_id) is never_comes:
                continue
            device = structs.replace(
                self.device(device_id), last_inform=self.now, informs=self.device(device_id).informs + 1
            )
            key = device_key(device_id)
            for task in self.runner.run(tasks.list_all(key)):
                if task.state is not TaskState.PENDING or task.not_before > self.now:
                    continue
                if isinstance(task.work, GetParameterValuesWork):
                    after = self._answer(task, device)
                else:
                    after = self.conduct.get(device_id, upgraded)(task, device, self.now)
                if after is None:
                    continue
                if not isinstance(task.work, GetParameterValuesWork):
                    self.started[device_id] = self.started.get(device_id, 0) + 1
                if proof.is_firmware(task) and after.state is TaskState.DONE:
                    device = structs.replace(device, software_version=task.work.version)
                found = self.runner.run(tasks.get(task.id))
                call = tasks.change_tasks(
                    key, stamp=found.stamp, tasks=[after], new_stamp=os.urandom(4).hex()
                )
                self.keep(device)
                assert self.runner.run(call).outcome == "ok"
            self.keep(device)

    def _answer(self, task: Task, device: Device) -> Task | None:
        """A phone tells the Status of its lines; None while it does not."""
        statuses = self.statuses.get(device.id, UP)
        if not statuses:
            return None
        sent = outcome.claimed(task, self.now, "s")
        values = {name: {"value": statuses, "type": "xsd:string"} for name in task.work.names}
        return outcome.done(sent, self.now, {"values": values, "missing": []})

    # --- rollouts ---

    def rollout(
        self, identifier: str = "r1", *, shown: dict[str, str] | None = None, **definition: Any
    ) -> str:
        """`shown`: the values as they may be shown, where some are secret."""
        wanted = {
            "name": "upgrade",
            "kind": Kind.FIRMWARE,
            "file": IMAGE.name,
            "select": "model = CP860",
            "gate": Gate(0.9, 0),
            "pace": Pace(at_once=5),
            "stop": None,
            **definition,
        }
        more = {name: wanted.pop(name) for name in ("values", "rollback_of", "images") if name in wanted}
        values = more.get("values") or {}
        made = Definition(**wanted, values=shown or values or None)
        image = IMAGE if made.kind is Kind.FIRMWARE and "images" not in more else None
        rollout = Rollout(id=identifier, definition=made, image=image, created_at=self.now, **more)
        assert self.runner.run(rollouts.create(rules.started(rollout, by="Alice", now=self.now)))
        self.runner.run(rollouts.due_at(identifier, self.now))
        return identifier

    def step(self, identifier: str = "r1", *, die_after: int = 0) -> None:
        """One job; with `die_after` its worker dies after so many round trips."""
        self.mortal.left = die_after
        desk = Desk(self.mortal, now=lambda: self.now, files=self.files)  # type: ignore[arg-type]
        try:
            jobs.steps_of(desk, identifier)
        except Crash:
            pass
        finally:
            self.mortal.left = 0
        self.most_at_once = max(self.most_at_once, self.runner.run(rollouts.count_active(identifier)))

    def change(self, changed: Callable[[Rollout], Rollout], identifier: str = "r1") -> None:
        """What an operator does."""
        self.runner.drive(rollouts.change(identifier, changed))

    def run(self, ids: list[str], identifier: str = "r1", *, pass_by: float = 5.0) -> Rollout:
        """Jobs and sessions by turns, until the rollout stands still."""
        for _ in range(200):
            self.step(identifier)
            state = self.state(identifier)
            if state.state not in (State.RUNNING, State.SCHEDULED):
                return state
            self.sessions(ids)
            self.now += pass_by
        raise AssertionError(f"it does not end: {self.state(identifier)}, {self.outcomes(identifier)}")

    def state(self, identifier: str = "r1") -> Rollout:
        stored = self.runner.run(rollouts.get(identifier))
        assert stored is not None
        return stored.rollout

    def member(self, device_id: str, identifier: str = "r1") -> Member:
        [known] = self.runner.run(rollouts.known(identifier, [device_id]))
        return known.member

    def tally(self, identifier: str = "r1") -> Tally:
        counts = self.runner.run(rollouts.counts(identifier))
        return together(counts.tallies(self.state(identifier).ends))

    def outcomes(self, identifier: str = "r1") -> dict[str, int]:
        return self.tally(identifier).shown()

    def of(self, outcome_: Outcome, identifier: str = "r1") -> list[str]:
        page = self.runner.drive(rollouts.page(identifier, outcome=outcome_, limit=1000))
        return [one.device for one in page.members]
