"""Desired configuration in whole sessions, as a phone on a raw socket hears it."""

from __future__ import annotations

import time

import phone_texts as texts
import pytest

from acs.fleet.layers import Layer, Version
from acs.store import layers

NTP, NTP_PATH = "local_time.ntp_server1", "Device.Time.NTPServer1"
JITTER = "voice.jib.max"


def clock_phone_of(server):
    """A learnt phone that has a parameter for its time server."""
    one = server.phone(product_class="Clock")
    one.tree[NTP_PATH] = "old.example"
    one.holds_session("0 BOOTSTRAP", "1 BOOT")
    return one


@pytest.fixture
def clock_phone(server):
    return clock_phone_of(server)


@pytest.fixture
def desire(operator):
    """`desire(phone, values)` writes the phone's own layer."""
    numbers: dict[str, int] = {}

    def write(phone, values):
        number = numbers[phone.id] = numbers.get(phone.id, 0) + 1
        now = time.time()
        version = Version(number, now, "me", "", {})
        layer = Layer(number, now, "me", "", values)
        assert operator.run.run(layers.write(layers.of_phone(phone.id), layer, version)) == "written"

    return write


def test_what_differs_is_set_read_back_and_then_left_alone(clock_phone, operator, desire):
    desire(clock_phone, {NTP: "new.example"})
    used = clock_phone.holds_session("2 PERIODIC")
    assert used == ["InformResponse", "SetParameterValues", "GetParameterValues"]
    assert clock_phone.tree[NTP_PATH] == "new.example"
    assert operator.device(clock_phone).config.settled == "converged"
    assert clock_phone.holds_session("2 PERIODIC") == ["InformResponse"]


def test_a_settled_phones_heartbeat_costs_two_round_trips(start_server, desire):
    server = start_server()  # of its own: no session that an earlier test left is written meanwhile
    phone = clock_phone_of(server)
    desire(phone, {NTP: "new.example"})
    phone.holds_session("2 PERIODIC")
    before = server.round_trips()
    phone.holds_session("2 PERIODIC")
    assert server.round_trips() - before == 2


def test_a_phone_that_was_altered_is_brought_back(clock_phone, desire):
    desire(clock_phone, {NTP: "new.example"})
    clock_phone.holds_session("2 PERIODIC")
    clock_phone.tree[NTP_PATH] = "by.hand"
    clock_phone.holds_session("4 VALUE CHANGE")
    assert clock_phone.tree[NTP_PATH] == "new.example"


def test_what_has_no_parameter_goes_by_download_once(clock_phone, operator, desire):
    desire(clock_phone, {JITTER: "250"})
    clock_phone.opens("2 PERIODIC")
    clock_phone.sends_nothing()
    asked = clock_phone.goes_on_until("Download")
    assert asked.text("FileType") == "3 Vendor Configuration File"
    assert asked.text("CommandKey") in (asked.text("URL") or "")
    clock_phone.answers(asked, texts.transfer_response("Download"))
    clock_phone.gets_nothing()
    assert clock_phone.holds_session("2 PERIODIC") == ["InformResponse"]
    assert f"Configuration file offered: {JITTER} = 250" in operator.told(clock_phone)


def test_a_refused_path_goes_by_file(server, operator, desire):
    phone = server.phone(product_class="Stubborn")
    phone.tree[NTP_PATH] = "old.example"
    phone.holds_session("0 BOOTSTRAP", "1 BOOT")
    desire(phone, {NTP: "new.example"})
    phone.opens("2 PERIODIC")
    phone.sends_nothing()
    asked = phone.goes_on_until("SetParameterValues")
    assert asked.texts("Name") == [NTP_PATH]
    phone.answers(asked, texts.fault(9008, "not writable"))
    phone.gets("Download")
    assert f"by file from now on: {NTP_PATH}" in operator.told(phone)


def test_a_connection_that_breaks_over_a_set_is_looked_into(clock_phone, operator, desire):
    desire(clock_phone, {NTP: "new.example"})
    clock_phone.opens("2 PERIODIC")
    clock_phone.sends_nothing()
    clock_phone.goes_on_until("SetParameterValues")
    clock_phone.hangs_up()
    clock_phone.tree[NTP_PATH] = "new.example"  # it had taken it
    used = clock_phone.holds_session("2 PERIODIC")
    assert "SetParameterValues" not in used
    assert "GetParameterValues" in used
    assert operator.device(clock_phone).config.settled == "converged"


def test_a_phone_is_asked_for_its_configuration_on_schedule(start_server, operator):
    phone = start_server(upload_every=3600).phone()
    phone.opens("0 BOOTSTRAP", "1 BOOT")
    phone.sends_nothing()
    asked = phone.goes_on_until("Upload")
    assert asked.text("FileType") == "1 Vendor Configuration File"
    phone.answers(asked, texts.transfer_response("Upload"))
    phone.goes_on_until()
    assert "Upload" not in phone.holds_session("2 PERIODIC")
