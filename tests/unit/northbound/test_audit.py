"""Every change stands in the audit: who, when, from where, what, and how it was before."""

from __future__ import annotations

import csv
import io
from urllib.parse import quote

import httpx
import pytest

from acs.store import audit
from acs.store.audit import AuditEntry


def entries(api, **query) -> list[dict]:
    answer = api("GET", "/audit", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


@pytest.fixture
def device(phone) -> str:
    return phone()


@pytest.fixture
def path(device) -> str:
    return f"/devices/{quote(device, safe='')}"


def test_a_change_is_told_with_what_was_and_what_is(api, device, path):
    api("PATCH", path, json={"label": "Room 12", "tags": ["site7"]}, headers={"X-Request-Id": "ticket-1"})
    api("PATCH", path, json={"label": "Room 13"})
    second, first = entries(api)
    assert (first["actor"], first["kind"], first["address"]) == ("Alice", "token", "127.0.0.1")
    assert (first["operation"], first["object"]) == ("devices.change", f"devices/{device}")
    assert (first["outcome"], first["request"]) == ("done", "ticket-1")
    assert first["old"] == {"label": "", "tags": []}
    assert first["new"] == {"label": "Room 12", "tags": ["site7"]}
    assert (second["old"], second["new"]) == ({"label": "Room 12"}, {"label": "Room 13"})
    assert first["at"] <= second["at"]


def test_looking_and_trying_leave_no_entry(api, path):
    api("GET", "/devices")
    api("GET", path)
    api("POST", "/selectors/try", json={"select": "all"})
    assert entries(api) == []


def test_what_is_made_and_removed_is_told(api):
    api("POST", "/groups", json={"name": "site7", "order": 3})
    api("DELETE", "/groups/site7")
    removed, made = entries(api)
    assert (made["operation"], made["object"], made["old"]) == ("groups.create", "groups/site7", None)
    assert made["new"]["order"] == 3
    assert (removed["operation"], removed["object"], removed["new"]) == (
        "groups.delete",
        "groups/site7",
        None,
    )
    assert removed["old"]["order"] == 3


def test_of_a_token_and_a_file_that_are_removed_it_has_what_they_were(api):
    token = api("POST", "/tokens", json={"name": "nagios", "role": "viewer"}).json()["id"]
    api("DELETE", f"/tokens/{token}")
    api("PUT", "/files/a.bin", params={"file_type": "X A"}, content=b"one")
    api("PUT", "/files/a.bin", params={"file_type": "X A"}, content=b"other")
    api("DELETE", "/files/a.bin")
    removed, replaced, _, revoked, _ = entries(api)
    assert (revoked["old"]["name"], revoked["old"]["role"], revoked["new"]) == ("nagios", "viewer", None)
    assert (replaced["old"]["size"], replaced["new"]["size"]) == (3, 5)
    assert (removed["old"]["name"], removed["old"]["size"], removed["new"]) == ("a.bin", 5, None)


def test_secrets_are_never_in_it(api, path):
    secrets = ["hunter2hunter2", "opensesame99"]
    login = {"username": "acs", "password": secrets[1]}
    api("POST", "/users", json={"name": "eve", "role": "viewer", "password": secrets[0]})
    api("PATCH", "/users/eve", json={"password": secrets[0] + "!"})
    api("PATCH", path, json={"connection_request": login})
    api("PATCH", f"{path}/config", json={"values": {"account.1.password": secrets[1]}})
    token = api("POST", "/tokens", json={"name": "x", "role": "viewer"}).json()["token"]
    values = {"Device.ManagementServer.Password": secrets[1]}
    api("POST", f"{path}/tasks", json={"type": "set_parameter_values", "values": values})
    url = f"http://me:{secrets[1]}@192.0.2.1/a.cfg"
    api(
        "POST",
        f"{path}/tasks",
        json={"type": "download", "url": url, "file_type": "3 Vendor Configuration File"},
    )
    told = api("GET", "/audit").text
    hook = {"name": "w", "url": f"http://192.0.2.1/?token={secrets[1]}&x=1", "secret": secrets[0] * 2}
    assert api("POST", "/webhooks", json=hook).status_code == 201
    api("PATCH", path, json={"attributes": {"sip_password": secrets[1]}})
    assert len(entries(api)) == 9
    assert not any(secret in told for secret in (*secrets, token, token.rpartition("_")[2]))
    assert told.count("********") >= 5


def test_ones_own_new_password_is_not_in_it(api, base_url):
    old, new = "hunter2hunter2", "opensesame99"
    api("POST", "/users", json={"name": "eve", "role": "viewer", "password": old})
    with httpx.Client(base_url=f"{base_url}/api/v1", trust_env=False, timeout=60) as eve:
        csrf = eve.post("/session", json={"name": "eve", "password": old}).json()["csrf"]
        body = {"old": old, "new": new}
        assert eve.post("/account/password", json=body, headers={"X-CSRF-Token": csrf}).status_code == 204
    [entry] = entries(api, operation="account.password")
    assert (entry["actor"], entry["new"]) == ("eve", {"changed": "password"})
    assert not any(secret in api("GET", "/audit").text for secret in (old, new))


def test_a_refused_change_is_told_with_the_reason(api, as_role, path):
    as_role("viewer", name="Vic")("PATCH", path, json={"label": "x"})
    as_role("admin", name="Rita", select="tag = a")("POST", "/groups", json={"name": "mine"})
    limited, weak = entries(api)
    assert (weak["actor"], weak["new"]) == ("Vic", {"label": "x"})
    assert weak["outcome"].startswith("This needs the role 'operator'")
    assert (limited["actor"], limited["operation"]) == ("Rita", "groups.create")
    assert limited["outcome"].startswith("You are limited to the phones of")


def test_a_wrong_body_changes_nothing_and_leaves_no_entry(api):
    assert api("POST", "/groups", json={"name": "?"}).status_code == 422
    assert entries(api) == []


def test_logins_are_told_right_and_wrong(api, anonymous):
    body = {"name": "eve", "password": "a long night shift"}
    api("POST", "/users", json={**body, "role": "viewer"})
    anonymous("POST", "/session", json={**body, "password": "not the right one"})
    anonymous("POST", "/session", json=body)
    right, wrong = entries(api, operation="session.login")
    assert (right["actor"], right["kind"], right["outcome"]) == ("eve", "user", "done")
    assert (wrong["actor"], wrong["outcome"]) == ("eve", "Name and password do not go together.")


@pytest.fixture
def busy(api, as_role, path):
    """Ten entries: four groups by Alice, four by Bob, and two tasks."""
    bob = as_role("admin", name="Bob")
    for number in range(4):
        api("POST", "/groups", json={"name": f"a{number}"})
        bob("POST", "/groups", json={"name": f"b{number}"})
    for _ in range(2):
        bob("POST", f"{path}/tasks", json={"type": "reboot"})


def test_it_is_searched_by_actor_object_operation_and_time(api, busy):
    assert len(entries(api)) == 10
    assert {one["actor"] for one in entries(api, actor="bob")} == {"Bob"}
    assert len(entries(api, actor="Bob")) == 6
    assert [one["object"] for one in entries(api, object="groups/a2")] == ["groups/a2"]
    assert len(entries(api, operation="groups.*")) == 8
    assert len(entries(api, operation="devices.tasks.create")) == 2
    assert entries(api, operation="devices.tasks") == []
    middle = entries(api)[5]["at"]
    before, after = entries(api, until=middle), entries(api, since=middle)
    assert 0 < len(before) < 10
    assert 0 < len(after) < 10
    assert entries(api, since="2099-01-01T00:00:00Z") == []


def test_pages_hold_each_entry_once(api, busy):
    seen, cursor = [], ""
    while cursor is not None:
        page = api("GET", "/audit", params={"limit": 3, "cursor": cursor, "operation": "groups.*"}).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == 8


def test_it_is_exported_as_a_table_that_no_spreadsheet_runs(api):
    api("POST", "/groups", json={"name": "x", "description": "=1+1"})
    answer = api("GET", "/audit", params={"format": "csv"})
    assert answer.headers["Content-Type"].startswith("text/csv")
    [row] = csv.DictReader(io.StringIO(answer.text))
    assert (row["actor"], row["operation"]) == ("Alice", "groups.create")
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())


@pytest.mark.parametrize(("field", "value"), [("since", "yesterday"), ("cursor", "x"), ("limit", "0")])
def test_what_cannot_be_asked_is_named(api, field, value):
    answer = api("GET", "/audit", params={field: value})
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_nothing_changes_or_removes_an_entry(api, busy):
    kept = entries(api)
    for method in ("PUT", "PATCH", "DELETE", "POST"):
        assert api(method, "/audit").status_code == 405
    assert entries(api) == kept


def test_the_consoles_table_has_all_entries_that_match(browser, store):
    kept = [
        AuditEntry(1_700_000_000 + number, "eve", "user", "192.0.2.7", "groups.create", f"groups/{number}")
        for number in range(2_100)
    ]
    store.run_all([audit.append(entry) for entry in kept])
    adam = browser(role="admin")
    table = adam.client.get("/audit.csv", params={"actor": "eve"})
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [row["object"] for row in rows] == [entry.on for entry in reversed(kept)]
    assert "Nothing here" in adam.get("/audit?actor=nobody").text
