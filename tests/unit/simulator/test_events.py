"""What becomes of an event whose session failed."""

from __future__ import annotations

import pytest

from acs.simulator.events import EventQueue

NEVER_DISCARDED = ["0 BOOTSTRAP", "2 PERIODIC", "3 SCHEDULED", "M Reboot", "M ScheduleInform"]
UNTIL_REBOOT = ["1 BOOT", "4 VALUE CHANGE"]


def queue(*codes: str) -> EventQueue:
    events = EventQueue()
    for code in codes:
        events.add(code)
    return events


@pytest.mark.parametrize("code", NEVER_DISCARDED + UNTIL_REBOOT)
def test_an_undelivered_event_is_told_again(code: str) -> None:
    events = queue(code)
    events.undelivered(events.due())
    assert code in events


def test_a_connection_request_is_not_told_again() -> None:
    events = queue("6 CONNECTION REQUEST", "2 PERIODIC")
    events.undelivered(events.due())
    assert [event.event_code for event in events.due()] == ["2 PERIODIC"]


def test_an_event_that_was_answered_comes_back_when_its_session_broke_later() -> None:
    events = queue("2 PERIODIC", "6 CONNECTION REQUEST")
    told = events.due()
    events.delivered(told)
    assert not events
    events.undelivered(told)
    assert [event.event_code for event in events.due()] == ["2 PERIODIC"]


@pytest.mark.parametrize("code", NEVER_DISCARDED)
def test_a_boot_does_not_discard_it(code: str) -> None:
    events = queue(code)
    events.booted()
    assert code in events


@pytest.mark.parametrize("code", [*UNTIL_REBOOT, "6 CONNECTION REQUEST"])
def test_a_boot_discards_it(code: str) -> None:
    events = queue(code)
    events.booted()
    assert not events


def test_events_come_in_the_order_of_their_codes_each_once() -> None:
    events = queue("M Reboot", "4 VALUE CHANGE", "0 BOOTSTRAP", "4 VALUE CHANGE", "1 BOOT")
    assert [event.event_code for event in events.due()] == [
        "0 BOOTSTRAP",
        "1 BOOT",
        "4 VALUE CHANGE",
        "M Reboot",
    ]


def test_two_command_keys_are_two_events() -> None:
    events = EventQueue()
    events.add("M Reboot", "a")
    events.add("M Reboot", "b")
    assert [event.command_key for event in events.due()] == ["a", "b"]
