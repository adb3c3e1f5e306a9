"""`acs events`, `alert`, `presence`, `rule`, `webhook` and `config action-urls`."""

from __future__ import annotations

import json

from acs.cli import events

EVENT = {
    "id": "e1",
    "at": "2023-11-14T22:13:20Z",
    "kind": "device_offline",
    "device": "A-B-1",
    "text": "It is offline",
    "data": {},
}
ALERT = {
    "id": "a1",
    "kind": "site_offline",
    "state": "open",
    "site": "site7",
    "phones": 12,
    "since": "2023-11-14T22:13:20Z",
    "opened_at": "2023-11-14T22:13:20Z",
    "closed_at": None,
    "closed_by": "",
}
URLS = {"values": {"action_url.registered": "http://x/a/t/registered?mac=$mac"}, "kept": ["registered"]}


def test_events_are_lines(acs, server):
    server.on("GET /events", {"items": [EVENT], "next": "1-0", "more": False})
    [line] = acs("events", "--kind", "device_*", "--limit", "7").stdout.splitlines()
    assert line.split()[2:] == ["device_offline", "A-B-1", "It", "is", "offline"]
    assert server.asked[0].query["kind"] == "device_*"
    assert server.asked[0].query["limit"] == "7"
    assert json.loads(acs("events", "--json").stdout)["items"] == [EVENT]


def stream(*events):
    blocks = (f"id: {place}\ndata: {json.dumps(event)}\n\n" for place, event in events)
    return ("retry: 3000\n\n: there\n\n" + "".join(blocks)).encode()


def test_following_goes_on_where_it_was(acs, server, monkeypatch):
    monkeypatch.setattr(events, "PAUSE", 0)
    monkeypatch.setattr(events, "ATTEMPTS", 2)
    away = (503, {"title": "away", "detail": "gone"})
    server.on(
        "GET /events",
        {"items": [EVENT], "next": "1-0", "more": True},
        stream(("2-0", EVENT), ("3-0", {**EVENT, "id": "e2"})),
        away,
        stream(("4-0", {**EVENT, "id": "e3"})),
        away,
    )
    result = acs("events", "--follow", "--json", "--kind", "device_*")
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["e1", "e1", "e2", "e3"]
    lasts = [asked.headers.get("Last-Event-ID", "") for asked in server.asked]
    assert lasts == ["", "1-0", "3-0", "3-0", "4-0", "4-0", "4-0"]
    assert {asked.query["kind"] for asked in server.asked} == {"device_*"}
    assert {asked.headers["Accept"] for asked in server.asked[1:]} == {"text/event-stream"}
    assert result.exit_code != 0


def test_following_ends_where_it_is_not_allowed(acs, server):
    server.on("GET /events", {"items": [], "next": "1-0", "more": False}, (403, {"detail": "not you"}))
    result = acs("events", "--follow")
    assert "not you" in result.stderr
    assert len(server.asked) == 2
    assert result.exit_code != 0


def test_alerts_are_listed_and_closed(acs, server):
    server.on("GET /alerts", {"items": [ALERT]})
    assert "site7" in acs("alert", "list").stdout
    server.on("POST /alerts/a1/close", {**ALERT, "state": "closed"})
    assert acs("alert", "close", "a1").stdout == "closed: site7\n"


def test_presence_of_the_fleet(acs, server):
    minute = {"at": "2023-11-14T22:13:00Z", "informs": 9, "online": None, "late": None, "offline": None}
    found = {"total": 3, "online": 1, "late": 1, "offline": 1, "minutes": [{**minute, "events": {"x": 2}}]}
    server.on("GET /presence", found)
    lines = acs("presence").stdout.splitlines()
    assert lines[-1].split()[-2:] == ["9", "2"]


def test_a_rule_is_made(acs, server):
    server.on("POST /rules", (201, {}))
    done = acs("rule", "create", "lost", "--on", "device_offline", "--on", "flapping", "--add-tag", "lost")
    assert done.stdout == "made: lost\n"
    assert server.asked[0].json == {
        "name": "lost",
        "on": ["device_offline", "flapping"],
        "select": "",
        "webhook": None,
        "add_tags": ["lost"],
        "remove_tags": [],
        "enabled": True,
    }


def test_a_rule_is_replaced(acs, server):
    server.on("PUT /rules/lost", {})
    acs("rule", "create", "lost", "--on", "*", "--webhook", "noc", "--replace", "--disabled")
    assert server.asked[0].json["enabled"] is False


def test_a_webhook_is_made_and_its_secret_shown(acs, server):
    made = {"name": "noc", "url": "https://x/", "enabled": True, "secret": "s3cret"}
    server.on("POST /webhooks", (201, made))
    assert acs("webhook", "create", "noc", "https://x/").stdout.splitlines() == [
        "made: noc",
        "secret, shown once: s3cret",
    ]
    assert server.asked[0].json == {"name": "noc", "url": "https://x/"}


def test_a_webhook_is_changed(acs, server):
    server.on("PATCH /webhooks/noc", {"name": "noc"})
    acs("webhook", "change", "noc", "--disable", "--call", "https://y/")
    assert server.asked[0].json == {"url": "https://y/", "enabled": False}
    assert acs("webhook", "change", "noc").exit_code == 2


def test_all_that_was_given_up_is_sent_again(acs, server):
    letter = {"id": "d1", "webhook": "noc", "kind": "x", "device": None, "attempts": 9, "last_at": None}
    server.on("GET /dead-letters", {"items": [{**letter, "last_error": "it answered 500"}]})
    assert "it answered 500" in acs("webhook", "dead").stdout
    server.on("POST /dead-letters/d1/resend", {})
    assert acs("webhook", "resend", "--all").stdout == "on their way again: 1\n"
    assert acs("webhook", "resend").exit_code == 2


def test_action_urls_are_printed(acs, server):
    server.on("GET /action-urls", URLS)
    assert acs("config", "action-urls", "--calls").stdout == (
        "action_url.registered = http://x/a/t/registered?mac=$mac\n"
    )
    assert server.asked[0].query == {"calls": "true"}


def test_action_urls_are_set_for_the_fleet(acs, server):
    server.on("GET /action-urls", URLS)
    server.on("PATCH /config", {"version": 3, "values": URLS["values"], "warnings": []})
    assert acs("config", "action-urls", "--fleet").stdout == "version 3: 1 action URLs\n"
    assert server.asked[-1].json == {"values": URLS["values"], "reason": "action URLs"}


def test_phones_of_a_group_inform_more_often_for_a_while(acs, server):
    path = "/groups/lobby/informs"
    server.on(f"PUT {path}", {"group": "lobby", "interval": 60, "until": "2030-01-31T12:00:00Z", "by": "me"})
    server.on(f"DELETE {path}", (204, b""))
    done = acs("presence", "tighten", "--group", "lobby", "--interval", "60", "--for", "2h")
    assert done.stdout.startswith("lobby: every 60 s until 2030-01-31")
    assert server.asked[0].json == {"interval": 60, "for": 7200}
    assert acs("presence", "loosen", "-g", "lobby").stdout == "lobby: as usual\n"
    assert acs("presence", "tighten", "--group", "lobby", "--interval", "often").exit_code == 2
