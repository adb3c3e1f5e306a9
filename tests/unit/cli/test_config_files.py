"""`acs config check`, `encrypt` and `decrypt` as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from acs.cli.main import main

KEY = "0123456789abcdef"
GOOD = "#!version:1.0.0.1\nvoice.vad = 1\n"
BAD = "#!version:1.0.0.1\n# jitter\nvoice.jib.max = 401\nvoice.jib.mx = 3\nvoice.vad\n"


def config(*words: str | Path, **how) -> Result:
    return CliRunner().invoke(main, ["config", *map(str, words)], catch_exceptions=False, **how)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.cfg"
    path.write_text(GOOD)
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.cfg"
    path.write_text(BAD)
    return path


def test_a_good_file_exits_with_0_and_nothing_on_stdout(good):
    result = config("check", good)
    assert (result.exit_code, result.stdout) == (0, "")


def test_errors_exit_with_1_and_name_file_line_key_fault_and_what_is_allowed(bad, good):
    result = config("check", good, bad)
    assert result.exit_code == 1
    first, second, third = result.stdout.splitlines()
    assert first.startswith(
        f"{bad}:3: voice.jib.max: '401' is above 400; allowed: a whole number from 0 to 400"
    )
    assert second.startswith(f"{bad}:4: voice.jib.mx: warning: ")
    assert third.startswith(f"{bad}:5: the line has no equal sign; expected ")


def test_warnings_alone_exit_with_0(tmp_path):
    (tmp_path / "a.cfg").write_text("unknown.key = 1\n")
    result = config("check", tmp_path / "a.cfg")
    assert result.exit_code == 0
    assert "a.cfg:1: unknown.key: warning: is no documented key" in result.stdout


def test_json_has_one_object_a_file(bad, good):
    result = config("check", "--json", good, bad)
    assert result.exit_code == 1
    fine, faulty = map(json.loads, result.stdout.splitlines())
    assert fine == {"file": str(good), "ok": True, "findings": []}
    assert faulty["ok"] is False
    first = faulty["findings"][0]
    assert (first["line"], first["key"], first["severity"]) == (3, "voice.jib.max", "error")
    assert first["allowed"] == "a whole number from 0 to 400"
    assert first["section"]


def test_a_file_that_cannot_be_read_exits_with_2(tmp_path):
    result = config("check", tmp_path / "missing.cfg")
    assert result.exit_code == 2
    assert "No such file" in result.stderr


def test_standard_input_is_a_file_too():
    assert config("check", "-", input=GOOD).exit_code == 0
    assert config("check", "-", input=BAD).exit_code == 1


def test_keys_of_another_model_are_unknown_here(good, tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "b.toml").write_text(
        'models = ["B2"]\nsource = "ours"\n[[feature]]\nname = "F"\n[[feature.key]]\nname = "b.only"\n'
        'type = "string"\nmax_length = 2\ndefault = ""\nfile = "mac"\ndescription = "It."\n'
    )
    good.write_text("voice.vad = 7\nb.only = abc\n")
    options = ("--keys-dir", tmp_path / "keys", "--model", "B2")
    result = config("check", *options, good)
    assert result.exit_code == 1
    assert ":1: voice.vad: warning: is no documented key" in result.stdout
    assert ":2: b.only: 'abc' has 3 characters" in result.stdout


def test_a_file_is_encrypted_and_decrypted_again(good, tmp_path):
    encrypted = tmp_path / "good.enc"
    assert config("encrypt", good, "--key", KEY, "-o", encrypted).exit_code == 0
    assert len(encrypted.read_bytes()) % 16 == 0
    assert b"voice" not in encrypted.read_bytes()
    assert config("decrypt", encrypted, "--key", KEY).stdout == GOOD
    assert config("encrypt", good, "--key", KEY).stdout_bytes == encrypted.read_bytes()
    assert config("decrypt", "-", input=encrypted.read_bytes(), env={"ACS_CONFIG_KEY": KEY}).stdout == GOOD


def test_an_encrypted_file_is_told_apart_from_a_faulty_one(good, tmp_path):
    encrypted = tmp_path / "good.enc"
    config("encrypt", good, "--key", KEY, "-o", encrypted)
    result = config("check", encrypted)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0].startswith(f"{encrypted}:1: ")
    assert "decrypt" in result.stdout


@pytest.mark.parametrize("key", ["short", "0123456789abcde!"])
def test_a_key_of_the_wrong_form_exits_with_2_and_is_not_repeated(good, key):
    for command in ("encrypt", "decrypt"):
        result = config(command, good, "--key", key)
        assert result.exit_code == 2
        assert "16 of 0-9, A-Z and a-z" in result.stderr
        assert key not in result.stderr


def test_what_does_not_decrypt_exits_with_1(good, tmp_path):
    encrypted = tmp_path / "good.enc"
    config("encrypt", good, "--key", KEY, "-o", encrypted)
    assert config("decrypt", encrypted, "--key", KEY[::-1]).exit_code == 1
    result = config("decrypt", good, "--key", KEY)
    assert result.exit_code == 1
    assert str(good) in result.stderr
