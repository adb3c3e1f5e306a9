"""Drift, apply, verify and plans over REST: phones whose parameters are known, and none that is there."""

from __future__ import annotations

import time

import pytest

from acs.cwmp.structures import ParameterInfo, ParameterValue
from acs.datamodel.tree import ParameterTree
from acs.fleet.convergence.drift import UPLOAD
from acs.fleet.convergence.state import ConfigState, Settled
from acs.fleet.convergence.wish import mark
from acs.fleet.device import Learning
from acs.fleet.identity import device_key
from acs.fleet.known_keys import KnownKey, Proof, proved
from acs.fleet.profile import ModelProfile
from acs.store import devices, indexes, keyspace, known_keys, profiles, trees
from acs.store.calls import Call
from acs.store.shapes import Shapes

JITTER = "voice.jib.max"
NTP = "local_time.ntp_server1"
LABEL = "account.1.label"
PASSWORD = "account.1.password"
#: A change makes the phone reboot, and no parameter carries it.
REBOOTS = "sip.use_out_bound_in_dialog"
NTP_PATH = "Device.Time.NTPServer1"
SHAPES = Shapes()


@pytest.fixture
def learnt(store, phone):
    """`learnt("0015650001", "ntp.old")` knows a phone with its parameters; gives its id."""

    def know(serial="0015650001", ntp="ntp.old", *, known=None, **facts):
        facts.setdefault("learning", Learning.COMPLETE)
        identifier = phone(serial_number=serial, **facts)
        tree = ParameterTree()
        for name, value in ((NTP_PATH, ntp), ("Device.DeviceInfo.SoftwareVersion", "37.72.0.5")):
            tree.hear_name(ParameterInfo(name, name == NTP_PATH))
            tree.hear_value(ParameterValue(name, value, "xsd:string"), 1000.0)
        key = device_key(identifier)
        device = store.run(devices.get(key)).device
        blob = store.drive(trees.pack(tree, device.model_key, SHAPES, complete=False))
        store.run(Call(("SET", keyspace.device_prefix(key) + keyspace.TREE, blob), bool))
        store.run_all([indexes.put(device), *known_keys.put(key, known or {})])
        return identifier

    return know


@pytest.fixture
def profile(store):
    """`profile(methods=("GetRPCMethods",))` is what the phones' model is known to do."""

    def put(**facts):
        one = ModelProfile(key="001565|CP860|37.72.0.5", version=1, **facts)
        assert store.run(profiles.save(one, over=0)).saved

    return put


def desire(api, values, where="/config", **more):
    answer = api("PATCH", where, json={"values": values, **more})
    assert answer.status_code == 200, answer.text


def drift(api, device):
    answer = api("GET", f"/devices/{device}/config/drift")
    assert answer.status_code == 200, answer.text
    return answer.json()


def plan(api, status=200, **asked):
    answer = api("POST", "/config/plan", json=asked)
    assert answer.status_code == status, answer.text
    return answer.json()


def uploaded(values, at=2000.0):
    known = proved(values, lambda key: False, at=at, proof=Proof.UPLOADED, salt="s")
    return known | {UPLOAD: KnownKey("digest", at, Proof.UPLOADED)}


# --- drift ------------------------------------------------------------------------------------------------


def test_nothing_is_desired(api, learnt):
    shown = drift(api, learnt())
    assert (shown["state"], shown["desired"], shown["items"]) == ("none", 0, [])
    assert (shown["checked_at"], shown["uploaded_at"], shown["reboots_at"]) == (None, None, None)


def test_each_key_that_differs_is_shown_with_its_way(api, learnt):
    device = learnt()
    desire(api, {NTP: "ntp.new", JITTER: "250"})
    shown = drift(api, device)
    assert shown["state"] == "due"
    assert shown["desired"] == 2
    ntp, jitter = shown["items"]
    assert ntp == {
        "key": NTP,
        "desired": "ntp.new",
        "known": "ntp.old",
        "layer": "fleet",
        "carrier": "parameter",
        "path": NTP_PATH,
        "carrier_why": "the phone has it and lets it be written",
        "reboots": False,
        "state": "due",
        "why": "",
    }
    assert (jitter["carrier"], jitter["path"], jitter["known"]) == ("file", None, None)
    assert jitter["carrier_why"] == "no parameter is known for this key"


def test_what_the_phone_has_is_no_drift(api, learnt):
    device = learnt(ntp="ntp.new", known=uploaded({JITTER: "250"}))
    desire(api, {NTP: "ntp.new", JITTER: "250"})
    shown = drift(api, device)
    assert (shown["state"], shown["items"]) == ("converged", [])
    assert shown["uploaded_at"] == "1970-01-01T00:33:20Z"


def test_an_uploaded_value_that_differs_is_drift_without_a_parameter(api, learnt):
    device = learnt(known=uploaded({JITTER: "300"}))
    desire(api, {JITTER: "250"})
    [item] = drift(api, device)["items"]
    assert (item["known"], item["desired"]) == ("300", "250")


def test_a_key_that_reboots_waits_and_says_so(api, learnt):
    device = learnt()
    desire(api, {REBOOTS: "0"})
    shown = drift(api, device)
    assert shown["state"] == "deferred"
    [item] = shown["items"]
    assert (item["state"], item["reboots"]) == ("waits", True)
    desire(api, {REBOOTS: "0"}, now=True)
    assert drift(api, device)["state"] == "due"


def test_a_secret_is_blank(api, learnt):
    device = learnt()
    desire(api, {PASSWORD: "hush-hush"})
    answer = api("GET", f"/devices/{device}/config/drift")
    assert "hush-hush" not in answer.text
    assert answer.json()["items"][0]["desired"] == "******"


def test_what_cannot_be_filled_is_unresolved(api, learnt):
    device = learnt()
    desire(api, {LABEL: "{{ desk }}"})
    shown = drift(api, device)
    assert shown["state"] == "differs"
    [item] = shown["items"]
    assert (item["state"], item["carrier"]) == ("unresolved", None)
    assert "desk" in item["why"]


def test_a_phone_that_is_not_learnt_yet_is_unknown(api, learnt):
    device = learnt(learning=Learning.WANTED)
    desire(api, {JITTER: "250"})
    assert drift(api, device)["state"] == "unknown"


def test_what_the_last_pass_found_is_told_until_the_wish_changes(api, store, phone, learnt):
    desire(api, {JITTER: "250"})
    layer = api("GET", "/config").json()
    assert layer["version"] == 1
    device = learnt()
    own = store.run(devices.get(device_key(device)))
    named = _fleet_layer(store)
    state = ConfigState(
        mark=mark([named], own.notes.attributes),
        settled=Settled.DIFFERS,
        settled_at=5000.0,
        problems={JITTER: "the phone did not take it"},
    )
    learnt(config=state)
    shown = drift(api, device)
    assert shown["state"] == "differs"
    assert (shown["items"][0]["state"], shown["items"][0]["why"]) == ("refused", "the phone did not take it")
    assert shown["checked_at"] == "1970-01-01T01:23:20Z"
    assert api("GET", f"/devices/{device}").json()["config"] == {
        "state": "differs",
        "settled_at": "1970-01-01T01:23:20Z",
        "problems": {JITTER: "the phone did not take it"},
    }
    desire(api, {JITTER: "260"})
    assert drift(api, device)["items"][0]["state"] == "due"


def _fleet_layer(store):
    from acs.store import layers

    return store.run(layers.get(layers.of_fleet()))


def test_drift_of_phones_that_never_called(api):
    csv = {"Content-Type": "text/csv"}
    assert api("POST", "/devices/import", content="mac\n001565aabbcc\n", headers=csv).status_code == 200
    for call, body in (("GET", None), ("POST", {})):
        what = "drift" if call == "GET" else "apply"
        answer = api(call, f"/devices/001565aabbcc/config/{what}", json=body)
        assert answer.status_code == 409
        assert "has not called yet" in answer.json()["detail"]
    assert api("GET", "/devices/00-11-22/config/drift").status_code == 404


def test_the_fleets_drift_is_what_the_last_passes_left_out(api, learnt):
    why = {JITTER: "the phone did not take it"}
    learnt("01", config=ConfigState(mark="m", settled=Settled.CONVERGED))
    learnt("02", config=ConfigState(mark="m", settled=Settled.DIFFERS, settled_at=5000.0, problems=why))
    learnt("03", config=ConfigState(mark="m", settled=Settled.DEFERRED, stale=True))
    learnt("04")
    learnt("05", config=ConfigState(mark="m", settled=Settled.DIFFERS))
    page = api("GET", "/config/drift", params={"limit": 2}).json()
    assert page["items"] == [
        {
            "id": "001565-CP860-02",
            "state": "differs",
            "settled_at": "1970-01-01T01:23:20Z",
            "stale": False,
            "problems": why,
        },
        {
            "id": "001565-CP860-03",
            "state": "deferred",
            "settled_at": None,
            "stale": True,
            "problems": {},
        },
    ]
    rest = api("GET", "/config/drift", params={"cursor": page["next"]}).json()
    assert ([one["id"] for one in rest["items"]], rest["next"]) == (["001565-CP860-05"], None)
    some = api("GET", "/config/drift", params={"q": "serial = 05"}).json()
    assert [one["id"] for one in some["items"]] == ["001565-CP860-05"]
    assert api("GET", "/config/drift", params={"q": "serial ="}).status_code == 422


# --- apply and verify -------------------------------------------------------------------------------------


def test_apply_is_noted_for_the_next_session(api, store, learnt):
    device = learnt()
    before = time.time()
    answer = api("POST", f"/devices/{device}/config/apply", json={"now": True})
    assert answer.status_code == 200
    assert answer.json()["now"] is True
    notes = store.run(devices.get(device_key(device))).notes
    assert notes.apply_now
    assert notes.apply_at >= before
    [entry] = api("GET", f"/devices/{device}/timeline").json()["items"]
    assert entry["text"] == "Alice asked for the configuration to be applied; the phone may reboot for it"


def test_apply_may_wake_the_phone(api, learnt):
    answer = api("POST", f"/devices/{learnt()}/config/apply?wake=1", json={})
    assert answer.json()["wake"]["outcome"] == "accepted"
    assert answer.json()["now"] is False


def test_apply_now_lets_what_reboots_go(api, learnt):
    device = learnt()
    desire(api, {REBOOTS: "0"})
    api("POST", f"/devices/{device}/config/apply", json={"now": True})
    shown = drift(api, device)
    assert shown["state"] == "due"
    assert shown["reboots_at"] is not None


def test_verify_puts_an_upload_down(api, learnt):
    device = learnt()
    answer = api("POST", f"/devices/{device}/config/verify?wake=1")
    assert answer.status_code == 201
    task = answer.json()
    assert (task["type"], task["state"]) == ("upload", "pending")
    assert task["request"]["file_type"] == "1 Vendor Configuration File"
    assert task["wake"]["outcome"] == "accepted"
    assert answer.headers["Location"] == f"/api/v1/tasks/{task['id']}"


def test_verify_of_a_phone_without_upload_says_why_not(api, learnt, profile):
    device = learnt()
    profile(methods=("GetRPCMethods", "Download"))
    answer = api("POST", f"/devices/{device}/config/verify")
    assert answer.status_code == 409
    assert "knows no Upload" in answer.json()["detail"]


def test_viewers_look_and_operators_act(as_role, learnt):
    device, viewer = learnt(), as_role("viewer")
    assert viewer("GET", f"/devices/{device}/config/drift").status_code == 200
    assert viewer("POST", "/config/plan", json={"fleet": True, "values": {JITTER: "250"}}).status_code == 200
    for what in ("apply", "verify"):
        assert viewer("POST", f"/devices/{device}/config/{what}", json={}).status_code == 403


# --- plans ------------------------------------------------------------------------------------------------


def test_a_plan_counts_phones_by_what_they_would_get(api, learnt):
    learnt("01", "ntp.old")
    learnt("02", "ntp.new")
    learnt("03", "ntp.new", known=uploaded({JITTER: "250"}))
    learnt("04", learning=Learning.WANTED)
    found = plan(api, fleet=True, values={NTP: "ntp.new", JITTER: 250})
    counted = {name: found[name] for name in ("phones", "changing", "by_parameter", "by_file", "unchanged")}
    assert counted == {"phones": 4, "changing": 2, "by_parameter": 1, "by_file": 2, "unchanged": 1}
    assert (found["unknown"], found["rebooting"], found["offline"], found["accepted"]) == (1, 0, 0, True)
    ntp, jitter = found["keys"][NTP], found["keys"][JITTER]
    assert (ntp["sent"], ntp["parameter"], ntp["same"], ntp["unknown"]) == (1, 1, 2, 1)
    assert (jitter["sent"], jitter["file"], jitter["same"], jitter["value"]) == (2, 2, 1, "250")
    assert {
        "key": JITTER,
        "effect": "sent",
        "why": "no parameter is known for this key",
        "phones": 2,
    } in found["reasons"]
    assert [one["id"] for one in found["sample"]] == ["001565-CP860-01", "001565-CP860-02"]
    assert found["sample"][0]["keys"][0] == {
        "key": NTP,
        "desired": "ntp.new",
        "known": "ntp.old",
        "carrier": "parameter",
        "path": NTP_PATH,
        "reboots": False,
        "effect": "sent",
    }


def test_a_plan_touches_nothing(api, store, learnt):
    device = learnt()
    plan(api, fleet=True, values={NTP: "ntp.new", REBOOTS: "0"}, now=True)
    assert api("GET", "/config").json()["version"] == 0
    assert api("GET", f"/devices/{device}/tasks").json()["items"] == []
    assert drift(api, device)["state"] == "none"


def test_a_stronger_layer_keeps_the_last_word(api, learnt):
    own = learnt("01")
    learnt("02")
    desire(api, {JITTER: "111"}, f"/devices/{own}/config")
    desire(api, {JITTER: "222"}, "/models/CP860/config")
    fleet = plan(api, fleet=True, values={JITTER: "250"})
    assert (fleet["changing"], fleet["overridden"], fleet["unchanged"]) == (0, 2, 2)
    assert {one["why"] for one in fleet["reasons"]} == {f"phone:{own}", "model:CP860"}
    model = plan(api, model="CP860", values={JITTER: "250"})
    assert (model["layer"], model["changing"], model["overridden"]) == ("model:CP860", 1, 1)


def test_taking_a_key_out_shows_what_the_layers_below_say(api, learnt):
    learnt("01", "ntp.model")
    desire(api, {NTP: "ntp.fleet"})
    desire(api, {NTP: "ntp.model", JITTER: "250"}, "/models/CP860/config")
    found = plan(api, model="CP860", values={NTP: None, JITTER: None})
    assert (found["keys"][NTP]["sent"], found["keys"][JITTER]["left"]) == (1, 1)
    assert found["sample"][0]["keys"][0]["desired"] == "ntp.fleet"


def test_a_group_and_a_selector(api, learnt):
    inside, outside = learnt("01"), learnt("02")
    assert api("POST", "/groups", json={"name": "site7"}).status_code == 201
    assert api("PUT", f"/groups/site7/members/{inside}").status_code in (200, 204)
    group = plan(api, group="site7", values={JITTER: "250"})
    assert (group["layer"], group["phones"], group["changing"]) == ("group:site7", 1, 1)
    own = plan(api, select="serial = 02", values={JITTER: "250"})
    assert (own["layer"], own["phones"], own["changing"]) == ("phone", 1, 1)
    of_group = plan(api, select="all", layer="group:site7", values={JITTER: "250"})
    assert (of_group["phones"], of_group["sample"][0]["id"]) == (1, inside)
    named = plan(api, devices=[outside, "001565-CP860-nobody"], values={JITTER: "250"})
    assert (named["phones"], named["changing"]) == (1, 1)
    assert api("POST", "/config/plan", json={"group": "none", "values": {JITTER: "1"}}).status_code == 404


def test_refused_values_are_in_the_plan_with_the_rest(api, learnt):
    learnt()
    found = plan(api, fleet=True, values={JITTER: "9999", "voice.jib.mx": "1", NTP: "ntp.new"})
    assert found["accepted"] is False
    assert {one["key"] for one in found["refused"]} == {JITTER, "voice.jib.mx"}
    assert all(one["message"] for one in found["refused"])
    assert found["changing"] == 1
    assert found["keys"][JITTER]["sent"] == 0


def test_what_reboots_waits_unless_it_is_to_be_done_now(api, learnt):
    learnt()
    later = plan(api, fleet=True, values={REBOOTS: "0"})
    assert (later["changing"], later["rebooting"], later["waiting"]) == (1, 1, 1)
    at_once = plan(api, fleet=True, values={REBOOTS: "0"}, now=True)
    assert (at_once["changing"], at_once["rebooting"], at_once["waiting"]) == (1, 1, 0)


def test_templates_that_cannot_be_filled_are_counted_with_what_lacks(api, learnt):
    device = learnt("01")
    learnt("02")
    assert api("PATCH", f"/devices/{device}", json={"attributes": {"desk": "7"}}).status_code == 200
    found = plan(api, fleet=True, values={LABEL: "Desk {{ desk }}"})
    assert (found["changing"], found["unresolved"], found["keys"][LABEL]["unresolved"]) == (1, 1, 1)
    [why] = [one["why"] for one in found["reasons"] if one["effect"] == "unresolved"]
    assert "desk" in why


def test_phones_that_take_no_files_and_phones_that_are_not_there(api, learnt, profile):
    profile(methods=("GetRPCMethods", "Upload"))
    learnt("01")
    learnt("02", last_inform=time.time() - 90_000)
    found = plan(api, fleet=True, values={JITTER: "250", NTP: "ntp.new"})
    assert (found["changing"], found["unable"], found["offline"]) == (2, 2, 1)
    assert found["keys"][JITTER]["unable"] == 2
    [why] = [one["why"] for one in found["reasons"] if one["effect"] == "unable"]
    assert "no files" in why


def test_a_secret_is_blank_in_a_plan(api, learnt):
    learnt()
    answer = api("POST", "/config/plan", json={"fleet": True, "values": {PASSWORD: "hush-hush"}})
    assert "hush-hush" not in answer.text
    kept = plan(api, fleet=True, values={PASSWORD: "******"})
    assert [one["message"] for one in kept["refused"]] == ["****** keeps a stored secret, and there is none"]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"fleet": True, "model": "CP860"},
        {"select": "model ="},
        {"fleet": True, "layer": "everything"},
        {"fleet": True, "layer": "group:"},
        {"fleet": True, "values": {}},
        {"model": "x" * 100},
        {"select": "all", "sample": 1000},
    ],
)
def test_a_request_that_says_nothing_to_plan(api, asked):
    answer = api("POST", "/config/plan", json={"values": {JITTER: "250"}, **asked})
    assert answer.status_code == 422, answer.text


def test_many_phones_are_looked_at_batch_by_batch(api, learnt):
    for number in range(45):
        learnt(f"{number:04}", "ntp.old" if number % 3 else "ntp.new")
    found = plan(api, fleet=True, values={NTP: "ntp.new"}, sample=2)
    assert (found["phones"], found["changing"], len(found["sample"])) == (45, 30, 2)
