"""Rollouts that a second person has to approve of, and such as limited callers make, from outside."""

from __future__ import annotations

from urllib.parse import quote

import httpx
import pytest

from tests.unit.northbound.conftest import put_device
from tests.unit.northbound.test_rollouts import refused

REBOOT = {"name": "night", "kind": "reboot", "select": "all"}


@pytest.fixture
def phones(strict, a_phone):
    """`phones(3)`: so many more."""
    serials = iter(range(1, 1000))

    def know(count: int) -> list[str]:
        return [put_device(strict[1], a_phone(serial_number=f"{next(serials):010}")) for _ in range(count)]

    return know


def lacks(answer: httpx.Response) -> str:
    assert answer.status_code == 409, answer.text
    assert "approval of a second person" in answer.json()["detail"]
    return answer.json()["detail"]


def test_a_large_one_starts_once_somebody_else_approved(people, phones):
    phones(3)
    eve, adam = people("eve"), people("adam")
    made = eve.post("/rollouts", json=REBOOT).json()
    path = f"/rollouts/{made['id']}"
    assert eve.post(f"{path}/plan").json()["needs_approval"] is True
    assert f"{path}/approve" in lacks(eve.post(f"{path}/start"))
    assert eve.get(path).json()["state"] == "draft"
    assert adam.post(f"{path}/approve", json={}).status_code == 200
    lacks(adam.post(f"{path}/start"))
    assert eve.post(f"{path}/start").json()["state"] == "running"
    assert eve.post(f"{path}/pause").status_code == 200
    assert eve.post(f"{path}/resume").json()["state"] == "running"


def test_a_small_one_needs_nobody(people, phones):
    phones(2)
    eve = people("eve")
    assert eve.post("/rollouts", json={**REBOOT, "start": "now"}).json()["state"] == "running"


def test_made_with_a_start_it_is_refused_and_not_kept(people, phones):
    phones(3)
    eve = people("eve")
    assert "without `start`" in lacks(eve.post("/rollouts", json={**REBOOT, "start": "now"}))
    lacks(eve.post("/rollouts", json={**REBOOT, "start": 1}))
    assert eve.get("/rollouts").json()["total"] == 0


def test_a_scheduled_one_is_made_and_approved_of_until_then(people, phones):
    phones(3)
    eve, adam = people("eve"), people("adam")
    made = eve.post("/rollouts", json={**REBOOT, "start": "2099-01-01T00:00:00Z"}).json()
    assert made["state"] == "scheduled"
    lacks(eve.post(f"/rollouts/{made['id']}/start"))
    assert adam.post(f"/rollouts/{made['id']}/approve", json={}).status_code == 200
    assert eve.post(f"/rollouts/{made['id']}/start").json()["state"] == "running"


def test_a_token_that_is_nobody_s_needs_one_person(strict, people, phones):
    phones(3)
    api, _ = strict
    path = f"/rollouts/{api('POST', '/rollouts', json=REBOOT).json()['id']}"
    lacks(api("POST", f"{path}/start"))
    assert people("adam").post(f"{path}/approve", json={}).status_code == 200
    assert api("POST", f"{path}/start").json()["state"] == "running"


def test_taking_back_needs_nobody(strict, people, phones):
    phones(3)
    api, _ = strict
    values = {"name": "c", "kind": "config", "select": "all", "values": {"voice.jib.max": 300}}
    made = api("POST", "/rollouts", json=values).json()
    back = people("eve").post(f"/rollouts/{made['id']}/rollback")
    assert (back.status_code, back.json()["state"]) == (201, "running")


# --- callers who are limited to some phones ---


@pytest.fixture
def fleet(api, phone):
    """Two phones of reseller a, one of reseller b."""
    ids = [phone(serial_number=f"00156500000{number}") for number in (1, 2, 3)]
    for one, tag in zip(ids, ("reseller-a", "reseller-a", "reseller-b"), strict=True):
        assert api("PATCH", f"/devices/{quote(one, safe='')}", json={"tags": [tag]}).status_code == 200
    return ids


@pytest.fixture
def reseller(as_role):
    return lambda letter: as_role("engineer", name=f"Rita {letter}", select=f"tag = reseller-{letter}")


def test_a_limited_caller_makes_rollouts_to_its_own_phones(fleet, reseller):
    rita = reseller("a")
    plan = rita("POST", "/rollouts/plan", json=REBOOT).json()
    assert plan["total"] == 2
    made = rita("POST", "/rollouts", json={**REBOOT, "select": "all or tag = reseller-b"})
    assert made.json()["definition"]["select"] == "(tag = reseller-a) and (all or tag = reseller-b)"
    path = f"/rollouts/{made.json()['id']}"
    assert rita("POST", f"{path}/plan").json()["total"] == 2
    assert rita("POST", f"{path}/start").json()["state"] == "running"
    assert rita("GET", f"{path}/devices").status_code == 200
    assert rita("POST", f"{path}/abort").json()["state"] == "aborted"


def test_it_sees_no_others(fleet, reseller, api):
    rita, other = reseller("a"), reseller("b")
    theirs = [caller("POST", "/rollouts", json=REBOOT).json()["id"] for caller in (api, other)]
    own = [rita("POST", "/rollouts", json=REBOOT).json()["id"] for _ in range(3)]
    first = rita("GET", "/rollouts?limit=2").json()
    rest = rita("GET", "/rollouts", params={"limit": 2, "cursor": first["next"]}).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == own[::-1]
    assert (first["total"], rest["next"]) == (3, None)
    for identifier in theirs:
        for verb in ("start", "pause", "resume", "retry", "abort", "rollback", "plan", "approve"):
            assert rita("POST", f"/rollouts/{identifier}/{verb}", json={}).status_code == 404, verb
        for what in ("", "/devices", "/approvals"):
            assert rita("GET", f"/rollouts/{identifier}{what}").status_code == 404, what
    assert {one["id"] for one in api("GET", "/rollouts").json()["items"]} == {*theirs, *own}


def test_what_another_s_phone_sent_goes_to_none_of_its_phones(fleet, reseller, store):
    from acs.store import files
    from acs.store.files import StoredFile

    kind = "3 Vendor Configuration File"
    store.run(files.put(StoredFile("theirs.cfg", "0" * 64, 10, kind, device=fleet[2])))
    task = {"type": "download", "file": "theirs.cfg", "file_type": kind}
    body = {**REBOOT, "kind": "task", "task": task}
    assert set(refused(reseller("a")("POST", "/rollouts", json=body))) == {"task.file"}
    assert reseller("b")("POST", "/rollouts", json=body).status_code == 201
