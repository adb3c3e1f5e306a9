"""Phones of a group that inform more often for a while, over REST."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest


@pytest.fixture
def lobby(api):
    api("POST", "/groups", json={"name": "lobby"})
    return "/groups/lobby/informs"


def test_it_holds_until_a_time_or_until_somebody_ends_it(api, lobby):
    usual = {"group": "lobby", "interval": None, "until": None, "by": ""}
    assert api("GET", lobby).json() == usual
    said = api("PUT", lobby, json={"interval": 60, "for": 7200})
    assert said.status_code == 200, said.text
    assert api("GET", lobby).json() == said.json()
    until = datetime.fromisoformat(said.json()["until"]) - datetime.now(UTC)
    assert 7000 < until.total_seconds() <= 7200
    assert (said.json()["interval"], said.json()["by"]) == (60, "Alice")
    assert api("DELETE", lobby).status_code == 204
    assert api("GET", lobby).json() == usual
    # what else is known of the group stays
    assert api("GET", "/groups/lobby").json()["created_by"] == "Alice"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"interval": 1}, "interval"),
        ({"interval": 90_000}, "interval"),
        ({}, "interval"),
        ({"interval": 60, "for": 0}, "for"),
        ({"interval": 60, "for": 700_000}, "for"),
        ({"interval": 60, "lasting": 10}, "lasting"),
    ],
)
def test_what_is_wrong_is_named(api, lobby, body, field):
    answer = api("PUT", lobby, json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_an_unknown_group_and_a_role_that_is_too_low(api, as_role, lobby):
    for method, body in (("GET", None), ("PUT", {"interval": 60}), ("DELETE", None)):
        assert api(method, "/groups/none/informs", json=body).status_code == 404
    assert as_role("operator")("PUT", lobby, json={"interval": 60}).status_code == 403
    assert as_role("viewer")("GET", lobby).status_code == 200


def test_it_stands_in_the_audit(api, lobby):
    api("PUT", lobby, json={"interval": 60})
    [entry, *_] = api("GET", "/audit", params={"operation": "groups.*"}).json()["items"]
    assert (entry["operation"], entry["new"]["interval"]) == ("groups.informs.put", 60)
