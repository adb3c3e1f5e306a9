"""Selectors on the command line: saved, tried, used, and wrong ones pointed at."""

from __future__ import annotations

import json
from typing import Any

import pytest

SAVED = {"name": "old", "select": "firmware < 37.72.0.5", "description": "", "at": None, "by": "me"}
TRIED = {"select": "model = CP860", "total": 1200, "devices": ["001565-CP860-1", "001565-CP860-2"]}


def test_a_list_takes_a_selector(acs: Any, server: Any, phone: Any) -> None:
    acs("device", "list", "-q", "model = CP860 and tag = site7")
    assert server.asked[0].query["q"] == "model = CP860 and tag = site7"


@pytest.mark.parametrize(("fragment", "q"), [("CP860", "CP860"), ("online", '"online"'), ("a b", '"a b"')])
def test_a_fragment_is_never_read_as_a_selector(
    acs: Any, server: Any, phone: Any, fragment: str, q: str
) -> None:
    acs("device", "list", fragment)
    assert server.asked[0].query["q"] == q
    acs("device", "show", fragment)
    assert server.asked[1].query["q"] == q


def test_a_wrong_selector_is_pointed_at_and_not_sent(acs: Any, server: Any) -> None:
    for words in (
        ("device", "list", "-q", "model = CP860 firmware"),
        ("selector", "try", "model = CP860 firmware"),
        ("selector", "create", "x", "model = CP860 firmware"),
    ):
        result = acs(*words)
        assert result.exit_code == 2
        lines = result.stderr.splitlines()
        assert lines[0] == (
            "acs: the selector is wrong at character 15: found 'firmware'; expected and, or or the end"
        )
        assert lines[1:] == ["model = CP860 firmware", " " * 14 + "^"]
    assert server.asked == []


def test_a_fragment_and_a_selector_are_one_too_many(acs: Any, server: Any) -> None:
    assert acs("device", "list", "CP860", "-q", "online").exit_code == 2
    assert server.asked == []


def test_selectors_are_saved_listed_and_deleted(acs: Any, server: Any) -> None:
    server.on("POST /selectors", (201, SAVED))
    server.on("GET /selectors", {"items": [SAVED]})
    server.on("GET /selectors/old", SAVED)
    server.on("POST /selectors/try", TRIED)
    server.on("PATCH /selectors/old", SAVED)
    server.on("DELETE /selectors/old", (204, b""))
    assert acs("selector", "create", "old", "firmware < 37.72.0.5").stdout == "saved: old\n"
    assert json.loads(server.asked[0].body) == {
        "name": "old",
        "select": "firmware < 37.72.0.5",
        "description": "",
    }
    assert acs("selector", "list").stdout.splitlines()[1].startswith("old   firmware < 37.72.0.5")
    assert "1200" in acs("selector", "show", "old").stdout
    acs("selector", "change", "old", "--description", "of old")
    assert json.loads(server.requests("PATCH")[0].body) == {"description": "of old"}
    assert acs("selector", "delete", "old", "--yes").stdout == "deleted: old\n"


def test_trying_names_the_first_phones_and_counts_all(acs: Any, server: Any) -> None:
    server.on("POST /selectors/try", TRIED)
    result = acs("selector", "try", "model = CP860", "--limit", "2")
    assert result.stdout.splitlines() == TRIED["devices"]
    assert "1200 phones" in result.stderr
    assert json.loads(server.asked[0].body) == {"select": "model = CP860", "limit": 2}
    assert json.loads(acs("selector", "try", "model = CP860", "--json").stdout) == TRIED


def test_the_wake_queue_and_events_take_a_selector_as_all_commands_do(acs, server):
    server.on("POST /wake", {"queued": 1, "waiting": 0, "unknown": []})
    assert acs("wake", "send", "-q", "tag = lobby").exit_code == 0
    assert server.requests("POST")[0].json == {"select": "tag = lobby"}
    server.on("GET /events", {"items": [], "next": "1-0", "more": False})
    assert acs("events", "-q", "tag = lobby").exit_code == 0
    assert server.requests("GET")[-1].query["q"] == "tag = lobby"
