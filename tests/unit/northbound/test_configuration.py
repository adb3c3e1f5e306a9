"""Desired configuration over REST: layers, their versions, who may, and what cannot be."""

from __future__ import annotations

import threading

import pytest

JITTER = "voice.jib.max"
NTP = "local_time.ntp_server1"
LABEL = "account.1.label"
PASSWORD = "account.1.password"

SHARED = ["/config", "/models/CP860/config", "/groups/site7/config"]


@pytest.fixture
def site7(api):
    assert api("POST", "/groups", json={"name": "site7"}).status_code == 201


@pytest.fixture(params=[*SHARED, "phone"])
def path(request, api, phone, site7):
    return f"/devices/{phone()}/config" if request.param == "phone" else request.param


def put(api, path, values, status=200, **more):
    answer = api("PUT", path, json={"values": values, **more})
    assert answer.status_code == status, answer.text
    return answer.json()


def patch(api, path, values, status=200, headers=None, **more):
    answer = api("PATCH", path, json={"values": values, **more}, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def errors(api, path, values, method="PATCH"):
    answer = api(method, path, json={"values": values})
    assert answer.status_code == 422
    return answer.json()["errors"]


def test_a_list_or_an_object_is_refused_with_its_key_and_section(api, path):
    values = {JITTER: [300], LABEL: {"text": "x"}, NTP: "a b", "no.such.key": [1]}
    for body in (
        api("PATCH", path, json={"values": values}),
        api("POST", "/config/plan", json={"values": values, "fleet": True}),
    ):
        told = body.json()["refused" if body.status_code == 200 else "errors"]
        found = {error["key"]: error for error in told}
        assert found[JITTER]["value"] == [300]
        assert found[JITTER]["section"]
        assert "0 to" in str(found[JITTER]["allowed"])
        assert "an object" in found[LABEL]["message"]
        assert found["no.such.key"]["field"] == "values.no.such.key"


def test_one_layer_holds_the_passwords_of_both_accounts(api, path):
    both = {"security.user_password:user": "user:abc", "security.user_password:admin": "admin:def"}
    shown = patch(api, path, both)
    assert shown["values"] == dict.fromkeys(both, "******")
    [error] = errors(api, path, {"security.user_password:admin": "user:def"})
    assert error["key"] == "security.user_password:admin"
    assert error["section"]


# --- one layer --------------------------------------------------------------------------------------------


def test_a_layer_begins_empty_at_version_0(api, path):
    answer = api("GET", path)
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"0"'
    shown = answer.json()
    assert (shown["values"], shown["version"], shown["at"], shown["by"]) == ({}, 0, None, "")


def test_put_replaces_and_patch_merges(api, path):
    put(api, path, {JITTER: 200, NTP: "a.example"}, reason="first")
    shown = patch(api, path, {JITTER: "250", NTP: None, LABEL: "x"})
    assert shown["values"] == {LABEL: "x", JITTER: "250"}
    assert put(api, path, {NTP: "b.example"})["values"] == {NTP: "b.example"}
    shown = api("GET", path).json()
    assert (shown["values"], shown["version"], shown["by"]) == ({NTP: "b.example"}, 3, "Alice")


def test_values_may_be_given_as_json_has_them(api, path):
    assert put(api, path, {JITTER: 200.0, "voice.cng": True})["values"] == {JITTER: "200", "voice.cng": "1"}


def test_a_write_that_changes_nothing_is_no_version(api, path):
    put(api, path, {JITTER: "200"})
    assert patch(api, path, {JITTER: "200"})["version"] == 1


def test_now_is_remembered_key_by_key(api, path):
    assert put(api, path, {JITTER: "200", NTP: "a.example"})["at_once"] == []
    assert patch(api, path, {JITTER: "201"}, now=True)["at_once"] == [JITTER]
    assert patch(api, path, {JITTER: "202"})["at_once"] == []


def test_a_bad_value_is_named_with_what_is_allowed_and_where_that_stands(api, path):
    [error] = errors(api, path, {JITTER: 500, NTP: "fine.example"})
    assert error == {
        "field": f"values.{JITTER}",
        "key": JITTER,
        "value": "500",
        "message": "'500' is above 400",
        "allowed": "a whole number from 0 to 400",
        "section": "Acoustic Clarity Technology: Jitter Buffer",
    }
    assert api("GET", path).json()["version"] == 0


def test_every_bad_value_is_named_at_once(api, path):
    found = errors(api, path, {JITTER: "x", "voice.jib.mx": "1", "account.99.label": "x", NTP: "ok.example"})
    assert [error["key"] for error in found] == [JITTER, "voice.jib.mx", "account.99.label"]


def test_an_unknown_key_is_refused_with_what_may_have_been_meant(api, path):
    [error] = errors(api, path, {"voice.jib.mx": "1"})
    assert JITTER in error["allowed"]
    [error] = errors(api, path, {"nothing.like.it.at.all": "1"})
    assert "there is no key" in error["message"]


def test_a_key_with_a_number_that_it_cannot_have(api, path):
    [error] = errors(api, path, {"account.99.label": "x"})
    assert error["allowed"] == "X = 1"


def test_what_the_guide_doubts_is_accepted_with_a_warning(api, path):
    shown = put(api, path, {JITTER: "350"})
    [warning] = shown["warnings"]
    assert (warning["key"], warning["value"]) == (JITTER, "350")
    assert "guide" in warning["message"]
    assert put(api, path, {JITTER: "250"})["warnings"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"values": []},
        {"values": {JITTER: [1]}},
        {"values": {}, "nwo": True},
        {"values": {}, "reason": 7},
        {"values": {}, "reason": "x" * 501},
    ],
    ids=str,
)
def test_a_body_that_is_none_is_refused(api, path, body):
    assert api("PUT", path, json=body).status_code == 422


def test_braces_that_are_no_template_are_refused(api, path):
    [error] = errors(api, path, {LABEL: "{{ name"})
    assert "{{ name }}" in error["allowed"]


# --- secrets ----------------------------------------------------------------------------------------------


def test_a_secret_is_shown_nowhere(api, path):
    put(api, path, {PASSWORD: "geheim"})
    patch(api, path, {PASSWORD: "geheimer"})
    places = ["", "/history", "/versions/1", "/versions/2", "/diff?from=0&to=2"]
    texts = [api("GET", path + place).text for place in places]
    if path.startswith("/devices"):
        texts.append(api("GET", path.replace("/config", "/timeline")).text)
    assert all("******" in text and "geheim" not in text for text in texts)
    answer = api("PATCH", path, json={"values": {"account.1.passwrd": "x", PASSWORD: "g" * 1000}})
    assert "ggg" not in answer.text


def test_blanks_sent_back_keep_the_secret(api, path):
    put(api, path, {PASSWORD: "geheim"})
    shown = api("GET", path).json()
    again = put(api, path, {**shown["values"], JITTER: "200"})
    assert again["values"] == {PASSWORD: "******", JITTER: "200"}
    changes = api("GET", f"{path}/versions/2").json()["changes"]
    assert list(changes) == [JITTER]


def test_blanks_without_a_secret_are_refused(api, path):
    [error] = errors(api, path, {PASSWORD: "******"})
    assert (error["key"], error["value"]) == (PASSWORD, "******")


# --- versions ---------------------------------------------------------------------------------------------


def test_history_says_who_when_why_and_what(api, path):
    put(api, path, {JITTER: "200"}, reason="gaps in calls")
    put(api, path, {NTP: "a.example"}, now=True)
    page = api("GET", f"{path}/history").json()
    newest, first = page["items"]
    assert page["next"] is None
    assert first["at"].endswith("Z")
    assert {**first, "at": ""} == {
        "number": 1,
        "at": "",
        "by": "Alice",
        "reason": "gaps in calls",
        "now": False,
        "changes": {JITTER: [None, "200"]},
    }
    assert newest["now"] is True
    assert newest["changes"] == {NTP: [None, "a.example"], JITTER: ["200", None]}


def test_history_is_paged(api, path):
    for number in range(5):
        put(api, path, {JITTER: str(number)})
    page = api("GET", f"{path}/history?limit=2").json()
    assert [one["number"] for one in page["items"]] == [5, 4]
    page = api("GET", f"{path}/history?limit=3&cursor={page['next']}").json()
    assert ([one["number"] for one in page["items"]], page["next"]) == ([3, 2, 1], None)
    assert api("GET", f"{path}/history?cursor=x").status_code == 422


def test_a_version_shows_the_values_of_its_time(api, path):
    put(api, path, {JITTER: "200"})
    put(api, path, {NTP: "a.example"})
    assert api("GET", f"{path}/versions/1").json()["values"] == {JITTER: "200"}
    assert api("GET", f"{path}/versions/2").json()["values"] == {NTP: "a.example"}
    for none in ("0", "3", "x", "-1", "9" * 30):
        assert api("GET", f"{path}/versions/{none}").status_code == 404


def test_a_difference_between_any_two(api, path):
    put(api, path, {JITTER: "200"})
    put(api, path, {JITTER: "250", NTP: "a.example"})
    put(api, path, {JITTER: "200", NTP: "a.example"})
    assert api("GET", f"{path}/diff").json() == {"from": 2, "to": 3, "changes": {JITTER: ["250", "200"]}}
    assert api("GET", f"{path}/diff?from=1&to=3").json()["changes"] == {NTP: [None, "a.example"]}
    assert api("GET", f"{path}/diff?from=3&to=1").json()["changes"] == {NTP: ["a.example", None]}
    [error] = api("GET", f"{path}/diff?from=1&to=9").json()["errors"]
    assert (error["field"], error["value"], error["allowed"]) == ("to", 9, "0 to 3")
    [error] = api("GET", f"{path}/diff?from=8&to=1").json()["errors"]
    assert (error["field"], error["value"]) == ("from", 8)


def test_the_way_back_is_a_new_version(api, path):
    put(api, path, {JITTER: "200", PASSWORD: "geheim"})
    put(api, path, {NTP: "a.example"})
    answer = api("POST", f"{path}/revert", json={"version": 1})
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"3"'
    assert answer.json()["values"] == {JITTER: "200", PASSWORD: "******"}
    assert api("GET", f"{path}/history").json()["items"][0]["reason"] == "back to version 1"
    assert api("POST", f"{path}/revert", json={"version": 0}).json()["values"] == {}
    [error] = api("POST", f"{path}/revert", json={"version": 9}).json()["errors"]
    assert (error["field"], error["allowed"]) == ("version", "0 to 4")


# --- two who write ----------------------------------------------------------------------------------------


def test_if_match_lets_one_of_two_through(api, path):
    put(api, path, {JITTER: "200"})
    etag = api("GET", path).headers["ETag"]
    patch(api, path, {JITTER: "210"}, headers={"If-Match": etag})
    problem = patch(api, path, {JITTER: "220"}, 412, headers={"If-Match": etag})
    assert problem["type"] == "urn:acs:problem:precondition-failed"
    assert "version 2" in problem["detail"]
    assert api("GET", path).json()["values"] == {JITTER: "210"}
    revert = api("POST", f"{path}/revert", json={"version": 1}, headers={"If-Match": '"1"'})
    assert revert.status_code == 412


@pytest.mark.parametrize(
    ("header", "status"),
    [("*", 200), ('"1"', 200), ("1", 200), ('W/"1"', 200), ('"7", "1"', 200), ('"7"', 412), ("x", 422)],
)
def test_the_forms_of_if_match(api, path, header, status):
    put(api, path, {JITTER: "200"})
    patch(api, path, {JITTER: "210"}, status, headers={"If-Match": header})


def test_many_writers_at_once_lose_nothing_of_each_other(api, path):
    """Without If-Match each merge is made over what is there."""
    keys = sorted(f"dialplan.replace.prefix.{number}" for number in range(1, 41))
    threads = [threading.Thread(target=patch, args=(api, path, {key: "x"})) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shown = api("GET", path).json()
    assert (sorted(shown["values"]), shown["version"]) == (keys, len(keys))


def test_of_many_who_insist_on_one_version_one_wins(api, path):
    statuses = []

    def insist(number):
        answer = api("PUT", path, json={"values": {JITTER: str(number)}}, headers={"If-Match": '"0"'})
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=insist, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, *[412] * 5]
    assert len(api("GET", f"{path}/history").json()["items"]) == 1


# --- whose ------------------------------------------------------------------------------------------------


def test_a_phones_layers_and_who_had_the_last_word(api, phone, site7):
    device = phone()
    api("POST", "/groups", json={"name": "vip", "order": 10})
    for group in ("vip", "site7"):
        assert api("PUT", f"/groups/{group}/members/{device}").status_code == 204
    put(api, "/config", {JITTER: "100", NTP: "fleet.example", "voice.cng": "1"})
    put(api, "/models/CP860/config", {JITTER: "110", "voice.cng": "0"})
    put(api, "/models/T46/config", {JITTER: "300"})
    put(api, "/groups/vip/config", {JITTER: "130"})
    put(api, "/groups/site7/config", {JITTER: "120", NTP: "site.example"})
    put(api, f"/devices/{device}/config", {LABEL: "Anna"})
    shown = api("GET", f"/devices/{device}/config").json()
    assert shown["layers"] == [
        {"name": "fleet", "version": 1},
        {"name": "model:CP860", "version": 1},
        {"name": "group:site7", "version": 1},
        {"name": "group:vip", "version": 1},
        {"name": f"phone:{device}", "version": 1},
    ]
    assert shown["effective"] == {
        LABEL: {"value": "Anna", "layer": f"phone:{device}"},
        NTP: {"value": "site.example", "layer": "group:site7"},
        "voice.cng": {"value": "0", "layer": "model:CP860"},
        JITTER: {"value": "130", "layer": "group:vip"},
    }
    assert shown["unresolved"] == []
    api("PATCH", "/groups/site7", json={"order": 20})
    assert api("GET", f"/devices/{device}/config").json()["effective"][JITTER]["value"] == "120"


def test_templates_are_filled_from_what_is_known_of_the_phone(api, phone):
    device = phone(serial_number="0015651A2B3C")
    label, name = LABEL, "account.1.display_name"
    put(
        api,
        "/config",
        {label: "{{ extension }} {{ model }} {{ mac }}", name: "{{ who }}", JITTER: "{{ jib }}"},
    )
    api("PATCH", f"/devices/{device}", json={"attributes": {"Extension": "2001", "jib": "x1"}})
    shown = api("GET", f"/devices/{device}/config").json()
    assert shown["effective"] == {label: {"value": "2001 CP860 0015651a2b3c", "layer": "fleet"}}
    assert [(one["key"], one["layer"]) for one in shown["unresolved"]] == [(name, "fleet"), (JITTER, "fleet")]
    missing, wrong = (one["why"] for one in shown["unresolved"])
    assert missing == "the phone has no who"
    assert "'x1' is not a whole number" in wrong


def test_a_phones_timeline_tells_of_its_own_layer(api, phone):
    device = phone()
    put(api, f"/devices/{device}/config", {JITTER: "200", PASSWORD: "geheim"}, reason="gaps")
    [entry] = api("GET", f"/devices/{device}/timeline").json()["items"]
    assert entry["kind"] == "config"
    assert entry["text"] == (
        f"Configuration changed by Alice: {PASSWORD} = ******, {JITTER} = 200 because: gaps"
    )
    assert entry["data"]["version"] == 1


def test_what_is_not_there_has_no_configuration(api):
    assert api("GET", "/groups/none/config").status_code == 404
    assert api("PUT", "/groups/none/config", json={"values": {}}).status_code == 404
    assert api("GET", "/devices/none/config").status_code == 404
    assert api("GET", "/devices/00:15:65:00:00:01/config").status_code == 404
    assert api("GET", f"/models/{'x' * 65}/config").status_code == 422


def test_a_model_may_have_any_name_that_phones_tell(api):
    put(api, "/models/SIP%20Phone%2F7/config", {JITTER: "200"})
    assert api("GET", "/models/SIP%20Phone%2F7/config").json()["version"] == 1
    assert api("GET", "/models/SIP%20Phone/config").json()["version"] == 0


def test_a_phone_that_is_forgotten_and_comes_back_begins_anew(api, phone):
    device = phone()
    put(api, f"/devices/{device}/config", {JITTER: "200"})
    api("DELETE", f"/devices/{device}")
    phone()
    assert api("GET", f"/devices/{device}/config").json()["version"] == 0


# --- who may ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "shared", "own"), [("viewer", 403, 403), ("operator", 403, 200)])
def test_roles(as_role, path, role, shared, own):
    caller = as_role(role)
    status = own if path.startswith("/devices") else shared
    assert caller("GET", path).status_code == 200
    assert caller("GET", f"{path}/history").status_code == 200
    assert caller("PUT", path, json={"values": {}}).status_code == status
    assert caller("PATCH", path, json={"values": {}}).status_code == status
    assert caller("POST", f"{path}/revert", json={"version": 0}).status_code == status


def test_an_engineer_writes_for_all(as_role, path):
    put(as_role("engineer"), path, {JITTER: "200"})


def test_who_has_the_present_version_is_not_sent_it_again(api):
    tag = api("PATCH", "/config", json={"values": {"local_time.time_zone": "+1"}}).headers["ETag"]
    for said in (tag, f"W/{tag}", f'"99", {tag}'):
        same = api("GET", "/config", headers={"If-None-Match": said})
        assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
    assert api("GET", "/config", headers={"If-None-Match": '"99"'}).status_code == 200
    api("PATCH", "/config", json={"values": {"local_time.time_zone": "+2"}})
    assert api("GET", "/config", headers={"If-None-Match": tag}).status_code == 200
