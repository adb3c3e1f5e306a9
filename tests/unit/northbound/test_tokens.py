"""Who may call what: tokens, roles, refusals."""

from __future__ import annotations

import time
from urllib.parse import quote

import pytest

RANKS = ["viewer", "operator", "engineer", "admin"]


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Basic YTpi",
        "Bearer acs_unknown_secret",
        "Bearer acs__",
        "Bearer nonsense",
        "Bearer acs_\xff_x",
        "TOKEN",
    ],
)
def test_without_a_valid_token_the_answer_is_401_and_says_how_to_log_in(anonymous, header):
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    answer = anonymous("GET", "/devices", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_token_with_a_wrong_secret_does_not_count(anonymous, api):
    wrong = api.token[:-1] + "x"
    assert anonymous("GET", "/devices", headers={"Authorization": f"Bearer {wrong}"}).status_code == 401
    right = {"Authorization": f"bearer  {api.token}"}
    assert anonymous("GET", "/devices", headers=right).status_code == 200


def test_an_expired_token_does_not_count(as_role):
    assert as_role("admin", expires_at=time.time() - 1)("GET", "/devices").status_code == 401
    assert as_role("admin", expires_at=time.time() + 60)("GET", "/devices").status_code == 200


def test_a_new_token_is_shown_once_and_works(api, anonymous):
    made = api("POST", "/tokens", json={"name": "dashboard", "role": "viewer", "expires_in": 3600})
    assert made.status_code == 201
    token = made.json()
    assert made.headers["Location"] == f"/api/v1/tokens/{token['id']}"
    text = token.pop("token")
    assert text.startswith(f"acs_{token['id']}_")
    assert (token["name"], token["role"], token["created_by"]) == ("dashboard", "viewer", "Alice")
    assert token["expires_at"] > token["created_at"]
    as_dashboard = {"Authorization": f"Bearer {text}"}
    assert anonymous("GET", "/devices", headers=as_dashboard).status_code == 200
    listed = api("GET", "/tokens")
    assert token in listed.json()["items"]
    assert text.rpartition("_")[2] not in listed.text
    assert "sha256" not in listed.text
    assert api("DELETE", f"/tokens/{token['id']}").status_code == 204
    assert anonymous("GET", "/devices", headers=as_dashboard).status_code == 401
    assert api("DELETE", f"/tokens/{token['id']}").status_code == 404


def test_a_token_without_expiry(api):
    assert api("POST", "/tokens", json={"name": "x", "role": "admin"}).json()["expires_at"] is None


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"name", "role"}),
        ({"name": "", "role": "viewer"}, {"name"}),
        ({"name": "x\x1b[31m", "role": "viewer"}, {"name"}),
        ({"name": "x", "role": "root"}, {"role"}),
        ({"name": "x", "role": "viewer", "expires_in": -1}, {"expires_in"}),
        ({"name": "x", "role": "viewer", "expires_in": "1d", "scope": 1}, {"expires_in", "scope"}),
    ],
)
def test_a_wrong_token_request_is_refused(api, body, fields):
    answer = api("POST", "/tokens", json=body)
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == fields


def test_an_unknown_role_is_answered_with_the_roles(api):
    [error] = api("POST", "/tokens", json={"name": "x", "role": "root"}).json()["errors"]
    assert error["allowed"] == RANKS


#: method, path, body, the least role that may, the status it then gets
CALLS = [
    ("GET", "/devices", None, "viewer", 200),
    ("GET", "/devices/DEVICE", None, "viewer", 200),
    ("GET", "/devices/DEVICE/parameters", None, "viewer", 200),
    ("GET", "/devices/DEVICE/timeline", None, "viewer", 200),
    ("GET", "/devices/DEVICE/tasks", None, "viewer", 200),
    ("GET", "/tasks/none", None, "viewer", 404),
    ("GET", "/files", None, "viewer", 200),
    ("GET", "/files/none", None, "viewer", 404),
    ("GET", "/refusals", None, "viewer", 200),
    ("GET", "/metrics", None, "viewer", 200),
    ("PATCH", "/devices/DEVICE", {"label": "x"}, "operator", 200),
    ("POST", "/devices/DEVICE/tasks", {"type": "reboot"}, "operator", 201),
    ("POST", "/devices/DEVICE/wake", None, "operator", 200),
    ("DELETE", "/tasks/none", None, "operator", 404),
    ("PUT", "/files/a.cfg", {}, "operator", 201),
    ("DELETE", "/files/none", None, "operator", 404),
    ("DELETE", "/devices/DEVICE", None, "engineer", 204),
    ("GET", "/tokens", None, "admin", 200),
    ("POST", "/tokens", {"name": "x", "role": "viewer"}, "admin", 201),
    ("DELETE", "/tokens/none", None, "admin", 404),
]


@pytest.mark.parametrize(("method", "path", "body", "least", "status"), CALLS)
def test_each_call_needs_its_role(as_role, anonymous, phone, method, path, body, least, status):
    path = path.replace("DEVICE", quote(phone(), safe=""))
    assert anonymous(method, path, json=body).status_code == 401
    for role in RANKS[: RANKS.index(least)]:
        refused = as_role(role)(method, path, json=body)
        assert refused.status_code == 403
        assert refused.json()["detail"].startswith(f"This needs the role {least!r} or a higher one;")
        assert refused.json()["detail"].endswith(f"the role {role!r}.")
    assert as_role(least)(method, path, json=body).status_code == status
