"""Secrets out of log lines: by the field's name, by what a text looks like, and word by word."""

from __future__ import annotations

import pytest

from acs.fleet.log_secrets import BLANK, Blanker


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "fleet_password",
        "Passwd",
        "token",
        "action_token",
        "authorization",
        "set_cookie",
        "client_secret",
    ],
)
def test_fields_whose_name_tells_are_blanked(name):
    assert Blanker().fields({name: "anything"}) == {name: BLANK}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("redis://user:hunter22@host:6379/0", f"redis://{BLANK}@host:6379/0"),
        ("Authorization: Bearer abcdefghijkl", f"Authorization: Bearer {BLANK}"),
        ("got acs_0123abcd_Secret-or-not", f"got {BLANK}-or-not"),
        ("/d/0123456789012345678901234/f.rom", f"/d/{BLANK}/f.rom"),
        ("account.1.password = geheim", f"account.1.password = {BLANK}"),
        ('{"password": "geheim", "user": "x"}', f'{{"password": "{BLANK}", "user": "x"}}'),
        ("<Password>geheim</Password>", f"<Password>{BLANK}</Password>"),
    ],
)
def test_texts_that_look_like_it_are_blanked(text, left):
    assert Blanker().text(text) == left


@pytest.mark.parametrize(
    "text", ["a rule failed for this phone", "https://host/path", "/d/short/f", "2 PERIODIC", "basic facts"]
)
def test_other_texts_stay(text):
    assert Blanker().text(text) == text


def test_nested_values_are_looked_through():
    line = {"event": "x", "facts": {"password": "a", "ports": [1, {"token": "b"}], "who": b"c"}}
    assert Blanker().fields(line) == {
        "event": "x",
        "facts": {"password": BLANK, "ports": [1, {"token": BLANK}], "who": "c"},
    }


def test_numbers_and_empty_values_tell_nothing_and_stay():
    line = {"password": "", "tokens": 3, "secret": None, "seconds": 0.5}
    assert Blanker().fields(line) == line


def test_known_secrets_are_blanked_wherever_they_stand():
    blanker = Blanker()
    blanker.know(["geheim99", "geheim99-and-more", "kurz", ""])
    assert blanker.text("(geheim99-and-more) kurz: xgeheim99x") == f"({BLANK}) kurz: x{BLANK}x"
    blanker.know(["another-one"])
    assert blanker.fields({"error": "geheim99 another-one"}) == {"error": f"{BLANK} {BLANK}"}
