"""Logging in by an OpenID provider: a real exchange with a small one, and what must not be believed."""

from __future__ import annotations

import base64
import importlib.util
import json
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey

_SPEC = importlib.util.spec_from_file_location(
    "openid_provider", Path(__file__).with_name("openid_provider.py")
)
assert _SPEC is not None
assert _SPEC.loader is not None
openid_provider = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(openid_provider)

EVE = {"sub": "4711", "preferred_username": "Eve", "name": "Eve Adams", "groups": ["staff", "acs-ops"]}
ROLES = {
    "acs-admins": {"role": "admin"},
    "acs-ops": {"role": "operator"},
    "site7": {"role": "engineer", "select": "tag = site7"},
}


@pytest.fixture(scope="module")
def running():
    provider = openid_provider.OpenIdProvider()
    yield provider
    provider.stop()


@pytest.fixture
def provider(running):
    running.person, running.bent, running.signing_key = dict(EVE), {}, running.key
    return running


@pytest.fixture(scope="module")
def caller(running, server_with):
    web = {
        "provider": {
            "issuer": running.issuer,
            "client_id": openid_provider.CLIENT,
            "client_secret": openid_provider.SECRET,
            "claim": "groups",
            "roles": ROLES,
        }
    }
    return server_with(json.dumps(web))


@pytest.fixture
def admin(caller):
    api = caller("admin", name="Alice")
    api("POST", "/users", json={"name": "keeper", "role": "admin"})
    for user in others(api):
        assert api("DELETE", f"/users/{user['name']}").status_code == 204
    return api


def others(api) -> list[dict]:
    """The users, without the one who is always there."""
    return [user for user in api("GET", "/users").json()["items"] if user["name"] != "keeper"]


@pytest.fixture
def browser(admin):
    """A browser without cookies, which follows nothing by itself."""
    with httpx.Client(base_url=admin.url, trust_env=False) as client:
        yield client


def came_back(browser: httpx.Client, provider, path: str = "/phones") -> httpx.Response:
    """The answer to a browser that has logged in at the provider."""
    away = browser.get("/oidc/login", params={"next": path})
    assert away.status_code == 303
    assert away.headers["Location"].startswith(f"{provider.issuer}/authorize?tenant=1&")
    return browser.get(f"/oidc/back?{provider.authorize(away.headers['Location'])}")


def problem(answer: httpx.Response) -> str:
    """Why nobody was logged in, as the page says it."""
    assert answer.status_code == 303
    place = urlsplit(answer.headers["Location"])
    assert (place.path, place.query) == ("/login", ""), "in an address anybody could write anything"
    assert "acs_session" not in answer.cookies
    told = answer.cookies["acs_problem"]
    return base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)).decode()


def test_a_person_is_logged_in_with_the_role_of_the_claim(admin, browser, provider):
    answer = came_back(browser, provider)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/phones")
    assert browser.get("/api/v1/session").json()["role"] == "operator"
    [user] = others(admin)
    assert (user["name"], user["full_name"]) == ("eve", "Eve Adams")
    assert (user["by_provider"], user["has_password"]) == (True, False)
    [entry] = admin("GET", "/audit", params={"operation": "session.login", "limit": 1}).json()["items"]
    assert (entry["actor"], entry["new"]) == ("eve", {"by": "provider"})


def test_role_and_limit_are_those_of_the_last_login(admin, browser, provider):
    came_back(browser, provider)
    provider.person["groups"] = ["site7"]
    came_back(browser, provider)
    who = browser.get("/api/v1/session").json()
    assert (who["role"], who["select"]) == ("engineer", "tag = site7")
    assert len(others(admin)) == 1


def test_of_several_roles_the_highest_counts(browser, provider):
    provider.person["groups"] = ["acs-ops", "acs-admins", "site7"]
    came_back(browser, provider)
    assert browser.get("/api/v1/session").json()["role"] == "admin"


@pytest.mark.parametrize("groups", [None, [], ["staff"], "staff", 7, [{"acs-admins": 1}]])
def test_who_has_no_role_here_is_refused(admin, browser, provider, groups):
    provider.person["groups"] = groups
    assert "no role here" in problem(came_back(browser, provider))
    assert others(admin) == []


def test_a_user_with_a_password_is_never_taken_over(admin, browser, provider):
    admin("POST", "/users", json={"name": "eve", "role": "admin", "password": "a long night shift"})
    assert "may not log in by the provider" in problem(came_back(browser, provider))


def test_another_subject_of_the_same_name_is_refused(browser, provider):
    came_back(browser, provider)
    provider.person["sub"] = "666"
    browser.cookies.clear()
    assert "may not log in" in problem(came_back(browser, provider))


def test_a_user_who_is_locked_out_stays_out(admin, browser, provider):
    came_back(browser, provider)
    admin("PATCH", "/users/eve", json={"disabled": True})
    browser.cookies.clear()
    assert "may not log in" in problem(came_back(browser, provider))


def test_a_user_of_the_provider_has_no_password(browser, provider):
    came_back(browser, provider)
    for password in ("", "a long night shift"):
        answer = browser.post("/api/v1/session", json={"name": "eve", "password": password})
        assert answer.status_code == 401


@pytest.mark.parametrize(
    "bent",
    [
        {"iss": "https://evil.example"},
        {"aud": "another client"},
        {"aud": ["acs", "another client"]},
        {"azp": "another client"},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"nonce": "of another login"},
        {"nonce": None},
        {"sub": None},
    ],
)
def test_a_token_that_is_not_for_this_login_is_not_believed(admin, browser, provider, bent):
    provider.bent = bent
    assert "ID token" in problem(came_back(browser, provider))
    assert others(admin) == []


def test_a_token_signed_by_somebody_else_is_not_believed(browser, provider):
    provider.signing_key = RSAKey.generate_key(2048, {"kid": "one"})
    assert "cannot be trusted" in problem(came_back(browser, provider))


@pytest.mark.parametrize("keys", [{"keys": None}, {"keys": {}}, {"keys": [1]}, [1], "none"])
def test_a_key_set_that_is_none_is_told_and_no_failure(browser, provider, monkeypatch, keys):
    documents = {**provider.documents(), "/keys": keys}
    monkeypatch.setattr(provider, "documents", lambda: documents)
    assert "cannot be trusted" in problem(came_back(browser, provider))


def test_a_provider_that_is_away_leads_back_to_the_door(browser, provider, monkeypatch):
    monkeypatch.setattr(provider, "documents", dict)
    assert "does not answer" in problem(browser.get("/oidc/login"))


def test_a_token_without_signature_is_not_believed(browser, provider, monkeypatch):
    def unsigned(header, claims, key):
        def part(value):
            return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

        return f"{part({'alg': 'none'})}.{part(claims)}."

    monkeypatch.setattr(openid_provider.jwt, "encode", unsigned)
    assert "cannot be trusted" in problem(came_back(browser, provider))


def test_a_login_ends_in_the_browser_that_began_it(admin, browser, provider):
    away = browser.get("/oidc/login")
    query = provider.authorize(away.headers["Location"])
    with httpx.Client(base_url=admin.url, trust_env=False) as victim:
        assert "another browser" in problem(victim.get(f"/oidc/back?{query}"))
    assert browser.get(f"/oidc/back?{query}").headers["Location"] == "/"


def test_an_answer_counts_once(browser, provider):
    away = browser.get("/oidc/login")
    state = browser.cookies["acs_login"]
    query = provider.authorize(away.headers["Location"])
    assert browser.get(f"/oidc/back?{query}").headers["Location"] == "/"
    browser.cookies.set("acs_login", state)
    assert "begun too long ago" in problem(browser.get(f"/oidc/back?{query}"))


def test_what_the_person_refuses_is_no_login(browser, provider):
    browser.get("/oidc/login")
    state = browser.cookies["acs_login"]
    answer = browser.get("/oidc/back", params={"error": "access_denied", "state": state})
    assert "has not let you in" in problem(answer)


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example", "/\\evil.example", "phones"])
def test_nobody_is_led_to_another_site_afterwards(browser, provider, path):
    assert came_back(browser, provider, path).headers["Location"] == "/"


def test_without_a_provider_there_is_no_such_way(anonymous):
    answer = anonymous.client.get("/oidc/login")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
