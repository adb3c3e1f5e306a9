"""Devices looked up, listed page by page, searched, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from acs.cwmp.session import begin
from acs.fleet.changes import Changes, TimelineEntry
from acs.fleet.device import Device, OperatorNotes, WakeRecord
from acs.fleet.identity import device_key, task_id
from acs.fleet.task import RebootWork, Task, TaskState
from acs.store import devices, sessions, tasks, timeline
from acs.store import devices as devices_module

from .conftest import put_notes  # isort: skip

NAMESPACE = "urn:dslforum-org:cwmp-1-0"


def bring_in(store: Any, device: Device) -> str:
    """The device has had one session."""
    key = device_key(device.id)
    session = begin(key + "0" * 16, NAMESPACE, now=100.0)
    store.run(sessions.open_session(key, session))
    closing = sessions.close(
        key, sid=session.sid, seq=session.seq, stamp="", changes=Changes(device=device), register=True
    )
    assert store.run(closing).outcome == "ok"
    return key


def phone(number: int, product: str = "CP860", **fields: Any) -> Device:
    serial = f"{number:04d}"
    return Device(id=f"001565-{product}-{serial}", product_class=product, serial_number=serial, **fields)


def numbers(page: devices.Page) -> list[int]:
    return [int(known.device.serial_number) for known in page.devices]


def test_a_device_is_known_with_what_operators_and_connection_requests_left(store: Any) -> None:
    key = bring_in(store, phone(1, last_inform=90.0))
    notes, wake = OperatorNotes(tags=("a",)), WakeRecord(5.0, "ok", "200")
    store.run_all([put_notes(key, notes), devices.put_wake(key, wake)])
    known = store.run(devices.get(key))
    assert (known.device, known.notes, known.wake) == (phone(1, last_inform=90.0), notes, wake)
    assert (known.session, known.last_inform) == (None, 90.0)


def test_a_session_under_way_counts_as_the_last_inform(store: Any) -> None:
    key = bring_in(store, phone(1, last_inform=90.0))
    store.run(sessions.open_session(key, begin(key + "1" * 16, NAMESPACE, now=200.0)))
    assert store.run(devices.get(key)).last_inform == 200.0


def test_an_unknown_device_is_none(store: Any) -> None:
    assert store.run(devices.get(device_key("no-such-device"))) is None


def test_many_devices_are_one_round_trip(store: Any) -> None:
    keys = [bring_in(store, phone(number)) for number in (1, 2)]
    known = store.run_all(devices.get_many([*keys, device_key("none")]))
    assert [one and one.device for one in known] == [phone(1), phone(2), None]


# --- pages ----------------------------------------------------------------------------------------------


def test_pages_follow_each_other_in_the_order_of_ids(store: Any) -> None:
    for number in (5, 3, 1, 4, 2):
        bring_in(store, phone(number))
    first = store.drive(devices.page(limit=2))
    assert (numbers(first), first.total) == ([1, 2], 5)
    second = store.drive(devices.page(cursor=first.next, limit=2))
    third = store.drive(devices.page(cursor=second.next, limit=2))
    assert (numbers(second), numbers(third), third.next) == ([3, 4], [5], None)


def test_an_id_without_a_record_is_passed_over(store: Any) -> None:
    bring_in(store, phone(1))
    store.run(devices.register("001565-CP860-0000"))
    assert numbers(store.drive(devices.page(limit=10))) == [1]


# --- search ---------------------------------------------------------------------------------------------


@pytest.fixture
def fleet(store: Any) -> Any:
    bring_in(store, phone(1, ip="10.1.2.3", software_version="37.72.0.5"))
    bring_in(store, phone(2, ip="10.1.2.4", software_version="37.80.0.1"))
    key = bring_in(store, phone(3, product="T46", ip="192.0.2.1"))
    store.run(put_notes(key, OperatorNotes(tags=("Site7",), label="Empfang Süd")))
    return store


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("001565-CP860-0002", [2]),  # the whole id
        ("001565-CP", [1, 2]),  # what it begins with
        ("0002", [2]),  # a part of it
        ("cp860", [1, 2]),  # product class, in either case
        ("10.1.2", [1, 2]),  # address
        ("37.80", [2]),  # firmware
        ("site7", [3]),  # tag
        ("empfang", [3]),  # label
        ("SÜD", [3]),  # letters beyond ASCII have two cases too
        ("nobody", []),
    ],
)
def test_a_search_looks_at_what_people_know_of_a_phone(fleet: Any, q: str, found: list[int]) -> None:
    page = fleet.drive(devices.search(q, limit=10))
    assert (numbers(page), page.next, page.total) == (found, None, len(found))


def test_other_fields_are_not_searched(store: Any) -> None:
    bring_in(store, phone(1, connection_request_url="http://192.0.2.9/hidden"))
    assert numbers(store.drive(devices.search("hidden", limit=10))) == []


def test_a_search_goes_on_page_by_page_without_doubles(store: Any) -> None:
    """First those whose id begins so, then those that contain it otherwise."""
    for number in range(6):
        bring_in(store, phone(number, ip="10.0.0.1"))
    other = Device(id="ZZ-001565-1", serial_number="99", ip="10.0.0.2")
    bring_in(store, other)
    found: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = store.drive(devices.search("001565", cursor=cursor, limit=2))
        assert len(page.devices) <= 2
        found += numbers(page)
        cursor = page.next
    assert found == [0, 1, 2, 3, 4, 5, 99]


def test_a_search_looks_at_a_bounded_number_of_devices_at_a_time(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices_module, "SEARCH_CHUNK", 2)
    monkeypatch.setattr(devices_module, "SEARCH_BUDGET", 4)
    for number in range(9):
        bring_in(store, phone(number, ip=f"10.0.0.{number}"))
    first = store.drive(devices.search("10.0.0.8", limit=5))
    assert (numbers(first), first.total) == ([], None)
    second = store.drive(devices.search("10.0.0.8", cursor=first.next, limit=5))
    third = store.drive(devices.search("10.0.0.8", cursor=second.next, limit=5))
    assert (numbers(third), third.next) == ([8], None)


# --- deletion -------------------------------------------------------------------------------------------


def test_a_deleted_device_leaves_nothing(store: Any) -> None:
    key = bring_in(store, phone(1))
    store.run(put_notes(key, OperatorNotes(label="x")))
    store.run(timeline.push(key, [TimelineEntry(1.0, "device", "x")]))
    done = Task(id=task_id(key, b"000001"), device=phone(1).id, work=RebootWork())
    store.run(tasks.create(key, [done, Task(id=task_id(key, b"2"), device="", work=RebootWork())], stamp="1"))
    finished = done.replace(state=TaskState.DONE)
    store.run(tasks.change_tasks(key, stamp="1", tasks=[finished], new_stamp="2"))
    assert store.drive(devices.delete(phone(1).id))
    assert store.raw.keys() == []
    assert not store.drive(devices.delete(phone(1).id))


def test_a_session_of_a_deleted_device_writes_nothing_any_more(store: Any) -> None:
    key = bring_in(store, phone(1))
    session = begin(key + "1" * 16, NAMESPACE, now=200.0)
    store.run(sessions.open_session(key, session))
    store.drive(devices.delete(phone(1).id))
    late = sessions.close(key, sid=session.sid, seq=session.seq, stamp="", changes=Changes(device=phone(1)))
    assert store.run(late).outcome == "superseded"
    assert store.raw.keys() == []
