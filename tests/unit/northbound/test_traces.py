"""/api/v1/devices/{device}/traces: recorded sessions as operators see them."""

from __future__ import annotations

import time

import pytest

from acs.cwmp import messages as cwmp
from acs.cwmp.session import Session
from acs.cwmp.structures import DeviceId, Event
from acs.cwmp.versions import CWMP_1_0
from acs.cwmp.writing import write
from acs.fleet.device import Learning, TraceOrder
from acs.fleet.identity import device_key
from acs.fleet.trace.records import Trace, TraceMessage, TraceStart
from acs.store import devices, sessions, timeline, traces

SID_END = "0123456789abcdef"


def body(message: cwmp.Message) -> bytes:
    return write(message, cwmp_id="1", namespace=CWMP_1_0)


def exchange(asked: bytes, answered: bytes, status: int = 0, at: float = 1000.0) -> list[TraceMessage]:
    headers = (("Content-Type", "text/xml; charset=utf-8"),) if asked else ()
    phone = TraceMessage(
        at=at,
        from_phone=True,
        connection=77,
        start_line="POST /cwmp HTTP/1.1",
        headers=(("Host", "acs.test"), *headers),
        body=asked,
        size=len(asked),
    )
    line = f"HTTP/1.1 {status or (200 if answered else 204)} X"
    server = TraceMessage(
        at=at + 0.5, from_phone=False, connection=77, start_line=line, body=answered, size=len(answered)
    )
    return [phone, server]


@pytest.fixture
def recorded(store, phone):
    """A phone with one recorded session; gives its id and the trace's."""
    identifier = phone(learning=Learning.COMPLETE, software_version="1")
    key = device_key(identifier)
    known = store.run(devices.get(key)).device
    inform = cwmp.Inform(DeviceId("Yealink", "001565", "CP860", "0015650001"), (Event("2 PERIODIC"),))
    trace = Trace(id="00000abc11112222", started_at=1000.0, by="ann", events=("2 PERIODIC",), peer="::1")
    store.drive(traces.begin(identifier, trace, TraceStart(sid=key + SID_END, device=known)))
    for message in (*exchange(body(inform), body(cwmp.InformResponse())), *exchange(b"", b"", at=1001.0)):
        store.run(traces.append(key, trace.id, message))
    store.drive(traces.end(key, trace.id, "done", at=1001.0))
    return identifier, trace.id


@pytest.fixture
def base(recorded):
    return f"/devices/{recorded[0]}/traces"


def test_the_next_sessions_are_ordered_and_that_is_told(api, phone, store):
    identifier = phone()
    before = time.time()
    answer = api("POST", f"/devices/{identifier}/traces", json={"sessions": 3, "expires_in": 600})
    assert answer.status_code == 201
    assert answer.json()["sessions"] == 3
    order = store.run(devices.get(device_key(identifier))).notes.trace
    assert order.sessions == 3
    assert before + 600 <= order.until <= time.time() + 600
    armed = api("GET", f"/devices/{identifier}/traces").json()
    assert (armed["armed"], armed["items"]) == (answer.json(), [])
    [line] = store.run(timeline.read(device_key(identifier)))
    assert line.text.startswith("The next 3 sessions are to be recorded, asked for by ")


def test_one_session_and_a_day_where_nothing_else_is_said(api, phone, store):
    identifier = phone()
    assert api("POST", f"/devices/{identifier}/traces").json()["sessions"] == 1
    order = store.run(devices.get(device_key(identifier))).notes.trace
    assert order.until - order.at == 86_400


@pytest.mark.parametrize(
    ("asked", "field", "allowed"),
    [
        ({"sessions": 0}, "sessions", "an integer from 1 to 20"),
        ({"sessions": 21}, "sessions", "an integer from 1 to 20"),
        ({"expires_in": 10}, "expires_in", "an integer from 60 to 604800"),
        ({"sessions": "one"}, "sessions", "an integer from 1 to 20"),
        ({"what": 1}, "what", None),
    ],
)
def test_a_wrong_order_names_what_is_allowed(api, phone, asked, field, allowed):
    answer = api("POST", f"/devices/{phone()}/traces", json=asked)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == field
    if allowed:
        assert error["allowed"] == allowed


def test_an_order_is_taken_back(api, phone, store):
    identifier = phone()
    api("POST", f"/devices/{identifier}/traces")
    assert api("DELETE", f"/devices/{identifier}/traces").status_code == 204
    assert store.run(devices.get(device_key(identifier))).notes.trace is None
    assert api("DELETE", f"/devices/{identifier}/traces").status_code == 404


def test_an_order_whose_time_is_over_is_none(api, phone, store):
    identifier = phone()
    store.drive(traces.order(identifier, TraceOrder(1, time.time() - 1)))
    assert api("GET", f"/devices/{identifier}/traces").json()["armed"] is None


def test_a_phone_that_is_not_known_cannot_be_recorded(api):
    assert api("POST", "/devices/001565-CP860-Nobody/traces").status_code == 404


def test_the_list_has_a_line_for_each_session(api, recorded, base):
    [item] = api("GET", base).json()["items"]
    assert item.pop("size") > 100
    assert item == {
        "id": recorded[1],
        "state": "done",
        "started_at": "1970-01-01T00:16:40Z",
        "ended_at": "1970-01-01T00:16:41Z",
        "events": ["2 PERIODIC"],
        "peer": "::1",
        "by": "ann",
    }


def test_a_session_is_told_message_by_message(api, recorded, base):
    view = api("GET", f"{base}/{recorded[1]}").json()
    assert [one["explanation"] for one in view["messages"]] == [
        "The phone says hello: 2 PERIODIC, with no parameters.",
        "The server says hello back.",
        "The phone has nothing more to say: it is the server's turn.",
        "The server has nothing more to ask: the session is over.",
    ]
    first = view["messages"][0]
    assert (first["number"], first["sender"], first["connection"], first["name"]) == (1, "phone", 1, "Inform")
    assert first["headers"]["Host"] == "acs.test"
    assert first["start_line"] == "POST /cwmp HTTP/1.1"
    assert "        <SerialNumber>0015650001</SerialNumber>" in first["body"].splitlines()
    assert view["messages"][3]["start_line"] == "HTTP/1.1 204 X"


def test_as_text_and_as_an_http_archive(api, recorded, base):
    text = api("GET", f"{base}/{recorded[1]}?format=text")
    assert text.headers["content-type"].startswith("text/plain")
    assert "POST /cwmp HTTP/1.1" in text.text
    assert "The phone says hello" in text.text
    archive = api("GET", f"{base}/{recorded[1]}?format=har")
    assert archive.headers["content-type"] == "application/har+json"
    log = archive.json()["log"]
    assert log["version"] == "1.2"
    first, last = log["entries"]
    assert first["request"]["url"] == "http://acs.test/cwmp"
    assert first["request"]["postData"]["text"].startswith("<SOAP-ENV:Envelope")
    assert first["time"] == 500.0
    assert (last["response"]["status"], last["comment"][:9]) == (204, "The phone")
    assert api("GET", f"{base}/{recorded[1]}?format=pdf").status_code in (400, 422)


def test_a_replay_tells_what_is_the_same(api, recorded, base, store):
    before = store.run(devices.get(device_key(recorded[0])))
    replay = api("POST", f"{base}/{recorded[1]}/replay").json()
    assert (replay["trace"], replay["same"], replay["played"]) == (recorded[1], True, 2)
    assert [step["outcome"] for step in replay["steps"]] == ["same", "same"]
    assert store.run(devices.get(device_key(recorded[0]))) == before


def test_a_refused_login_cannot_be_played(api, phone, store):
    identifier = phone()
    trace = Trace(id="00000abc33334444", started_at=1000.0)
    store.drive(traces.begin(identifier, trace, TraceStart(sid="")))
    for message in exchange(body(cwmp.Inform(DeviceId("Y", "001565", "P", "S"))), b"log in", 401):
        store.run(traces.append(device_key(identifier), trace.id, message))
    answer = api("POST", f"/devices/{identifier}/traces/{trace.id}/replay")
    assert answer.status_code == 409
    assert "nothing to play" in answer.json()["detail"]


def test_a_session_that_nobody_ended_is_unfinished(api, phone, store):
    identifier = phone()
    store.drive(traces.begin(identifier, Trace(id="1" * 16, started_at=1000.0), TraceStart(sid="")))
    assert api("GET", f"/devices/{identifier}/traces").json()["items"][0]["state"] == "unfinished"


def test_a_session_that_goes_on_is_being_recorded(api, phone, store):
    identifier = phone()
    key = device_key(identifier)
    store.drive(traces.begin(identifier, Trace(id="1" * 16, started_at=1000.0), TraceStart(sid="")))
    store.run(sessions.open_session(key, Session(sid=key + SID_END, namespace=CWMP_1_0, opened_at=1000.0)))
    assert api("GET", f"/devices/{identifier}/traces").json()["items"][0]["state"] == "recording"


def test_a_recorded_session_is_dropped(api, recorded, base):
    assert api("DELETE", f"{base}/{recorded[1]}").status_code == 204
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/replay")):
        assert api(method, f"{base}/{recorded[1]}{path}").status_code == 404


def test_who_may(as_role, recorded, base):
    viewer = as_role("viewer")
    assert viewer("GET", base).status_code == 200
    assert viewer("GET", f"{base}/{recorded[1]}").status_code == 200
    for method, path in (("POST", base), ("DELETE", base), ("POST", f"{base}/{recorded[1]}/replay")):
        assert viewer(method, path).status_code == 403
