"""Both ends of a conversation that are no phone: a server process, and an operator at the store."""

from __future__ import annotations

import itertools
import json
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from phone_wire import Wire
from talking_phone import TalkingPhone

from acs.fleet.changes import TimelineEntry
from acs.fleet.device import Device
from acs.fleet.identity import device_key, task_id
from acs.fleet.task import Task, Work
from acs.store import devices, refusals, sessions, tasks, timeline, trees
from acs.store.runner_blocking import BlockingRunner

ROOT = Path(__file__).parents[2]
_serials = itertools.count(1)


class Server:
    """One server process."""

    def __init__(self, redis_url: str, **settings: object) -> None:
        arguments = [sys.executable, str(Path(__file__).parent / "serve.py")]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop
        self.process = subprocess.Popen(
            [*arguments, json.dumps({"redis": redis_url, **settings})],
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=ROOT,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.strip(), f"the server does not start:\n{self.log}"
        self.port = int(line)

    def phone(self, serial: str = "", **who: str) -> TalkingPhone:
        """A phone nobody has seen before, unless its serial number is given."""
        return TalkingPhone(self.port, serial or f"S{next(_serials)}X{secrets.token_hex(3)}", **who)

    @property
    def log(self) -> str:
        self._log.seek(0)
        return self._log.read().decode()

    def round_trips(self) -> int:
        """How often the server asked Redis so far."""
        wire = Wire(self.port)
        wire.send(b"GET /trips HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        trips = int(wire.answer().body)
        wire.close()
        return trips

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()


class Operator:
    """What an operator does and sees, straight in the store."""

    def __init__(self, redis_url: str) -> None:
        self.run = BlockingRunner(redis_url)

    def asks(self, phone: TalkingPhone, work: Work, **fields: object) -> str:
        """Put a task down; gives its id."""
        key = device_key(phone.id)
        now = time.time()
        one = Task(
            id=task_id(key, secrets.token_bytes(6)), device=phone.id, work=work, created_at=now, **fields
        )
        assert self.run.run(tasks.create(key, [one], stamp=tasks.fresh_stamp()))
        return one.id

    def task(self, identifier: str) -> Task:
        found = self.run.run(tasks.get(identifier))
        assert found is not None
        return found.task

    def device(self, phone: TalkingPhone) -> Device:
        known = self.run.run(devices.get(device_key(phone.id)))
        assert known is not None, f"{phone.id} is not known"
        return known.device

    def knows(self, phone: TalkingPhone) -> bool:
        return self.run.run(devices.get(device_key(phone.id))) is not None

    def session(self, phone: TalkingPhone):
        loaded = self.run.run(sessions.load_session(device_key(phone.id)))
        return None if loaded is None else loaded.session

    def values(self, phone: TalkingPhone) -> dict[str, str | None]:
        tree = self.run.drive(trees.load(device_key(phone.id), trees.Shapes()))
        return {name: parameter.value for name, parameter in tree.items() if not name.endswith(".")}

    def timeline(self, phone: TalkingPhone) -> list[TimelineEntry]:
        return self.run.run(timeline.read(device_key(phone.id)))

    def told(self, phone: TalkingPhone) -> str:
        """The timeline as one text, newest first."""
        return "\n".join(entry.text for entry in self.timeline(phone))

    def refusals(self) -> list[str]:
        return [refusal.reason for refusal in self.run.run(refusals.read())]


def eventually(what, *, seconds: float = 15):
    """Wait for something that the server does by itself; gives its first true value."""
    deadline = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
