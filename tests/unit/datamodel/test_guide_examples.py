"""Every example of the guide that sets a key is one that the checks let pass."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acs.datamodel import cfg_files, key_loading

ROWS = [
    (int(number), text)
    for number, text in (
        line.split("\t")
        for line in Path(__file__).with_name("guide_examples.tsv").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )
]

#: the one example whose line is no line for a phone: it has a letter where the number belongs
WITH_A_LETTER = 14215


@pytest.mark.parametrize(("number", "text"), ROWS, ids=[f"line {number}" for number, _ in ROWS])
def test_an_example_passes(number, text):
    findings = cfg_files.check(text.encode(), key_loading.shipped())
    assert not cfg_files.failed(findings), findings
    assert not [finding for finding in findings if "no documented key" in finding.message]
    if number == WITH_A_LETTER:
        assert [finding.message for finding in findings] == [
            "X stands for a number; the phone does not know this line"
        ]


def test_the_examples_are_those_of_the_guide_and_all_of_them(shared):
    guide = (shared / "reference" / "cp860-administrator-guide.txt").read_text(encoding="utf-8").split("\n")
    for number, text in ROWS:
        assert text in guide[number - 1]
    assignment = re.compile(r"^\s*(Example\s+)?[a-z][a-zA-Z0-9_]*(\. ?[a-zA-Z0-9_]+)+ *=")
    assert {n for n, line in enumerate(guide, 1) if assignment.match(line)} == {n for n, _ in ROWS}


def test_the_whole_list_as_one_file_passes():
    content = "\n".join(text for _, text in ROWS).encode()
    assert not cfg_files.failed(cfg_files.check(content, key_loading.shipped()))
