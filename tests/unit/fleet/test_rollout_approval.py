"""Two persons for a rollout of many phones."""

from __future__ import annotations

import pytest

from acs.fleet.rollout.approval import Approval, fault_of_approver, missing, needed


@pytest.mark.parametrize(
    ("phones", "most_alone", "takes_back", "second"),
    [
        (99, 100, False, False),
        (100, 100, False, True),
        (100_000, 0, False, False),
        (100_000, 100, True, False),
    ],
)
def test_a_second_person_is_needed_from_the_size_that_is_set(phones, most_alone, takes_back, second):
    assert needed(phones, most_alone, takes_back=takes_back) is second


def test_the_approval_is_of_somebody_who_neither_made_nor_starts_it():
    given = [Approval("adam", 1.0)]
    assert missing(500, "eve", "eve", given) == ""
    assert missing(500, "eve", "adam", given) != ""
    assert missing(500, "adam", "eve", given) == (
        "A rollout to 500 phones needs the approval of a second person, other than adam and eve."
    )
    assert "other than eve." in missing(500, "eve", "eve", [])


@pytest.mark.parametrize(("user", "words"), [("", "no user"), ("eve", "Somebody else"), ("adam", "already")])
def test_who_cannot_approve_is_told_why(user, words):
    assert words in fault_of_approver(user, "eve", [Approval("adam", 1.0)])


def test_anybody_else_can():
    assert fault_of_approver("ann", "eve", [Approval("adam", 1.0)]) == ""


def test_an_approval_is_for_so_many_phones_and_a_tenth_more():
    given = [Approval("adam", 1.0, "", 100)]
    assert missing(110, "eve", "eve", given) == ""
    assert missing(111, "eve", "eve", given) == (
        "It was approved of for 100 phones and goes to 111 by now: that takes a new approval."
    )
    assert "already" in fault_of_approver("adam", "eve", given, 110)
    assert fault_of_approver("adam", "eve", given, 111) == ""
    assert missing(111, "eve", "eve", [*given, Approval("adam", 2.0, "", 111)]) == ""
