"""A second person's approval of a rollout, from outside."""

from __future__ import annotations

import httpx
import pytest

from acs.fleet.rollout.definition import Definition
from acs.fleet.rollout.rollout import Rollout, State
from acs.store import rollouts
from tests.unit.northbound.conftest import log_in_engineer


@pytest.fixture
def rollout(store):
    """`rollout(state)` was made by Eve."""

    def make(state: State = State.DRAFT) -> str:
        definition = Definition(name="reboot all", kind="reboot", select="all")
        assert store.run(
            rollouts.create(Rollout(id="r1", definition=definition, state=state, created_by="eve"))
        )
        return "/rollouts/r1"

    return make


@pytest.fixture
def engineer(api):
    """`engineer("adam")` is logged in."""
    clients = []

    def enter(name: str) -> httpx.Client:
        clients.append(log_in_engineer(api, name))
        return clients[-1]

    yield enter
    for client in clients:
        client.close()


def test_another_engineer_approves_once_and_it_stands_in_the_audit(api, rollout, engineer):
    path, adam = rollout(), engineer("adam")
    given = adam.post(f"{path}/approve", json={"note": "seen the plan"})
    assert given.status_code == 200, given.text
    [approval] = given.json()["items"]
    assert (approval["by"], approval["note"]) == ("adam", "seen the plan")
    assert adam.post(f"{path}/approve", json={}).status_code == 409
    assert api("GET", f"{path}/approvals").json() == given.json()
    [entry] = api("GET", "/audit", params={"operation": "rollouts.approve"}).json()["items"]
    assert (entry["actor"], entry["object"]) == ("adam", "rollouts/r1/approve")


def test_who_made_it_cannot_nor_can_a_token_of_nobody(api, rollout, engineer):
    path = rollout()
    own = engineer("eve").post(f"{path}/approve", json={})
    assert own.status_code == 409
    assert "Somebody else" in own.json()["detail"]
    token = api("POST", f"{path}/approve", json={})
    assert "belongs to no user" in token.json()["detail"]
    assert api("GET", f"{path}/approvals").json() == {"items": []}


@pytest.mark.parametrize("state", [State.RUNNING, State.COMPLETED, State.ABORTED])
def test_it_is_given_before_the_start(rollout, engineer, state):
    assert engineer("adam").post(f"{rollout(state)}/approve", json={}).status_code == 409


def test_one_that_grew_much_is_not_what_was_approved_of(api, rollout, engineer, phone):
    path, adam = rollout(), engineer("adam")
    phone(serial_number="1")
    assert adam.post(f"{path}/approve").json()["items"][0]["phones"] == 1
    assert adam.post(f"{path}/approve").status_code == 409
    phone(serial_number="2")
    assert [one["phones"] for one in adam.post(f"{path}/approve").json()["items"]] == [1, 2]


def test_an_unknown_rollout(api):
    assert api("POST", "/rollouts/none/approve", json={}).status_code == 404
    assert api("GET", "/rollouts/none/approvals").status_code == 404
