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


PROFILES = "Device.Services.VoiceService.1.VoiceProfile."
LABEL = "Line.1.SIP.X_001565_Label"


@pytest.fixture
def one_profile(server):
    """`one_profile()`: a learnt phone with one account, whose table of accounts takes more."""

    def made(product_class, most="6"):
        phone = server.phone(product_class=product_class)
        phone.tree |= {
            f"{PROFILES}1.{LABEL}": "first",
            "Device.Services.VoiceService.1.Capabilities.MaxProfileCount": most,
        }
        listed = phone._names

        def names(path, *, next_level):
            found = listed(path, next_level=next_level)
            return {name: writable or name == PROFILES for name, writable in found.items()}

        phone._names = names
        phone.holds_session("0 BOOTSTRAP", "1 BOOT")
        return phone

    return made


def test_a_row_that_the_phone_lacks_is_added_once_and_then_set(one_profile, operator, desire):
    phone = one_profile("Growing")
    desire(phone, {"account.2.label": "second"})
    phone.opens("2 PERIODIC")
    phone.sends_nothing()
    asked = phone.goes_on_until("AddObject")
    assert asked.text("ObjectName") == PROFILES
    phone.tree[f"{PROFILES}2.{LABEL}"] = ""
    phone.answers(asked, texts.status_response("AddObject", InstanceNumber="2"))
    asked = phone.goes_on_until("SetParameterValues")
    assert (asked.texts("Name"), asked.texts("Value")) == ([f"{PROFILES}2.{LABEL}"], ["second"])
    phone.answers(asked, phone.obeys(asked))
    phone.goes_on_until()
    assert operator.device(phone).config.settled == "converged"
    assert f"Configuration needs {PROFILES}2. for account.2.label" in operator.told(phone)
    assert phone.holds_session("2 PERIODIC") == ["InformResponse"]


def test_a_row_that_the_phone_refuses_is_asked_for_once_and_its_keys_go_by_file(one_profile, desire):
    phone = one_profile("Full")
    desire(phone, {"account.2.label": "second"})
    phone.opens("2 PERIODIC")
    phone.sends_nothing()
    asked = phone.goes_on_until("AddObject")
    phone.answers(asked, texts.fault(9004, "Resources exceeded"))
    push = phone.goes_on_until("Download")
    phone.answers(push, phone.obeys(push))
    phone.goes_on_until()
    desire(phone, {"account.2.label": "another"})
    assert "AddObject" not in phone.holds_session("2 PERIODIC")


def test_a_lost_answer_to_an_added_row_adds_no_other(one_profile, operator, desire):
    phone = one_profile("Lossy")
    desire(phone, {"account.2.label": "second"})
    phone.opens("2 PERIODIC")
    phone.sends_nothing()
    phone.goes_on_until("AddObject")
    phone.tree[f"{PROFILES}2.{LABEL}"] = ""  # it had added it
    phone.hangs_up()
    used = phone.holds_session("2 PERIODIC")
    assert "AddObject" not in used
    assert phone.tree[f"{PROFILES}2.{LABEL}"] == "second"
    assert operator.device(phone).config.settled == "converged"


def test_a_phone_that_can_have_no_more_rows_is_not_asked_for_one(one_profile, desire):
    phone = one_profile("Small", most="1")
    desire(phone, {"account.2.label": "second"})
    used = phone.holds_session("2 PERIODIC")
    assert "AddObject" not in used
    assert "Download" in used


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


@pytest.mark.parametrize("boot", [("1 BOOT",), ("0 BOOTSTRAP", "1 BOOT"), ("2 PERIODIC",)])
def test_a_phone_that_dies_of_a_set_is_not_set_again_in_each_session(clock_phone, operator, desire, boot):
    desire(clock_phone, {NTP: "deadly.example"})
    sets = 0
    for _ in range(6):
        clock_phone.opens(*boot)
        clock_phone.sends_nothing()
        while clock_phone.last.body:
            got = clock_phone.gets()
            if got.method == "SetParameterValues":
                sets += 1
                clock_phone.hangs_up()
                break
            clock_phone.answers(got, clock_phone.obeys(got))
    assert sets == 2
    assert "Configuration was not set: the session broke off" in operator.told(clock_phone)


def test_a_phone_is_asked_for_its_configuration_on_schedule(start_server, operator):
    phone = start_server(upload_every=3600).phone()
    phone.opens("0 BOOTSTRAP", "1 BOOT")
    phone.sends_nothing()
    asked = phone.goes_on_until("Upload")
    assert asked.text("FileType") == "1 Vendor Configuration File"
    phone.answers(asked, texts.transfer_response("Upload"))
    phone.goes_on_until()
    assert "Upload" not in phone.holds_session("2 PERIODIC")
