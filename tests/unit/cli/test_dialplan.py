"""`acs dialplan try`: what a phone would dial, from files, keys, or its desired configuration."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

GUIDE = b"""<DialRule>
  <Data Prefix="1" Replace="05928665234"/>
  <Data Prefix="2(xx)" Replace="002$1" LineID="2"/>
</DialRule>
"""
DIAL_NOW = b'<DialNow>\n  <Data DialNowRule="52[0-6]"/>\n</DialNow>\n'
SHORT = (
    "--set",
    "dialplan.replace.prefix.1=001(xxx)45(xx)",
    "--set",
    "dialplan.replace.replace.1=9001$145$2",
)


@pytest.fixture
def config(server, phone):
    """`config(key=value, ...)` is the phone's effective configuration."""

    def has(values, unresolved=()):
        effective = {key: {"value": value, "layer": "fleet"} for key, value in values.items()}
        answer = {"values": {}, "version": 1, "effective": effective, "unresolved": list(unresolved)}
        server.on(f"GET /devices/{quote(phone['id'], safe='')}/config", answer)
        return phone["id"]

    return has


def last(result):
    return result.stdout.splitlines()[-1]


def test_the_guides_example(acs):
    result = acs("dialplan", "try", "0012354599", *SHORT)
    assert last(result) == "90012354599"
    assert "$1 = 235, $2 = 99" in result.stdout
    assert "[dialplan.replace.prefix.1]" in result.stdout


def test_rules_of_files_with_their_lines(acs, tmp_path):
    (tmp_path / "r.xml").write_bytes(GUIDE)
    (tmp_path / "d.xml").write_bytes(DIAL_NOW)
    files = ("--rules", str(tmp_path / "r.xml"), "--dial-now", str(tmp_path / "d.xml"))
    assert last(acs("dialplan", "try", "1", *files)) == "05928665234"
    assert last(acs("dialplan", "try", "234", *files)) == "234"
    assert last(acs("dialplan", "try", "234", "--line", "2", *files)) == "00234"
    told = json.loads(acs("dialplan", "try", "523", "--json", *files).stdout)
    assert (told["dialled"], told["automatic"]) == ("523", True)
    assert told["steps"][0]["origin"].endswith("d.xml:2")


def test_a_bad_file_is_told_line_by_line(acs, tmp_path):
    (tmp_path / "r.xml").write_bytes(b'<DialRule>\n<Data Prefix="[" Replace="1"/></DialRule>')
    result = acs("dialplan", "try", "1", "--rules", str(tmp_path / "r.xml"))
    assert (result.exit_code, "r.xml:2: error: Data Prefix" in result.stderr) == (1, True)


def test_a_phones_desired_configuration(acs, config):
    device = config(
        {"dialplan.area_code.code": "010", "dialplan.block_out.number.2": "9xx", "voice.jib.max": "3"}
    )
    assert last(acs("dialplan", "try", "55", "--device", device)) == "01055"
    assert last(acs("dialplan", "try", "911", "--device", device)) == "blocked"
    given = ("--device", device, "--set", "dialplan.area_code.min_len=3")
    assert last(acs("dialplan", "try", "55", *given)) == "55"


def test_the_file_at_the_phones_address_is_fetched_from_the_server(acs, config, server):
    device = config({"dialplan_replace_rule.url": "http://acs:7567/r/dialplan.xml"})
    server.on("GET /files/dialplan.xml", GUIDE)
    result = acs("dialplan", "try", "1", "--device", device)
    assert last(result) == "05928665234"
    assert "[dialplan.xml:2]" in result.stdout


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://elsewhere/dialnow.xml", "not on this server"),
        ("http://acs:7567/r/gone.xml", "does not have"),
    ],
)
def test_a_file_that_cannot_be_looked_at_is_named(acs, config, url, why):
    device = config({"dialplan_dialnow.url": url})
    result = acs("dialplan", "try", "1", "--device", device)
    assert (last(result), why in result.stderr) == ("1", True)


def test_rules_that_cannot_be_used_are_named(acs, config):
    unresolved = [{"key": "dialplan.dialnow.rule.1", "why": "the phone has no attribute 'site'"}]
    device = config({"dialplan.replace.prefix.7": "(1"}, unresolved)
    notes = json.loads(acs("dialplan", "try", "1", "--device", device, "--json").stdout)["notes"]
    assert ["dialplan.dialnow.rule.1" in notes[0], "dialplan.replace.prefix.7" in notes[1]] == [True, True]


@pytest.mark.parametrize("word", ["dialplan.area_code.code", "voice.jib.max=3", "=3"])
def test_a_set_that_is_none_is_refused(acs, word):
    assert acs("dialplan", "try", "1", "--set", word).exit_code == 2


def test_without_any_rule_the_number_is_dialled_as_it_is(acs):
    result = acs("dialplan", "try", "123")
    assert (last(result), "no rule at all" in result.stderr) == ("123", True)


def test_no_number_is_wrong_usage(acs):
    result = acs("dialplan", "try", " ")
    assert (result.exit_code, "NUMBER is blank" in result.stderr) == (2, True)
