"""Rollouts over REST: made, refused field by field, steered; the jobs' part is tested beside them."""

from __future__ import annotations

import pytest

IMAGE = "37.72.0.12.rom"
REBOOT = {"name": "night", "kind": "reboot", "select": "model = CP860"}


def firmware(api):
    api("PUT", f"/files/{IMAGE}", params={"version": "37.72.0.12", "model": "CP860"}, content=b"image")


def refused(answer):
    assert answer.status_code == 422, answer.text
    return {error["field"]: error for error in answer.json()["errors"]}


def test_a_rollout_is_a_draft_until_it_is_started(api):
    made = api("POST", "/rollouts", json=REBOOT)
    assert made.status_code == 201
    assert made.json()["state"] == "draft"
    path = f"/rollouts/{made.json()['id']}"
    assert made.headers["Location"] == f"/api/v1{path}"
    assert api("POST", f"{path}/pause").status_code == 409
    started = api("POST", f"{path}/start").json()
    assert (started["state"], started["state_by"]) == ("running", "Alice")
    assert api("POST", f"{path}/pause").json()["state"] == "paused"
    assert api("POST", f"{path}/resume").json()["state"] == "running"
    assert api("POST", f"{path}/abort").json()["state"] == "aborted"
    assert "aborted" in api("POST", f"{path}/resume").json()["detail"]


def test_with_start_it_begins_by_itself(api):
    assert api("POST", "/rollouts", json={**REBOOT, "start": "now"}).json()["state"] == "running"
    later = api("POST", "/rollouts", json={**REBOOT, "start": "2099-01-01T00:00:00Z"}).json()
    assert (later["state"], later["start_at"]) == ("scheduled", "2099-01-01T00:00:00Z")
    listed = api("GET", "/rollouts").json()
    assert (listed["total"], listed["items"][0]["id"]) == (2, later["id"])


def test_every_wrong_field_is_named(api):
    body = {
        **REBOOT,
        "waves": ["rest", "200%"],
        "stop": {"failures": "many"},
        "window": [{"from": "25:00", "to": "05:00", "zone": "Mars"}],
        "start": "soon",
        "pace": {"bandwidth": 100},
    }
    errors = refused(api("POST", "/rollouts", json=body))
    assert set(errors) == {
        "waves[0]",
        "waves[1]",
        "stop.failures",
        "window[0].from",
        "window[0].zone",
        "start",
        "pace.bandwidth",
    }
    assert set(refused(api("POST", "/rollouts", json={**REBOOT, "select": "model ="}))) == {"select"}


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("waves[0]", {"waves": [10**20]}),
        ("stop.failures", {"stop": {"failures": 10**20}}),
        ("stop.in_a_row", {"stop": {"in_a_row": 10**20}}),
        ("pace.bandwidth", {"pace": {"bandwidth": 10**20}}),
        ("window.days[0]", {"window": {"from": "01:00", "to": "05:00", "days": ["monkey"]}}),
        ("window.days[0]", {"window": {"from": "01:00", "to": "05:00", "days": ["mo"]}}),
    ],
)
def test_numbers_that_no_fleet_has_and_days_that_no_week_has_are_refused(api, field, wrong):
    assert set(refused(api("POST", "/rollouts", json={**REBOOT, **wrong}))) == {field}
    assert set(refused(api("POST", "/rollouts", json={**REBOOT, "canary": "nobody"}))) == {"canary"}
    assert set(refused(api("POST", "/rollouts", json={"kind": "reboot"}))) == {"name"}


def test_firmware_is_checked_before_it_is_offered(api):
    body = {"name": "up", "kind": "firmware", "file": IMAGE, "select": "model = CP860"}
    assert set(refused(api("POST", "/rollouts", json=body))) == {"file"}
    firmware(api)
    assert set(refused(api("POST", "/rollouts", json={**body, "sha256": "0" * 64}))) == {"sha256"}
    assert api("POST", "/rollouts", json=body).status_code == 201


def test_values_are_checked_and_secrets_are_not_shown(api):
    body = {"name": "c", "kind": "config", "select": "model = CP860"}
    wrong = api("POST", "/rollouts", json={**body, "values": {"voice.jib.max": 1_000_000}})
    assert refused(wrong)
    made = api("POST", "/rollouts", json={**body, "values": {"account.1.password": "hush"}})
    assert made.status_code == 201
    assert "hush" not in made.text
    assert "hush" not in api("GET", f"/rollouts/{made.json()['id']}").text


def test_secrets_of_a_task_are_not_shown_either(api):
    for number, task in enumerate(
        (
            {"type": "set_parameter_values", "values": {"Device.X.AuthPassword": "hush"}},
            {"type": "download", "url": "http://u:hush@h/x?token=hush", "file_type": "2 Web Content"},
            {"type": "download", "url": "http://h/x", "file_type": "2 Web Content", "password": "hush"},
        )
    ):
        body = {"name": f"t{number}", "kind": "task", "task": task, "select": "model = CP860"}
        made = api("POST", "/rollouts", json=body)
        assert made.status_code == 201, made.text
        assert "hush" not in made.text
        again = {**made.json()["definition"], "name": f"again{number}"}
        again = {name: again[name] for name in ("name", "kind", "task", "select")}
        [(field, error)] = refused(api("POST", "/rollouts", json=again)).items()
        assert field.startswith("task.")
        assert error["allowed"] == "the secret itself"
    assert "hush" not in api("GET", "/rollouts").text


def test_what_changes_nothing_is_not_taken_back(api):
    made = api("POST", "/rollouts", json=REBOOT).json()
    assert api("POST", f"/rollouts/{made['id']}/rollback").status_code == 409


def test_firmware_is_taken_back_by_a_rollout_of_its_own(api):
    firmware(api)
    body = {"name": "up", "kind": "firmware", "file": IMAGE, "select": "model = CP860"}
    made = api("POST", "/rollouts", json=body).json()
    back = api("POST", f"/rollouts/{made['id']}/rollback")
    assert back.status_code == 201
    assert (back.json()["rollback_of"], back.json()["state"]) == (made["id"], "running")
    twice = api("POST", f"/rollouts/{made['id']}/rollback")
    assert twice.status_code == 409
    assert back.json()["id"] in twice.json()["detail"]
    api("POST", f"/rollouts/{back.json()['id']}/abort")
    assert api("POST", f"/rollouts/{made['id']}/rollback").status_code == 201


@pytest.mark.parametrize("verb", ["start", "resume", "retry"])
def test_what_is_being_taken_back_does_not_go_on(api, verb):
    firmware(api)
    body = {"name": "up", "kind": "firmware", "file": IMAGE, "select": "model = CP860"}
    path = f"/rollouts/{api('POST', '/rollouts', json=body).json()['id']}"
    if verb != "start":
        api("POST", f"{path}/start")
        api("POST", f"{path}/pause")
    back = api("POST", f"{path}/rollback").json()
    refused_ = api("POST", f"{path}/{verb}")
    assert refused_.status_code == 409
    assert back["id"] in refused_.json()["detail"]
    api("POST", f"/rollouts/{back['id']}/abort")
    assert api("POST", f"{path}/{verb}").status_code == 200


def test_what_is_taken_back_may_be_installed_over_the_new_version(api):
    """`allowed_from` says over what the new image goes, not the old one over it."""
    firmware(api)
    body = {"name": "up", "kind": "firmware", "file": IMAGE, "select": "all", "allowed_from": ["37.72.0.5"]}
    made = api("POST", "/rollouts", json=body).json()
    back = api("POST", f"/rollouts/{made['id']}/rollback").json()
    assert (made["definition"]["allowed_from"], back["definition"]["allowed_from"]) == (["37.72.0.5"], [])


def test_its_phones_are_listed_by_outcome(api):
    made = api("POST", "/rollouts", json=REBOOT).json()
    assert api("GET", f"/rollouts/{made['id']}/devices").json() == {"items": [], "next": None}
    assert api("GET", f"/rollouts/{made['id']}/devices?outcome=lost").status_code == 422
    assert api("GET", "/rollouts/none/devices").status_code == 404


def test_who_may_not_change_the_fleet_may_look(as_role):
    operator = as_role("operator")
    assert operator("POST", "/rollouts", json=REBOOT).status_code == 403
    assert operator("GET", "/rollouts").status_code == 200


def test_firmware_is_what_was_said_of_it(api):
    firmware(api)
    body = {"name": "July", "kind": "firmware", "file": IMAGE, "select": "model = CP860"}
    stored = api("GET", f"/files/{IMAGE}", headers={"Accept": "application/json"}).json()
    for field in ("sha256", "md5"):
        wrong = stored[field][::-1]
        error = refused(api("POST", "/rollouts", json={**body, field: wrong}))[field]
        assert (error["value"], error["allowed"]) == (wrong, stored[field])
        assert refused(api("POST", "/rollouts", json={**body, field: "12"}))[field]["value"] == "12"
    right = {"sha256": stored["sha256"].upper(), "md5": stored["md5"].upper()}
    assert api("POST", "/rollouts", json={**body, **right}).status_code == 201


def test_an_image_that_was_damaged_on_disk_is_not_offered(api, data_dir):
    firmware(api)
    body = {"name": "July", "kind": "firmware", "file": IMAGE, "select": "model = CP860"}
    assert api("POST", "/rollouts", json=body).status_code == 201
    stored = api("GET", f"/files/{IMAGE}", headers={"Accept": "application/json"}).json()
    path = data_dir / "files" / stored["sha256"]
    for damaged, words in ((b"imagE", "SHA-256"), (b"imag", "4 bytes are on disk, and 5 were stored")):
        path.write_bytes(damaged)
        error = refused(api("POST", "/rollouts", json=body))["file"]
        assert "damaged" in error["message"]
        assert words in error["message"]
    path.unlink()
    assert "cannot be read" in refused(api("POST", "/rollouts", json=body))["file"]["message"]
    firmware(api)
    assert api("POST", "/rollouts", json=body).status_code == 201


def test_an_override_says_why_and_stands_in_the_audit(api):
    api("PUT", "/files/30.72.0.12.rom", params={"version": "37.72.0.12"}, content=b"image")
    body = {"name": "July", "kind": "firmware", "file": "30.72.0.12.rom", "select": "model = CP860"}
    error = refused(api("POST", "/rollouts", json=body))["file"]
    assert "override" in str(error["allowed"])
    assert set(refused(api("POST", "/rollouts", json={**body, "override": 1}))) == {"override"}
    why = "the maker says that 30 runs on 37"
    made = api("POST", "/rollouts", json={**body, "override": why})
    assert made.status_code == 201
    [entry] = api("GET", "/audit", params={"operation": "rollouts.create"}).json()["items"]
    assert entry["actor"] == "Alice"
    assert entry["new"]["definition"]["override"] == why


WRONG = [
    ({"start": 1e300}, "start"),
    ({"start": -5}, "start"),
    ({"start": 10**18}, "start"),
    ({"start": "9999-12-31T23:59:59-14:00"}, "start"),
    ({"start": "0001-01-01T00:00:00+14:00"}, "start"),
    ({"start": True}, "start"),
    ({"select": ""}, "select"),
    ({"select": "selector = nobody"}, "select"),
    ({"select": "parameter Device.ManagementServer.Password = x"}, "select"),
    ({"kind": "firmware", "file": IMAGE, "allowed_from": ["=> 5"]}, "allowed_from[0]"),
    ({"kind": "firmware", "file": IMAGE, "allowed_from": ["lately"]}, "allowed_from[0]"),
    ({"kind": "firmware", "file": IMAGE, "override": "a\0b"}, "override"),
    ({"kind": "firmware", "file": "../x"}, "file"),
    ({"kind": "task", "task": {"type": "fly"}}, "task.type"),
    ({"kind": "task", "task": {"type": "get_parameter_values"}}, "task.names"),
    ({"kind": "task", "task": {"type": "get_parameter_values", "names": []}}, "task.names"),
    ({"kind": "task", "task": {"type": "reboot", "priority": 5}}, "task.priority"),
    ({"kind": "task", "task": {"type": "download", "file": "x", "file_type": "3 V"}}, "task.file"),
    ({"kind": "config", "values": {"no.such.key": 1}}, "values.no.such.key"),
    ({"kind": "config", "values": {}}, "values"),
    ({"file": "x.rom"}, "file"),
    ({"pace": {"at_once": 0}}, "pace.at_once"),
    ({"gate": {"success": 2}}, "gate.success"),
    ({"window": {"from": "01:00", "to": "01:02"}}, "window.to"),
    ({"window": [{"from": "01:00", "to": "05:00", "except": ["soon"]}]}, "window[0].except[0]"),
    ({"stop": {"failures": "200%"}}, "stop.failures"),
    ({"surprise": 1}, "surprise"),
]


@pytest.mark.parametrize(("part", "field"), WRONG)
@pytest.mark.parametrize("path", ["/rollouts", "/rollouts/plan"])
def test_what_is_wrong_is_pointed_at(api, part, field, path):
    assert set(refused(api("POST", path, json={**REBOOT, **part}))) == {field}
    assert api("GET", "/rollouts").json()["total"] == 0


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b"null", b'"x"'])
def test_what_is_no_object_is_refused(api, body):
    assert api("POST", "/rollouts", content=body).status_code in (400, 422)


def test_asked_again_with_the_same_key_it_is_made_once_and_stands_in_the_audit(api):
    key = {"Idempotency-Key": "july-1"}
    first, second = (api("POST", "/rollouts", json=REBOOT, headers=key) for _ in range(2))
    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert api("GET", "/rollouts").json()["total"] == 1
    other = api("POST", "/rollouts", json={**REBOOT, "name": "x"}, headers=key)
    assert set(refused(other)) == {"Idempotency-Key"}
    path = f"/rollouts/{first.json()['id']}"
    verbs = ("start", "pause", "resume", "abort")
    for verb in verbs:
        assert api("POST", f"{path}/{verb}").status_code == 200
    api("POST", f"{path}/plan")
    entries = api("GET", "/audit", params={"operation": "rollouts.*"}).json()["items"]
    done = [entry["operation"] for entry in entries if entry["outcome"] == "done"][::-1]
    assert done == ["rollouts.create", *(f"rollouts.{verb}" for verb in verbs)]
    assert entries[0]["object"] == f"{path.removeprefix('/')}/abort"
