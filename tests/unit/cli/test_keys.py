"""`acs keys`: the documented keys for people and scripts, the operators' own among them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from acs.cli.main import main
from acs.datamodel import key_loading

OURS = """
models = ["SIP-T22P"]
source = "ours"
[[feature]]
name = "Paging"
[[feature.key]]
name = "paging.X.volume"
indexes = { X = "1-3" }
type = "integer"
maximum = 9
default = "3"
file = "mac"
description = "How loud it is."
"""


@pytest.fixture
def keys(monkeypatch):
    monkeypatch.delenv("ACS_KEYS_DIR", raising=False)
    return lambda *words: CliRunner(env={"COLUMNS": "200"}).invoke(main, ["keys", *words])


@pytest.fixture
def ours(tmp_path):
    (tmp_path / "ours.toml").write_text(OURS)
    return tmp_path


def items(result) -> list[dict]:
    assert result.exit_code == 0
    assert result.stderr == ""
    return json.loads(result.stdout)["items"]


def test_all_keys_are_listed_with_every_field_that_scripts_need(keys):
    found = items(keys("--json"))
    assert len(found) == len(key_loading.shipped())
    needed = {"name", "indexes", "type", "values", "minimum", "maximum", "max_length", "default", "reboot"}
    needed |= {"secret", "file", "depends_on", "section", "description", "path"}
    assert all(needed <= key.keys() for key in found)


def test_a_key_is_told_as_the_guide_has_it(keys):
    (key,) = items(keys("--json", "account.1.sip_server.2.port"))
    assert key["name"] == "account.X.sip_server.Y.port"
    assert key["indexes"] == {"X": [1], "Y": [1, 2]}
    assert (key["type"], key["minimum"], key["maximum"], key["default"]) == ("integer", 0, 65535, "5060")
    (key,) = items(keys("--json", "programablekey.X.type"))
    assert key["indexes"] == {"X": [1, 2, 3, 4, 5, 6, 9, 13]}
    assert key["default"]["9"] == "33"


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        (["voice.jib.*"], {"voice.jib.adaptive", "voice.jib.min", "voice.jib.max", "voice.jib.normal"}),
        (["jitter"], {"voice.jib.adaptive", "voice.jib.min", "voice.jib.max", "voice.jib.normal"}),
        (["Jitter", "max"], {"voice.jib.max"}),
        (["account.1.transp*"], {"account.X.transport"}),
    ],
)
def test_a_pattern_is_words_a_name_or_part_of_one(keys, pattern, fits):
    assert {key["name"] for key in items(keys("--json", *pattern))} >= fits
    assert len(items(keys("--json", *pattern))) <= 6


def test_people_get_a_table_and_of_one_key_everything(keys):
    table = keys("voice.jib").stdout.splitlines()
    assert table[0].split() == ["NAME", "DEFAULT", "ALLOWED", "FEATURE"]
    assert len(table) == 5
    whole = keys("voice.jib.max").stdout
    assert "a whole number from 0 to 400" in whole
    assert "default" in whole


def test_nothing_that_fits_is_told_with_what_was_meant(keys):
    result = keys("voice.jib.maks")
    assert result.exit_code == 3
    assert "did you mean voice.jib.max" in result.stderr
    assert items(keys("--json", "no.such.key")) == []


def test_own_keys_come_from_a_directory_and_are_chosen_by_model(keys, ours, monkeypatch):
    (key,) = items(keys("--json", "--keys-dir", str(ours), "--model", "sip-t22p"))
    assert (key["name"], key["models"], key["source"]) == ("paging.X.volume", ["SIP-T22P"], "ours")
    monkeypatch.setenv("ACS_KEYS_DIR", str(ours))
    assert [key["name"] for key in items(keys("--json", "paging.2.volume"))] == ["paging.X.volume"]


def test_a_model_without_keys_is_told_with_those_there_are(keys):
    result = keys("--model", "SIP-T99")
    assert result.exit_code == 2
    assert "SIP-T99" in result.stderr
    assert "CP860" in result.stderr


def test_a_faulty_file_ends_the_command_and_the_start_of_the_server_with_its_line(keys, ours):
    (ours / "ours.toml").write_text(OURS.replace('"integer"', '"number"'))
    expected = f"acs: {ours / 'ours.toml'}:9: type:"
    result = keys("--keys-dir", str(ours))
    assert result.exit_code == 2
    assert result.stderr.startswith(expected)
    assert len(result.stderr.splitlines()) == 1

    code = "import sys; from acs.cli.main import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "up", "--keys-dir", str(ours), "--data-dir", str(ours / "data")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ACS_")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(expected)
    assert len(done.stderr.splitlines()) == 1
    assert not (ours / "data").exists()


@pytest.mark.parametrize("name", ["missing", "ours.toml"])
def test_what_is_no_directory_is_named(keys, ours, name):
    result = keys("--keys-dir", str(ours / name))
    assert result.exit_code == 2
    assert f"--keys-dir {ours / name}" in result.stderr


def test_a_file_that_is_no_text_is_named(keys, ours):
    (ours / "more.toml").write_bytes(b"models = ['\xff']")
    result = keys("--keys-dir", str(ours))
    assert result.exit_code == 2
    assert "UTF-8" in result.stderr
    assert "more.toml" in result.stderr
