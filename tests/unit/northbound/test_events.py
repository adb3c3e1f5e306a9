"""Events, alerts, presence, rules and webhooks over REST."""

from __future__ import annotations

import time

import pytest

from acs.fleet.alert import site_alert
from acs.fleet.fleet_event import Kind, event
from acs.fleet.hook import Rule, delivery
from acs.store import alerts, events, hooks
from acs.store.presence import heard

RULE = {"name": "lost", "on": ["device_offline"], "add_tags": ["lost"]}
HOOK = {"name": "noc", "url": "https://noc.example.com/hook"}


def happen(store, *kinds, device="A-B-1"):
    made = [event(kind, 1.0 + number, f"{kind} {number}", device=device) for number, kind in enumerate(kinds)]
    store.run(events.push(made))


def told(answer):
    assert answer.status_code == 200, answer.text
    return [item["kind"] for item in answer.json()["items"]]


# --- events -------------------------------------------------------------------------------------------------


def test_the_newest_events_come_in_order_of_time_and_lead_on(api, store):
    happen(store, *["device_late"] * 3, "device_offline")
    page = api("GET", "/events?limit=2").json()
    assert [item["text"] for item in page["items"]] == ["device_late 2", "device_offline 3"]
    assert page["items"][0]["device"] == "A-B-1"
    assert page["items"][0]["at"] == "1970-01-01T00:00:03Z"
    assert not page["more"]
    happen(store, "device_back")
    assert told(api("GET", f"/events?since={page['next']}")) == ["device_back"]


def test_events_are_read_on_from_page_to_page(api, store):
    happen(store, *["device_late"] * 7)
    seen, place = [], "0"
    for _ in range(4):
        page = api("GET", f"/events?since={place}&limit=2").json()
        seen += [item["text"] for item in page["items"]]
        place = page["next"]
        if not page["more"]:
            break
    assert seen == [f"device_late {number}" for number in range(7)]


def test_an_empty_fleet_has_a_place_to_go_on_from(api, store):
    page = api("GET", "/events").json()
    assert page["items"] == []
    happen(store, "device_new")
    assert told(api("GET", f"/events?since={page['next']}")) == ["device_new"]


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("kind=device_back", ["device_back"]),
        ("kind=device_back,rollout_*", ["device_back", "rollout_halted"]),
        ("kind=device_*", ["device_late", "device_back"]),
        ("device=A-B-1", ["device_late", "device_back", "rollout_halted"]),
        ("device=A-B-2", []),
        ("kind=*", ["device_late", "device_back", "rollout_halted"]),
    ],
)
@pytest.mark.parametrize("since", ["", "&since=2020-01-01T00:00:00Z"])
def test_events_by_kind_and_phone(api, store, query, kinds, since):
    happen(store, "device_late", "device_back", "rollout_halted")
    assert told(api("GET", f"/events?{query}{since}")) == kinds


@pytest.mark.parametrize(
    "since", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00%2B23:59", "1969-01-01T00:00:00Z"]
)
def test_whatever_there_is_is_since_the_beginning_of_time(api, store, since):
    happen(store, "device_late")
    assert told(api("GET", f"/events?since={since}")) == ["device_late"]


@pytest.mark.parametrize("query", ["kind=devise", "since=yesterday", "since=2020-01-01T00:00:00", "limit=0"])
def test_what_cannot_be_asked_of_events(api, query):
    answer = api("GET", f"/events?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


# --- alerts and presence ------------------------------------------------------------------------------------


def test_an_alert_is_shown_and_closed(api, as_role, store):
    alert = site_alert("site7", 100.0, 200.0, 12)
    store.run(alerts.open_one(alert))
    [shown] = api("GET", "/alerts").json()["items"]
    assert (shown["id"], shown["site"], shown["phones"], shown["state"]) == (alert.id, "site7", 12, "open")
    assert as_role("viewer")("POST", f"/alerts/{alert.id}/close").status_code == 403
    closed = api("POST", f"/alerts/{alert.id}/close").json()
    assert (closed["state"], closed["closed_by"]) == ("closed", "Alice")
    assert api("GET", "/alerts").json()["items"] == []
    assert [one["id"] for one in api("GET", "/alerts?state=all").json()["items"]] == [alert.id]
    assert api("POST", f"/alerts/{alert.id}/close").status_code == 409
    assert api("POST", "/alerts/none/close").status_code == 404


def test_presence_of_the_fleet(api, phone):
    phone(serial_number="1")
    shown = api("GET", "/presence?minutes=3").json()
    assert (shown["total"], shown["online"], shown["late"], shown["offline"]) == (1, 1, 0, 0)
    assert len(shown["minutes"]) == 3
    assert shown["minutes"][0]["online"] is None  # nobody has counted


@pytest.mark.parametrize(
    ("ago", "state", "online"), [(10, "online", True), (1000, "late", True), (10_000, "offline", False)]
)
def test_a_phone_says_whether_it_is_there(api, phone, ago, state, online):
    heard = time.time() - ago
    device = phone(inform_interval=900, last_inform=heard, first_seen=1.0)
    shown = api("GET", f"/devices/{device}").json()
    assert (shown["presence"]["state"], shown["online"]) == (state, online)
    assert shown["presence"]["next_inform_due"] is not None


def test_nobody_is_offline_because_servers_were_away(api, phone, store):
    away = phone(inform_interval=60, last_inform=time.time() - 3600)
    assert api("GET", f"/devices/{away}").json()["online"] is False
    store.run(heard([], informs=0, now=time.time() - 1))
    assert api("GET", f"/devices/{away}").json()["presence"]["state"] == "online"
    assert [one["online"] for one in api("GET", "/devices").json()["items"]] == [True]
    found = {q: api("GET", "/devices", params={"q": q}).json()["total"] for q in ("online", "offline")}
    assert found == {"online": 1, "offline": 0}


# --- webhooks -----------------------------------------------------------------------------------------------


def test_a_secret_that_the_server_made_is_told_once(api):
    made = api("POST", "/webhooks", json=HOOK)
    assert made.status_code == 201
    assert len(made.json()["secret"]) == 48
    assert "secret" not in api("GET", "/webhooks/noc").json()
    assert made.json()["secret"] not in api("GET", "/webhooks").text


def test_a_given_secret_is_never_told(api):
    made = api("POST", "/webhooks", json={**HOOK, "secret": "correct horse battery"})
    changed = api("PATCH", "/webhooks/noc", json={"secret": "another horse battery"})
    assert "horse" not in made.text + changed.text + api("GET", "/webhooks").text


def test_a_webhook_is_changed_and_forgotten(api):
    api("POST", "/webhooks", json=HOOK)
    assert api("POST", "/webhooks", json=HOOK).status_code == 409
    assert api("PATCH", "/webhooks/noc", json={"enabled": False}).json()["enabled"] is False
    assert api("GET", "/webhooks/noc").json()["url"] == HOOK["url"]
    api("POST", "/rules", json={**RULE, "webhook": "noc"})
    assert "used by the rules lost" in api("DELETE", "/webhooks/noc").json()["detail"]
    assert api("DELETE", "/rules/lost").status_code == 204
    assert api("DELETE", "/webhooks/noc").status_code == 204
    assert api("GET", "/webhooks/noc").status_code == 404


@pytest.mark.parametrize(
    "url", ["ftp://x/", "noc", "http://", "http://u:p@x/", "http://x/a b", "http://x:99999/", ""]
)
def test_a_url_that_cannot_be_called(api, url):
    answer = api("POST", "/webhooks", json={**HOOK, "url": url})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "url"


def test_calls_that_were_given_up_are_shown_and_sent_again(api, store):
    one = delivery(Rule("r", ("*",), webhook="noc"), event(Kind.DEVICE_BACK, 1.0, "Back", device="x"), 1.0)
    store.run_all([hooks.add(one), hooks.give_up(one)])
    [letter] = api("GET", "/dead-letters").json()["items"]
    assert (letter["id"], letter["kind"], letter["webhook"]) == (one.id, "device_back", "noc")
    assert api("POST", f"/dead-letters/{one.id}/resend").status_code == 200
    assert api("GET", "/dead-letters").json()["items"] == []
    assert api("GET", "/webhooks").json()["waiting"] == 1
    assert api("POST", f"/dead-letters/{one.id}/resend").status_code == 404
    assert api("DELETE", f"/dead-letters/{one.id}").status_code == 404


# --- rules --------------------------------------------------------------------------------------------------


def test_a_rule_is_made_shown_replaced_and_forgotten(api, as_role):
    assert as_role("operator")("POST", "/rules", json=RULE).status_code == 403
    made = api("POST", "/rules", json={**RULE, "select": "model = CP860"})
    assert made.headers["Location"] == "/api/v1/rules/lost"
    shown = api("GET", "/rules/lost").json()
    assert shown == made.json()
    assert (shown["on"], shown["select"], shown["by"]) == (["device_offline"], "model = CP860", "Alice")
    assert api("POST", "/rules", json=RULE).status_code == 409
    assert api("PUT", "/rules/lost", json={**RULE, "enabled": False}).json()["enabled"] is False
    assert api("PUT", "/rules/none", json={**RULE, "name": "none"}).status_code == 404
    assert api("PUT", "/rules/none", json=RULE).status_code == 422
    assert [one["name"] for one in api("GET", "/rules").json()["items"]] == ["lost"]
    assert api("DELETE", "/rules/lost").status_code == 204
    assert api("GET", "/rules/lost").status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"on": ["devise"]}, "on[0]"),
        ({"on": []}, "on"),
        ({"select": "modl = 1"}, "select"),
        ({"select": "parameter Device.X.Password = a"}, "select"),
        ({"webhook": "none"}, "webhook"),
        ({"add_tags": []}, "webhook"),
        ({"add_tags": ["a b"]}, "add_tags[0]"),
        ({"name": "a b"}, "name"),
        ({"other": 1}, "other"),
    ],
)
def test_what_a_rule_cannot_be(api, change, field):
    answer = api("POST", "/rules", json={**RULE, **change})
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
