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


def test_the_passwords_of_both_accounts_go_in_one_file(clock_phone, operator, desire):
    both = {"security.user_password:user": "user:abc", "security.user_password:admin": "admin:def"}
    desire(clock_phone, both)
    clock_phone.opens("2 PERIODIC")
    clock_phone.sends_nothing()
    asked = clock_phone.goes_on_until("Download")
    clock_phone.answers(asked, texts.transfer_response("Download"))
    task = operator.task(asked.text("CommandKey"))
    assert task.work.values == dict(sorted(both.items()))
    assert "abc" not in operator.told(clock_phone)


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


def test_one_refused_path_of_a_set_goes_by_file_and_the_others_are_set(server, operator, desire):
    """The phone lists a parameter that it answers with 9005 when it is set: nothing of that set was taken."""
    second, second_path = "local_time.ntp_server2", "Device.Time.NTPServer2"
    phone = server.phone(product_class="Forgetful")
    phone.tree |= {NTP_PATH: "old.example", second_path: "old.example"}
    phone.holds_session("0 BOOTSTRAP", "1 BOOT")
    desire(phone, {NTP: "new.example", second: "other.example"})
    phone.opens("2 PERIODIC")
    phone.sends_nothing()
    asked = phone.goes_on_until("SetParameterValues")
    assert asked.texts("Name") == [NTP_PATH, second_path]
    told = f"<SetParameterValuesFault><ParameterName>{second_path}</ParameterName><FaultCode>9005</FaultCode>"
    told += "<FaultString>Invalid parameter name</FaultString></SetParameterValuesFault>"
    phone.answers(asked, texts.fault(9003, "Invalid arguments", details=told))
    again = phone.goes_on_until("SetParameterValues")
    assert again.texts("Name") == [NTP_PATH]
    phone.answers(again, phone.obeys(again))
    push = phone.goes_on_until("Download")
    phone.answers(push, phone.obeys(push))
    assert phone.tree[NTP_PATH] == "new.example"
    assert f"Configuration file offered: {second} = other.example" in operator.told(phone)
    # of the model: another phone of it is never asked
    other = server.phone(product_class="Forgetful")
    other.tree |= {NTP_PATH: "old.example", second_path: "old.example"}
    other.holds_session("0 BOOTSTRAP", "1 BOOT")
    desire(other, {NTP: "new.example", second: "other.example"})
    other.opens("2 PERIODIC")
    other.sends_nothing()
    asked = other.goes_on_until("SetParameterValues")
    assert asked.texts("Name") == [NTP_PATH]


def test_a_phone_below_internet_gateway_device_is_set_there(server, operator, desire):
    phone = server.phone(product_class="Gateway")
    renamed = {
        name.replace("Device.", "InternetGatewayDevice.", 1): text for name, text in phone.tree.items()
    }
    path = "InternetGatewayDevice.Time.NTPServer1"
    phone.tree = {**renamed, path: "old.example"}
    phone.holds_session("0 BOOTSTRAP", "1 BOOT")
    desire(phone, {NTP: "new.example"})
    phone.opens("2 PERIODIC")
    phone.sends_nothing()
    asked = phone.goes_on_until("SetParameterValues")
    assert (asked.texts("Name"), asked.texts("Value")) == ([path], ["new.example"])
    phone.answers(asked, phone.obeys(asked))
    phone.goes_on_until()
    assert operator.device(phone).config.settled == "converged"


def test_rings_stay_rings_and_seconds_become_milliseconds(server, operator, desire):
    """The key for calls that nobody answers counts rings, as TR-104 does; that for digits seconds, where
    TR-104 has milliseconds, at two parameters."""
    profile = "Device.Services.VoiceService.1.VoiceProfile.1."
    rings = f"{profile}Line.1.CallingFeatures.CallForwardOnNoAnswerRingCount"
    timers = [f"{profile}NumberingPlan.InterDigitTimer{which}" for which in ("Std", "Open")]
    phone = server.phone(product_class="Ringing")
    phone.tree |= {rings: "2", **dict.fromkeys(timers, "3000")}
    phone.holds_session("0 BOOTSTRAP", "1 BOOT")
    desire(phone, {"forward.no_answer.timeout": "5", "phone_setting.inter_digit_time": "4"})
    phone.opens("2 PERIODIC")
    phone.sends_nothing()
    asked = phone.goes_on_until("SetParameterValues")
    values = dict(zip(asked.texts("Name"), asked.texts("Value"), strict=True))
    assert values == {rings: "5", **dict.fromkeys(timers, "4000")}
    phone.answers(asked, phone.obeys(asked))
    phone.goes_on_until()
    assert operator.device(phone).config.settled == "converged"
    phone.tree[timers[0]] = "5000"
    assert "SetParameterValues" in phone.holds_session("4 VALUE CHANGE")
    assert phone.tree[timers[0]] == "4000"


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
