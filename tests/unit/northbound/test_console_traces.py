"""The Trace tab of a phone: ordering, reading and playing recorded sessions."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from acs.cwmp.session import Session
from acs.cwmp.versions import CWMP_1_0
from acs.fleet.identity import device_key
from acs.fleet.trace.records import Trace, TraceStart
from acs.store import devices, sessions, traces
from tests.unit.northbound.test_traces import SID_END, exchange, recorded

__all__ = ["recorded"]


@pytest.fixture
def tab(recorded):
    """Where the tab of the phone with a recorded session is."""
    return f"/phones/{quote(recorded[0], safe='')}/traces"


def test_the_tab_lists_what_is_recorded(browser, tab):
    page = browser("adam").get(tab)
    assert "Recorded sessions" in page.text
    assert "2 PERIODIC" in page.text
    assert page.tree.xpath("//nav[@class='tabs']/a[@aria-current='page']/text()") == ["Trace"]


def test_a_phone_without_traces_says_what_to_do(browser, phone):
    page = browser("adam").get(f"/phones/{phone(serial_number='0015650009')}/traces")
    assert "No session is recorded" in page.text


def test_the_next_sessions_are_ordered_and_that_is_taken_back(browser, tab, recorded, store):
    adam = browser("adam", "operator")
    page = adam.get(tab)
    [form] = page.tree.xpath("//form[.//button[@value='record']]")
    pairs = [*form.form_values(), ("deed", "record")]
    pairs = [(name, {"sessions": "2", "hours": "3"}.get(name, value)) for name, value in pairs]
    page = adam.post(tab, pairs)
    assert "The next 2 sessions are recorded" in page.text
    order = store.run(devices.get(device_key(recorded[0]))).notes.trace
    assert (order.sessions, order.by, order.until - order.at) == (2, "adam", 3 * 3600)
    csrf = [pair for pair in form.form_values() if pair[0] not in ("sessions", "hours")]
    page = adam.post(tab, [*csrf, ("deed", "stop")])
    assert "No session is recorded any more" in page.text
    assert store.run(devices.get(device_key(recorded[0]))).notes.trace is None


@pytest.mark.parametrize(("name", "value"), [("sessions", "0"), ("sessions", "x"), ("hours", "200")])
def test_a_wrong_number_is_told_and_the_form_keeps_what_was_filled_in(browser, tab, name, value):
    adam = browser("adam", "operator")
    [form] = adam.get(tab).tree.xpath("//form[.//button[@value='record']]")
    pairs = [(field, value if field == name else given) for field, given in form.form_values()]
    page = adam.post(tab, [*pairs, ("deed", "record")])
    assert page.status == 422
    assert name in page.text
    assert page.value(name) == value


def test_the_phone_is_woken_where_that_is_wished(browser, tab):
    adam = browser("adam", "operator")
    [form] = adam.get(tab).tree.xpath("//form[.//button[@value='record']]")
    assert ("wake", "yes") in form.form_values()
    page = adam.post(tab, [*form.form_values(), ("deed", "record")])
    assert "The next session is recorded. Connection request: accepted." in page.text


def test_a_conversation_that_goes_on_is_shown_as_it_comes(browser, tab, recorded, store):
    identifier, trace = recorded
    key = device_key(identifier)
    page = browser("adam").get(f"{tab}/{trace}")
    assert page.tree.xpath("//*[@data-live]") == []
    store.run(traces.delete(key, trace))
    begun = Trace(id=trace, started_at=1000.0)
    store.drive(traces.begin(identifier, begun, TraceStart(sid="")))
    for message in (*exchange(b"", b""), *exchange(b"", b"", at=1001.0)):
        store.run(traces.append(key, trace, message))
    session = Session(sid=key + SID_END, namespace=CWMP_1_0, opened_at=1000.0)
    store.run(sessions.open_session(key, session))
    page = browser("eve").get(f"{tab}/{trace}")
    assert "The session goes on." in page.text
    [live] = page.tree.xpath("//main//*[@data-live]/@data-live")
    part = browser("ida").get(live)
    assert part.tree.xpath("//ol[@class='talk']/li/@class") == ["phone", "server"] * 2


def test_a_session_is_a_conversation(browser, tab, recorded):
    page = browser("adam").get(f"{tab}/{recorded[1]}")
    assert "The phone says hello: 2 PERIODIC" in page.text
    assert "<SerialNumber>0015650001</SerialNumber>" in page.text
    sides = page.tree.xpath("//ol[@class='talk']/li/@class")
    assert sides == ["phone", "server", "phone", "server"]
    links = page.tree.xpath("//main//a/@href")
    assert any(link.endswith("?format=har") for link in links)


def test_it_is_played_again(browser, tab, recorded):
    adam = browser("adam", "operator")
    page = adam.get(f"{tab}/{recorded[1]}")
    [link] = page.tree.xpath("//main//a[contains(@href, '/replay')]/@href")
    page = adam.get(link)
    assert "This server answers as it did" in page.text
    assert "Nothing was stored" in page.text


def test_it_is_dropped_after_a_question(browser, tab, recorded, store):
    adam = browser("adam", "operator")
    page = adam.get(f"{tab}/{recorded[1]}")
    page = adam.send(page, f"{tab}/{recorded[1]}/delete")
    assert "Drop this trace" in page.text
    page = adam.send(page, "confirm")
    assert "The trace is dropped" in page.text
    assert store.run(traces.every(device_key(recorded[0]))) == []


def test_viewers_look_and_do_nothing(browser, tab, recorded):
    eve = browser("eve", "viewer")
    assert eve.get(tab).tree.xpath("//button[@value='record']") == []
    assert "The phone says hello" in eve.get(f"{tab}/{recorded[1]}").text
    assert eve.get(f"{tab}/{recorded[1]}/replay").status == 403
