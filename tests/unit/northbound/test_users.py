"""Users, from their making to their end: passwords, sessions, tokens of their own, the first one of all."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest

from acs.fleet import login_throttle
from acs.store import tokens
from acs.store import users as user_store
from acs.store.users import User

PASSWORD = "a long night shift"


@pytest.fixture
def browser(base_url: str) -> Callable[..., httpx.Client]:
    """`browser()` is one with no cookies yet."""
    made: list[httpx.Client] = []

    def make(**headers: str) -> httpx.Client:
        made.append(httpx.Client(base_url=base_url + "/api/v1", headers=headers, timeout=60, trust_env=False))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def log_in(browser):
    """`log_in("eve")` is a browser with her session, whose changes carry its secret."""

    def enter(name: str, password: str = PASSWORD) -> httpx.Client:
        client = browser()
        answer = client.post("/session", json={"name": name, "password": password})
        assert answer.status_code == 201, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client

    return enter


@pytest.fixture
def user(api):
    """`user("eve", "operator")` is made by an admin."""

    def make(name: str, role: str = "operator", **more: object) -> dict:
        answer = api("POST", "/users", json={"name": name, "role": role, "password": PASSWORD, **more})
        assert answer.status_code == 201, answer.text
        return answer.json()

    return make


def test_a_user_is_made_listed_changed_and_deleted(api, user):
    made = user("Eve.Adams", full_name="Eve Adams")
    assert (made["name"], made["role"], made["created_by"]) == ("eve.adams", "operator", "Alice")
    assert (made["has_password"], made["by_provider"]) == (True, False)
    assert not any(secret in api("GET", "/users").text for secret in (PASSWORD, "argon2"))
    assert api("GET", "/users").json()["items"] == [made]
    assert api("POST", "/users", json={"name": "eve.adams", "role": "viewer"}).status_code == 409
    changed = api("PATCH", "/users/eve.adams", json={"role": "engineer"}).json()
    assert (changed["role"], changed["full_name"]) == ("engineer", "Eve Adams")
    assert api("DELETE", "/users/eve.adams").status_code == 204
    assert api("GET", "/users/eve.adams").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "-x", "role": "viewer"}, "name"),
        ({"name": "x", "role": "root"}, "role"),
        ({"name": "x", "role": "viewer", "password": "sh0rt"}, "password"),
        ({"name": "longenoughname", "role": "viewer", "password": "LongEnoughName"}, "password"),
        ({"name": "x", "role": "viewer", "password": "aaaaaaaaaaaa"}, "password"),
        ({"name": "x", "role": "viewer", "select": "model >"}, "select"),
    ],
)
def test_what_cannot_be_is_named_and_a_password_never_repeated(api, body, field):
    answer = api("POST", "/users", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert "password" not in body or body["password"] not in answer.text


def test_a_password_is_kept_as_argon2id(store, user):
    user("eve")
    assert store.run(user_store.get("eve")).password.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_session_is_a_cookie_that_scripts_cannot_read(browser, user):
    user("eve")
    answer = browser().post("/session", json={"name": "EVE", "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("acs_session=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert answer.json() | {"csrf": ""} == {
        "name": "eve", "kind": "user", "role": "operator", "select": "", "csrf": "",
    }  # fmt: skip


def test_a_session_looks_freely_and_changes_only_with_its_secret(log_in, user, phone):
    user("eve")
    phone()
    eve = log_in("eve")
    [device] = eve.get("/devices").json()["items"]
    path = f"/devices/{device['id'].replace('%', '%25')}"
    assert eve.patch(path, json={"label": "mine"}).status_code == 200
    secret = eve.headers.pop("X-CSRF-Token")
    assert eve.patch(path, json={"label": "forged"}).status_code == 403
    assert eve.patch(path, json={"label": "forged"}, headers={"X-CSRF-Token": "0" * 64}).status_code == 403
    assert eve.get(path).json()["label"] == "mine"
    assert eve.get("/session").json()["csrf"] == secret
    assert eve.get("/users").status_code == 403


def test_another_site_cannot_log_a_browser_in(browser, user):
    user("eve")
    body = {"name": "eve", "password": PASSWORD}
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert browser(**headers).post("/session", json=body).status_code == 403
    ours = browser()
    ours.headers["Origin"] = str(ours.base_url).removesuffix("/api/v1/")
    assert ours.post("/session", json=body).status_code == 201


def test_logging_out_ends_the_session_for_good(log_in, browser, user):
    user("eve")
    eve = log_in("eve")
    kept = eve.cookies["acs_session"]
    assert eve.delete("/session").status_code == 204
    assert "acs_session" not in eve.cookies
    assert browser(Cookie=f"acs_session={kept}").get("/session").status_code == 401


def test_wrong_names_and_wrong_passwords_are_answered_alike(browser, user):
    user("eve")
    user("off")
    answers = [
        browser().post("/session", json={"name": name, "password": password})
        for name, password in (("eve", "wrong password"), ("nobody", PASSWORD))
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["detail"] for answer in answers}) == 1


def test_guessing_is_stopped_and_says_for_how_long(browser, user):
    user("eve")
    user("adam")
    guesses = [browser().post("/session", json={"name": "eve", "password": f"{n}" * 12}) for n in range(9)]
    assert [guess.status_code for guess in guesses] == [401] * 8 + [429]
    assert 0 < int(guesses[-1].headers["Retry-After"]) <= 900
    assert browser().post("/session", json={"name": "eve", "password": PASSWORD}).status_code == 429
    assert browser().post("/session", json={"name": "adam", "password": PASSWORD}).status_code == 201


def test_blanks_around_a_name_give_no_further_guesses(browser, user):
    user("eve")
    spelt = [f"{' ' * n}Eve{' ' * (n % 2)}" for n in range(10)]
    guesses = [
        browser().post("/session", json={"name": name, "password": "wrong password"}) for name in spelt
    ]
    assert [guess.status_code for guess in guesses] == [401] * 8 + [429] * 2


def test_who_goes_on_guessing_locks_nobody_out_elsewhere(browser, user):
    user("eve")
    wrong, right = ({"name": "eve", "password": password} for password in ("wrong password", PASSWORD))
    eve = browser()
    for _ in range(login_throttle.BY_NAME + 1):
        answer = eve.post("/session", json=wrong)
    assert answer.status_code == 429
    elsewhere = httpx.HTTPTransport(local_address="127.0.0.2")
    with httpx.Client(transport=elsewhere, timeout=60) as home:
        assert home.post(f"{eve.base_url}session", json=right).status_code == 201


def test_right_logins_are_not_counted_as_guesses(browser, user):
    user("eve")
    eve, body = browser(), {"name": "eve", "password": PASSWORD}
    answers = {eve.post("/session", json=body).status_code for _ in range(login_throttle.BY_ADDRESS + 2)}
    assert answers == {201}


@pytest.mark.parametrize("change", [{"disabled": True}, {"password": "another long password"}])
def test_sessions_end_when_a_user_is_locked_out_or_gets_another_password(api, log_in, user, change):
    user("eve")
    eve = log_in("eve")
    time.sleep(0.01)
    assert api("PATCH", "/users/eve", json=change).status_code == 200
    assert eve.get("/session").status_code == 401


def test_a_session_has_the_role_that_its_user_has_now(api, log_in, user):
    user("root", "admin")
    user("eve")
    eve = log_in("eve")
    api("PATCH", "/users/eve", json={"role": "admin"})
    assert eve.get("/users").status_code == 200
    api("DELETE", "/users/eve")
    assert eve.get("/session").status_code == 401


def test_the_only_admin_cannot_be_lost(api, user):
    user("root", "admin")
    for change in ({"role": "viewer"}, {"disabled": True}, {"select": "model = CP860"}):
        assert api("PATCH", "/users/root", json=change).status_code == 409
    assert api("DELETE", "/users/root").status_code == 409
    user("other", "admin")
    assert api("DELETE", "/users/root").status_code == 204


def test_one_changes_ones_own_password_with_the_old_one(log_in, browser, user):
    user("eve", "viewer")
    eve = log_in("eve")
    wrong = eve.post("/account/password", json={"old": "not this one", "new": "quite another one"})
    assert wrong.status_code == 422
    right = eve.post("/account/password", json={"old": PASSWORD, "new": "quite another one"})
    assert right.status_code == 204
    body = {"name": "eve", "password": PASSWORD}
    assert browser().post("/session", json=body).status_code == 401
    assert log_in("eve", "quite another one").get("/session").status_code == 200


def test_old_passwords_are_not_guessed_at(log_in, user):
    user("eve", "viewer")
    eve = log_in("eve")
    body = {"old": "not this one", "new": "quite another one"}
    tried = [eve.post("/account/password", json=body).status_code for _ in range(10)]
    assert tried[0] == 422
    assert tried[-1] == 429


def test_a_token_of_ones_own_may_what_one_may_and_ends_with_one(api, log_in, anonymous, user):
    user("eve", "operator", select="tag = site7")
    eve = log_in("eve")
    made = eve.post("/account/tokens", json={"name": "laptop", "role": "admin"}).json()
    assert (made["role"], made["user"], made["select"]) == ("operator", "eve", "tag = site7")
    bearer = {"headers": {"Authorization": f"Bearer {made['token']}"}}
    who = anonymous("GET", "/session", **bearer).json()
    assert (who["name"], who["kind"], who["role"]) == ("eve", "token", "operator")
    api("PATCH", "/users/eve", json={"role": "viewer"})
    assert anonymous("GET", "/session", **bearer).json()["role"] == "viewer"
    api("PATCH", "/users/eve", json={"disabled": True})
    assert anonymous("GET", "/session", **bearer).status_code == 401


def test_a_later_user_of_the_same_name_inherits_no_token_and_no_session(api, store, log_in, anonymous, user):
    user("eve", "operator")
    eve = log_in("eve")
    made = eve.post("/account/tokens", json={"name": "laptop"}).json()
    bearer = {"headers": {"Authorization": f"Bearer {made['token']}"}}
    [kept] = [one for one in store.run(tokens.list_all()) if one.id == made["id"]]
    assert api("DELETE", "/users/eve").status_code == 204
    assert made["id"] not in {one["id"] for one in api("GET", "/tokens").json()["items"]}
    store.run(tokens.replace(kept))  # made while the user was being deleted
    assert api("POST", "/users", json={"name": "eve", "role": "admin"}).status_code == 201
    assert anonymous("GET", "/session", **bearer).status_code == 401
    assert eve.get("/session").status_code == 401


def test_a_token_can_end_itself(log_in, anonymous, user):
    user("eve")
    made = log_in("eve").post("/account/tokens", json={"name": "laptop"}).json()
    bearer = {"headers": {"Authorization": f"Bearer {made['token']}"}}
    assert anonymous("DELETE", "/account/token", **bearer).status_code == 204
    assert anonymous("GET", "/session", **bearer).status_code == 401


# --- the first user -------------------------------------------------------------------------------------


def link(store, life: float = 3600) -> str:
    store.run(user_store.add_link(user_store.link_digest("the link"), ends=time.time() + life))
    return "the link"


def first(text: str) -> dict:
    return {"link": text, "name": "Boss", "password": PASSWORD}


def test_the_first_user_is_made_by_the_link_and_is_logged_in(store, browser):
    text = link(store)
    boss = browser()
    assert boss.get("/setup", params={"link": text}).json() == {"holds": True}
    made = boss.post("/setup", json=first(text))
    assert (made.status_code, made.json()["role"]) == (201, "admin")
    assert boss.get("/users").json()["items"] == [made.json()]
    again = browser().post("/setup", json={**first(text), "name": "second"})
    assert again.status_code == 409
    assert browser().get("/setup", params={"link": text}).json() == {"holds": False}


def test_a_link_that_is_wrong_or_too_old_makes_nobody(store, browser):
    link(store, life=-1)
    for text in ("the link", "another", ""):
        assert browser().post("/setup", json=first(text)).status_code == 409
    assert store.run(user_store.count()) == 0


def test_no_link_holds_where_there_is_a_user(store, browser):
    text = link(store)
    store.run(user_store.create(User("somebody", "viewer")))
    assert browser().post("/setup", json=first(text)).status_code == 409


def test_a_refused_password_does_not_use_the_link_up(store, browser):
    text = link(store)
    assert browser().post("/setup", json={**first(text), "password": "sh0rt"}).status_code == 422
    assert browser().post("/setup", json=first(text)).status_code == 201


def test_a_session_may_bring_a_large_file_as_a_token_may(log_in, user):
    user("eve")
    content = b"x" * (1 << 20)
    assert log_in("eve").put("/files/a.cfg", content=content).json()["size"] == len(content)
