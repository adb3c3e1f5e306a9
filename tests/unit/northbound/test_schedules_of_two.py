"""Schedules that take two persons, and such as limited callers make, from outside."""

from __future__ import annotations

import httpx
import pytest

from acs.store import approvals
from tests.unit.northbound.conftest import put_device

REBOOT = {"name": "weekly", "cron": "0 3 * * sun", "what": {"kind": "reboot", "select": "all"}}


@pytest.fixture
def strict(strict, a_phone):
    """The strict server with three phones; and its store."""
    for number in range(3):
        put_device(strict[1], a_phone(serial_number=f"{number:010}"))
    return strict


def lacks(answer: httpx.Response) -> None:
    assert answer.status_code == 409, answer.text
    assert "approval of a second person" in answer.json()["detail"]


def test_who_makes_it_does_not_turn_it_on(people, strict):
    eve, adam = people("eve"), people("adam")
    lacks(eve.post("/schedules", json=REBOOT))
    made = eve.post("/schedules", json={**REBOOT, "enabled": False})
    path = f"/schedules/{made.json()['id']}"
    lacks(eve.patch(path, json={"enabled": True}))
    lacks(eve.post(f"{path}/run"))
    on = adam.patch(path, json={"enabled": True})
    assert on.status_code == 200, on.text
    assert (on.json()["changed_by"], on.json()["approved_by"]) == ("eve", "adam")
    run = eve.post(f"{path}/run")
    assert run.status_code == 201, run.text
    [given] = strict[1].run(approvals.of(run.json()["id"]))
    assert given.by == "adam"
    # what adam changes is adam's, and takes somebody else
    lacks(adam.patch(path, json={"cron": "0 4 * * sun"}))
    changed = adam.patch(path, json={"cron": "0 4 * * sun", "enabled": False}).json()
    assert (changed["changed_by"], changed["approved_by"]) == ("adam", "")
    assert eve.patch(path, json={"enabled": True}).json()["approved_by"] == "eve"


def test_a_token_of_its_own_agrees_to_nothing(people, strict):
    eve, (robot, _) = people("eve"), strict
    path = f"/schedules/{eve.post('/schedules', json={**REBOOT, 'enabled': False}).json()['id']}"
    lacks(robot("PATCH", path, json={"enabled": True}))


@pytest.mark.parametrize(
    "what", [{"kind": "backup", "select": "all"}, {"kind": "reboot", "select": "serial = 1"}]
)
def test_a_backup_and_a_few_phones_take_one(people, what):
    assert people("eve").post("/schedules", json={**REBOOT, "what": what}).status_code == 201


def test_a_limited_caller_has_schedules_of_its_own(as_role, api):
    reseller = as_role("engineer", name="Rita", select="tag = reseller-a")
    theirs = api("POST", "/schedules", json=REBOOT).json()
    mine = reseller("POST", "/schedules", json={**REBOOT, "name": "mine"})
    assert mine.status_code == 201, mine.text
    assert mine.json()["what"]["select"] == "(tag = reseller-a) and (all)"
    assert [one["name"] for one in reseller("GET", "/schedules").json()["items"]] == ["mine"]
    assert api("GET", "/schedules").json()["total"] == 2
    path = f"/schedules/{theirs['id']}"
    for method, where in (("GET", path), ("PATCH", path), ("DELETE", path), ("POST", f"{path}/run")):
        assert reseller(method, where, json={}).status_code == 404
    run = reseller("POST", f"/schedules/{mine.json()['id']}/run").json()
    assert (
        reseller("GET", f"/rollouts/{run['id']}")
        .json()["definition"]["select"]
        .startswith("(tag = reseller-a)")
    )
    assert reseller("DELETE", f"/schedules/{mine.json()['id']}").status_code == 204
