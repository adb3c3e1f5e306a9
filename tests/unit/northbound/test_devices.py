"""/api/v1/devices: what operators and their systems see of the fleet."""

from __future__ import annotations

import time
from urllib.parse import quote

import pytest

from acs.datamodel.tree import Parameter, ParameterTree
from acs.fleet.changes import TimelineEntry
from acs.fleet.device import ConnectionRequestLogin, WakeRecord
from acs.fleet.identity import device_key
from acs.fleet.layers import BLANK
from acs.store import devices, keyspace, timeline, trees
from acs.store.calls import Call
from acs.store.shapes import Shapes


def quoted(identifier: str) -> str:
    """An id as a client that knows its URLs writes it."""
    return quote(identifier, safe="")


def test_a_list_has_one_line_for_each_phone(api, phone):
    identifier = phone(ip="198.51.100.9", events=("1 BOOT", "4 VALUE CHANGE"))
    answer = api("GET", "/devices")
    assert answer.status_code == 200
    page = answer.json()
    [item] = page["items"]
    assert (page["next"], page["total"]) == (None, 1)
    assert item.pop("last_inform").endswith("Z")
    assert item == {
        "id": identifier,
        "manufacturer": "Yealink",
        "oui": "001565",
        "product_class": "CP860",
        "serial_number": "0015650001",
        "software_version": "37.72.0.5",
        "hardware_version": "37.0.0.0",
        "ip": "198.51.100.9",
        "tags": [],
        "label": "",
        "groups": [],
        "online": True,
        "events": ["1 BOOT", "4 VALUE CHANGE"],
    }


def test_an_empty_fleet_is_an_empty_list(api):
    assert api("GET", "/devices").json() == {"items": [], "next": None, "total": 0}


def test_a_phone_that_never_called_has_no_last_inform_and_is_offline(api, phone):
    phone(last_inform=0.0)
    [item] = api("GET", "/devices").json()["items"]
    assert (item["last_inform"], item["online"]) == (None, False)


def test_pages_lead_through_the_whole_fleet_once(api, phone):
    everybody = {phone(serial_number=f"{number:06}") for number in range(250)}
    seen, cursor, sizes = [], "", []
    while cursor is not None:
        page = api("GET", "/devices", params={"limit": 60, "cursor": cursor}).json()
        seen += [item["id"] for item in page["items"]]
        sizes.append(len(page["items"]))
        assert page["total"] == 250
        cursor = page["next"]
    assert len(seen) == 250
    assert set(seen) == everybody
    assert sizes[:4] == [60, 60, 60, 60]


def test_pages_of_a_search_lead_through_all_hits_once_with_their_exact_number(api, phone):
    wanted = {phone(serial_number=f"{number:06}", ip="203.0.113.5") for number in range(130)}
    for number in range(130):
        phone(serial_number=f"9{number:06}", ip="192.0.2.1")
    seen, cursor = [], ""
    while cursor is not None:
        page = api("GET", "/devices", params={"q": "203.0.113", "limit": 50, "cursor": cursor}).json()
        seen += [item["id"] for item in page["items"]]
        assert page["total"] == 130
        cursor = page["next"]
    assert sorted(seen) == sorted(wanted)


def test_a_search_looks_at_ids_addresses_labels_tags_versions_and_models_in_either_case(api, phone):
    first = phone(serial_number="AAA1", software_version="9.8.7", ip="192.0.2.44")
    phone(serial_number="BBB2", product_class="VP59")
    api("PATCH", f"/devices/{quoted(first)}", json={"tags": ["site7"], "label": "Lobby"})
    for q in ("aaa1", "9.8.7", "192.0.2.44", "LOBBY", "Site7", "cp860", first):
        page = api("GET", "/devices", params={"q": q}).json()
        assert [item["id"] for item in page["items"]] == [first], q
        assert page["total"] == 1
    assert api("GET", "/devices", params={"q": "nobody"}).json() == {"items": [], "next": None, "total": 0}


@pytest.mark.parametrize(
    ("query", "field", "value"),
    [
        ({"limit": "0"}, "limit", "0"),
        ({"limit": "1001"}, "limit", "1001"),
        ({"limit": "many"}, "limit", "many"),
        ({"limit": "1.5"}, "limit", "1.5"),
        ({"limit": ""}, "limit", ""),
        ({"cursor": "!!"}, "cursor", "!!"),
        ({"cursor": "kaputt"}, "cursor", "kaputt"),
        ({"page": "2"}, "page", "2"),
        ({"q": "x" * 4001}, "q", "x" * 4001),
    ],
)
def test_a_wrong_query_is_refused_with_field_value_and_what_is_allowed(api, query, field, value):
    answer = api("GET", "/devices", params=query)
    assert answer.status_code == 422
    assert answer.reason_phrase == "Unprocessable Content"
    [error] = answer.json()["errors"]
    assert (error["field"], error["value"]) == (field, value)
    assert error["allowed"]
    assert error["message"]


def test_a_query_parameter_given_twice_is_refused(api):
    answer = api("GET", "/devices?limit=1&limit=2")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "limit"


def test_one_phone_is_shown_with_all_that_is_known_but_its_password(api, phone, store):
    identifier = phone(
        last_boot=2000.0,
        last_bootstrap=1500.0,
        namespace="urn:dslforum-org:cwmp-1-0",
        user_agent="Yealink CP860",
        connection_request_url="http://192.0.2.7:7547/",
        connection_request=ConnectionRequestLogin("acs", "hidden", "acs"),
        parameter_key="K1",
        inform_parameters={"Device.DeviceInfo.SoftwareVersion": ("37.72.0.5", "xsd:string")},
    )
    store.run(devices.put_wake(device_key(identifier), WakeRecord(3000.0, "accepted", "the phone took it")))
    answer = api("GET", f"/devices/{quoted(identifier)}")
    assert answer.status_code == 200
    assert "hidden" not in answer.text
    shown = answer.json()
    assert shown["id"] == identifier
    assert shown["root"] == "Device."
    assert shown["cwmp_namespace"] == "urn:dslforum-org:cwmp-1-0"
    assert shown["user_agent"] == "Yealink CP860"
    assert shown["first_seen"] == "1970-01-01T00:16:40Z"
    assert shown["last_boot"] == "1970-01-01T00:33:20Z"
    assert shown["last_bootstrap"] == "1970-01-01T00:25:00Z"
    assert shown["inform_interval"] == 3600
    assert shown["parameter_key"] == "K1"
    assert shown["learning"] == {"state": "wanted", "learnt_at": None}
    assert shown["known_parameters"] == 1
    assert shown["connection_request"] == {
        "url": "http://192.0.2.7:7547/",
        "username": "acs",
        "origin": "acs",
        "last": {"at": "1970-01-01T00:50:00Z", "outcome": "accepted", "text": "the phone took it"},
    }


ODD = [
    {"oui": "00", "product_class": "1", "serial_number": "a/b-c"},
    {"oui": "001565", "product_class": "SIP-T22P", "serial_number": "001565abc"},
    {"oui": "00-15", "product_class": "", "serial_number": "x%2Fy"},
    {"oui": "00", "product_class": "Zimmer Ä", "serial_number": "?#&=+;"},
    {"oui": "", "product_class": "", "serial_number": "."},
]


@pytest.mark.parametrize("parts", ODD)
def test_an_id_in_a_url_is_decoded_exactly_once(api, phone, parts):
    identifier = phone(**parts)
    for path in ("", "/parameters", "/timeline", "/tasks"):
        answer = api("GET", f"/devices/{quoted(identifier)}{path}")
        assert answer.status_code == 200, path
    assert api("GET", f"/devices/{quoted(identifier)}").json()["id"] == identifier


@pytest.mark.parametrize("parts", ODD)
def test_an_id_pasted_into_a_url_as_it_is_is_understood_too(api, phone, parts):
    identifier = phone(**parts)
    assert api("GET", f"/devices/{identifier}").json()["id"] == identifier


def test_an_id_decoded_once_comes_before_the_same_text_taken_as_it_is(api, phone):
    slash = phone(oui="00", product_class="1", serial_number="A/")  # 00-1-A%2F
    percent = phone(oui="00", product_class="1", serial_number="A%2F")  # 00-1-A%252F
    assert api("GET", "/devices/00-1-A%252F").json()["id"] == slash
    assert api("GET", f"/devices/{quoted(percent)}").json()["id"] == percent


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("GET", "/parameters"),
        ("GET", "/timeline"),
        ("GET", "/tasks"),
        ("POST", "/tasks"),
        ("POST", "/wake"),
    ],
)
def test_a_phone_that_nobody_knows_is_404(api, method, path):
    answer = api(method, f"/devices/001565-CP860-nobody{path}", json={"type": "reboot"})
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "001565-CP860-nobody" in answer.json()["detail"]


def test_notes_are_changed_and_what_is_left_out_stays(api, phone):
    path = f"/devices/{quoted(phone())}"
    first = api("PATCH", path, json={"tags": ["site7", "vip", "site7"], "label": "Reception"})
    assert first.status_code == 200
    assert (first.json()["tags"], first.json()["label"]) == (["site7", "vip"], "Reception")
    second = api("PATCH", path, json={"label": None})
    assert (second.json()["tags"], second.json()["label"]) == (["site7", "vip"], "")
    third = api(
        "PATCH", path, json={"connection_request": {"username": "phone", "password": "not to be seen"}}
    )
    assert third.json()["connection_request"]["username"] == "phone"
    assert third.json()["connection_request"]["origin"] == "operator"
    assert "not to be seen" not in third.text
    fourth = api("PATCH", path, json={"tags": None, "connection_request": None})
    assert fourth.json()["tags"] == []
    assert fourth.json()["connection_request"]["username"] == ""
    texts = [entry["text"] for entry in api("GET", path + "/timeline").json()["items"]]
    assert len(texts) == 4
    assert all("Alice" in text for text in texts)
    assert "not to be seen" not in str(texts)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"tags": "site7"}, {"tags"}),
        ({"tags": ["ok", "two words", ""]}, {"tags[1]", "tags[2]"}),
        ({"tags": [1, "ok"], "label": 7}, {"tags[0]", "label"}),
        ({"tags": [f"t{number}" for number in range(51)]}, {"tags"}),
        ({"label": "x" * 201}, {"label"}),
        ({"label": "a\nb"}, {"label"}),
        ({"colour": "red", "size": 1}, {"colour", "size"}),
        (
            {"connection_request": {"username": ""}},
            {"connection_request.username", "connection_request.password"},
        ),
        (
            {"connection_request": {"username": "a", "password": "b", "realm": "c"}},
            {"connection_request.realm"},
        ),
        ({"connection_request": "secret"}, {"connection_request"}),
        ([], {"body"}),
        ("text", {"body"}),
    ],
)
def test_wrong_notes_are_refused_with_every_field_named(api, phone, body, fields):
    answer = api("PATCH", f"/devices/{quoted(phone())}", json=body)
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == fields


def test_a_forgotten_phone_is_gone(api, phone):
    path = f"/devices/{quoted(phone())}"
    assert api("DELETE", path).status_code == 204
    assert api("GET", path).status_code == 404
    assert api("GET", "/devices").json()["total"] == 0


# --- parameters -----------------------------------------------------------------------------------------


def put_tree(store, identifier, parameters):
    blob = store.drive(trees.pack(ParameterTree(parameters), "model", Shapes(), complete=False))
    key = keyspace.device_prefix(device_key(identifier)) + keyspace.TREE
    store.run(Call(("SET", key, blob), bool))


def test_parameters_are_the_stored_ones_with_the_last_inform_laid_over_them(api, phone, store):
    identifier = phone(
        last_inform=5000.0,
        inform_parameters={
            "Device.DeviceInfo.SoftwareVersion": ("2.0", "xsd:string"),
            "Device.DeviceInfo.UpTime": ("7", "xsd:unsignedInt"),
            "Device.ManagementServer.ParameterKey": ("told earlier", "xsd:string"),
        },
    )
    put_tree(
        store,
        identifier,
        {
            "Device.DeviceInfo.": Parameter(writable=False),
            "Device.DeviceInfo.SoftwareVersion": Parameter("1.0", "xsd:string", False, 4000.0),
            "Device.ManagementServer.ParameterKey": Parameter("read later", "xsd:string", False, 5001.0),
            "Device.Time.NTPServer1": Parameter("pool.example", "xsd:string", True, 4000.0),
        },
    )
    known = api("GET", f"/devices/{quoted(identifier)}/parameters").json()
    assert known["Device.DeviceInfo.SoftwareVersion"] == {
        "value": "2.0",
        "type": "xsd:string",
        "writable": False,
        "at": "1970-01-01T01:23:20Z",
    }
    assert known["Device.DeviceInfo.UpTime"] == {
        "value": "7",
        "type": "xsd:unsignedInt",
        "writable": None,
        "at": "1970-01-01T01:23:20Z",
    }
    assert known["Device.ManagementServer.ParameterKey"]["value"] == "read later"
    assert known["Device.Time.NTPServer1"]["at"] == "1970-01-01T01:06:40Z"
    assert known["Device.DeviceInfo."] == {"value": None, "type": "", "writable": False, "at": None}


def test_parameters_are_picked_by_what_their_names_begin_with(api, phone, store):
    identifier = phone()
    put_tree(store, identifier, {name: Parameter("1") for name in ("Device.A.X", "Device.A.Y", "Device.B.X")})
    path = f"/devices/{quoted(identifier)}/parameters"
    assert list(api("GET", path, params={"prefix": "Device.A."}).json()) == ["Device.A.X", "Device.A.Y"]
    assert list(api("GET", path, params={"prefix": "Device.B.X"}).json()) == ["Device.B.X"]
    assert api("GET", path, params={"prefix": "InternetGatewayDevice."}).json() == {}


# --- timeline -------------------------------------------------------------------------------------------


def test_the_timeline_is_newest_first_with_the_heartbeats_that_are_not_written_yet(api, phone, store):
    identifier = phone(last_inform=9000.0, routine_informs=3, routine_since=5000.0)
    store.run(
        timeline.push(
            device_key(identifier),
            [TimelineEntry(100.0, "inform", "first"), TimelineEntry(200.5, "task", "second", {"task": "t"})],
        )
    )
    page = api("GET", f"/devices/{quoted(identifier)}/timeline").json()
    assert [entry["kind"] for entry in page["items"]] == ["inform", "task", "inform"]
    assert page["items"][0]["at"] == "1970-01-01T02:30:00Z"
    assert page["items"][0]["text"] == "3 regular Informs"
    assert page["items"][0]["data"] == {"count": 3, "from": 5000.0, "to": 9000.0}
    assert page["items"][1] == {
        "at": "1970-01-01T00:03:20.500000Z",
        "kind": "task",
        "text": "second",
        "data": {"task": "t"},
    }
    assert page["next"] is None


def test_the_timeline_is_read_in_pages_without_loss(api, phone, store):
    identifier = phone(last_inform=9000.0, routine_informs=1, routine_since=9000.0)
    times = [100.0 + number / 7 for number in range(23)]
    store.run(timeline.push(device_key(identifier), [TimelineEntry(at, "task", str(at)) for at in times]))
    seen, before = [], ""
    while before is not None:
        page = api(
            "GET", f"/devices/{quoted(identifier)}/timeline", params={"limit": 5, "before": before}
        ).json()
        seen += [entry["text"] for entry in page["items"]]
        before = page["next"]
    assert seen[0] == "1 regular Inform"
    assert seen[1:] == [str(at) for at in reversed(times)]


def test_the_timeline_before_a_time(api, phone, store):
    identifier = phone()
    store.run(timeline.push(device_key(identifier), [TimelineEntry(100.0, "task", "old")]))
    store.run(timeline.push(device_key(identifier), [TimelineEntry(time.time(), "task", "new")]))
    path = f"/devices/{quoted(identifier)}/timeline"
    page = api("GET", path, params={"before": "2001-01-01T00:00:00Z"}).json()
    assert [entry["text"] for entry in page["items"]] == ["old"]
    answer = api("GET", path, params={"before": "yesterday"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "before"


def test_secrets_among_attributes_are_shown_blanked_and_stay_where_they_come_back_so(api, phone, store):
    device = phone()
    path = f"/devices/{quote(device, safe='')}"
    given = {"sip_password": "hunter2hunter2", "extension": "401"}
    shown = api("PATCH", path, json={"attributes": given}).json()["attributes"]
    assert shown == {"sip_password": BLANK, "extension": "401"}
    assert api("PATCH", path, json={"attributes": {**shown, "extension": "402"}}).status_code == 200
    assert "hunter2hunter2" not in api("GET", path).text
    kept = store.run(devices.get(device_key(device))).notes.attributes
    assert kept == {"sip_password": "hunter2hunter2", "extension": "402"}


def test_a_login_within_the_address_of_a_download_is_not_shown(api, phone):
    path = f"/devices/{quote(phone(), safe='')}"
    task = {
        "type": "download",
        "url": "http://me:hunter2@192.0.2.1/a.cfg",
        "file_type": "3 Vendor Configuration File",
    }
    made = api("POST", f"{path}/tasks", json=task).json()
    assert made["request"]["url"] == "http://********@192.0.2.1/a.cfg"
    assert "hunter2" not in api("GET", f"{path}/tasks").text
