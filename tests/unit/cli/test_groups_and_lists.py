"""`acs group` and `acs device import`: what is asked, what is printed, how it ends."""

from __future__ import annotations

import json

import pytest

GROUP = {
    "name": "site7",
    "order": 5,
    "description": "Harbour",
    "members": 3,
    "config_version": 2,
    "created_at": "2023-11-14T22:13:20Z",
    "created_by": "Alice",
}


@pytest.fixture
def site7(server):
    server.on("GET /groups/site7", GROUP)


def test_groups_are_listed(acs, server):
    server.on("GET /groups", {"items": [GROUP]})
    assert acs("group", "list").stdout.splitlines()[1].split() == ["site7", "5", "3", "2", "Harbour"]
    assert json.loads(acs("group", "list", "--json").stdout) == {"items": [GROUP]}


def test_a_group_is_made(acs, server):
    server.on("POST /groups", (201, GROUP))
    assert acs("group", "create", "site7", "--order", "5").stdout == "made: site7\n"
    assert server.asked[0].json == {"name": "site7", "order": 5, "description": ""}


def test_a_group_is_shown_with_its_phones(acs, server, site7):
    items = [{"id": "A-B-1", "awaited": False}, {"id": "001565000001", "awaited": True}]
    server.on("GET /groups/site7/members", {"items": items, "next": None, "total": 3})
    result = acs("group", "show", "site7")
    assert result.stdout.splitlines()[-2:] == ["  A-B-1", "  001565000001  awaited"]
    assert "2 of 3" in result.stderr
    assert json.loads(acs("group", "show", "site7", "--json").stdout) == {**GROUP, "phones": items}


def test_phones_are_added_when_all_are_found(acs, server, site7, phone):
    path = f"/groups/site7/members/{phone['id']}"
    server.on(f"PUT {path}", (204, None))
    server.on(f"DELETE {path}", (204, None))
    assert acs("group", "add", "site7", "0015651A2B3C").stdout == f"added: {phone['id']}\n"
    assert acs("group", "remove", "site7", "0015651A2B3C").stdout == f"removed: {phone['id']}\n"
    server.on("GET /devices", {"items": [phone], "next": None, "total": 1}, {"items": [], "next": None})
    assert acs("group", "add", "site7", "0015651A2B3C", "unknown").exit_code == 3
    assert [asked.path for asked in server.requests("PUT")] == [path]


def test_the_last_word_is_given(acs, server):
    server.on("PATCH /groups/site7", {**GROUP, "order": 7})
    assert acs("group", "order", "site7", "7").stdout == "site7: order 7\n"
    assert server.asked[0].json == {"order": 7}


def test_a_group_is_deleted_when_somebody_means_it(acs, server):
    server.on("DELETE /groups/site7", (204, None))
    assert acs("group", "delete", "site7").exit_code == 2
    assert server.asked == []
    assert acs("group", "delete", "site7", "--yes").stdout == "deleted: site7\n"


def test_a_list_is_sent_as_it_is(acs, server, tmp_path):
    path = tmp_path / "phones.csv"
    path.write_bytes(b"mac;name\r\n001565000001;J\xc3\xb6rg\r\n")
    server.on("POST /devices/import", {"phones": 1, "known": 0, "awaited": 1, "changed": 1})
    result = acs("device", "import", str(path))
    assert result.stdout == "1 phones: 0 known, 1 awaited; something new for 1\n"
    assert server.asked[0].body == path.read_bytes()


def test_every_bad_line_has_a_line(acs, server, tmp_path):
    path = tmp_path / "phones.csv"
    path.write_text("mac\nx\ny\n")
    errors = [
        {"field": f"line {line}: mac", "value": value, "message": "is no MAC address", "line": line}
        for line, value in ((2, "x"), (3, "y"))
    ]
    server.on("POST /devices/import", (422, {"status": 422, "title": "x", "errors": errors}))
    result = acs("device", "import", str(path))
    assert result.exit_code == 1
    assert result.stderr == "acs: line 2: mac: x: is no MAC address\nline 3: mac: y: is no MAC address\n"


def test_a_list_that_is_not_there(acs, server):
    assert acs("device", "import", "nowhere.csv").exit_code == 2
    assert server.asked == []


def test_who_is_awaited(acs, server):
    item = {
        "mac": "001565000001",
        "groups": ["site7", "vip"],
        "tags": ["night"],
        "label": "Hall",
        "attributes": {"extension": "2001"},
        "at": "2023-11-14T22:13:20Z",
        "by": "Alice",
    }
    server.on("GET /awaited", {"items": [item], "next": None, "total": 1})
    row = acs("device", "awaited").stdout.splitlines()[1]
    assert row.startswith("001565000001  site7, vip  night  Hall   extension=2001")
    server.on("DELETE /awaited/001565000001", (204, None))
    assert acs("device", "awaited", "--remove", "001565000001").exit_code == 0
    assert len(server.requests("DELETE")) == 1
