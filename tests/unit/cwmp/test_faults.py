"""Every fault code has a name and a sentence for the operator."""

from __future__ import annotations

import pytest

from acs.cwmp import faults


def test_all_codes_of_the_standard_are_there():
    assert faults.known_codes() == (*range(8000, 8007), *range(9000, 9033))


@pytest.mark.parametrize("code", faults.known_codes())
def test_a_code_is_described_by_name_and_sentence(code):
    name, sentence = faults.meaning(code)
    assert faults.describe(code) == f"{code} {name}: {sentence}"
    assert sentence.endswith(".")
    assert len(sentence) > 30


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (8850, "vendor"),
        (9850, "vendor"),
        (9500, "newer"),
        (8100, "standard"),
        (7, "no such code"),
        (0, "no such"),
    ],
)
def test_codes_outside_the_list_are_described_by_their_range(code, word):
    assert word in faults.describe(code)


def test_the_ranges_of_vendors():
    assert [
        code for code in (8799, 8800, 8899, 8900, 9799, 9800, 9899, 9900) if faults.is_vendor_code(code)
    ] == [*(8800, 8899, 9800, 9899)]
