"""`acs config show`, `set`, `unset`, `history` and so on: whose configuration, and what is asked for it."""

from __future__ import annotations

import json

import pytest

LAYER = {
    "values": {"voice.jib.max": "200"},
    "version": 3,
    "at": "2023-11-14T22:13:20Z",
    "by": "Alice",
    "reason": "gaps",
    "at_once": [],
}
CHANGES = {"voice.jib.max": [None, "200"], "x": ["1", None]}
VERSION = {
    "number": 2,
    "at": "2023-11-14T22:13:20Z",
    "by": "Alice",
    "reason": "gaps",
    "now": False,
    "changes": CHANGES,
    "values": {"voice.jib.max": "200"},
}

TARGETS = [
    (("--fleet",), "/config"),
    (("--model", "SIP Phone/7"), "/models/SIP%20Phone%2F7/config"),
    (("--group", "site7"), "/groups/site7/config"),
    (("0015651A2B3C",), "/devices/001565-CP860-0015651A2B3C/config"),
]


@pytest.fixture(params=TARGETS, ids=["fleet", "model", "group", "phone"])
def target(request, server, phone):
    """The words that name it, and its path."""
    words, path = request.param
    for method in ("GET", "PUT", "PATCH"):
        server.on(f"{method} {path}", LAYER)
    return words, path


def test_show_prints_the_values_and_who_wrote_them(acs, target):
    result = acs("config", "show", *target[0])
    assert result.stdout.split() == ["KEY", "VALUE", "voice.jib.max", "200"]
    assert "version 3" in result.stderr
    assert "by Alice: gaps" in result.stderr
    assert json.loads(acs("config", "show", *target[0], "--json").stdout) == LAYER


def test_show_of_an_earlier_version(acs, server, target):
    server.on(f"GET {target[1]}/versions/2", VERSION)
    assert "version 2" in acs("config", "show", *target[0], "--version", "2").stderr


def test_set_merges(acs, server, target):
    words = ["voice.jib.max=200", "account.1.label={{ name }} = {{ room }}", "account.1.display_name="]
    result = acs("config", "set", *target[0], *words, "-m", "gaps", "--now")
    assert result.stdout == "version 3, 1 key\n"
    [asked] = server.requests("PATCH")
    assert asked.path == target[1]
    assert asked.json == {
        "values": {
            "voice.jib.max": "200",
            "account.1.label": "{{ name }} = {{ room }}",
            "account.1.display_name": "",
        },
        "reason": "gaps",
        "now": True,
    }


def test_set_replaces_where_it_is_told_to(acs, server, target):
    acs("config", "set", *target[0], "voice.jib.max=200", "--replace")
    [asked] = server.requests("PUT")
    assert asked.json["values"] == {"voice.jib.max": "200"}


def test_unset_removes(acs, server, target):
    acs("config", "unset", *target[0], "voice.jib.max")
    assert server.requests("PATCH")[0].json == {"values": {"voice.jib.max": None}, "reason": ""}
    result = acs("config", "unset", *target[0], "voice.jib.mx")
    assert (result.exit_code, "not set in this layer: voice.jib.mx" in result.stderr) == (3, True)


def test_history_and_difference(acs, server, target):
    server.on(f"GET {target[1]}/history", {"items": [VERSION], "next": None})
    result = acs("config", "history", *target[0], "--limit", "5")
    assert "voice.jib.max=200, x removed" in result.stdout
    assert server.asked[-1].query == {"limit": "5"}
    server.on(f"GET {target[1]}/diff", {"from": 1, "to": 3, "changes": CHANGES})
    result = acs("config", "diff", *target[0], "--from", "1")
    assert result.stdout.splitlines()[0].split() == ["KEY", "VERSION", "1", "VERSION", "3"]
    assert server.asked[-1].query == {"from": "1"}


def test_revert(acs, server, target):
    server.on(f"POST {target[1]}/revert", {**LAYER, "version": 4})
    assert acs("config", "revert", *target[0], "2").stdout == "version 4, 1 key\n"
    assert server.requests("POST")[0].json == {"version": 2, "reason": "", "now": False}


def test_effective_names_the_layers_and_what_is_missing(acs, server, phone):
    shown = {
        "effective": {
            "voice.jib.max": {"value": "200", "layer": "fleet"},
            "account.1.label": {"value": "x", "layer": "group:a"},
        },
        "unresolved": [{"key": "voice.cng", "layer": "fleet", "why": "the phone has no cng"}],
    }
    server.on(f"GET /devices/{phone['id']}/config", shown)
    result = acs("config", "effective", "0015651A2B3C", "voice.")
    assert result.stdout.splitlines()[1:] == ["voice.jib.max  200    fleet"]
    assert result.stderr == "unresolved: voice.cng (fleet): the phone has no cng\n"
    found = json.loads(acs("config", "effective", "0015651A2B3C", "--json").stdout)
    assert found == shown


def test_warnings_are_notes(acs, server):
    warning = {"key": "voice.jib.max", "message": "'350' is above 300, where the guide contradicts itself"}
    server.on("PATCH /config", {**LAYER, "warnings": [warning]})
    result = acs("config", "set", "--fleet", "voice.jib.max=350")
    assert result.exit_code == 0
    assert result.stderr == f"{warning['key']}: {warning['message']}\n"


def test_a_refusal_names_key_value_what_is_allowed_and_the_section(acs, server):
    error = {
        "field": "values.voice.jib.max",
        "value": "500",
        "message": "'500' is above 400",
        "allowed": "a whole number from 0 to 400",
        "section": "Jitter Buffer",
    }
    server.on("PATCH /config", (422, {"status": 422, "title": "x", "errors": [error]}))
    result = acs("config", "set", "--fleet", "voice.jib.max=500")
    assert result.exit_code == 1
    assert result.stderr == (
        "acs: values.voice.jib.max: 500: '500' is above 400 (allowed: a whole number from 0 to 400); "
        "the guide's section 'Jitter Buffer'\n"
    )


@pytest.mark.parametrize(
    "words",
    [
        ("show",),
        ("show", "--fleet", "x"),
        ("show", "--fleet", "--group", "x"),
        ("set", "voice.jib.max=200"),
        ("set", "--fleet"),
        ("set", "--fleet", "voice.jib.max"),
        ("set", "--fleet", "=200"),
        ("set", "--fleet", "a=1", "a=2"),
        ("unset", "--fleet"),
        ("revert", "--fleet"),
        ("revert", "--fleet", "x"),
        ("diff", "--fleet", "1", "2"),
    ],
    ids=" ".join,
)
def test_what_is_no_use_of_the_command(acs, server, words):
    result = acs("config", *words)
    assert (result.exit_code, server.asked) == (2, [])
    assert result.stderr.startswith("acs: ")


def test_a_phone_to_come_is_named_by_its_mac_address(acs, server):
    server.on("GET /devices", {"items": [], "next": None, "total": 0})
    server.on("GET /devices/00%3A15%3A65%3A00%3A00%3A01/config", LAYER)
    assert acs("config", "show", "00:15:65:00:00:01").exit_code == 0
    assert acs("config", "show", "00:15:65:00:00:02").exit_code == 3
