"""Recordings cost the session nothing: neither its life, nor its memory."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from acs.cwmp.session import Session
from acs.datamodel import key_loading
from acs.fleet.device import Device, OperatorNotes, TraceOrder
from acs.fleet.identity import device_key
from acs.fleet.profile import ModelProfile
from acs.fleet.trace.records import MESSAGE_LIMIT, READ_LIMIT
from acs.southbound import recording
from acs.southbound.http_messages import Connection, Headers, Request, Response
from acs.southbound.live_sessions import LiveSession
from acs.southbound.recording import Recorder
from acs.store import traces
from acs.store.errors import StoreUnavailable

DEVICE = Device(id="001565-P-S1")


class Runner:
    """Takes what is to be stored; `taken` says whether a session is to be recorded."""

    def __init__(self, *, taken: bool = True, broken: bool = False) -> None:
        self.taken = taken
        self.broken = broken

    def drive(self, steps: Any) -> Deferred[Any]:
        if self.broken:
            return fail(StoreUnavailable("away"))
        name = steps.gi_code.co_name
        steps.close()
        return succeed({"take": self.taken, "load": {}}.get(name))

    def run(self, call: Any) -> Deferred[Any]:
        return fail(StoreUnavailable("away")) if self.broken else succeed({})


class Store:
    shapes = None

    def layers(self, live: LiveSession, device: Device) -> tuple[Any, ...]:
        return ()

    def groups(self, live: LiveSession) -> list[Any]:
        return []


@pytest.fixture
def live() -> LiveSession:
    notes = OperatorNotes(trace=TraceOrder(1, 2000.0, "ann"))
    session = Session(sid=device_key(DEVICE.id) + "0" * 16, namespace="", opened_at=1000.0)
    return LiveSession(session, DEVICE, notes, (), "", None, ModelProfile(key=""))


def recorder(runner: Runner) -> Recorder:
    kept: Any = runner
    store: Any = Store()
    return Recorder(kept, store, key_loading.shipped(), now=lambda: 1000.0)


def done(work: Any) -> Any:
    """What came of work that has nothing to wait for; raises what it raised."""
    found: list[Any] = []
    Deferred.fromCoroutine(work).addBoth(found.append)
    [result] = found
    if hasattr(result, "raiseException"):
        result.raiseException()
    return result


@pytest.fixture
def appended(monkeypatch) -> list[Any]:
    messages: list[Any] = []
    monkeypatch.setattr(traces, "append", lambda key, trace, message: messages.append(message))
    return messages


def request(body: bytes = b"<x/>", connection: Connection | None = None) -> Request:
    return Request("POST", b"/", Headers(), body, connection=connection or Connection("192.0.2.1"))


def test_a_session_that_is_wanted_has_a_trace(live, appended):
    done(recorder(Runner()).begin(live, Connection(), 1000.0))
    assert live.session.trace == live.recording.trace != ""


def test_one_that_another_process_has_counted_has_none(live):
    done(recorder(Runner(taken=False)).begin(live, Connection(), 1000.0))
    assert (live.session.trace, live.recording) == ("", None)


def test_a_fault_in_the_recording_costs_the_trace_and_not_the_session(live, monkeypatch):
    def broken(*arguments: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(recording, "without_secrets", broken)
    done(recorder(Runner()).begin(live, Connection(), 1000.0))
    assert (live.session.trace, live.recording) == ("", None)


def test_a_store_that_is_away_is_told_as_ever(live):
    with pytest.raises(StoreUnavailable):
        done(recorder(Runner(broken=True)).begin(live, Connection(), 1000.0))


def test_what_was_challenged_comes_first_and_holds_nothing(live, appended):
    one = recorder(Runner())
    asked = request()
    connection = asked.connection
    one.challenged(asked, Response(401), 999.0)
    assert connection not in gc.get_referents(connection.state["challenged"][0])
    done(one.begin(live, connection, 1000.0))
    assert [(message.at, message.status) for message in appended] == [(999.0, 0), (999.0, 401)]
    assert "challenged" not in connection.state


def test_a_large_request_is_not_kept_for_a_trace_that_may_never_begin():
    asked = request(b"x" * 100_000)
    recorder(Runner()).challenged(asked, Response(401), 1.0)
    assert asked.connection.state == {}


def test_large_bodies(live, appended):
    done(recorder(Runner()).begin(live, Connection(), 1000.0))
    live.recording.exchange(request(b"x" * (READ_LIMIT + 1)), Response(204))
    live.recording.exchange(request(b"y" * (MESSAGE_LIMIT + 1)), Response(204))
    first, _, second, _ = appended
    assert (first.body, first.size) == (b"", READ_LIMIT + 1)
    assert first.missing.startswith("left out")
    assert (len(second.body), second.missing) == (MESSAGE_LIMIT, f"cut off after {MESSAGE_LIMIT} bytes")


def test_connections_are_told_apart(live, appended):
    done(recorder(Runner()).begin(live, Connection(), 1000.0))
    one, other = Connection(), Connection()
    for connection in (one, other, one):
        live.recording.exchange(request(connection=connection), Response(204))
    numbers = [message.connection for message in appended[::2]]
    assert numbers[0] == numbers[2] != numbers[1]
