"""`acs config drift`, `apply`, `verify` and `plan`: what is asked, what is printed, how it exits."""

from __future__ import annotations

import json

import pytest

DEVICE = "/devices/001565-CP860-0015651A2B3C"
ITEM = {
    "key": "voice.jib.max",
    "desired": "250",
    "known": "300",
    "layer": "fleet",
    "carrier": "file",
    "path": None,
    "carrier_why": "no parameter is known for this key",
    "reboots": True,
    "state": "waits",
    "why": "a change makes the phone reboot",
}
DRIFT = {
    "state": "deferred",
    "desired": 2,
    "items": [ITEM],
    "checked_at": "2023-11-14T22:13:20Z",
    "uploaded_at": None,
    "reboots_at": None,
}
FINE = {**DRIFT, "state": "converged", "items": []}
UPLOAD = {"id": "t1", "type": "upload", "state": "pending", "fault": None}
KEY = {
    "value": "250",
    "sent": 2,
    "parameter": 0,
    "file": 2,
    "reboots": 0,
    "waits": 0,
    "same": 1,
    "overridden": 1,
    "left": 0,
    "unresolved": 0,
    "unknown": 0,
    "unable": 0,
}
PLAN = {
    "layer": "fleet",
    "select": "all",
    "accepted": True,
    "refused": [],
    "warnings": [],
    "phones": 4,
    "changing": 2,
    "by_parameter": 0,
    "by_file": 2,
    "rebooting": 0,
    "waiting": 0,
    "offline": 1,
    "unchanged": 2,
    "overridden": 1,
    "unresolved": 0,
    "unknown": 0,
    "unable": 0,
    "keys": {"voice.jib.max": KEY},
    "reasons": [{"key": "voice.jib.max", "effect": "overridden", "why": "group:site7", "phones": 1}],
    "sample": [
        {
            "id": "001565-CP860-0015651A2B3C",
            "online": True,
            "keys": [{**ITEM, "effect": "sent"}],
        }
    ],
}


def test_drift_names_each_key_its_way_and_why(acs, server, phone):
    server.on(f"GET {DEVICE}/config/drift", DRIFT)
    result = acs("config", "drift", "0015651A2B3C")
    assert result.exit_code == 1
    header, row = result.stdout.splitlines()
    assert header.split() == ["KEY", "DESIRED", "KNOWN", "BY", "LAYER", "STATE", "WHY"]
    assert row.split()[:5] == ["voice.jib.max", "250", "300", "file", "fleet"]
    assert "waits, reboots" in row
    assert row.endswith("a change makes the phone reboot")
    assert "deferred: 1 of 2 keys differ; last session" in result.stderr


def test_drift_of_a_phone_that_has_all_exits_with_0(acs, server, phone):
    server.on(f"GET {DEVICE}/config/drift", FINE)
    result = acs("config", "drift", "0015651A2B3C", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, FINE)


def test_drift_of_a_phone_that_is_not_known_well_is_no_success(acs, server, phone):
    server.on(f"GET {DEVICE}/config/drift", {**FINE, "state": "unknown"})
    assert acs("config", "drift", "0015651A2B3C").exit_code == 1


def test_drift_of_the_fleet_follows_the_pages(acs, server):
    one = {"id": "A", "state": "differs", "settled_at": None, "stale": False, "problems": {"a": "x"}}
    two = {**one, "id": "B", "problems": dict.fromkeys("abcde", "x")}
    server.on("GET /config/drift", {"items": [one], "next": "A"}, {"items": [two], "next": None})
    result = acs("config", "drift", "-q", "model = CP860")
    assert result.exit_code == 1
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["ID", "A", "B"]
    assert "a, b, c and 2 more" in result.stdout
    assert [asked.query.get("q") for asked in server.asked] == ["model = CP860"] * 2
    server.on("GET /config/drift", {"items": [], "next": None})
    assert acs("config", "drift").exit_code == 0
    assert acs("config", "drift", "-q", "model =").exit_code == 2


@pytest.mark.parametrize(
    ("words", "now", "woken"), [((), False, True), (("--now", "--no-wake"), True, False)]
)
def test_apply(acs, server, phone, words, now, woken):
    answer = {"at": "2023-11-14T22:13:20Z", "now": now}
    server.on(f"POST {DEVICE}/config/apply", answer | ({"wake": {"outcome": "accepted"}} if woken else {}))
    result = acs("config", "apply", "0015651A2B3C", *words)
    assert result.exit_code == 0
    assert ("connection request: accepted" in result.stdout) is woken
    [asked] = server.requests("POST")
    assert (asked.json, asked.query) == ({"now": now}, {"wake": "1"} if woken else {})


def test_verify_waits_for_the_file_and_compares(acs, server, phone):
    server.on(f"POST {DEVICE}/config/verify", (201, UPLOAD))
    server.on("GET /tasks/t1", {**UPLOAD, "state": "done"})
    server.on(f"GET {DEVICE}/config/drift", FINE)
    assert acs("config", "verify", "0015651A2B3C").exit_code == 0
    server.on(f"GET {DEVICE}/config/drift", DRIFT)
    assert acs("config", "verify", "0015651A2B3C").exit_code == 1


def test_verify_says_why_a_file_did_not_come(acs, server, phone):
    server.on(f"POST {DEVICE}/config/verify", (409, {"detail": "it knows no Upload"}))
    result = acs("config", "verify", "0015651A2B3C")
    assert (result.exit_code, result.stderr.strip()) == (1, "acs: it knows no Upload")
    server.on(f"POST {DEVICE}/config/verify", (201, UPLOAD))
    assert "t1" in acs("config", "verify", "0015651A2B3C", "--no-wait").stdout
    server.on("GET /tasks/t1", {**UPLOAD, "state": "failed", "fault": {"code": 9011, "text": "no"}})
    result = acs("config", "verify", "0015651A2B3C")
    assert (result.exit_code, "9011" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "who"),
    [
        (("--fleet",), {"fleet": True}),
        (("--model", "CP860"), {"model": "CP860"}),
        (("--group", "site7"), {"group": "site7"}),
        (("-q", "tag = lobby"), {"select": "tag = lobby"}),
        (("0015651A2B3C",), {"devices": ["001565-CP860-0015651A2B3C"]}),
    ],
)
def test_plan_asks_for_one_layer(acs, server, phone, words, who):
    server.on("POST /config/plan", PLAN)
    result = acs("config", "plan", *words, "--set", "voice.jib.max=250", "lang.gui=A = B", "--unset", "x")
    assert result.exit_code == 0
    [asked] = server.requests("POST")
    values = {"x": None, "voice.jib.max": "250", "lang.gui": "A = B"}
    assert asked.json == {**who, "values": values, "now": False, "sample": 5}


def test_plan_prints_counts_keys_and_phones(acs, server):
    server.on("POST /config/plan", PLAN)
    result = acs("config", "plan", "--fleet", "--set", "voice.jib.max=250", "--layer", "fleet", "--now")
    assert "2       would be sent something" in result.stdout
    assert "1       … but are not there now" in result.stdout
    assert "… and reboot for it" not in result.stdout
    assert "voice.jib.max: overridden on 1 phones: group:site7" in result.stderr
    last = result.stdout.splitlines()[-1].split()
    assert last == ["001565-CP860-0015651A2B3C", "voice.jib.max", "300", "250", "file", "sent"]
    assert server.asked[-1].json["layer"] == "fleet"
    assert json.loads(acs("config", "plan", "--fleet", "--set", "a=1", "--json").stdout) == PLAN


def test_plan_with_a_value_that_is_refused_fails(acs, server):
    refused = {
        "field": "values.voice.jib.max",
        "message": "is too large",
        "value": "999",
        "allowed": "0 to 400",
        "key": "voice.jib.max",
    }
    server.on("POST /config/plan", {**PLAN, "accepted": False, "refused": [refused]})
    result = acs("config", "plan", "--fleet", "--set", "voice.jib.max=999")
    assert result.exit_code == 1
    assert "refused: values.voice.jib.max: 999: is too large (allowed: 0 to 400)" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--fleet",),
        ("--set", "a=1"),
        ("--fleet", "--set", "a"),
        ("--fleet", "--set", "a=1", "a=2"),
        ("--fleet", "-q", "all", "--set", "a=1"),
        ("--fleet", "--model", "X", "--set", "a=1"),
        ("-q", "model =", "--set", "a=1"),
    ],
)
def test_plan_of_nothing_is_wrong_usage(acs, server, words):
    assert acs("config", "plan", *words).exit_code == 2
    assert not server.requests("POST")
