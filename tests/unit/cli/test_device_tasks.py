"""Doing something to a phone: a task is put down, the phone woken, the end awaited and told."""

import json

import pytest

TASK = "0123456789abcdef0123456789ab"


@pytest.fixture
def tasks(server, phone):
    """`tasks("reboot", "pending", "done", …)`: the states in which the new task is seen, in order."""

    def script(kind, first, *later, **last):
        base = {"id": TASK, "device": phone["id"], "type": kind, "result": None, "fault": None}
        server.on(f"POST /devices/{phone['id']}/tasks", (201, {**base, "state": first}))
        seen = [{**base, "state": state} for state in later]
        if seen:
            seen[-1] |= last
            server.on(f"GET /tasks/{TASK}", *seen)

    return script


def test_get_wakes_the_phone_waits_and_prints_the_values(acs, server, phone, tasks):
    values = {"Device.X": {"value": "1", "type": "xsd:boolean"}}
    tasks("get_parameter_values", "pending", "running", "done", result={"values": values, "missing": ["X"]})
    result = acs("device", "get", phone["id"], "Device.X")
    post = server.requests("POST")[0]
    assert post.json == {"type": "get_parameter_values", "names": ["Device.X"]}
    assert post.query == {"wake": "1"}
    assert all("wait" in asked.query for asked in server.asked if asked.path == f"/tasks/{TASK}")
    assert result.stdout.splitlines()[1].split() == ["Device.X", "1", "xsd:boolean"]
    assert "does not know: X" in result.stderr


def test_get_cached_asks_no_phone(acs, server, phone):
    known = {"Device.X": {"value": "1"}, "Device.XY": {"value": "2"}}
    server.on(f"GET /devices/{phone['id']}/parameters", known)
    result = acs("device", "get", "--cached", phone["id"], "Device.X", "--json")
    assert json.loads(result.stdout) == {"Device.X": {"value": "1"}}
    assert not server.requests("POST")


def test_get_cached_of_what_is_not_known(acs, server, phone):
    server.on(f"GET /devices/{phone['id']}/parameters", {})
    result = acs("device", "get", "--cached", phone["id"], "Device.X")
    assert result.exit_code == 3
    assert "Device.X" in result.stderr


def test_no_wake_leaves_it_to_the_next_session(acs, server, phone, tasks):
    tasks("get_parameter_values", "pending")
    result = acs("device", "get", phone["id"], "Device.X", "--no-wake", "--no-wait")
    assert server.requests("POST")[0].query == {}
    assert TASK in result.stdout


def test_set_sends_every_pair(acs, server, phone, tasks):
    tasks("set_parameter_values", "pending", "done")
    result = acs("device", "set", phone["id"], "Device.A=1", "Device.B=x=y", "--priority", "5")
    assert server.requests("POST")[0].json == {
        "type": "set_parameter_values",
        "values": {"Device.A": "1", "Device.B": "x=y"},
        "priority": 5,
    }
    assert result.exit_code == 0


def test_set_with_a_type(acs, server, phone, tasks):
    tasks("set_parameter_values", "pending", "done")
    acs("device", "set", phone["id"], "Device.A=1", "--type", "xsd:boolean")
    assert server.requests("POST")[0].json["values"] == {"Device.A": {"value": "1", "type": "xsd:boolean"}}


def test_what_is_no_pair_is_wrong_usage(acs, phone):
    result = acs("device", "set", phone["id"], "Device.A")
    assert result.exit_code == 2
    assert "NAME=VALUE" in result.stderr


def test_a_failed_task_names_code_and_parameters(acs, phone, tasks):
    fault = {"code": 9003, "text": "Invalid arguments", "parameters": {"Device.A": "9007 wrong value"}}
    tasks("set_parameter_values", "pending", "failed", fault=fault)
    result = acs("device", "set", phone["id"], "Device.A=1")
    assert result.exit_code == 1
    assert "9003 Invalid arguments; Device.A: 9007 wrong value" in result.stderr


def test_a_code_that_the_text_begins_with_is_not_said_twice(acs, phone, tasks):
    tasks("add_object", "pending", "failed", fault={"code": 9005, "text": "9005 invalid parameter name: x"})
    assert "failed: 9005 invalid" in acs("device", "add-object", phone["id"], "Device.X.").stderr


def test_a_failed_task_is_still_json_for_scripts(acs, phone, tasks):
    tasks("set_parameter_values", "pending", "failed", fault={"code": 9003, "text": "x"})
    result = acs("device", "set", phone["id"], "Device.A=1", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["state"] == "failed"


def test_waiting_ends_after_its_time_and_says_how_to_go_on(acs, phone, tasks):
    tasks("reboot", "pending", "waiting")
    result = acs("device", "reboot", phone["id"], "--yes", "--timeout", "0")
    assert result.exit_code == 6
    assert f"acs task show {TASK}" in result.stderr


@pytest.mark.parametrize("verb", ["reboot", "factory-reset"])
def test_nobody_to_ask_needs_yes(acs, server, phone, verb):
    result = acs("device", verb, phone["id"])
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert not server.requests("POST")


@pytest.mark.parametrize(("verb", "kind"), [("reboot", "reboot"), ("factory-reset", "factory_reset")])
def test_with_yes_it_is_done(acs, server, phone, tasks, verb, kind):
    tasks(kind, "pending", "running", "waiting", "done")
    assert acs("device", verb, phone["id"], "--yes").exit_code == 0
    assert server.requests("POST")[0].json == {"type": kind}


def test_a_new_object_is_printed_with_its_number(acs, server, phone, tasks):
    tasks("add_object", "pending", "done", result={"instance": 3, "object": "Device.Lines.3.", "status": 0})
    result = acs("device", "add-object", phone["id"], "Device.Lines.", "Enable=1")
    assert server.requests("POST")[0].json == {
        "type": "add_object",
        "object": "Device.Lines.",
        "values": {"Enable": "1"},
    }
    assert result.stdout == "Device.Lines.3.\n"


def test_an_object_is_deleted(acs, server, phone, tasks):
    tasks("delete_object", "pending", "done")
    assert acs("device", "delete-object", phone["id"], "Device.Lines.3.").exit_code == 0
    assert server.requests("POST")[0].json == {"type": "delete_object", "object": "Device.Lines.3."}


def test_a_task_can_be_followed_and_cancelled(acs, server, tasks):
    tasks("reboot", "pending", "waiting", "done")
    assert acs("task", "show", TASK).exit_code == 0
    assert acs("task", "show", TASK, "--wait").exit_code == 0
    server.on(f"DELETE /tasks/{TASK}", {"id": TASK, "state": "cancelled"})
    assert acs("task", "cancel", TASK).stdout == f"cancelled: {TASK}\n"


def test_open_tasks_of_a_device(acs, server, phone):
    items = [
        {"id": "1", "type": "reboot", "state": "done"},
        {"id": "2", "type": "upload", "state": "waiting"},
    ]
    server.on(f"GET /devices/{phone['id']}/tasks", {"items": items})
    shown = json.loads(acs("task", "list", phone["id"], "--open", "--json").stdout)
    assert [item["id"] for item in shown["items"]] == ["2"]
