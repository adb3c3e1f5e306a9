"""Idempotency-Key, the rate of a token, and scripts of other sites."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import httpx
import pytest

KEY = {"Idempotency-Key": "7b0c-ticket-1"}


@pytest.fixture
def tasks(phone) -> str:
    return f"/devices/{quote(phone(), safe='')}/tasks"


def test_the_same_request_with_the_same_key_is_done_once(api, tasks):
    first = api("POST", tasks, json={"type": "reboot"}, headers=KEY)
    second = api("POST", tasks, json={"type": "reboot"}, headers=KEY)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert first.headers["Location"] == second.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(api("GET", tasks).json()["items"]) == 1
    assert len(api("GET", "/audit").json()["items"]) == 1


def test_without_a_key_or_with_another_it_is_done_again(api, as_role, tasks):
    for headers in ({}, {}, KEY, {"Idempotency-Key": "another"}):
        assert api("POST", tasks, json={"type": "reboot"}, headers=headers).status_code == 201
    other = as_role("operator")("POST", tasks, json={"type": "reboot"}, headers=KEY)
    assert "Idempotency-Replayed" not in other.headers  # a key is its caller's own
    assert len(api("GET", tasks).json()["items"]) == 5


def test_a_key_stands_for_one_request(api, tasks):
    api("POST", tasks, json={"type": "reboot"}, headers=KEY)
    for path, body in ((tasks, {"type": "factory_reset"}), (f"{tasks}?wake=1", {"type": "reboot"})):
        refused = api("POST", path, json=body, headers=KEY)
        assert refused.status_code == 422
        assert [error["field"] for error in refused.json()["errors"]] == ["Idempotency-Key"]


def test_what_failed_can_be_tried_again_with_its_key(api, tasks):
    assert api("POST", tasks, json={"type": "dance"}, headers=KEY).status_code == 422
    assert api("POST", tasks, json={"type": "reboot"}, headers=KEY).status_code == 201


def test_many_at_once_make_one(api, tasks):
    def ask(_: int) -> int:
        with httpx.Client(base_url=api.url, headers=api.client.headers, trust_env=False) as client:
            return client.post(f"/api/v1{tasks}", json={"type": "reboot"}, headers=KEY).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(ask, range(16)))
    assert 201 in statuses
    assert statuses <= {201, 409}
    assert len(api("GET", tasks).json()["items"]) == 1


def test_a_secret_is_not_kept_for_a_second_answer(api):
    body = {"name": "x", "role": "viewer"}
    assert api("POST", "/tokens", json=body, headers=KEY).status_code == 201
    assert api("POST", "/tokens", json=body, headers=KEY).status_code == 409
    assert len([one for one in api("GET", "/tokens").json()["items"] if one["name"] == "x"]) == 1


@pytest.mark.parametrize("key", ["", "with blank", "x" * 256])
def test_a_key_that_cannot_be_is_refused(api, tasks, key):
    answer = api("POST", tasks, json={"type": "reboot"}, headers={"Idempotency-Key": key})
    assert answer.status_code == 422


# --- with settings --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strict(server_with):
    """Makes callers of a server with a rate limit, a proxy and a friendly site."""
    caller = server_with('{"rate_limit": 5, "proxies": ["127.0.0.1"], "origins": ["https://panel.example"]}')
    return lambda: caller("admin")


def test_a_token_has_its_calls_a_minute_and_is_told_when_to_go_on(strict):
    one, other = strict(), strict()
    statuses = [one("GET", "/devices").status_code for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    refused = one("GET", "/devices")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert other("GET", "/devices").status_code == 200


def test_the_audit_has_the_address_that_a_known_proxy_tells(strict):
    admin = strict()
    told = {"X-Forwarded-For": "203.0.113.9, 198.51.100.4"}
    admin("POST", "/groups", json={"name": "x"}, headers=told)
    assert admin("GET", "/audit").json()["items"][0]["address"] == "198.51.100.4"


def test_a_proxy_that_is_not_known_is_not_believed(api):
    api("POST", "/groups", json={"name": "x"}, headers={"X-Forwarded-For": "203.0.113.9"})
    assert api("GET", "/audit").json()["items"][0]["address"] == "127.0.0.1"


ASK = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}


def test_scripts_of_a_named_site_may_read_answers(strict):
    ours = {"Origin": "https://panel.example"}
    leave = strict()("OPTIONS", "/devices", headers={**ours, **ASK})
    assert leave.status_code == 204
    assert "Authorization" in leave.headers["Access-Control-Allow-Headers"]
    answer = strict()("GET", "/devices", headers=ours)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://panel.example"
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://panel.example.evil"])
def test_those_of_others_may_not(strict, api, origin):
    for answer in (
        strict()("GET", "/devices", headers={"Origin": origin}),
        strict()("OPTIONS", "/devices", headers={"Origin": origin, **ASK}),
        api("GET", "/devices", headers={"Origin": origin}),
        api("GET", "/devices", headers={"Origin": "https://panel.example"}),  # off by default
    ):
        assert "Access-Control-Allow-Origin" not in answer.headers
