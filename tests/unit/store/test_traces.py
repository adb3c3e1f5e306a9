"""Recorded sessions in the store: ordered, counted down, bounded, forgotten."""

from __future__ import annotations

import pytest

from acs.fleet.device import Device, OperatorNotes, TraceOrder
from acs.fleet.identity import device_key
from acs.fleet.trace.records import KEPT, LIFE, MOST_REFUSED, Trace, TraceMessage, TraceStart
from acs.store import codec, devices, keyspace, traces

DEVICE = "00155D-P-S1"
KEY = device_key(DEVICE)


@pytest.fixture
def known(store):
    store.raw.set(keyspace.device_prefix(KEY) + keyspace.DEVICE, codec.encode(Device(id=DEVICE)))
    return store


def notes(store) -> OperatorNotes:
    return store.run(devices.get(KEY)).notes


def trace(number: int) -> Trace:
    return Trace(id=f"{number:016x}", started_at=1000.0 + number, by="ann", events=("2 PERIODIC",))


def message(body: bytes = b"<x/>", **fields: object) -> TraceMessage:
    given = {"at": 1.0, "from_phone": True, "connection": 1, "start_line": "POST / HTTP/1.1", **fields}
    return TraceMessage(body=body, size=len(body), **given)


def test_an_order_is_counted_down_and_then_gone(known):
    known.drive(traces.order(DEVICE, TraceOrder(2, 2000.0, "ann", 1000.0)))
    assert known.drive(traces.take(DEVICE, now=1500.0)) is True
    assert notes(known).trace == TraceOrder(1, 2000.0, "ann", 1000.0)
    assert known.drive(traces.take(DEVICE, now=1500.0)) is True
    assert notes(known).trace is None
    assert known.drive(traces.take(DEVICE, now=1500.0)) is False


def test_an_order_that_is_too_old_is_gone(known):
    known.drive(traces.order(DEVICE, TraceOrder(2, 2000.0)))
    assert known.drive(traces.take(DEVICE, now=2000.0)) is False
    assert notes(known).trace is None


def test_refused_logins_do_not_use_an_order_up(known):
    known.drive(traces.order(DEVICE, TraceOrder(1, 2000.0)))
    taken = [known.drive(traces.take(DEVICE, now=1.0, refused=True)) for _ in range(MOST_REFUSED + 2)]
    assert taken == [True] * MOST_REFUSED + [False] * 2
    assert known.drive(traces.take(DEVICE, now=1.0)) is True


def test_an_unknown_phone_has_no_order(store):
    assert store.drive(traces.order("00155D-P-Nobody", TraceOrder(1, 2000.0))) is None
    assert store.drive(traces.take("00155D-P-Nobody", now=1.0)) is False


def test_a_session_is_kept_with_its_messages_in_order(known):
    start = TraceStart(sid="s" * 32, device=Device(id=DEVICE))
    known.drive(traces.begin(DEVICE, trace(1), start))
    for body in (b"<a/>", b"", b"\x00\xff"):
        assert known.run(traces.append(KEY, trace(1).id, message(body)))
    known.drive(traces.end(KEY, trace(1).id, "done", at=1010.0))
    known.drive(traces.end(KEY, trace(1).id, "superseded", at=1020.0))  # by whom it was left
    [kept] = known.run(traces.every(KEY))
    assert (kept.trace.outcome, kept.trace.ended_at, kept.size) == ("done", 1010.0, 6)
    recorded = known.run(traces.read(KEY, trace(1).id))
    assert recorded.start == start
    assert [one.body for one in recorded.messages] == [b"<a/>", b"", b"\x00\xff"]


def test_what_two_processes_keep_stands_in_the_order_in_which_it_was_said(known):
    known.drive(traces.begin(DEVICE, trace(1), TraceStart(sid="s" * 32)))
    for at in (1.0, 2.0, 5.0, 6.0, 3.0, 4.0):
        known.run(traces.append(KEY, trace(1).id, message(at=at)))
    assert [one.at for one in known.run(traces.read(KEY, trace(1).id)).messages] == [1, 2, 3, 4, 5, 6]


def test_a_full_trace_keeps_the_heads_of_messages(known, monkeypatch):
    monkeypatch.setattr(traces, "TRACE_LIMIT", 10)
    known.drive(traces.begin(DEVICE, trace(2), TraceStart(sid="s" * 32)))
    assert known.run(traces.append(KEY, trace(2).id, message(b"12345678")))
    assert not known.run(traces.append(KEY, trace(2).id, message(b"123")))
    assert known.run(traces.append(KEY, trace(2).id, message(b"12")))
    _, cut, _ = known.run(traces.read(KEY, trace(2).id)).messages
    assert (cut.body, cut.size, cut.missing) == (b"", 3, "left out: the trace is full")


def test_the_oldest_make_room_and_all_have_an_end(known):
    for number in range(KEPT + 3):
        known.drive(traces.begin(DEVICE, trace(number), TraceStart(sid="s" * 32)))
    kept = [one.trace for one in known.run(traces.every(KEY))]
    assert kept == [trace(number) for number in range(KEPT + 2, 2, -1)]
    assert known.run(traces.read(KEY, trace(0).id)) is None
    for key in known.raw.keys(keyspace.device_prefix(KEY) + keyspace.TRACES + b"*"):
        assert 0 < known.raw.ttl(key) <= LIFE


def test_what_was_deleted_takes_no_more_messages(known):
    known.drive(traces.begin(DEVICE, trace(1), TraceStart(sid="s" * 32)))
    assert known.run(traces.delete(KEY, trace(1).id))
    assert not known.run(traces.delete(KEY, trace(1).id))
    assert not known.run(traces.append(KEY, trace(1).id, message()))
    known.drive(traces.end(KEY, trace(1).id, "done", at=1.0))
    assert known.run(traces.every(KEY)) == []


def test_a_phone_that_is_forgotten_leaves_no_trace(known):
    known.drive(traces.begin(DEVICE, trace(1), TraceStart(sid="s" * 32)))
    known.run(traces.append(KEY, trace(1).id, message()))
    known.drive(devices.delete(DEVICE))
    assert known.raw.keys(keyspace.device_prefix(KEY) + b"*") == []
