"""`acs keys --coverage MODEL`."""

from __future__ import annotations

import json

ITEM = {
    "key": "local_time.ntp_server1",
    "names": ["local_time.ntp_server1"],
    "carrier": "parameter",
    "path": "Device.Time.NTPServer1",
    "group": "",
    "sure": "A",
    "why": "the phone has it and lets it be written",
    "reboot": False,
}
FILED = {
    **ITEM,
    "key": "account.X.codec.Y.priority",
    "names": ["account.1.codec.1.priority", "account.1.codec.2.priority"],
    "carrier": "file",
    "path": None,
    "sure": None,
    "why": "the phone has no row",
}
ANSWER = {
    "model": "CP860",
    "device": "001565-CP860-1",
    "firmware": "37.72.0.5",
    "parameter": 1,
    "file": 1,
    "items": [ITEM, FILED],
}


def test_a_line_for_each_key_and_who_told_it(acs, server):
    server.on("GET /models/CP860/coverage", ANSWER)
    result = acs("keys", "--coverage", "CP860")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[1].split("  ")[0] == "local_time.ntp_server1"
    assert "Device.Time.NTPServer1" in lines[1]
    assert lines[2].startswith("account.X.codec.Y.priority (2)")
    assert "1 key by parameter, 1 by file; as told by 001565-CP860-1, firmware 37.72.0.5" in result.stderr


def test_a_pattern_chooses_and_scripts_get_json(acs, server):
    server.on("GET /models/CP860/coverage", ANSWER)
    result = acs("keys", "--coverage", "CP860", "--json", "account.1.*priority")
    assert json.loads(result.stdout)["items"] == [FILED]


def test_without_a_phone_it_says_so(acs, server):
    server.on("GET /models/CP860/coverage", {**ANSWER, "device": None, "firmware": None})
    assert "as told by the data models alone" in acs("keys", "--coverage", "CP860").stderr


def test_a_model_that_the_server_does_not_know(acs, server):
    assert acs("keys", "--coverage", "SIP-T99").exit_code != 0


def test_what_the_figures_hang_on_is_said(acs, server):
    server.on("GET /models/SIP-T99/coverage", {**ANSWER, "note": "these are the keys of other models"})
    assert "these are the keys of other models" in acs("keys", "--coverage", "SIP-T99").stderr
