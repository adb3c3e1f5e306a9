"""The events a phone has to tell, and how long it keeps trying: the delivery rules of TR-069.

`7 TRANSFER COMPLETE` and its `M Download` or `M Upload` are not kept here: they follow from the transfers
whose TransferComplete was not answered yet (`acs.simulator.state`).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from acs.cwmp.events import (
    BOOT,
    BOOTSTRAP,
    CONNECTION_REQUEST,
    M_REBOOT,
    M_SCHEDULE_INFORM,
    PERIODIC,
    SCHEDULED,
    VALUE_CHANGE,
)
from acs.cwmp.structures import Event


class Delivery(Enum):
    """What becomes of an event whose session failed."""

    ONCE = "not tried again"
    UNTIL_REBOOT = "tried again until the phone boots"
    ALWAYS = "never given up"


DELIVERY = {
    BOOTSTRAP: Delivery.ALWAYS,
    BOOT: Delivery.UNTIL_REBOOT,
    PERIODIC: Delivery.ALWAYS,
    SCHEDULED: Delivery.ALWAYS,
    VALUE_CHANGE: Delivery.UNTIL_REBOOT,
    CONNECTION_REQUEST: Delivery.ONCE,
    M_REBOOT: Delivery.ALWAYS,
    M_SCHEDULE_INFORM: Delivery.ALWAYS,
}


class EventQueue:
    """The events waiting to be told, each code and CommandKey once."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: dict[Event, None] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def __contains__(self, code: str) -> bool:
        return any(event.event_code == code for event in self._waiting)

    def add(self, code: str, command_key: str = "") -> None:
        self._waiting[Event(code, command_key)] = None

    def due(self) -> tuple[Event, ...]:
        """All waiting events in the order of their codes; the `M` events last."""
        return tuple(sorted(self._waiting, key=lambda event: _rank(event.event_code)))

    def delivered(self, events: Iterable[Event]) -> None:
        """The ACS answered the Inform that carried these."""
        for event in events:
            self._waiting.pop(event, None)

    def undelivered(self, events: Iterable[Event]) -> None:
        """The session that carried these failed: what may be told again waits again."""
        for event in events:
            if DELIVERY.get(event.event_code) is Delivery.ONCE:
                self._waiting.pop(event, None)
            elif event.event_code in DELIVERY:
                self._waiting[event] = None

    def booted(self) -> None:
        """A boot forgets what is only kept until the next boot."""
        for event in tuple(self._waiting):
            if DELIVERY[event.event_code] is not Delivery.ALWAYS:
                del self._waiting[event]

    def clear(self) -> None:
        """A factory reset forgets everything."""
        self._waiting.clear()


def _rank(code: str) -> tuple[int, str]:
    number = code.partition(" ")[0]
    return (int(number), code) if number.isdigit() else (99, code)
