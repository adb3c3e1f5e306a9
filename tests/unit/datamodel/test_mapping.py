"""Documented keys and the parameters that carry them, both ways."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from key_strategies import values_of
from phone_trees import phone_tree, put, taken, with_values

from acs.datamodel import mapping, parameter_models
from acs.datamodel.key_loading import shipped as catalogue
from acs.datamodel.key_values import default_of
from acs.datamodel.keys import shape
from acs.datamodel.mapping_rules import shipped as rules
from acs.datamodel.paths import is_vendor
from acs.datamodel.tree import Parameter, ParameterTree

CP860 = phone_tree()
PROFILE = "Device.Services.VoiceService.1.VoiceProfile.1."
CODECS = PROFILE + "Line.1.Codec.List."
FACTS = Path(__file__).parents[4] / "shared" / "reference" / "yealink-phones.md"


def written(tree: ParameterTree = CP860, **keys: str) -> dict[str, str]:
    """What is set for these keys, whose dots are written as `__`."""
    told = mapping.to_parameters({key.replace("__", "."): value for key, value in keys.items()}, tree)
    return {path: write.value for path, write in told.writes.items()}


def read(key: str, tree: ParameterTree = CP860) -> str | None:
    return mapping.from_tree(tree).get(key)


# --- the rules as data --------------------------------------------------------------------------------------


def test_every_key_of_a_rule_is_in_the_catalogue_and_every_choice_is_a_value_of_it():
    for rule in rules():
        for name in rule.keys:
            key = catalogue().key(name)
            if key.values and rule.options.values:
                assert set(rule.options.values) <= set(key.values), name


def test_every_path_of_a_rule_is_in_a_parameter_model_and_can_be_written():
    for rule in rules():
        for path in rule.paths:
            below = re.sub(r"\.(\d+|\*|[A-Z]|\[[^]]*])(?=\.)", ".{i}", "." + path)[1:]
            model = parameter_models.models()["Device." + below]
            assert model.writable, path
            assert (model.source == "field") == (
                is_vendor(path) or "AnonymousCallEnable" in path or "VoiceMail" in path
            )


def test_no_two_keys_are_written_alike_through_a_choice():
    for rule in rules():
        assert len(set(rule.options.values.values())) == len(rule.options.values), rule.keys


@pytest.mark.skipif(not FACTS.is_file(), reason="the reference is not here")
def test_every_path_that_is_known_of_the_phones_is_mapped():
    table = FACTS.read_text().partition("## Path ↔ key")[2].partition("##")[0]
    leaves = set(re.findall(r"(?<![A-Za-z_/])(X_001565_\w+|[A-Z][a-z]+[A-Z]\w+)", table))
    mapped = {part for rule in rules() for path in rule.paths for part in path.split(".")}
    words = {"RingCount"}  # the end of a name
    strange = {leaf for leaf in leaves if leaf not in mapped}
    # types and values that stand in the table, and names that are cut short there
    assert strange - words <= {
        "InBand",
        "SIPInfo",
        "VoiceService",
        "VoiceProfile",
        "CallingFeatures",
        "ManagementServer",
    }


# --- round trips over the whole catalogue -------------------------------------------------------------------

USES = [use for key in catalogue() for use in key.uses()]
MAPPED = [use for use in USES if mapping.path_of(use.name)]


def test_keys_without_a_parameter_are_left_whatever_their_value():
    others = {use.name: default_of(use) or "1" for use in USES if use not in MAPPED}
    told = mapping.to_parameters(others, CP860)
    assert told.writes == {}
    assert set(told.left) == set(others)
    assert set(told.left.values()) == {"no parameter is known for this key"}


@pytest.mark.parametrize("use", MAPPED, ids=lambda use: use.name)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_a_permitted_value_comes_back_from_the_parameters_or_is_left_with_a_reason(use, data):
    value = data.draw(values_of(use))
    told = mapping.to_parameters({use.name: value}, CP860)
    assert set(told.left) ^ set(told.paths) == {use.name}
    if use.name in told.left:
        assert told.left[use.name]
        assert told.writes == {}
        return
    for path, write in told.writes.items():
        assert parameter_models.problem(path, write.value) == ""
    back = mapping.from_tree(taken(CP860, told))
    if use.key.secret and value == "":
        assert use.name not in back, "an empty secret may be any"
    else:
        assert mapping.same(use.name, back[use.name], value), (value, told.writes, back[use.name])


ZONE_KEYS = next(rule.keys for rule in rules() if len(rule.keys) > 2)


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_time_zones_with_their_daylight_saving_time_come_back(data):
    uses = {key: catalogue().find(key) for key in data.draw(st.sets(st.sampled_from(ZONE_KEYS), min_size=1))}
    values = {key: data.draw(values_of(use)) for key, use in uses.items()}
    told = mapping.to_parameters(values, CP860)
    back = mapping.from_tree(taken(CP860, told))
    assert {key for key in told.paths if not mapping.same(key, back[key], values[key])} == set()


@given(
    text=st.text(max_size=60),
    odd=st.sampled_from(["", "-1", "CST", "UTC+99", "1,2,3", "²", "9" * 40, "1e999", "nan"]),
)
@settings(max_examples=60, deadline=None)
def test_whatever_a_phone_says_is_read_without_complaint(text, odd):
    for said in (text, odd):
        tree = ParameterTree({name: Parameter(said, "", None) for name in CP860 if not name.endswith(".")})
        for value in mapping.from_tree(tree).values():
            assert isinstance(value, str)
        mapping.to_parameters({use.name: said for use in USES}, tree)


def test_what_no_key_can_have_comes_back_as_it_stands():
    tree = with_values(CP860, LAN__AddressingType="PPPoE", Time__X_001565_TimeFormat="often")
    assert read("network.internet_port.type", tree) == "PPPoE"
    assert read("local_time.time_format", tree) == "often"


# --- one transform after the other --------------------------------------------------------------------------


def test_on_and_off_of_a_line_are_words_and_of_other_things_booleans():
    assert written(account__1__enable="1") == {PROFILE + "Line.1.Enable": "Enabled"}
    assert written(account__1__subscribe_mwi="0") == {PROFILE + "Line.1.CallingFeatures.MWIEnable": "0"}


def test_a_boolean_is_written_as_the_phone_writes_its_own():
    tree = CP860.copy()
    put(tree, PROFILE + "STUNEnable", "false")
    assert written(tree, account__1__nat__nat_traversal="1") == {PROFILE + "STUNEnable": "true"}


def test_one_key_sets_two_parameters():
    assert written(account__1__transport="2") == {
        PROFILE + "SIP.RegistrarServerTransport": "TLS",
        PROFILE + "SIP.UserAgentTransport": "TLS",
    }


def test_a_value_without_a_word_in_the_parameter_is_left():
    told = mapping.to_parameters({"account.1.transport": "3", "account.1.dtmf.type": "3"}, CP860)
    assert told.writes == {}
    assert set(told.left.values()) == {"the parameter has no word for this value"}


def test_two_name_servers_are_one_list():
    assert written(network__primary_dns="192.0.2.1", network__secondary_dns="192.0.2.2") == {
        "Device.LAN.DNSServers": "192.0.2.1,192.0.2.2"
    }
    assert written(network__secondary_dns="192.0.2.2") == {"Device.LAN.DNSServers": "10.72.0.1,192.0.2.2"}
    tree = with_values(CP860, LAN__DNSServers="192.0.2.1, 192.0.2.2 ,192.0.2.3")
    assert read("network.secondary_dns", tree) == "192.0.2.2"
    assert written(tree, network__primary_dns="192.0.2.9") == {
        "Device.LAN.DNSServers": "192.0.2.9,192.0.2.2,192.0.2.3"
    }


def test_a_second_name_server_cannot_stand_alone():
    tree = with_values(CP860, LAN__DNSServers="")
    assert written(tree, network__secondary_dns="192.0.2.2") == {}


def test_a_vlan_is_on_by_its_number_and_off_by_minus_one():
    vlans = (PROFILE + "SIP.VLANIDMark", PROFILE + "RTP.VLANIDMark")
    both = {"network__vlan__internet_port_enable": "1", "network__vlan__internet_port_vid": "7"}
    assert written(**both) == dict.fromkeys(vlans, "7")
    assert written(network__vlan__internet_port_enable="0") == dict.fromkeys(vlans, "-1")
    assert read("network.vlan.internet_port_enable") == "0"
    assert read("network.vlan.internet_port_vid") is None
    assert written(network__vlan__internet_port_vid="7") == {}, "it would switch the VLAN on"


def test_untagged_frames_have_no_priority():
    assert read("network.vlan.internet_port_priority") is None


def test_codes_of_quality_and_timers_in_milliseconds():
    assert written(network__qos__signaltos="26") == {PROFILE + "SIP.DSCPMark": "26"}
    assert written(account__1__advanced__timer_t1="0.5") == {PROFILE + "SIP.TimerT1": "500"}
    assert read("account.1.advanced.timer_t1") == "0.5"


def test_only_the_administrators_password_has_a_parameter():
    path = "Device.UserInterface.X_001565_Update.X_001565_AdminPassword"
    assert written(security__user_password="admin:new:one") == {path: "new:one"}
    assert written(security__user_password="user:secret") == {}


def test_secrets_that_read_back_empty_tell_nothing():
    assert read("account.1.password", with_values(CP860)) is None


def test_a_switch_that_is_the_other_way_round():
    tree = CP860.copy()
    tree.put("Device.Time.Enable", Parameter("1", "xsd:boolean", True))
    assert read("local_time.manual_time_enable", tree) == "0"
    assert written(tree, local_time__manual_time_enable="1") == {"Device.Time.Enable": "0"}


def test_the_first_rule_whose_parameter_the_phone_has_counts():
    tree = CP860.copy()
    features = PROFILE + "Line.1.CallingFeatures."
    tree.put(features + "AnonymousCallEnable", Parameter("1", "xsd:boolean", True))
    assert list(written(tree, account__1__anonymous_call="1")) == [features + "AnonymousCalEnable"]
    tree.forget(features + "AnonymousCalEnable")
    assert list(written(tree, account__1__anonymous_call="1")) == [features + "AnonymousCallEnable"]


def test_two_keys_that_want_different_things_of_one_parameter():
    told = mapping.to_parameters(
        {"local_time.time_zone": "+1", "local_time.time_zone_name": "India(Calcutta)"}, CP860
    )
    assert told.writes["Device.Time.LocalTimeZone"].value == "UTC-1"
    assert "another value" in told.left["local_time.time_zone_name"]


def test_what_the_data_model_does_not_permit_is_left():
    told = mapping.to_parameters({"forward.always.target": "4" * 33}, CP860)
    assert "at most 32 characters" in told.left["forward.always.target"]


# --- whose parameters ---------------------------------------------------------------------------------------


def test_codec_rows_are_found_by_the_codec_they_hold():
    """Row 6 of the keys is G722, and the third of this phone's list."""
    assert written(account__1__codec__6__enable="0") == {CODECS + "3.Enable": "0"}
    assert written(account__1__codec__10__priority="4") == {CODECS + "5.Priority": "4"}, (
        "G726-32 by its bit rate"
    )
    assert read("account.1.codec.7.priority") == "11", "iLBC is the last"


def test_a_row_of_keys_that_was_given_another_codec():
    keys = {"account.1.codec.1.payload_type": "G729", "account.1.codec.1.enable": "0"}
    assert list(mapping.to_parameters(keys, CP860).writes) == [CODECS + "4.Enable"]
    known = {"account.1.codec.1.payload_type": "G729"}
    assert list(mapping.to_parameters({"account.1.codec.1.enable": "0"}, CP860, known=known).writes) == [
        CODECS + "4.Enable"
    ]


def test_a_codec_that_the_phone_does_not_list():
    tree = ParameterTree({name: p for name, p in CP860.items() if not name.startswith(CODECS + "11.")})
    told = mapping.to_parameters({"account.1.codec.7.enable": "1"}, tree)
    assert told.left == {"account.1.codec.7.enable": f"the phone has no row for iLBC below {CODECS}"}


def test_keys_of_the_whole_phone_go_to_every_account():
    tree = phone_tree(accounts=3)
    assert len(written(tree, features__dnd__enable="1")) == 3
    put(tree, PROFILE + "Line.1.CallingFeatures.DoNotDisturbEnable", "1")
    assert read("features.dnd.enable", tree) == "1 / 0", "the accounts disagree"


def test_accounts_by_number_and_where_the_phone_counts_otherwise_by_order():
    assert read("account.3.label", phone_tree(accounts=3)) == ""
    gaps = phone_tree("instance-gaps", accounts=2)
    (path,) = written(gaps, account__2__label="x")
    assert path == "Device.Services.VoiceService.1.VoiceProfile.3.Line.2.SIP.X_001565_Label"
    tree = phone_tree(accounts=3)
    tree.forget("Device.Services.VoiceService.1.VoiceProfile.2.")
    assert written(tree, account__2__label="x") == {}, "the third account does not become the second"


def test_the_other_root():
    (path,) = written(phone_tree("igd"), local_time__ntp_server1="ntp.example")
    assert path == "InternetGatewayDevice.Time.NTPServer1"


def test_keys_that_nothing_is_known_of_are_left():
    told = mapping.to_parameters({"voice.jib.max": "300", "x.y": "", "account.X.label": "z"}, CP860)
    assert told.writes == {}
    assert told.left["voice.jib.max"] == told.left["x.y"] == "no parameter is known for this key"
    assert "number" in told.left["account.X.label"]


def test_paths_for_people():
    assert mapping.path_of("account.X.sip_server.Y.address") == mapping.path_of(
        "account.1.sip_server.1.address"
    )
    assert mapping.path_of("account.X.sip_server.Y.address") == (
        "Device.Services.VoiceService.1.VoiceProfile.X.SIP.RegistrarServer"
    )
    assert mapping.path_of("account.1.sip_server.2.address") is None
    assert mapping.path_of("account.X.codec.Y.enable") == (
        "Device.Services.VoiceService.1.VoiceProfile.X.Line.1.Codec.List.{i}.Enable"
    )
    assert mapping.path_of("voice.jib.max") is None


def test_the_simulated_phone_has_every_mapped_parameter():
    """All but those of younger models and of other spellings."""
    told = {shape(key) for key in mapping.from_tree(CP860)}
    silent = {key for rule in rules() for key in rule.keys if shape(key) not in told}
    empty_secrets = {
        "account.X.password",
        "managementserver.password",
        "managementserver.connection_request_password",
    }
    elsewhere = {"local_time.manual_time_enable"}
    of_its_state = {key for key in silent if key.startswith(("network.vlan.", "local_time."))}
    told_by_the_phone = {"managementserver.periodic_inform_interval"}
    assert silent <= empty_secrets | elsewhere | of_its_state | told_by_the_phone


def test_a_row_is_found_by_what_it_is_about():
    tree = CP860.copy()
    events = PROFILE + "SIP.EventSubscribe."
    assert written(tree, account__1__subscribe_mwi_expires="600") == {events + "1.ExpireTime": "600"}
    put(tree, events + "1.Event", "dialog")
    told = mapping.to_parameters({"account.1.subscribe_mwi_expires": "600"}, tree)
    assert (
        told.left["account.1.subscribe_mwi_expires"]
        == f"the phone has no row for message-summary below {events}"
    )


def test_one_key_is_told_as_all_of_them_are():
    every = mapping.from_tree(CP860)
    assert every
    assert {key: mapping.told(key, CP860) for key in every} == every
    assert mapping.told("voice.jib.max", CP860) is None
    assert mapping.told("account.77.label", CP860) is None
