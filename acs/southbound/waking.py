"""Waking one phone: where it listens, who may wake it, and what is remembered of the attempt."""

from __future__ import annotations

from collections.abc import Callable

from acs.fleet.changes import TimelineEntry
from acs.fleet.device import Device, OperatorNotes, WakeRecord
from acs.fleet.identity import device_key
from acs.southbound.wake import Waker
from acs.store import devices, timeline
from acs.store.runner_reactor import ReactorRunner


class DeviceWaker:
    """Sends connection requests to phones by their ids and records how each went.

    :param now: seconds since the epoch.
    """

    def __init__(self, runner: ReactorRunner, waker: Waker, now: Callable[[], float]) -> None:
        self._runner = runner
        self._waker = waker
        self._now = now

    async def wake(self, device_id: str) -> WakeRecord:
        """Wake the phone with this id. Never fails for what the phone does: the record says how it went."""
        key = device_key(device_id)
        known = await self._runner.run(devices.get(key))
        if known is None:
            return WakeRecord(self._now(), "unknown", "no such phone is known")
        login = _login(known.device, known.notes)
        outcome = await self._waker.wake(known.device.connection_request_url, *login)
        record = WakeRecord(self._now(), outcome.kind, outcome.text)
        entry = TimelineEntry(
            record.at, "wake", f"connection request: {outcome.text}", {"outcome": record.outcome}
        )
        await self._runner.run_all([devices.put_wake(key, record), timeline.push(key, [entry])])
        return record


def _login(device: Device, notes: OperatorNotes | None) -> tuple[str, str]:
    """What an operator entered counts before what this server set or saw being set."""
    for login in (notes.connection_request if notes else None, device.connection_request):
        if login is not None and login.username and login.origin != "refused":
            return login.username, login.password
    return "", ""
