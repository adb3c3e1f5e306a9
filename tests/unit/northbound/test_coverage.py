"""Which way each key goes to a model's phones."""

from __future__ import annotations

import pytest

from acs.datamodel.key_loading import shipped
from acs.datamodel.tree import Parameter, ParameterTree
from acs.fleet.identity import device_key
from acs.fleet.profile import ModelProfile
from acs.store import keyspace, profiles, trees
from acs.store.calls import Call
from acs.store.shapes import Shapes

PROFILE = "Device.Services.VoiceService.1.VoiceProfile.1."
LABEL = PROFILE + "Line.1.SIP.X_001565_Label"
KNOWN = {
    "Device.Time.NTPServer1": Parameter("pool.example", "xsd:string", True),
    "Device.Time.NTPServer2": Parameter("", "xsd:string", False),
    PROFILE + "SIP.RegistrarServer": Parameter("", "xsd:string", True),
    LABEL: Parameter("", "xsd:string", True),
    PROFILE + "Line.1.Codec.List.4.Codec": Parameter("G.711ALaw", "xsd:string", False),
    PROFILE + "Line.1.Codec.List.4.Enable": Parameter("1", "xsd:boolean", True),
}


@pytest.fixture
def learnt(phone, store):
    """`learnt(...)` is a phone whose parameters are known."""

    def know(**facts) -> str:
        identifier = phone(**facts)
        blob = store.drive(trees.pack(ParameterTree(KNOWN), "model", Shapes(), complete=False))
        key = keyspace.device_prefix(device_key(identifier)) + keyspace.TREE
        store.run(Call(("SET", key, blob), bool))
        return identifier

    return know


def items(answer) -> dict[str, dict]:
    assert answer.status_code == 200
    return {name: item for item in answer.json()["items"] for name in item["names"]}


def test_a_phone_that_is_known_tells_which_way_each_key_goes(api, learnt):
    identifier = learnt()
    answer = api("GET", "/models/cp860/coverage")
    found = items(answer)
    assert (answer.json()["model"], answer.json()["device"]) == ("CP860", identifier)
    assert answer.json()["firmware"] == "37.72.0.5"
    assert found["local_time.ntp_server1"] == {
        "key": "local_time.ntp_server1",
        "names": ["local_time.ntp_server1"],
        "carrier": "parameter",
        "path": "Device.Time.NTPServer1",
        "group": "",
        "sure": "A",
        "why": "the phone has it and lets it be written",
        "reboot": False,
    }
    assert (
        found["local_time.ntp_server2"]["why"] == "the phone does not let Device.Time.NTPServer2 be written"
    )
    assert found["account.1.label"]["group"] == PROFILE + "Line.1.SIP."
    assert found["voice.jib.max"]["carrier"] == "file"
    assert found["account.1.codec.2.enable"]["path"] == PROFILE + "Line.1.Codec.List.4.Enable"
    assert found["account.1.codec.1.enable"]["why"].startswith("the phone has no row for PCMU")


def test_every_key_goes_one_way(api, learnt):
    learnt()
    answer = api("GET", "/models/CP860/coverage").json()
    assert {item["key"] for item in answer["items"]} == {key.name for key in shipped().for_model("CP860")}
    assert answer["parameter"] + answer["file"] == len(shipped().for_model("CP860"))
    assert answer["parameter"] == 4


def test_refused_paths_of_the_model_and_firmware(api, learnt, store):
    learnt()
    refused = ("Device.Services.VoiceService.{i}.VoiceProfile.{i}.Line.{i}.SIP.X_001565_Label",)
    profile = ModelProfile("001565|CP860|37.72.0.5", 1, refused_paths=refused)
    store.run(profiles.save(profile, over=0))
    found = items(api("GET", "/models/CP860/coverage"))
    assert found["account.1.label"]["why"] == f"phones of this model and firmware refused {LABEL}"


def test_firmware_chooses_the_phone(api, learnt):
    old = learnt(serial_number="1", software_version="37.1.0.1", last_inform=1000.0)
    new = learnt(serial_number="2", software_version="37.72.0.5", last_inform=2000.0)
    assert api("GET", "/models/CP860/coverage").json()["device"] == new
    assert api("GET", "/models/CP860/coverage", params={"firmware": "37.1.0.1"}).json()["device"] == old


def test_without_a_phone_the_data_models_answer(api):
    answer = api("GET", "/models/CP860/coverage")
    found = items(answer)
    assert answer.json()["device"] is None
    assert found["local_time.ntp_server1"]["why"].startswith("its data model has the parameter")
    assert found["voice.jib.max"]["why"] == "no parameter is known for this key"
    assert found["account.1.sip_server.2.address"]["carrier"] == "file"


def test_a_model_without_keys_of_its_own_is_measured_by_those_of_others(api, learnt):
    learnt(product_class="SIP-T99")
    answer = api("GET", "/models/sip-t99/coverage").json()
    assert (answer["model"], answer["parameter"]) == ("SIP-T99", 4)
    assert answer["parameter"] + answer["file"] == len(shipped().keys)
    assert "no key is known to be sip-t99's own" in answer["note"]
    assert "CP860" in answer["note"]
    assert api("GET", "/models/CP860/coverage").json()["note"] == ""


def test_a_model_that_nothing_is_known_of(api, as_role):
    assert api("GET", "/models/SIP-T99/coverage").status_code == 404
    assert as_role("viewer")("GET", "/models/CP860/coverage").status_code == 200
