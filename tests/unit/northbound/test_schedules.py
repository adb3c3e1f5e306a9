"""Schedules over REST: made, refused field by field, turned off and on, told to run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from acs.store import rollouts

BACKUP = {"kind": "backup", "select": "model = CP860", "stop": None}
NIGHTLY = {"name": "nightly", "cron": "30 2 * * *", "zone": "Europe/Berlin", "keep": 7, "what": BACKUP}


def refused(answer):
    assert answer.status_code == 422, answer.text
    return {error["field"]: error for error in answer.json()["errors"]}


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def test_one_is_made_and_tells_when_it_runs(api):
    made = api("POST", "/schedules", json=NIGHTLY)
    assert made.status_code == 201
    view = made.json()
    assert made.headers["Location"] == f"/api/v1/schedules/{view['id']}"
    assert (view["kind"], view["cron"], view["zone"], view["keep"]) == (
        "backup",
        "30 2 * * *",
        "Europe/Berlin",
        7,
    )
    assert view["what"]["select"] == "model = CP860"
    assert (view["created_by"], view["last"], view["runs"]) == ("Alice", None, [])
    assert len(view["coming"]) == 5
    assert view["coming"][0] == view["next_at"]
    assert {one[14:] for one in view["coming"]} == {"30:00Z"}
    listed = api("GET", "/schedules").json()
    assert (listed["total"], listed["next"]) == (1, None)
    assert listed["items"][0]["id"] == view["id"]
    assert api("GET", f"/schedules/{view['id']}").json() == view


def test_one_that_runs_once(api):
    view = api("POST", "/schedules", json={"name": "once", "at": in_seconds(3600), "what": BACKUP}).json()
    assert (view["cron"], view["coming"]) == (None, [view["at"]])
    null = {"name": "null", "at": None, "cron": "@daily", "what": BACKUP}
    assert api("POST", "/schedules", json=null).status_code == 201
    local = {"name": "local", "at": "2031-07-01T02:30", "zone": "Europe/Berlin", "what": BACKUP}
    assert api("POST", "/schedules", json=local).json()["at"] == "2031-07-01T00:30:00Z"


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"cron": "30 25 * * *"}, "cron", "hour: '25' is no hour"),
        ({"cron": None}, "cron", "is required"),
        ({"cron": "nightly"}, "cron", "has 1 field, not 5"),
        ({"cron": "0 0 31 2 *"}, "cron", "never comes"),
        ({"cron": ""}, "cron", "is required"),
        ({"at": "2031-01-01T00:00:00Z"}, "cron", "both given"),
        ({"cron": "", "at": "2020-01-01T00:00:00Z"}, "at", "has passed"),
        ({"cron": "", "at": "soon"}, "at", "is no time"),
        ({"cron": "", "at": "2999-01-01T00:00:00Z"}, "at", "too far"),
        ({"zone": "Mars/Olympus"}, "zone", "no time zone"),
        ({"keep": 0}, "keep", "cannot be kept"),
        ({"keep": "a week"}, "keep", "cannot be kept"),
        ({"late": -1}, "late", ""),
        ({"name": ""}, "name", ""),
        ({"name": " x"}, "name", "is no name"),
        ({"what": {"kind": "reboot", "select": "all"}}, "keep", "no use"),
        ({"what": {"kind": "backup", "select": "model ="}}, "what.select", "character"),
        ({"what": {"kind": "backup", "waves": ["200%"]}}, "what.waves[0]", "no size"),
        ({"what": {"kind": "copy"}}, "what.kind", ""),
        ({"what": {"kind": "firmware", "select": "all"}, "keep": None}, "what.file", "required"),
        ({"what": {**BACKUP, "start": "now"}}, "what.start", "unknown"),
        ({"what": {**BACKUP, "canary": "nobody"}}, "what.canary", "no group"),
        ({"what": None}, "what", ""),
        ({"often": True}, "often", "unknown"),
    ],
)
def test_what_is_wrong_is_named(api, change, field, said):
    errors = refused(api("POST", "/schedules", json={**NIGHTLY, **change}))
    assert list(errors) == [field]
    assert said in errors[field]["message"]
    assert errors[field].get("allowed")


def test_a_fault_in_an_expression_is_pointed_at(api):
    error = refused(api("POST", "/schedules", json={**NIGHTLY, "cron": "30 2 * foo *"}))["cron"]
    assert (error["position"], error["value"]) == (7, "30 2 * foo *")
    assert error["allowed"] == "1 to 12 or jan to dec"


def test_all_that_is_wrong_is_told_at_once(api):
    errors = refused(api("POST", "/schedules", json={**NIGHTLY, "cron": "x", "zone": "y", "keep": -1}))
    assert set(errors) == {"cron", "zone", "keep"}


def test_a_name_is_taken_once(api):
    assert api("POST", "/schedules", json=NIGHTLY).status_code == 201
    assert "already" in api("POST", "/schedules", json=NIGHTLY).json()["detail"]


def test_a_creation_that_is_sent_again_is_done_once(api):
    headers = {"Idempotency-Key": "one"}
    first, second = (api("POST", "/schedules", json=NIGHTLY, headers=headers) for _ in range(2))
    assert first.json() == second.json()
    assert api("GET", "/schedules").json()["total"] == 1


def test_it_is_changed_turned_off_and_on(api):
    path = f"/schedules/{api('POST', '/schedules', json=NIGHTLY).json()['id']}"
    off = api("PATCH", path, json={"enabled": False}).json()
    assert (off["enabled"], off["next_at"], off["coming"]) == (False, None, [])
    assert api("PATCH", path, json={"enabled": True}).json()["next_at"]
    weekly = api(
        "PATCH", path, json={"cron": "0 4 * * sun", "zone": "UTC", "keep": "30d", "late": 600}
    ).json()
    assert (weekly["cron"], weekly["keep"], weekly["late"]) == ("0 4 * * sun", "30d", 600)
    assert {one[11:] for one in weekly["coming"]} == {"04:00:00Z"}
    once = api("PATCH", path, json={"at": "2031-01-01T00:00:00Z"})
    assert once.status_code == 200, once.text
    assert (once.json()["cron"], once.json()["next_at"]) == (None, "2031-01-01T00:00:00Z")
    assert set(refused(api("PATCH", path, json={"cron": "* *"}))) == {"cron"}
    what = api("PATCH", path, json={"what": {"kind": "reboot", "select": "all"}, "keep": None}).json()
    assert (what["kind"], what["keep"]) == ("reboot", None)
    assert api("PATCH", path, json={"name": "other"}).json()["name"] == "other"
    assert api("DELETE", path).status_code == 204
    assert api("GET", path).status_code == 404
    assert api("PATCH", path, json={}).status_code == 404
    assert api("DELETE", path).status_code == 404


def test_a_secret_is_not_shown_and_stays_when_it_comes_back_blanked(api, store):
    what = {
        "kind": "config",
        "select": "all",
        "values": {"account.1.password": "hush", "voice.jib.max": "200"},
    }
    made = api("POST", "/schedules", json={"name": "c", "cron": "@daily", "what": what})
    assert "hush" not in made.text
    shown = made.json()["what"]
    changed = api("PATCH", f"/schedules/{made.json()['id']}", json={"what": {**shown, "waves": [1, "rest"]}})
    assert changed.status_code == 200, changed.text
    run = api("POST", f"/schedules/{made.json()['id']}/run").json()
    assert store.run(rollouts.get(run["id"])).rollout.values["account.1.password"] == "hush"


def test_a_blanked_secret_that_nobody_stored_is_refused(api):
    what = {"kind": "config", "select": "all", "values": {"account.1.password": "******"}}
    errors = refused(api("POST", "/schedules", json={"name": "c", "cron": "@daily", "what": what}))
    assert list(errors) == ["what.values.account.1.password"]


def test_so_are_the_secrets_of_a_task(api, store):
    values = {"Device.X.AuthPassword": "hush", "Device.X.Name": {"value": "n", "type": "xsd:string"}}
    task = {"type": "set_parameter_values", "values": values}
    what = {"kind": "task", "select": "all", "task": task}
    made = api("POST", "/schedules", json={"name": "t", "cron": "@daily", "what": what})
    assert made.status_code == 201, made.text
    assert "hush" not in made.text
    path = f"/schedules/{made.json()['id']}"
    assert "hush" not in api("GET", "/schedules").text
    shown = made.json()["what"]
    assert shown["task"]["values"]["Device.X.Name"] == values["Device.X.Name"]
    shown["task"]["values"]["Device.X.Name"] = "m"
    changed = api("PATCH", path, json={"what": shown})
    assert changed.status_code == 200, changed.text
    run = api("POST", f"{path}/run").json()
    assert "hush" not in str(run)
    assert store.run(rollouts.get(run["id"])).rollout.work.values == {
        "Device.X.AuthPassword": "hush",
        "Device.X.Name": "m",
    }


def test_a_blank_in_a_task_that_nothing_is_stored_behind_is_refused(api):
    task = {"type": "set_parameter_values", "values": {"Device.X.AuthPassword": "********"}}
    what = {"kind": "task", "select": "all", "task": task}
    errors = refused(api("POST", "/schedules", json={"name": "c", "cron": "@daily", "what": what}))
    assert list(errors) == ["what.task.values.Device.X.AuthPassword"]


def test_it_is_told_to_run_beside_its_time(api):
    made = api("POST", "/schedules", json=NIGHTLY).json()
    path = f"/schedules/{made['id']}"
    run = api("POST", f"{path}/run")
    assert run.status_code == 201
    rollout = run.json()
    assert run.headers["Location"] == f"/api/v1/rollouts/{rollout['id']}"
    assert (rollout["state"], rollout["created_by"], rollout["kind"]) == ("running", "Alice", "backup")
    again = api("POST", f"{path}/run")
    assert (again.status_code, "is running" in again.json()["detail"]) == (409, True)
    shown = api("GET", path).json()
    assert shown["next_at"] == made["next_at"]
    [noted] = shown["runs"]
    assert (noted["rollout"], noted["outcome"], noted["state"], noted["by"]) == (
        rollout["id"],
        "started",
        "running",
        "Alice",
    )
    api("POST", f"/rollouts/{rollout['id']}/abort")
    assert api("GET", path).json()["last"]["state"] == "aborted"
    assert api("POST", f"{path}/run").status_code == 201
    assert api("POST", "/schedules/none/run").status_code == 404


def test_engineers_change_and_viewers_look(as_role, api):
    path = f"/schedules/{api('POST', '/schedules', json=NIGHTLY).json()['id']}"
    operator, engineer = as_role("operator"), as_role("engineer")
    assert operator("GET", path).status_code == 200
    for method, where in (("POST", "/schedules"), ("PATCH", path), ("DELETE", path), ("POST", f"{path}/run")):
        assert operator(method, where, json={}).status_code == 403
    assert engineer("PATCH", path, json={"enabled": False}).status_code == 200


def test_what_is_done_stands_in_the_audit(api):
    made = api("POST", "/schedules", json=NIGHTLY).json()
    api("PATCH", f"/schedules/{made['id']}", json={"enabled": False})
    api("POST", f"/schedules/{made['id']}/run")
    entries = api("GET", "/audit", params={"operation": "schedules*"}).json()["items"]
    assert [one["operation"] for one in entries] == [
        "schedules.run.create",
        "schedules.change",
        "schedules.create",
    ]
    assert (entries[1]["old"], entries[1]["new"]) == ({"enabled": True}, {"enabled": False})


def test_pages_go_on_to_the_end(api):
    for number in range(3):
        assert api("POST", "/schedules", json={**NIGHTLY, "name": f"n{number}"}).status_code == 201
    first = api("GET", "/schedules?limit=2").json()
    rest = api("GET", f"/schedules?limit=2&cursor={first['next']}").json()
    assert [one["name"] for one in first["items"] + rest["items"]] == ["n2", "n1", "n0"]
    assert rest["next"] is None
