"""The façade of GenieACS's NBI, spoken to as its API reference says, by a plain HTTP client."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from acs.datamodel.tree import Parameter, ParameterTree
from acs.fleet.device import OperatorNotes
from acs.fleet.identity import device_key
from acs.fleet.task import RebootWork, SetParameterValuesWork, Task, TaskFault, TaskState
from acs.store import devices, indexes, notes, tasks, trees
from acs.store.calls import Call
from acs.store.keyspace import TREE, device_prefix
from acs.store.shapes import Shapes


class Nbi:
    """A client of that interface."""

    def __init__(self, url: str, token: str) -> None:
        self.http = httpx.Client(
            base_url=f"{url}/nbi", auth=("panel", token) if token else None, timeout=60, trust_env=False
        )

    def __call__(self, method: str, path: str, **how: Any) -> httpx.Response:
        return self.http.request(method, path, **how)

    def find(self, collection: str, query: Any = None, **parameters: Any) -> Any:
        if query is not None:
            parameters["query"] = json.dumps(query)
        answer = self.http.get(f"/{collection}/", params=parameters)
        assert answer.status_code == 200, answer.text
        assert answer.headers["total"] == answer.headers["x-total-count"]
        return answer.json()

    def ids(self, query: Any = None, **parameters: Any) -> list[str]:
        return [one["_id"] for one in self.find("devices", query, **parameters)]

    def task(self, device: str, body: Any, parameters: str = "") -> httpx.Response:
        return self.http.post(f"/devices/{quote(device, safe='')}/tasks{parameters}", json=body)


@pytest.fixture
def nbi_as(base_url, as_role) -> Callable[..., Nbi]:
    return lambda role, **how: Nbi(base_url, as_role(role, **how).token)


@pytest.fixture
def nbi(base_url, api) -> Nbi:
    return Nbi(base_url, api.token)


@pytest.fixture
def learn(store) -> Callable[..., None]:
    """`learn(device, {name: (value, type)})`: what is known of its parameters."""

    def put(device: str, known: dict[str, Any], at: float = 2e9) -> None:
        tree = ParameterTree()
        for name, (value, kind) in known.items():
            tree.put(name, Parameter(value, kind, writable=True, at=0 if value is None else at))
        blob = store.drive(trees.pack(tree, "a|b|c", Shapes(), complete=False))
        store.run(Call(("SET", device_prefix(device_key(device)) + TREE, blob), bool))

    return put


@pytest.fixture
def tagged(store) -> Callable[..., None]:
    def tag(device: str, *tags: str) -> None:
        store.drive(notes.change(device, lambda _: OperatorNotes(tags=tags)))

    return tag


@pytest.fixture
def failed(store) -> Callable[..., str]:
    """`failed(device)`: a task that ended so."""

    def end(device: str, number: int = 1, state: TaskState = TaskState.FAILED, **how: Any) -> str:
        identifier = f"{device_key(device)}{number:012x}"
        key = device_key(device)
        task = Task(
            id=identifier,
            device=device,
            work=how.get("work", RebootWork()),
            created_at=1000.0 + number,
            attempts=2,
        )
        assert store.run(tasks.create(key, [task], stamp=f"s{number}")) == "created"
        ended = task.replace(
            state=state,
            finished_at=2000.0 + number,
            fault=TaskFault(9003, "no such thing", {"Device.X.A": "9007 wrong"})
            if state is TaskState.FAILED
            else None,
        )
        store.run(tasks.change_tasks(key, stamp=f"s{number}", tasks=[ended], new_stamp=""))
        return identifier

    return end


# --- devices --------------------------------------------------------------------------------------------


def test_a_document_is_a_nested_tree(nbi, phone, learn, tagged):
    device = phone(serial_number="1", first_seen=1_700_000_000.5, last_boot=1_700_000_100.0)
    tagged(device, "site7")
    learn(
        device,
        {
            "Device.": (None, ""),
            "Device.Time.": (None, ""),
            "Device.Time.Enable": ("1", "xsd:boolean"),
            "Device.Time.NTPServer1": ("pool.ntp.org", "xsd:string"),
            "Device.ManagementServer.PeriodicInformInterval": ("900", "xsd:unsignedInt"),
            "Device.Time.CurrentLocalTime": ("2026-01-02T03:04:05Z", "xsd:dateTime"),
        },
    )
    [found] = nbi.find("devices", {"_id": device})
    assert found["_deviceId"] == {
        "_Manufacturer": "Yealink",
        "_OUI": "001565",
        "_ProductClass": "CP860",
        "_SerialNumber": "1",
    }
    assert found["_registered"] == "2023-11-14T22:13:20.500Z"
    assert found["_lastBoot"] == "2023-11-14T22:15:00.000Z"
    assert "_lastBootstrap" not in found
    assert found["_tags"] == ["site7"]
    time_ = found["Device"]["Time"]
    assert found["Device"]["_object"] is True
    assert time_["_object"] is True
    assert time_["NTPServer1"] == {
        "_object": False,
        "_writable": True,
        "_timestamp": "2033-05-18T03:33:20.000Z",
        "_type": "xsd:string",
        "_value": "pool.ntp.org",
    }
    assert time_["Enable"]["_value"] is True
    assert time_["CurrentLocalTime"]["_value"] == "2026-01-02T03:04:05.000Z"
    assert found["Device"]["ManagementServer"]["PeriodicInformInterval"]["_value"] == 900


def test_projection_gives_what_it_names(nbi, phone, learn):
    device = phone(serial_number="1")
    learn(
        device, {"Device.Time.NTPServer1": ("a", "xsd:string"), "Device.Time.NTPServer2": ("b", "xsd:string")}
    )
    [found] = nbi.find("devices", projection="Device.Time.NTPServer1,_deviceId._OUI")
    assert found["_id"] == device
    assert found["_deviceId"] == {"_OUI": "001565"}
    assert found["Device"]["Time"].keys() == {"NTPServer1"}
    assert found.keys() == {"_id", "_deviceId", "Device"}
    [found] = nbi.find("devices", projection="Device.Time.NTPServer1._value")
    assert found == {"_id": device, "Device": {"Time": {"NTPServer1": {"_value": "a"}}}}
    [found] = nbi.find("devices", projection="_id,_lastBootstrap,VirtualParameters.x")
    assert found == {"_id": device}


@pytest.fixture
def fleet(store, phone, learn, tagged) -> dict[str, str]:
    """Three phones: `a`, `b` and `c`."""
    now = time.time()
    ids = {
        "a": phone(serial_number="A1", software_version="1.0", last_inform=now - 10),
        "b": phone(serial_number="B2", software_version="2.0", last_inform=now - 86_400, product_class="T58"),
        "c": phone(serial_number="C3", software_version="2.0", last_inform=now - 10 * 86_400, oui="805EC0"),
    }
    for device in ids.values():
        known = store.run(devices.get(device_key(device)))
        store.run(indexes.put(known.device))
    tagged(ids["a"], "red", "big")
    tagged(ids["b"], "red")
    for name, (interval, server, version) in {
        "a": ("300", "ntp.example", "1.0"),
        "b": ("900", "Pool.NTP.org", "2.0"),
        "c": ("3600", "", "2.0"),
    }.items():
        known = {
            "Device.ManagementServer.PeriodicInformInterval": (interval, "xsd:unsignedInt"),
            "Device.DeviceInfo.SoftwareVersion": (version, "xsd:string"),
            "Device.Time.Enable": ("true" if name == "a" else "false", "xsd:boolean"),
        }
        if server:
            known["Device.Time.NTPServer1"] = (server, "xsd:string")
        learn(ids[name], known)
    return ids


FIRMWARE = "1 Firmware Upgrade Image"
INTERVAL = "Device.ManagementServer.PeriodicInformInterval"
DAY_AGO = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%d %H:%M:%S +0000")


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ({}, "abc"),
        ({"_id": "001565-CP860-A1"}, "a"),
        ({"_id": {"$in": ["001565-CP860-A1", "001565-T58-B2", "nobody"]}}, "ab"),
        ({"_id": {"$ne": "001565-CP860-A1"}}, "bc"),
        ({"_id": "001565-*"}, "ab"),
        ({"_id": "/^805ec0/i"}, "c"),
        ({"_id": {"$regex": "^001565-.*2$"}}, "b"),
        ({"_id": {"$regex": "b2$", "$options": "i"}}, "b"),
        ({"_tags": "red"}, "ab"),
        ({"_tags": {"$ne": "red"}}, "c"),
        ({"_tags": {"$in": ["big", "none"]}}, "a"),
        ({"_tags": {"$nin": ["big"]}}, "bc"),
        ({"_tags": {"$all": ["red", "big"]}}, "a"),
        ({"_tags": {"$exists": True}}, "abc"),
        ({"$and": [{"_tags": "red"}, {"_tags": "big"}]}, "a"),
        ({"$or": [{"_tags": "big"}, {"_deviceId._OUI": "805EC0"}]}, "ac"),
        ({"$nor": [{"_tags": "big"}, {"_deviceId._OUI": "805EC0"}]}, "b"),
        ({"$not": {"_tags": "big"}}, "bc"),
        ({"_deviceId._ProductClass": "T58"}, "b"),
        ({"_deviceId._ProductClass": "t58"}, ""),
        ({"_deviceId._SerialNumber": {"$regex": "[AB]"}}, "ab"),
        ({"_deviceId._Manufacturer": "Yealink"}, "abc"),
        ({"_lastInform": {"$lt": DAY_AGO}}, "c"),
        ({"_lastInform": {"$gte": DAY_AGO, "$lt": "2100-01-01T00:00:00.000Z"}}, "ab"),
        ({"_lastInform": {"$not": {"$lt": DAY_AGO}}}, "ab"),
        ({"_lastInform": {"$gt": 1000}}, "abc"),
        ({"_lastBoot": {"$exists": False}}, "abc"),
        ({"_lastBoot": None}, "abc"),
        ({INTERVAL: 900}, "b"),
        ({INTERVAL: "900"}, "b"),
        ({f"{INTERVAL}._value": {"$gt": 300, "$lte": 3600}}, "bc"),
        ({INTERVAL: {"$gte": "900"}}, "bc"),
        ({INTERVAL: {"$ne": 900}}, "ac"),
        ({f"{INTERVAL}._type": "xsd:unsignedInt"}, "abc"),
        ({"Device.Time.Enable": True}, "a"),
        ({"Device.Time.Enable": {"$ne": True}}, "bc"),
        ({"Device.Time.NTPServer1": {"$exists": True}}, "ab"),
        ({"Device.Time.NTPServer1": {"$exists": False}}, "c"),
        ({"Device.Time.NTPServer1": "*ntp*"}, "a"),
        ({"Device.Time.NTPServer1": "/ntp/i"}, "ab"),
        ({"Device.Time.NTPServer1": {"$not": {"$regex": "NTP"}}}, "ac"),
        ({"Device.DeviceInfo.SoftwareVersion": "2.0", "_tags": "red"}, "b"),
        ({"Device.DeviceInfo.SoftwareVersion": {"$in": ["1.0", "2.0"]}}, "abc"),
        ({"VirtualParameters.uptime": {"$gt": 5}}, ""),
        ({"InternetGatewayDevice.Time.Enable": {"$exists": True}}, ""),
    ],
)
def test_queries(nbi, fleet, query, meant):
    assert nbi.ids(query) == [fleet[name] for name in meant]
    answer = nbi("HEAD", "/devices", params={"query": json.dumps(query)})
    assert answer.status_code == 200
    assert answer.headers["total"] == str(len(meant))
    assert answer.content == b""


def test_pages_and_order(nbi, fleet):
    a, b, c = fleet["a"], fleet["b"], fleet["c"]
    assert nbi.ids(limit=2) == [a, b]
    assert nbi.ids(limit=2, skip=2) == [c]
    assert nbi.ids(skip=1) == [b, c]
    assert nbi.ids(skip=5) == []
    assert nbi.ids(limit=0) == [a, b, c]
    assert nbi.ids(sort='{"_lastInform": 1}') == [c, b, a]
    assert nbi.ids(sort='{"_id": -1}', limit=1) == [c]
    assert nbi.ids(sort=json.dumps({"Device.DeviceInfo.SoftwareVersion": -1, "_id": -1})) == [c, b, a]
    assert nbi.ids(sort='{"Device.Time.NTPServer1": 1}') == [c, b, a]
    assert nbi.ids({"_tags": "red"}, sort='{"_lastInform": 1}') == [b, a]
    answer = nbi("GET", "/devices", params={"limit": "1", "query": '{"_tags": "red"}'})
    assert answer.headers["total"] == "2"


def test_a_long_list_is_streamed(nbi, phone):
    made = [phone(serial_number=f"{number:04}") for number in range(180)]
    assert nbi.ids() == made
    assert nbi.ids({"_deviceId._SerialNumber": {"$regex": "[02468]$"}}, projection="_id") == made[::2]


def test_a_reader_that_goes_away_hurts_nobody(nbi, data_dir, phone, learn):
    for number in range(120):
        device = phone(serial_number=f"{number:04}")
        learn(device, {f"Device.X.Y{one}": ("v" * 500, "xsd:string") for one in range(100)})
    before = (data_dir / "server.log").read_text()
    for _ in range(3):
        with nbi.http.stream("GET", "/devices") as answer:
            assert len(next(answer.iter_raw(1000))) == 1000
    slow = nbi.http.stream("GET", "/devices")
    with slow as answer:
        time.sleep(0.5)  # the server is ahead, and has to wait
        assert nbi.ids(limit=1)
        assert len(json.loads(answer.read())) == 120
    assert '"level":"error"' not in (data_dir / "server.log").read_text()[len(before) :]


def test_ids_are_percent_encoded(nbi, phone, tagged):
    device = phone(product_class="SIP-T58 a/b", serial_number="X-1")
    assert device == "001565-SIP%2DT58%20a%2Fb-X%2D1"
    assert nbi.ids({"_id": device}) == [device]
    assert nbi("POST", f"/devices/{quote(device, safe='')}/tags/red").status_code == 200
    assert nbi("POST", f"/devices/{device}/tags/green").status_code == 200  # as it is pasted
    [found] = nbi.find("devices", {"_tags": "red"})
    assert found["_tags"] == ["red", "green"]


def test_a_phone_without_product_class_has_two_parts(nbi, phone):
    device = phone(product_class="", serial_number="X-1")
    assert device == "001565--X%2D1"
    assert nbi.ids({"_id": "001565-X%2D1"}) == ["001565-X%2D1"]
    assert nbi.ids() == ["001565-X%2D1"]
    assert nbi("POST", "/devices/001565-X%252D1/tags/red").status_code == 200
    assert nbi.task("001565-X%2D1", {"name": "reboot"}).json()["device"] == "001565-X%2D1"
    assert len(nbi.find("tasks", {"device": "001565-X%2D1"})) == 1
    assert nbi("DELETE", "/devices/001565-X%252D1").status_code == 200
    assert nbi.ids() == []


def test_tags_come_and_go(nbi, phone):
    device = phone()
    for _ in range(2):
        assert nbi("POST", f"/devices/{device}/tags/testing").status_code == 200
    assert nbi.find("devices")[0]["_tags"] == ["testing"]
    for _ in range(2):
        assert nbi("DELETE", f"/devices/{device}/tags/testing").status_code == 200
    assert nbi.find("devices")[0]["_tags"] == []


# --- tasks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "ours"),
    [
        (
            {"name": "getParameterValues", "parameterNames": ["Device.Time.NTPServer1"]},
            {"type": "get_parameter_values", "names": ["Device.Time.NTPServer1"]},
        ),
        (
            {"name": "refreshObject", "objectName": "Device.Time"},
            {"type": "get_parameter_values", "names": ["Device.Time."]},
        ),
        (
            {"name": "refreshObject", "objectName": "Device.Time.NTPServer1"},
            {"type": "get_parameter_values", "names": ["Device.Time.NTPServer1"]},
        ),
        (
            {"name": "refreshObject", "objectName": ""},
            {"type": "get_parameter_values", "names": ["Device.Time.", "Device.X_Y."]},
        ),
        (
            {
                "name": "setParameterValues",
                "parameterValues": [
                    ["Device.A", "x", "xsd:string"],
                    ["Device.B", True],
                    ["Device.C", 3, None],
                ],
            },
            {
                "type": "set_parameter_values",
                "values": {"Device.A": {"value": "x", "type": "xsd:string"}, "Device.B": True, "Device.C": 3},
            },
        ),
        (
            {"name": "addObject", "objectName": "Device.X_Y", "parameterValues": [["Name", "n"]]},
            {"type": "add_object", "object": "Device.X_Y.", "values": {"Name": "n"}},
        ),
        (
            {"name": "deleteObject", "objectName": "Device.X_Y.2"},
            {"type": "delete_object", "object": "Device.X_Y.2."},
        ),
        ({"name": "reboot"}, {"type": "reboot"}),
        ({"name": "factoryReset"}, {"type": "factory_reset"}),
    ],
)
def test_tasks_become_ours(nbi, api, phone, learn, body, ours):
    device = phone()
    learn(device, {"Device.Time.NTPServer1": ("a", "xsd:string"), "Device.X_Y.1.Z": ("b", "xsd:string")})
    answer = nbi.task(device, body)
    assert answer.status_code == 202
    task = answer.json()
    assert task["device"] == device
    assert task["name"] == body["name"] or task["name"] == "getParameterValues"
    assert datetime.fromisoformat(task["timestamp"])
    kept = api("GET", f"/tasks/{task['_id']}").json()
    assert {"type": kept["type"], **kept["request"]} == ours
    [shown] = nbi.find("tasks", {"device": device})
    assert shown == task
    assert nbi.find("tasks", {"_id": task["_id"]}) == [task]
    assert nbi("DELETE", f"/tasks/{task['_id']}").status_code == 200
    assert nbi.find("tasks", {"device": device}) == []


def test_a_stored_file_is_downloaded(nbi, api, phone):
    device = phone()
    headers = {
        "fileType": "1 Firmware Upgrade Image",
        "oui": "001565",
        "productClass": "CP860",
        "version": "9",
    }
    assert nbi("PUT", "/files/new-9.bin", content=b"image", headers=headers).status_code == 201
    [file] = nbi.find("files", {"filename": "new-9.bin"})
    assert file["_id"] == "new-9.bin"
    assert file["length"] == 5
    assert file["metadata"] == headers
    assert nbi.find("files", {"metadata.version": "8"}) == []
    for body in (
        {"name": "download", "file": "new-9.bin"},
        {"name": "download", "fileType": "1 Firmware Upgrade Image", "fileName": "new-9.bin"},
    ):
        task = nbi.task(device, body).json()
        request = api("GET", f"/tasks/{task['_id']}").json()["request"]
        assert (request["file"], request["version"]) == ("new-9.bin", "9")
        assert task["file"] == "new-9.bin"
    assert nbi("DELETE", "/files/new-9.bin").status_code == 200
    assert nbi("DELETE", "/files/new-9.bin").status_code == 404


def test_a_woken_phone_that_does_not_call_leaves_the_task_queued(nbi, phone):
    device = phone()
    started = time.monotonic()
    answer = nbi.task(device, {"name": "reboot"}, "?timeout=300&connection_request")
    assert (answer.status_code, answer.reason_phrase) == (202, "Task queued but not processed")
    assert time.monotonic() - started < 30
    answer = nbi.task(phone(serial_number="GONE1"), {"name": "reboot"}, "?timeout=60000&connection_request=")
    assert answer.status_code == 202
    assert answer.reason_phrase.startswith("the connection request could not be sent")


def test_a_connection_request_alone(nbi, phone):
    assert nbi("POST", f"/devices/{phone()}/tasks?connection_request").status_code == 200
    answer = nbi("POST", f"/devices/{phone(serial_number='GONE1')}/tasks?connection_request")
    assert answer.status_code == 504
    assert "could not be sent" in answer.text


def test_secrets_are_never_shown(nbi, api, phone, learn):
    device = phone()
    learn(device, {"Device.X.Password": ("hidden1", "xsd:string")})
    body = {"name": "setParameterValues", "parameterValues": [["Device.X.Password", "hidden2", "xsd:string"]]}
    task = nbi.task(device, body).json()
    assert task["parameterValues"][0][1] == "********"
    assert "hidden2" not in nbi("GET", "/tasks").text
    assert "hidden2" not in api("GET", "/audit").text
    assert nbi("GET", "/devices", params={"query": '{"Device.X.Password": "hidden1"}'}).status_code == 400
    assert nbi("GET", "/devices", params={"sort": '{"Device.X.Password": 1}'}).status_code == 400


# --- faults ---------------------------------------------------------------------------------------------


def test_a_failed_task_is_a_fault_until_it_is_dismissed(nbi, phone, failed):
    device, other = phone(serial_number="1"), phone(serial_number="2")
    first, second = failed(device), failed(other)
    [fault] = nbi.find("faults", {"device": device})
    assert fault["_id"] == f"{device}:task_{first}"
    assert fault["channel"] == f"task_{first}"
    assert fault["code"] == "cwmp.9003"
    assert fault["message"] == "no such thing"
    assert fault["retries"] == 1
    assert [one["device"] for one in nbi.find("faults")] == [device, other]
    assert len(nbi.find("faults", {"code": "cwmp.9003"}, limit=1)) == 1
    assert [one["_id"] for one in nbi.find("tasks")] == [first, second]
    assert nbi.find("faults", {"_id": fault["_id"]}) == [fault]

    assert nbi("DELETE", f"/faults/{quote(fault['_id'], safe='')}").status_code == 200
    assert nbi.find("faults", {"device": device}) == []
    assert nbi("DELETE", f"/faults/{fault['_id']}").status_code == 404
    assert nbi("DELETE", f"/tasks/{second}").status_code == 200
    assert nbi.find("faults") == nbi.find("tasks") == []


def test_a_fault_is_over_when_a_task_of_its_type_goes_well(nbi, phone, failed):
    device = phone()
    failed(device, 1)
    failed(device, 2, work=SetParameterValuesWork({"Device.A": "1"}))
    failed(device, 3, state=TaskState.DONE)
    [fault] = nbi.find("faults")
    assert fault["provisions"] == [["setParameterValues"]]


def test_a_failed_task_is_tried_again(nbi, api, phone, failed):
    device = phone()
    task = failed(device)
    answer = nbi("POST", f"/tasks/{task}/retry")
    assert answer.status_code == 200
    again = answer.json()
    assert (again["name"], again["device"]) == ("reboot", device)
    assert nbi.find("faults") == []
    assert [one["_id"] for one in nbi.find("tasks")] == [again["_id"]]
    assert nbi("POST", f"/tasks/{again['_id']}/retry").json()["_id"] == again["_id"]
    assert api("GET", f"/tasks/{task}").status_code == 404
    assert api("GET", "/devices?q=task failed").json()["total"] == 0


# --- who may --------------------------------------------------------------------------------------------


def test_roles_and_logins(base_url, nbi_as, as_role, phone):
    device = phone()
    answer = httpx.get(f"{base_url}/nbi/devices", trust_env=False)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert Nbi(base_url, "wrong")("GET", "/devices").status_code == 401
    bearer = {"Authorization": f"Bearer {as_role('viewer').token}"}
    assert httpx.get(f"{base_url}/nbi/devices", headers=bearer, trust_env=False).status_code == 200
    viewer, operator = nbi_as("viewer"), nbi_as("operator")
    assert viewer.ids() == [device]
    assert viewer.task(device, {"name": "reboot"}).status_code == 403
    assert viewer("PUT", "/files/a.rom", content=b"x").status_code == 403
    assert operator.task(device, {"name": "reboot"}).status_code == 202
    assert operator("DELETE", f"/devices/{device}").status_code == 403
    assert nbi_as("engineer")("DELETE", f"/devices/{device}").status_code == 200


def test_a_limited_caller_sees_its_phones_alone(nbi, nbi_as, phone, tagged, failed):
    mine, other = phone(serial_number="1"), phone(serial_number="2")
    tagged(mine, "mine")
    for device in (mine, other):
        failed(device)
    task = nbi.task(other, {"name": "reboot"}).json()["_id"]
    limited = nbi_as("engineer", select="tag = mine")
    assert limited.ids() == limited.ids(limit=5) == [mine]
    assert nbi_as("viewer", select="tag = mine")("HEAD", "/devices").headers["total"] == "1"
    assert limited.ids({"_id": other}) == []
    assert limited.ids({"_tags": {"$ne": "mine"}}) == []
    assert [one["device"] for one in limited.find("faults")] == [mine]
    assert limited.find("faults", {"device": other}) == []
    assert [one["device"] for one in limited.find("tasks")] == [mine]
    assert limited.find("tasks", {"_id": task}) == limited.find("tasks", {"device": other}) == []
    assert limited.task(other, {"name": "reboot"}).status_code == 404
    assert limited("DELETE", f"/tasks/{task}").status_code == 404
    assert limited("POST", f"/tasks/{task}/retry").status_code == 404
    assert limited("DELETE", f"/devices/{other}").status_code == 404
    assert limited("POST", f"/devices/{other}/tags/mine").status_code == 404
    assert nbi("PUT", "/files/shared.rom", content=b"x").status_code == 201
    assert limited.find("files") == []
    assert limited("PUT", "/files/mine.rom", content=b"x").status_code == 403
    assert limited("DELETE", "/files/shared.rom").status_code == 403


def test_changes_stand_in_the_audit(nbi, api, phone):
    device = phone()
    task = nbi.task(device, {"name": "reboot"}).json()["_id"]
    nbi("POST", f"/devices/{device}/tags/red")
    nbi("PUT", "/files/a.rom", content=b"x")
    entries = api("GET", "/audit").json()["items"]
    assert [(one["operation"], one["object"]) for one in entries] == [
        ("nbi.files.put", "files/a.rom"),
        ("nbi.devices.tags", f"devices/{device}/tags/red"),
        ("devices.tasks.create", f"tasks/{task}"),
    ]


def test_calls_are_counted(server_with):
    caller = server_with('{"rate_limit": 3}')
    one = caller("viewer")
    nbi = Nbi(one.url, one.token)
    answers = [nbi("GET", "/devices").status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]


# --- wrong inputs ---------------------------------------------------------------------------------------

REBOOT = {"name": "reboot"}


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"query": "{"}, "query: is no JSON"),
        ({"query": "[1]"}, "query: must be an object"),
        ({"query": '"x"'}, "it is text"),
        ({"query": '{"_tags": {"$where": "1"}}'}, "query._tags.$where: is no operator"),
        ({"query": '{"$where": "sleep(1)"}'}, "query.$where: is no operator that stands here"),
        ({"query": '{"$and": {}}'}, "query.$and: must be a list"),
        ({"query": '{"$or": []}'}, "query.$or: must be a list"),
        ({"query": '{"$or": [1]}'}, "query.$or[0]: must be an object"),
        ({"query": '{"_tags": {"$in": "x"}}'}, "query._tags.$in: must be a list"),
        ({"query": '{"_tags": {"$in": [{}]}}'}, "query._tags.$in[0]: must be text"),
        ({"query": '{"_tags": {"$exists": "yes"}}'}, "$exists: must be true or false"),
        ({"query": '{"_tags": {}}'}, "query._tags: is empty"),
        ({"query": '{"_tags": ["a"]}'}, "query._tags: must be text"),
        ({"query": '{"_tags": {"a": 1}}'}, "query._tags.a: is a field within a field"),
        ({"query": '{"_id": {"$regex": "("}}'}, "is no regular expression"),
        ({"query": '{"_id": {"$regex": "(?=a)"}}'}, "Look-arounds"),
        ({"query": '{"_id": {"$regex": 5}}'}, "$regex: must be text"),
        ({"query": '{"_id": {"$regex": "a", "$options": "q"}}'}, "$options"),
        ({"query": '{"_id": {"$options": "i"}}'}, "belongs beside $regex"),
        ({"query": '{"_id": "/(/"}'}, "is no regular expression"),
        ({"query": '{"_lastinform": 1}'}, "_lastinform: is no field of a device"),
        ({"query": '{"Device.Time._colour": 1}'}, "a parameter has _value"),
        ({"query": '{"_lastInform": {"$gt": null}}'}, "compares numbers, times and texts"),
        ({"query": '{"_lastInform": {"$gt": "yesterday"}}'}, "is no time"),
        ({"query": '{"$and": [' * 60 + "{}" + "]}" * 60}, "nested too deeply"),
        ({"query": "[" * 5000}, "is no JSON"),
        ({"query": '{"_tags": "a", "_tags": "b"}'}, "query: has '_tags' more than once"),
        ({"query": json.dumps({"_id": {"$in": ["x"] * 1001}})}, "at most 1000"),
        ({"query": json.dumps({"$or": [{"_id": "x"}] * 201})}, "too many conditions"),
        ({"limit": "many"}, "limit: is 'many'"),
        ({"limit": "-1"}, "limit"),
        ({"skip": "1.5"}, "skip"),
        ({"sort": "_id"}, "sort: is no JSON"),
        ({"sort": "[]"}, "sort: must be an object"),
        ({"sort": '{"_id": "up"}'}, "sort._id: is 'up'"),
        ({"sort": '{"_colour": 1}'}, "_colour: is no field"),
        ({"projection": '{"_id": 1}'}, "projection: must be names"),
    ],
)
def test_wrong_lists(nbi, phone, parameters, said):
    phone()
    answer = nbi("GET", "/devices/", params=parameters)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "no JSON"),
        ("[]", "one JSON object"),
        ('[{"name": "reboot"}]', "one JSON object"),
        ("{}", "name: is None"),
        ('{"name": "explode"}', "name: is 'explode'; it must be one of getParameterValues"),
        ('{"name": "getParameterValues"}', "parameterNames"),
        ('{"name": "getParameterValues", "parameterNames": []}', "parameterNames"),
        ('{"name": "getParameterValues", "parameterNames": [" x"]}', "parameterNames"),
        ('{"name": "setParameterValues", "parameterValues": {"a": 1}}', "parameterValues"),
        ('{"name": "setParameterValues", "parameterValues": [["a"]]}', "parameterValues[0]"),
        ('{"name": "setParameterValues", "parameterValues": [["a", null]]}', "parameterValues[0]"),
        ('{"name": "setParameterValues", "parameterValues": [["a", 1, 5]]}', "the type of a"),
        ('{"name": "setParameterValues", "parameterValues": [["a", "x", "xsd:int"]]}', "parameterValues.a"),
        ('{"name": "setParameterValues", "parameterValues": [["a.", "x"]]}', "parameterValues"),
        ('{"name": "refreshObject"}', "objectName"),
        ('{"name": "addObject", "objectName": "."}', "objectName"),
        ('{"name": "deleteObject", "objectName": "Device.X"}', "objectName"),
        ('{"name": "download"}', "file: is required"),
        ('{"name": "download", "file": "none.rom"}', "file: is not stored here"),
        ('{"name": "download", "file": 5}', "file: must be text"),
        ('{"name": "reboot", "expiry": "soon"}', "expiry"),
        ('{"name": "reboot", "expiry": -5}', "expiry"),
        ('{"name": "reboot", "uniqueKey": "x"}', "uniqueKey"),
        ("", "The body is empty"),
    ],
)
def test_wrong_tasks(nbi, phone, content, said):
    answer = nbi("POST", f"/devices/{phone()}/tasks", content=content)
    assert answer.status_code == 400, answer.text
    assert said in answer.json()["detail"]
    assert nbi.find("tasks") == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/devices/001565-CP860-1", 405),
        ("PUT", "/devices", 405),
        ("DELETE", "/devices/nobody", 404),
        ("POST", "/devices/nobody/tasks", 404),
        ("POST", "/devices/nobody/tags/x", 404),
        ("DELETE", "/tasks", 405),
        ("DELETE", "/tasks/5403908ef28ea3a25c138adc", 404),
        ("POST", "/tasks/5403908ef28ea3a25c138adc/retry", 404),
        ("DELETE", "/faults/nobody:default", 404),
        ("DELETE", "/faults/x", 404),
        ("GET", "/files/a.rom", 405),
        ("PUT", "/files/.hidden", 400),
        ("PUT", "/files/noend", 400),
        ("GET", "/presets", 501),
        ("PUT", "/presets/inform", 501),
        ("DELETE", "/provisions/x", 501),
        ("GET", "/virtual_parameters/", 501),
        ("GET", "/virtualParameters", 501),
        ("GET", "/objects", 501),
        ("GET", "/config", 501),
        ("GET", "/permissions", 501),
        ("GET", "/users", 501),
        ("GET", "/ping/192.0.2.1", 501),
        ("GET", "/nonsense", 404),
        ("GET", "", 404),
    ],
)
def test_what_is_not_there(nbi, store, method, path, status):
    how = {"json": REBOOT} if method == "POST" else {}
    answer = nbi(method, path, **how)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) > 15


@pytest.mark.parametrize("timeout", ["soon", "-1", "99999999"])
def test_wrong_timeouts(nbi, phone, timeout):
    answer = nbi.task(phone(), REBOOT, f"?timeout={timeout}&connection_request")
    assert answer.status_code == 400
    assert "timeout" in answer.json()["detail"]


def test_wrong_tags(nbi, phone):
    device = phone()
    assert nbi("POST", f"/devices/{device}/tags/a%20b").status_code == 400
    assert nbi("POST", f"/devices/{device}/tags/{'x' * 65}").status_code == 400
    for number in range(50):
        assert nbi("POST", f"/devices/{device}/tags/t{number}").status_code == 200
    assert "too many" in nbi("POST", f"/devices/{device}/tags/t50").json()["detail"]


def test_a_bad_regular_expression_costs_little(nbi, phone, learn):
    device = phone()
    learn(device, {"Device.X.Text": ("a" * 20_000, "xsd:string")})
    started = time.monotonic()
    assert nbi.ids({"Device.X.Text": {"$regex": "(a+)+b"}}) == []
    assert time.monotonic() - started < 20
