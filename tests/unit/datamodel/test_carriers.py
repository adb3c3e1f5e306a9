"""By what each key reaches a phone."""

from __future__ import annotations

from msgspec import structs
from phone_trees import phone_tree

from acs.datamodel.carriers import STANDARD, CarrierKind, carrier_of, carry
from acs.datamodel.tree import ParameterTree

CP860 = phone_tree()
PROFILE = "Device.Services.VoiceService.1.VoiceProfile.1."
NTP = "Device.Time.NTPServer1"


def with_writable(name: str, writable: bool | None) -> ParameterTree:
    tree = CP860.copy()
    tree.put(name, structs.replace(tree[name], writable=writable))
    return tree


def test_a_parameter_that_the_phone_has_and_lets_be_written():
    carrier = carrier_of("local_time.ntp_server1", CP860)
    assert (carrier.kind, carrier.path, carrier.group) == (CarrierKind.PARAMETER, NTP, STANDARD)
    assert carrier.why == "the phone has it and lets it be written"


def test_a_parameter_that_cannot_be_written():
    carrier = carrier_of("local_time.ntp_server1", with_writable(NTP, False))
    assert carrier.kind is CarrierKind.FILE
    assert carrier.why == f"the phone does not let {NTP} be written"


def test_the_data_model_speaks_where_the_phone_has_not():
    carrier = carrier_of("local_time.ntp_server1", with_writable(NTP, None))
    assert carrier.kind is CarrierKind.PARAMETER
    assert "its data model lets it be written" in carrier.why


def test_a_phone_without_the_parameter_and_a_key_without_one():
    tree = CP860.copy()
    tree.forget(NTP)
    assert carrier_of("local_time.ntp_server1", tree).why == f"the phone has no {NTP}"
    assert carrier_of("voice.jib.max", CP860).why == "no parameter is known for this key"


def test_a_refused_path_goes_by_file_from_then_on():
    label = PROFILE + "Line.1.SIP.X_001565_Label"
    pattern = "Device.Services.VoiceService.{i}.VoiceProfile.{i}.Line.{i}.SIP.X_001565_Label"
    for refused in (label, pattern):
        carrier = carrier_of("account.1.label", CP860, {refused})
        assert carrier.kind is CarrierKind.FILE
        assert carrier.why == f"phones of this model and firmware refused {label}"


def test_vendor_leaves_are_set_apart_each_object_by_itself():
    keys = {
        "account.1.label": "x",
        "account.1.user_name": "1001",
        "lang.gui": "German",
        "local_time.ntp_server1": "ntp.example",
        "account.1.transport": "1",
        "voice.jib.max": "300",
    }
    carriage = carry(keys, CP860)
    assert next(iter(carriage.groups)) == STANDARD
    assert {group: len(writes) for group, writes in carriage.groups.items()} == {
        STANDARD: 3,
        PROFILE + "Line.1.SIP.": 2,
        "Device.UserInterface.X_001565_Language.": 1,
    }
    assert carriage.by_file == ["voice.jib.max"]
    assert set(carriage.carriers) == set(keys)


def test_the_value_decides_too():
    assert carry({"account.1.transport": "3"}, CP860).by_file == ["account.1.transport"]
    assert carrier_of("account.1.transport", CP860).kind is CarrierKind.PARAMETER


def test_what_accompanies_a_parameter_is_left_out_where_it_is_refused():
    agent = PROFILE + "SIP.UserAgentTransport"
    carriage = carry({"account.1.transport": "1"}, CP860, {agent})
    assert list(carriage.writes) == [PROFILE + "SIP.RegistrarServerTransport"]


def test_every_account_must_take_a_key_of_the_whole_phone():
    tree = phone_tree(accounts=2)
    second = "Device.Services.VoiceService.1.VoiceProfile.2.SIP.DSCPMark"
    tree.put(second, structs.replace(tree[second], writable=False))
    assert carry({"network.qos.signaltos": "26"}, tree).by_file == ["network.qos.signaltos"]
