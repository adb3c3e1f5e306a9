"""Which new passwords are taken."""

from __future__ import annotations

import pytest

from acs.operations.errors import Invalid
from acs.operations.passwords import check_new

EASY = (
    *("", "too small", "x" * 257, "aaaaaaaaaaaa", "1212121212", "1234567890", "0987654321", "abcdefghij"),
    *(
        "Qwertyuiop",
        "Password12",
        "Password123456",
        "P@ssw0rd123!",
        "adminadmin",
        "Administrator1",
        "changeme2026",
        "yealink1234",
    ),
    *("yealink1234", "eve.adams1", "Eve.Adams", "eve.adamseve.adams", "password eve.adams"),
)


HARD = (
    *("a long night shift", "correct horse 9", "8305716629", "7$K9!2x#41Q", "my admin is a horse"),
    "zQsecret13Xy",
)


@pytest.mark.parametrize("password", EASY)
def test_what_is_guessed_first_is_refused(password):
    with pytest.raises(Invalid) as refused:
        check_new(password, "eve.adams")
    assert not password or password not in str(refused.value)


@pytest.mark.parametrize(
    "password",
    [
        "a long night shift",
        "correct horse 9",
        "8305716629",
        "7$K9!2x#41Q",
        "my admin is a horse",
        "zQsecret13Xy",
    ],
)
def test_others_are_taken(password):
    check_new(password, "eve.adams")


def test_a_name_of_one_letter_makes_no_password_easy():
    check_new("correct horse 9", "r")
