"""Tasks: put down, followed to their end, cancelled; and waking the phone."""

from __future__ import annotations

import socket
import threading
import time
from urllib.parse import quote, urlsplit

import pytest

from acs.fleet.task import TaskFault, TaskState
from acs.store import tasks
from acs.store.files import StoredFile, put

EVERY_TYPE = [
    {"type": "get_parameter_values", "names": ["Device.DeviceInfo."]},
    {
        "type": "set_parameter_values",
        "values": {"Device.X": "a", "Device.Y": {"value": 1, "type": "xsd:int"}},
    },
    {"type": "get_parameter_names", "path": "Device.", "next_level": False},
    {"type": "get_parameter_names"},
    {"type": "get_parameter_attributes", "names": ["Device.X"]},
    {
        "type": "set_parameter_attributes",
        "attributes": {"Device.X": {"notification": 2, "access_list": ["Subscriber"]}},
    },
    {"type": "add_object", "object": "Device.T.", "values": {"Name": "x"}},
    {"type": "delete_object", "object": "Device.T.1."},
    {"type": "download", "url": "http://192.0.2.1/fw.rom", "file_type": "1 Firmware Upgrade Image"},
    {"type": "upload", "file_type": "2 Vendor Log File"},
    {"type": "upload"},
    {"type": "reboot"},
    {"type": "factory_reset"},
    {"type": "schedule_inform", "delay": 60},
    {"type": "get_rpc_methods"},
]


@pytest.fixture
def tasks_path(phone):
    return f"/devices/{quote(phone(), safe='')}/tasks"


@pytest.mark.parametrize("body", EVERY_TYPE, ids=lambda body: body["type"])
def test_every_type_of_the_contract_can_be_put_down(api, tasks_path, body):
    answer = api("POST", tasks_path, json=body)
    assert answer.status_code == 201, answer.text
    task = answer.json()
    assert answer.headers["Location"] == f"/api/v1/tasks/{task['id']}"
    assert (task["type"], task["state"], task["created_by"]) == (body["type"], "pending", "Alice")
    assert task["result"] is None
    assert task["fault"] is None
    assert len(task["id"]) <= 32
    for name, value in body.items():
        if name != "type":
            assert task["request"][name] == value
    again = api("GET", answer.headers["Location"])
    assert (again.status_code, again.json()) == (200, task)


def test_a_task_has_a_schedule(api, tasks_path):
    asked = {
        "type": "reboot",
        "priority": 7,
        "not_before": "2031-05-01T10:00:00+02:00",
        "expires_at": 1935648000,
        "max_attempts": 1,
    }
    task = api("POST", tasks_path, json=asked).json()
    assert task["priority"] == 7
    assert task["not_before"] == "2031-05-01T08:00:00Z"
    assert task["expires_at"] == "2031-05-04T08:00:00Z"
    assert task["max_attempts"] == 1
    soon = api("POST", tasks_path, json={"type": "reboot", "expires_in": 3600}).json()
    assert soon["expires_at"] > soon["created_at"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"type"}),
        ({"type": "explode"}, {"type"}),
        ({"type": 7}, {"type"}),
        ({"type": ["reboot"]}, {"type"}),
        ([{"type": "reboot"}], {"body"}),
        ({"type": "get_parameter_values"}, {"names"}),
        ({"type": "get_parameter_values", "names": "Device."}, {"names"}),
        ({"type": "get_parameter_values", "names": []}, {"names"}),
        ({"type": "get_parameter_values", "names": ["Device.", 1, None]}, {"names[1]", "names[2]"}),
        ({"type": "get_parameter_values", "names": [""]}, {"names"}),
        ({"type": "set_parameter_values", "values": {}}, {"values"}),
        (
            {
                "type": "set_parameter_values",
                "values": {"Device.A": None, "Device.B": {"value": [], "kind": ""}},
            },
            {"values.Device.A", "values.Device.B.value", "values.Device.B.kind"},
        ),
        (
            {"type": "set_parameter_values", "values": {"Device.A": {"value": "x", "type": "xsd:int"}}},
            {"values.Device.A"},
        ),
        (
            {"type": "set_parameter_values", "values": {"Device.A": {"value": "x", "type": "color"}}},
            {"values.Device.A.type"},
        ),
        (
            {"type": "set_parameter_attributes", "attributes": {"Device.A": {"notification": "on"}}},
            {"attributes.Device.A.notification"},
        ),
        ({"type": "add_object", "object": "Device.T"}, {"object"}),
        ({"type": "delete_object"}, {"object"}),
        ({"type": "schedule_inform", "delay": -1}, {"delay"}),
        ({"type": "schedule_inform", "delay": "1h", "colour": "red"}, {"delay", "colour"}),
        ({"type": "download"}, {"file"}),
        ({"type": "download", "file": "nowhere.rom"}, {"file"}),
        ({"type": "download", "url": "http://h/f"}, {"file_type"}),
        ({"type": "download", "url": "h/f", "file_type": "1 Firmware Upgrade Image"}, {"url"}),
        ({"type": "upload", "file_type": "config"}, {"file_type"}),
        ({"type": "reboot", "priority": 1.5}, {"priority"}),
        ({"type": "reboot", "priority": 1001, "max_attempts": 0}, {"priority", "max_attempts"}),
        ({"type": "reboot", "not_before": "tomorrow"}, {"not_before"}),
        ({"type": "reboot", "not_before": "2031-05-01T10:00:00"}, {"not_before"}),
        ({"type": "reboot", "expires_at": "2001-05-01T10:00:00Z"}, {"expires_at"}),
        ({"type": "reboot", "expires_in": 0}, {"expires_in"}),
        ({"type": "reboot", "expires_in": 60, "expires_at": "2031-05-01T10:00:00Z"}, {"expires_in"}),
        ({"type": "reboot", "expires_in": 60, "not_before": "2031-05-01T10:00:00Z"}, {"expires_in"}),
        ({"type": "reboot", "names": []}, {"names"}),
        ({"type": "reboot", "force": True}, {"force"}),
        ({"type": "reboot", "id": "mine", "state": "done"}, {"id", "state"}),
    ],
)
def test_a_wrong_task_is_refused_with_every_field_named(api, tasks_path, body, fields):
    answer = api("POST", tasks_path, json=body)
    assert answer.status_code == 422, answer.text
    assert {error["field"] for error in answer.json()["errors"]} == fields
    assert all(error["message"] for error in answer.json()["errors"])
    assert api("GET", tasks_path).json()["items"] == []


def test_an_unknown_type_is_answered_with_the_permitted_ones(api, tasks_path):
    [error] = api("POST", tasks_path, json={"type": "format"}).json()["errors"]
    assert (error["field"], error["value"]) == ("type", "format")
    assert error["allowed"] == sorted({body["type"] for body in EVERY_TYPE})


def test_a_value_out_of_range_is_answered_with_the_range(api, tasks_path):
    [error] = api("POST", tasks_path, json={"type": "reboot", "max_attempts": 99}).json()["errors"]
    assert (error["value"], error["allowed"]) == (99, "an integer from 1 to 20")


def test_secrets_are_not_shown_again(api, tasks_path):
    body = {
        "type": "set_parameter_values",
        "values": {"Device.X.AuthPassword": "s3cret", "Device.X.Name": "n"},
    }
    answer = api("POST", tasks_path, json=body)
    assert "s3cret" not in answer.text
    assert answer.json()["request"]["values"]["Device.X.Name"] == "n"
    download = EVERY_TYPE[8] | {"username": "u", "password": "s3cret"}
    assert "s3cret" not in api("POST", tasks_path, json=download).text
    signed = {"type": "download", "url": "https://h/x?token=s3cret", "file_type": "2 Web Content"}
    assert "s3cret" not in api("POST", tasks_path, json=signed).text
    assert "s3cret" not in api("GET", tasks_path).text


def test_the_tasks_of_a_phone_newest_first_and_by_state(api, tasks_path):
    first, second, third = (api("POST", tasks_path, json={"type": "reboot"}).json()["id"] for _ in range(3))
    api("DELETE", f"/tasks/{second}")

    def ids(**query):
        return [task["id"] for task in api("GET", tasks_path, params=query).json()["items"]]

    assert ids() == [third, second, first]
    assert ids(state="pending") == [third, first]
    assert ids(state="cancelled, running") == [second]
    answer = api("GET", tasks_path, params={"state": "open"})
    assert answer.status_code == 422
    assert "waiting" in answer.json()["errors"][0]["allowed"]


def test_a_task_that_nobody_knows_is_404(api):
    for method in ("GET", "DELETE"):
        for identifier in ("0123456789abcdef0123456789ab", "x", "%2F", "ä"):
            assert api(method, f"/tasks/{identifier}").status_code == 404


def test_what_is_put_down_and_cancelled_stands_on_the_timeline_with_the_actor(api, tasks_path):
    task = api("POST", tasks_path, json={"type": "factory_reset"}).json()["id"]
    api("DELETE", f"/tasks/{task}")
    items = api("GET", tasks_path.replace("/tasks", "/timeline")).json()["items"]
    assert [entry["kind"] for entry in items] == ["task", "task"]
    assert [entry["text"] for entry in items] == [
        "Factory reset cancelled by Alice",
        "Factory reset put down by Alice",
    ]
    assert items[0]["data"]["task"] == task


def test_a_phone_with_too_many_open_tasks_gets_no_more(api, tasks_path):
    for _ in range(tasks.OPEN_CAP):
        assert api("POST", tasks_path, json={"type": "reboot"}).status_code == 201
    refused = api("POST", tasks_path, json={"type": "reboot"})
    assert refused.status_code == 409
    assert str(tasks.OPEN_CAP) in refused.json()["detail"]


# --- cancelling -----------------------------------------------------------------------------------------


def test_a_pending_task_is_cancelled_once(api, tasks_path):
    task = api("POST", tasks_path, json={"type": "reboot"}).json()["id"]
    answer = api("DELETE", f"/tasks/{task}")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert answer.json()["finished_at"] is not None
    assert api("GET", f"/tasks/{task}").json()["state"] == "cancelled"
    again = api("DELETE", f"/tasks/{task}")
    assert again.status_code == 409
    assert "cancelled" in again.json()["detail"]


def begin(store, identifier, **changes):
    """What a session does when the task's request goes out."""
    return store.drive(
        tasks.update(identifier, lambda task: task.replace(**changes), stamp=tasks.fresh_stamp())
    )


@pytest.mark.parametrize("state", [TaskState.RUNNING, TaskState.WAITING])
def test_a_task_that_has_started_cannot_be_cancelled(api, tasks_path, store, state):
    task = api("POST", tasks_path, json={"type": "reboot"}).json()["id"]
    begin(store, task, state=state)
    answer = api("DELETE", f"/tasks/{task}")
    assert answer.status_code == 409
    assert state in answer.json()["detail"]
    assert api("GET", f"/tasks/{task}").json()["state"] == state


def test_either_the_cancellation_or_the_session_wins_never_both(api, tasks_path, store):
    for _ in range(20):
        task = api("POST", tasks_path, json={"type": "reboot"}).json()["id"]
        outcome = []

        def session_claims(identifier=task, outcome=outcome):
            found = store.run(tasks.get(identifier))
            if found.task.state != "pending":
                outcome.append(False)
                return
            changed = store.run(
                tasks.change_tasks(
                    identifier[:16],
                    stamp=found.stamp,
                    tasks=(found.task.replace(state=TaskState.RUNNING),),
                    new_stamp=tasks.fresh_stamp(),
                )
            )
            outcome.append(changed.outcome == "ok")

        claiming = threading.Thread(target=session_claims)
        claiming.start()
        status = api("DELETE", f"/tasks/{task}").status_code
        claiming.join()
        assert (status, outcome[0]) in ((200, False), (409, True))
        assert api("GET", f"/tasks/{task}").json()["state"] == ("cancelled" if status == 200 else "running")


# --- waiting --------------------------------------------------------------------------------------------


def test_a_long_poll_answers_when_the_task_has_ended(api, tasks_path, store):
    task = api("POST", tasks_path, json={"type": "get_rpc_methods"}).json()["id"]

    def session():
        begin(store, task, state=TaskState.RUNNING)
        begin(store, task, state=TaskState.DONE, result=["Inform"], finished_at=time.time())

    later = threading.Timer(0.4, session)
    later.start()
    answer = api("GET", f"/tasks/{task}", params={"wait": "60"})
    later.join()
    assert (answer.json()["state"], answer.json()["result"]) == ("done", ["Inform"])


def test_a_long_poll_that_is_in_vain_answers_with_the_task_as_it_is(api, tasks_path):
    task = api("POST", tasks_path, json={"type": "reboot"}).json()["id"]
    assert api("GET", f"/tasks/{task}", params={"wait": "0.2"}).json()["state"] == "pending"


def test_a_long_poll_does_not_keep_others_waiting(api, as_role, tasks_path):
    task = api("POST", tasks_path, json={"type": "reboot"}).json()["id"]
    answers = []
    waiting = threading.Thread(
        target=lambda: answers.append(as_role("viewer")("GET", f"/tasks/{task}", params={"wait": "60"}))
    )
    waiting.start()
    assert api("GET", "/devices").status_code == 200
    assert api("DELETE", f"/tasks/{task}").status_code == 200
    waiting.join()
    assert answers[0].json()["state"] == "cancelled"


@pytest.mark.parametrize("wait", ["61", "-1", "long", "nan"])
def test_a_wrong_wait_is_refused(api, wait):
    answer = api("GET", "/tasks/anything", params={"wait": wait})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "wait"


def test_a_failed_task_shows_its_fault(api, tasks_path, store):
    task = api("POST", tasks_path, json=EVERY_TYPE[1]).json()["id"]
    fault = TaskFault(9003, "Invalid arguments", {"Device.X": "9007 too long"})
    begin(store, task, state=TaskState.FAILED, fault=fault, evidence={"answered": True})
    shown = api("GET", f"/tasks/{task}").json()
    assert shown["fault"] == {
        "code": 9003,
        "text": "Invalid arguments",
        "parameters": {"Device.X": "9007 too long"},
    }
    assert shown["evidence"] == {"answered": True}


# --- downloads ------------------------------------------------------------------------------------------


def keep_file(store, name="fw.rom", **facts):
    about = {"size": 3, "file_type": "1 Firmware Upgrade Image", "version": "37.80.0.1", **facts}
    store.run(put(StoredFile(name, "ab" * 32, **about)))


def test_a_download_takes_over_what_is_known_of_its_file(api, tasks_path, store):
    keep_file(store, model="cp860")
    request = api("POST", tasks_path, json={"type": "download", "file": "fw.rom"}).json()["request"]
    assert request["size"] == 3
    assert request["sha256"] == "ab" * 32
    assert request["version"] == "37.80.0.1"
    assert request["file_type"] == "1 Firmware Upgrade Image"


def test_firmware_for_another_model_needs_force(api, tasks_path, store):
    keep_file(store, model="VP59")
    answer = api("POST", tasks_path, json={"type": "download", "file": "fw.rom"})
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["field"], error["value"]) == ("file", "fw.rom")
    assert "CP860" in error["message"]
    assert "force" in error["allowed"]
    forced = api("POST", tasks_path, json={"type": "download", "file": "fw.rom", "force": True})
    assert forced.status_code == 201


def test_the_model_of_a_file_that_is_no_firmware_does_not_matter(api, tasks_path, store):
    keep_file(store, "x.cfg", file_type="3 Vendor Configuration File", model="VP59")
    assert api("POST", tasks_path, json={"type": "download", "file": "x.cfg"}).status_code == 201


# --- waking ---------------------------------------------------------------------------------------------


def test_a_phone_is_woken(api, phone):
    path = f"/devices/{quote(phone(serial_number='7'), safe='')}"
    answer = api("POST", path + "/wake")
    assert answer.status_code == 200
    assert (answer.json()["outcome"], answer.json()["text"]) == ("accepted", "7 took it, asked for by Alice")
    assert "Alice" in api("GET", path + "/timeline").json()["items"][0]["text"]


def test_a_task_with_wake_tells_how_the_connection_request_went(api, tasks_path):
    answer = api("POST", tasks_path, params={"wake": "1"}, json={"type": "reboot"})
    assert answer.status_code == 201
    assert answer.json()["wake"]["outcome"] == "accepted"
    assert "wake" not in api("POST", tasks_path, json={"type": "reboot"}).json()


def test_a_slow_connection_request_goes_on_without_the_answer(api, phone):
    path = f"/devices/{quote(phone(serial_number='SLOW'), safe='')}/tasks"
    answer = api("POST", path, params={"wake": "1"}, json={"type": "reboot"})
    assert answer.status_code == 201
    assert answer.json()["wake"]["outcome"] == "under way"


def test_a_task_counts_even_when_the_sender_of_connection_requests_is_broken(api, phone):
    path = f"/devices/{quote(phone(serial_number='GONE'), safe='')}/tasks"
    answer = api("POST", path, params={"wake": "1"}, json={"type": "reboot"})
    assert answer.status_code == 201
    assert answer.json()["wake"]["outcome"] == "failed"
    assert len(api("GET", path).json()["items"]) == 1


def test_a_task_that_is_refused_wakes_nobody(api, tasks_path):
    assert api("POST", tasks_path, params={"wake": "1"}, json={"type": "nothing"}).status_code == 422
    assert api("GET", tasks_path.replace("/tasks", "/timeline")).json()["items"] == []


def test_wake_is_yes_or_no(api, tasks_path):
    answer = api("POST", tasks_path, params={"wake": "maybe"}, json={"type": "reboot"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["allowed"] == "true or false"


def test_whoever_hangs_up_while_waiting_is_no_error(api, tasks_path, base_url, data_dir):
    task = api("POST", tasks_path, json={"type": "reboot"}).json()["id"]
    url = urlsplit(base_url)
    log = data_dir / "server.log"
    before = log.read_text()
    request = (
        f"GET /api/v1/tasks/{task}?wait=60 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n\r\n"
    )
    with socket.create_connection((url.hostname, url.port)) as connection:
        connection.sendall(request.encode())
        assert api("GET", f"/tasks/{task}", params={"wait": "0.3"}).json()["state"] == "pending"
    assert api("GET", f"/tasks/{task}", params={"wait": "0.3"}).json()["state"] == "pending"
    new = log.read_text().removeprefix(before)
    assert '"level":"error"' not in new
    assert "Traceback" not in new


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_time_that_its_zone_carries_out_of_all_years_harms_nothing(api, phone, moment):
    path = f"/devices/{quote(phone(), safe='')}/tasks"
    made = api("POST", path, json={"type": "reboot", "not_before": moment})
    assert made.status_code == 201
    assert api("GET", path).json()["items"] == [made.json()]
