"""Simulated phones for rollouts, and what they write down: the server's word is held against it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from acs.simulator.faults import FaultWish
from acs.simulator.phone import Phone
from acs.simulator.state import Surroundings
from acs.simulator.swarm import Plan, Swarm

#: What a phone goes away over.
DISRUPTIVE = ("Download", "Reboot", "FactoryReset")


class Phones:
    """Swarms on an event loop of their own, each phone with the faults of its swarm."""

    def __init__(self, acs_url: str, *, interval: int = 3, boot_seconds: float = 0.3) -> None:
        self._about = {"acs_url": acs_url, "interval": interval, "boot_seconds": boot_seconds}
        self.diary: list[dict[str, Any]] = []
        self.by_serial: dict[str, Phone] = {}
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._swarms: list[asyncio.Task[None]] = []
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def start(
        self,
        first_mac: str,
        count: int,
        *faults: str,
        settings: dict[str, str] | None = None,
        ramp: float = 0.0,
    ) -> list[str]:
        """So many more phones; their serial numbers. `settings`: parameters below the root that they have;
        `ramp`: seconds over which they start."""
        surroundings = Surroundings(**self._about, retry_scale=0.05, diary=self.diary.append)
        wishes = tuple(FaultWish(fault) for fault in faults)
        swarm = Swarm(
            Plan(phones=count, surroundings=surroundings, first_mac=first_mac, faults=wishes, seed="r")
        )
        begun = threading.Event()

        async def watch(_: Swarm) -> None:
            for phone in swarm.phones.values():
                for name, value in (settings or {}).items():
                    phone.state.put(phone.state.path(name), value, by_acs=True)
            begun.set()

        def begin() -> None:
            self._swarms.append(self._loop.create_task(swarm.run(self._stop, watch)))

        self._loop.call_soon_threadsafe(begin)
        assert begun.wait(20)
        self.by_serial.update(swarm.phones)
        return list(swarm.phones)

    def do(self, serials: Sequence[str], change: Callable[[Phone], None]) -> None:
        """Change these phones, on the loop on which they live."""
        done = threading.Event()

        def act() -> None:
            for serial in serials:
                change(self.by_serial[serial])
            done.set()

        self._loop.call_soon_threadsafe(act)
        assert done.wait(20)

    def stop(self) -> None:
        async def end() -> None:
            self._stop.set()
            await asyncio.gather(*self._swarms)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    # --- what they wrote down -------------------------------------------------------------------------------

    def entries(self, did: str, serials: Sequence[str] = (), **facts: Any) -> list[dict[str, Any]]:
        chosen = set(serials)
        return [
            entry
            for entry in list(self.diary)
            if entry["did"] == did
            and (not chosen or entry["phone"] in chosen)
            and all(entry[name] == value for name, value in facts.items())
        ]

    def asked(self, what: str, serials: Sequence[str] = (), *, since: float = 0) -> dict[str, int]:
        """How often each phone was asked for it; those never asked are left out."""
        counted: dict[str, int] = {}
        for entry in self.entries("asked", serials, what=what):
            if entry["at"] >= since:
                counted[entry["phone"]] = counted.get(entry["phone"], 0) + 1
        return counted

    def fetched(self, serials: Sequence[str] = (), *, since: float = 0) -> dict[str, int]:
        """How many files each phone fetched whole."""
        counted: dict[str, int] = {}
        for entry in self.entries("transferred", serials, fault=0):
            if entry["at"] >= since:
                counted[entry["phone"]] = counted.get(entry["phone"], 0) + 1
        return counted

    def disturbed(self) -> list[dict[str, Any]]:
        """Phones that were asked for something disruptive while they were in a call."""
        return [entry for entry in self.entries("asked", in_call=True) if entry["what"] in DISRUPTIVE]

    def most_at_once(self, what: str, serials: Sequence[str], *, since: float = 0) -> int:
        """How many of these were on their way at once: asked, and not booted yet."""
        chosen, changes = set(serials), []
        asked: dict[str, list[float]] = {}
        for entry in sorted(self.diary, key=lambda one: one["at"]):
            if entry["phone"] not in chosen or entry["at"] < since:
                continue
            if entry["did"] == "asked" and entry["what"] == what:
                asked.setdefault(entry["phone"], []).append(entry["at"])
            elif entry["did"] == "booted":
                for at in asked.pop(entry["phone"], ()):
                    changes += [(at, 1), (entry["at"], -1)]
        now = most = 0
        for _, change in sorted(changes):
            now += change
            most = max(most, now)
        return most


def eventually(what: Callable[[], Any], seconds: float = 90, said: Callable[[], Any] = lambda: "") -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, f"it did not come to pass: {said()}"
        time.sleep(0.25)
    return found
