"""Actors who are limited by a selector: other phones are not there for them, nor is what phones share."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from acs.northbound.rest.routes import ROUTES
from acs.store import awaited, selectors


@pytest.fixture
def fleet(api, phone):
    """Two phones of the reseller's, and one of somebody else's."""
    ids = [phone(serial_number=f"00156500000{number}") for number in (1, 2, 3)]
    for number, one in enumerate(ids):
        tag = "reseller-a" if number < 2 else "reseller-b"
        assert api("PATCH", f"/devices/{quote(one, safe='')}", json={"tags": [tag]}).status_code == 200
    return ids


@pytest.fixture
def reseller(as_role):
    return as_role("admin", name="Rita", select="tag = reseller-a")


def test_the_list_and_its_count_have_the_own_phones_only(fleet, reseller):
    mine = reseller("GET", "/devices").json()
    assert [one["id"] for one in mine["items"]] == fleet[:2]
    assert mine["total"] == 2


@pytest.mark.parametrize(
    "q", ["all", "0015650", "not tag = reseller-a or all", 'id ~ "*3"', "tag = reseller-b"]
)
def test_no_search_widens_the_sight(fleet, reseller, q):
    found = reseller("GET", "/devices", params={"q": q}).json()
    assert {one["id"] for one in found["items"]} <= set(fleet[:2])
    assert found["total"] == len(found["items"])
    tried = reseller("POST", "/selectors/try", json={"select": q}).json()
    assert set(tried["devices"]) <= set(fleet[:2])
    assert tried["total"] == len(tried["devices"])


def test_pages_of_ones_own_phones_go_on_to_the_end(fleet, reseller):
    first = reseller("GET", "/devices", params={"limit": 1}).json()
    second = reseller("GET", "/devices", params={"limit": 1, "cursor": first["next"]}).json()
    assert [one["id"] for one in first["items"] + second["items"]] == fleet[:2]
    assert second["next"] is None


CALLS = [
    ("GET", "", None),
    ("PATCH", "", {"label": "x"}),
    ("DELETE", "", None),
    ("GET", "/parameters", None),
    ("GET", "/timeline", None),
    ("GET", "/tasks", None),
    ("POST", "/tasks", {"type": "reboot"}),
    ("POST", "/wake", None),
    ("GET", "/wake", None),
    ("GET", "/config", None),
    ("PATCH", "/config", {"values": {"local_time.time_zone": "+1"}}),
    ("GET", "/config/drift", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_anothers_phone_is_not_there(fleet, reseller, api, method, path, body):
    mine, theirs = (f"/devices/{quote(one, safe='')}{path}" for one in (fleet[0], fleet[2]))
    unknown = f"/devices/{quote('001565-CP860-9', safe='')}{path}"
    refused, nobody = reseller(method, theirs, json=body), reseller(method, unknown, json=body)
    assert (refused.status_code, nobody.status_code) == (404, 404)
    assert refused.json()["detail"] == nobody.json()["detail"].replace("001565-CP860-9", fleet[2])
    assert api("GET", f"/devices/{quote(fleet[2], safe='')}").json()["label"] == ""
    assert reseller(method, mine, json=body).status_code in (200, 201, 204)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/devices/{}/config"), ("PUT", "/groups/both/members/{}")]
)
def test_its_mac_address_does_not_tell_of_anothers_phone(fleet, reseller, api, store, method, path):
    store.drive(awaited.meet("001565000003", fleet[2]))
    api("POST", "/groups", json={"name": "both"})
    api("PUT", f"/groups/both/members/{quote(fleet[0], safe='')}")
    theirs, nobodys = "001565000003", "001565000009"
    assert api(method, path.format(theirs)).status_code in (200, 204)
    refused, unknown = reseller(method, path.format(theirs)), reseller(method, path.format(nobodys))
    assert (refused.status_code, unknown.status_code) == (404, 404)
    assert refused.json()["detail"] == unknown.json()["detail"].replace(nobodys, theirs)


def test_anothers_task_is_not_there(fleet, reseller, api):
    tasks = [
        api("POST", f"/devices/{quote(one, safe='')}/tasks", json={"type": "reboot"}).json()["id"]
        for one in (fleet[0], fleet[2])
    ]
    for method in ("GET", "DELETE"):
        assert reseller(method, f"/tasks/{tasks[1]}").status_code == 404
        assert reseller(method, f"/tasks/{tasks[0]}").status_code == 200
    assert api("GET", f"/tasks/{tasks[1]}").json()["state"] == "pending"


def test_many_are_woken_as_far_as_they_are_ones_own(fleet, reseller):
    queued = reseller("POST", "/wake", json={"devices": fleet}).json()
    assert (queued["queued"], queued["unknown"]) == (2, [fleet[2]])


def test_a_file_that_anothers_phone_sent_cannot_be_sent_to_ones_own(fleet, reseller, store):
    from acs.store import files
    from acs.store.files import StoredFile

    for name, device in (("theirs.cfg", fleet[2]), ("mine.cfg", fleet[1])):
        store.run(files.put(StoredFile(name, "0" * 64, 10, "3 Vendor Configuration File", device=device)))
    task = {"type": "download", "file_type": "3 Vendor Configuration File"}
    path = f"/devices/{quote(fleet[0], safe='')}/tasks"
    assert reseller("POST", path, json={**task, "file": "theirs.cfg"}).status_code == 422
    assert reseller("POST", path, json={**task, "file": "mine.cfg"}).status_code == 201


def test_groups_and_their_counts_are_those_of_ones_own_phones(fleet, reseller, api):
    for name, members in (("both", fleet), ("theirs", fleet[2:]), ("nobodys", [])):
        api("POST", "/groups", json={"name": name})
        for one in members:
            assert api("PUT", f"/groups/{name}/members/{quote(one, safe='')}").status_code == 204
    assert [(one["name"], one["members"]) for one in reseller("GET", "/groups").json()["items"]] == [
        ("both", 2)
    ]
    first = reseller("GET", "/groups/both/members?limit=1").json()
    second = reseller("GET", f"/groups/both/members?limit=1&cursor={quote(first['next'])}").json()
    assert [one["id"] for one in first["items"] + second["items"]] == fleet[:2]
    assert (first["total"], second["next"]) == (2, None)
    mine, theirs = (quote(one, safe="") for one in (fleet[0], fleet[2]))
    for name in ("theirs", "nobodys", "none"):
        for path in (f"/groups/{name}", f"/groups/{name}/members"):
            assert reseller("GET", path).status_code == 404
        assert reseller("PUT", f"/groups/{name}/members/{mine}").status_code == 404
    assert reseller("PUT", f"/groups/both/members/{theirs}").status_code == 404
    assert reseller("DELETE", f"/groups/both/members/{theirs}").status_code == 404
    assert reseller("DELETE", f"/groups/both/members/{mine}").status_code == 204
    assert api("GET", "/groups/both").json()["members"] == 2


def test_the_wake_queue_is_that_of_ones_own_phones(fleet, reseller, api):
    api("POST", "/wake", json={"devices": fleet})
    queue = reseller("GET", "/wake/queue?limit=1").json()
    assert (queue["total"], len(queue["items"]), queue["stun"]) == (2, 1, {})
    assert queue["items"][0]["device"] in fleet[:2]
    assert reseller("DELETE", "/wake/queue").json() == {"removed": 2}
    assert [one["device"] for one in api("GET", "/wake/queue").json()["items"]] == fleet[2:]
    assert reseller("GET", "/wake/queue").json()["items"] == []


def test_phones_are_counted_as_far_as_they_are_ones_own(fleet, reseller, api):
    counted = reseller("GET", "/presence").json()
    assert (counted["total"], counted["online"], counted["minutes"]) == (2, 2, [])
    assert api("GET", "/presence").json()["total"] == 3


def test_an_alert_is_ones_own_where_all_of_its_site_is(fleet, reseller, api, store):
    from acs.fleet.alert import site_alert
    from acs.store import alerts

    for one, site in zip(fleet, ("site1", "site2", "site2"), strict=True):
        tags = api("GET", f"/devices/{quote(one, safe='')}").json()["tags"]
        api("PATCH", f"/devices/{quote(one, safe='')}", json={"tags": [*tags, site]})
    mine, shared, nobodys = (site_alert(site, 100.0, 200.0, 3) for site in ("site1", "site2", "site3"))
    for one in (mine, shared, nobodys):
        store.run(alerts.open_one(one))
    for state in ("open", "all"):
        assert [one["site"] for one in reseller("GET", f"/alerts?state={state}").json()["items"]] == ["site1"]
    assert reseller("POST", f"/alerts/{shared.id}/close").status_code == 404
    assert reseller("POST", f"/alerts/{mine.id}/close").json()["state"] == "closed"
    assert [one["site"] for one in reseller("GET", "/alerts?state=closed").json()["items"]] == ["site1"]


def test_files_are_those_that_ones_own_phones_sent(fleet, reseller, api, store):
    from acs.store import files
    from acs.store.files import StoredFile

    for name, device in (("a.cfg", fleet[0]), ("b.cfg", fleet[2]), ("c.cfg", fleet[1]), ("d.cfg", "")):
        store.run(files.put(StoredFile(name, "0" * 64, 10, "3 Vendor Configuration File", device=device)))
    first = reseller("GET", "/files?limit=1").json()
    second = reseller("GET", f"/files?limit=1&cursor={first['next']}").json()
    assert [one["name"] for one in first["items"] + second["items"]] == ["a.cfg", "c.cfg"]
    assert (first["total"], second["next"]) == (2, None)
    json = {"Accept": "application/json"}
    answers = {
        name: [reseller(method, f"/files/{name}", headers=json).status_code for method in ("GET", "DELETE")]
        for name in ("a.cfg", "b.cfg", "d.cfg")
    }
    assert answers == {"a.cfg": [200, 204], "b.cfg": [404, 404], "d.cfg": [403, 403]}
    assert [one["name"] for one in api("GET", "/files").json()["items"]] == ["b.cfg", "c.cfg", "d.cfg"]


#: what limited actors may call beside what is of one phone by its id
OPEN = {
    "GET /api/v1/devices",
    "GET /api/v1/devices/export",
    "GET /api/v1/tasks/{task}",
    "DELETE /api/v1/tasks/{task}",
    "POST /api/v1/wake",
    "POST /api/v1/selectors/try",
    "GET /api/v1/rollouts",
    "POST /api/v1/rollouts",
    "POST /api/v1/rollouts/plan",
    "GET /api/v1/rollouts/{rollout}",
    "GET /api/v1/rollouts/{rollout}/devices",
    "GET /api/v1/rollouts/{rollout}/approvals",
    "GET /api/v1/rollouts/{rollout}/report",
    "POST /api/v1/rollouts/{rollout}/plan",
    "POST /api/v1/rollouts/{rollout}/approve",
    "POST /api/v1/rollouts/{rollout}/start",
    "POST /api/v1/rollouts/{rollout}/pause",
    "POST /api/v1/rollouts/{rollout}/resume",
    "POST /api/v1/rollouts/{rollout}/retry",
    "POST /api/v1/rollouts/{rollout}/abort",
    "POST /api/v1/rollouts/{rollout}/rollback",
    "GET /api/v1/schedules",
    "POST /api/v1/schedules",
    "GET /api/v1/schedules/{schedule}",
    "PATCH /api/v1/schedules/{schedule}",
    "DELETE /api/v1/schedules/{schedule}",
    "POST /api/v1/schedules/{schedule}/run",
    "GET /api/v1/keys",
    "GET /api/v1/events",
    "GET /api/v1/alerts",
    "POST /api/v1/alerts/{alert}/close",
    "GET /api/v1/presence",
    "GET /api/v1/wake/queue",
    "DELETE /api/v1/wake/queue",
    "GET /api/v1/groups",
    "GET /api/v1/groups/{group}",
    "GET /api/v1/groups/{group}/members",
    "PUT /api/v1/groups/{group}/members/{member}",
    "DELETE /api/v1/groups/{group}/members/{member}",
    "GET /api/v1/files",
    "GET /api/v1/files/{name}",
    "DELETE /api/v1/files/{name}",
    "GET /api/v1/config/drift",
    "POST /api/v1/config/plan",
    "GET /api/v1/resources",
    "POST /api/v1/resources/{kind}/check",
    "POST /api/v1/resources/{kind}/build",
    "POST /api/v1/resources/{kind}/rows",
    "GET /api/v1/session",
    "DELETE /api/v1/session",
    "POST /api/v1/account/password",
    "POST /api/v1/account/tokens",
    "DELETE /api/v1/account/token",
}


def test_the_routes_that_limited_actors_may_call_are_these():
    """Whoever opens another has to see to it that it looks at visible phones only, and to say so here."""
    of_a_phone = "/api/v1/devices/{device}"
    found = {
        f"{route.method} {route.path}"
        for route in ROUTES
        if route.for_limited and route.role is not None and not route.path.startswith(of_a_phone)
    }
    assert found == OPEN


SHARED = [
    ("GET", "/config", None),
    ("PATCH", "/config", {"values": {}}),
    ("POST", "/groups", {"name": "x"}),
    ("PATCH", "/groups/x", {"order": 1}),
    ("DELETE", "/groups/x", None),
    ("GET", "/groups/x/config", None),
    ("PUT", "/files/x.cfg", None),
    ("GET", "/selectors", None),
    ("GET", "/rules", None),
    ("GET", "/webhooks", None),
    ("GET", "/awaited", None),
    ("GET", "/users", None),
    ("POST", "/tokens", {"name": "x", "role": "viewer"}),
    ("GET", "/audit", None),
    ("POST", "/selectors", {"name": "x", "select": "all"}),
]


@pytest.mark.parametrize(("method", "path", "body"), SHARED)
def test_what_phones_share_is_refused_with_the_reason(reseller, method, path, body):
    answer = reseller(method, path, json=body)
    assert answer.status_code == 403
    assert "limited to the phones of 'tag = reseller-a'" in answer.json()["detail"]


def test_a_phone_that_loses_the_tag_is_out_of_sight_at_once(fleet, reseller, api):
    path = f"/devices/{quote(fleet[0], safe='')}"
    assert reseller("GET", path).status_code == 200
    api("PATCH", path, json={"tags": []})
    assert reseller("GET", path).status_code == 404


def test_a_saved_selector_that_is_gone_shows_nothing(as_role, api, store, fleet):
    api("POST", "/selectors", json={"name": "mine", "select": "all"})
    limited = as_role("viewer", select="selector = mine")
    path = f"/devices/{quote(fleet[0], safe='')}"
    assert limited("GET", path).status_code == 200
    store.run(selectors.delete("mine"))  # as from a backup of another day
    assert limited("GET", path).status_code == 404
    assert limited("GET", "/devices").status_code == 422


def test_a_token_is_made_with_a_limit_that_can_be_read(api, anonymous, fleet):
    wrong = api("POST", "/tokens", json={"name": "x", "role": "viewer", "select": "tag ="})
    assert [error["field"] for error in wrong.json()["errors"]] == ["select"]
    made = api("POST", "/tokens", json={"name": "x", "role": "viewer", "select": "tag = reseller-b"}).json()
    bearer = {"Authorization": f"Bearer {made['token']}"}
    [one] = anonymous("GET", "/devices", headers=bearer).json()["items"]
    assert one["id"] == fleet[2]
