"""Rows to files and back: nothing is lost, nothing changes, and faults are told by row."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acs.datamodel.resources import KINDS, BadFile, BadRows, build, check, read_rows
from acs.datamodel.resources.tables import from_csv, from_json, to_csv

from .guide_examples import EXAMPLES  # isort: skip


def faults(kind, rows):
    with pytest.raises(BadRows) as refused:
        build(KINDS[kind], rows)
    return [(fault.row, fault.column) for fault in refused.value.faults if str(fault.severity) == "error"]


@pytest.mark.parametrize("kind", EXAMPLES)
def test_the_guides_examples_come_back_as_they_went_in(kind):
    rows = read_rows(KINDS[kind], EXAMPLES[kind])
    built = build(KINDS[kind], rows)
    assert read_rows(KINDS[kind], built.content) == rows
    assert build(KINDS[kind], rows).content == built.content
    assert from_csv(to_csv(KINDS[kind], rows).encode()) == rows


def test_a_file_of_replace_rules_looks_like_the_guides():
    rows = read_rows(KINDS["replace-rules"], EXAMPLES["replace-rules"])
    assert build(KINDS["replace-rules"], rows).content == EXAMPLES["replace-rules"]


def test_every_bad_row_is_told_at_once_whether_a_cell_is_missing_or_wrong():
    rows = [
        {"prefix": "", "replace": "1"},
        {"prefix": "1", "replace": "2"},
        {"prefix": "([", "replace": "2"},
        {"prefix": "1", "replace": "9", "colour": "red"},
        {"prefix": "2" * 33, "replace": "2"},
    ]
    assert [row for row, _ in faults("replace-rules", rows)] == [1, 3, 4, 5]


def test_what_only_a_bad_row_would_have_brought_is_not_missed_beside_it():
    rows = [{"entry": "title", "name": ""}, {"entry": "department", "name": "Sales", "url": "http://a/b.xml"}]
    assert faults("phone-book-menu", rows) == [(1, "name")]


# --- any rows -------------------------------------------------------------------------------------------

#: one line of any characters that XML can hold, not blank
TEXT = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\ufffe\uffff"), min_size=1
).filter(str.strip)
OPTIONAL = st.just("") | TEXT
DIGITS = st.text("0123456789*#", min_size=1, max_size=20)
RING = st.sampled_from(["", "Auto", "Resource:Ring3.wav", "Custom:bell.wav"])


def unique(rows, column):
    return st.lists(st.fixed_dictionaries(rows), max_size=20, unique_by=lambda row: row[column])


REPLACE = unique(
    {
        "prefix": st.sampled_from(["1", "2(xx)", "5([6-9])(.)"]) | DIGITS,
        "replace": DIGITS,
        "lines": st.just(""),
    },
    "prefix",
)
KEYS = {"list": st.sampled_from(["Enable", "Disable", "Default"]), "type": st.just("Empty")}
CONTACTS = unique(
    {
        "entry": st.just("contact"),
        "display_name": TEXT,
        "office_number": OPTIONAL,
        "mobile_number": OPTIONAL,
        "other_number": OPTIONAL,
        "ring": RING,
        "group_id_name": OPTIONAL,
    },
    "display_name",
)
DEPARTMENT = unique(
    {"name": TEXT, "telephone": TEXT, "telephone_2": st.just("") | TEXT, "telephone_3": st.just("")}, "name"
)
MENU = unique(
    {"entry": st.sampled_from(["department", "key"]), "name": TEXT, "url": st.just("http://a/b")}, "name"
)
TITLE = {"entry": "title", "name": "Ours", "url": ""}

TABLES = st.one_of(
    st.tuples(st.just("replace-rules"), REPLACE),
    st.tuples(st.just("dial-now"), unique({"rule": DIGITS, "lines": st.sampled_from(["", "1,2"])}, "rule")),
    st.tuples(st.just("softkeys-call-in"), st.lists(st.fixed_dictionaries(KEYS), max_size=20)),
    st.tuples(
        st.just("softkeys-talking"),
        st.lists(st.fixed_dictionaries({"state": st.sampled_from(["Talk", "Held"]), **KEYS}), max_size=20),
    ),
    st.tuples(st.just("local-contacts"), CONTACTS),
    st.tuples(st.just("phone-book-department"), DEPARTMENT),
    st.tuples(st.just("phone-book-menu"), MENU.map(lambda rows: [TITLE, *rows])),
)


def ordered(rows):
    """Rows without the order that a file does not keep: between its lists."""
    return sorted(rows, key=lambda row: [row.get(name, "") for name in ("state", "list", "entry")])


@settings(deadline=None)
@given(TABLES)
def test_rows_come_back_from_the_file_that_they_made(table):
    kind, rows = KINDS[table[0]], table[1]
    built = build(kind, rows).content
    again = read_rows(kind, built)
    assert ordered(again) == ordered(rows)
    assert build(kind, again).content == built
    assert not [finding for finding in check(kind, built) if str(finding.severity) == "error"]


@settings(deadline=None)
@given(TABLES)
def test_tables_come_back_from_csv_and_json(table):
    kind, rows = KINDS[table[0]], table[1]
    assert from_csv(to_csv(kind, rows).encode()) == rows
    assert from_json(json.dumps({"rows": rows}).encode()) == rows


@given(st.sampled_from(sorted(KINDS)), st.lists(st.dictionaries(st.text(max_size=9), st.text(max_size=9))))
def test_any_rows_are_built_or_refused(kind, rows):
    with suppress(BadRows):
        assert isinstance(build(KINDS[kind], rows).content, bytes)


# --- faults ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "rows", "told"),
    [
        (
            "replace-rules",
            [{"prefix": "1", "replace": "2"}, {"prefix": "(", "replace": "2"}],
            [(2, "Data Prefix")],
        ),
        ("replace-rules", [{"prefix": "1"}], [(1, "replace")]),
        ("replace-rules", [{"prefix": "1", "replace": "2", "colour": "red"}], [(1, "colour")]),
        ("replace-rules", [{"prefix": 1.5, "replace": True}], [(1, "prefix"), (1, "replace")]),
        ("replace-rules", [{"prefix": "1\n2", "replace": "2"}], [(1, "prefix")]),
        ("replace-rules", [{"prefix": "1\x00", "replace": "2"}], [(1, "prefix")]),
        ("dial-now", [{"rule": str(number)} for number in range(101)], [(101, "Data")]),
        ("softkeys-call-in", [{"list": "Shown", "type": "Answer"}], [(1, "list")]),
        (
            "softkeys-call-in",
            [{"list": "Enable", "type": "Answer"}, {"list": "Enable", "type": "Hold"}],
            [(2, "Key Type")],
        ),
        ("softkeys-talking", [{"state": "Idle", "list": "Enable", "type": "Hold"}], [(1, "state")]),
        ("local-contacts", [{"display_name": "Ann"}, {"display_name": "Ann"}], [(2, "contact display_name")]),
        (
            "local-contacts",
            [{"entry": "group", "display_name": "A", "office_number": "1"}],
            [(1, "office_number")],
        ),
        ("phone-book-menu", [{"name": "Sales", "url": "http://a"}], [(0, "entry")]),
        ("phone-book-menu", [TITLE, TITLE], [(2, "entry")]),
        ("phone-book-menu", [{**TITLE, "url": "http://a"}], [(1, "url")]),
        ("phone-book-menu", [TITLE, {"name": "Sales", "url": "a"}], [(2, "URL")]),
        ("phone-book-department", [{"name": "Ann"}], [(1, "telephone")]),
    ],
)
def test_a_wrong_row_is_told_by_its_number(kind, rows, told):
    found = faults(kind, rows)
    assert found[: len(told)] == told


def test_a_doubt_about_another_row_names_the_row():
    rows = [{"prefix": "1", "replace": "2"}, {"prefix": "3", "replace": "4"}, {"prefix": "1", "replace": "5"}]
    warnings = build(KINDS["replace-rules"], rows).warnings
    assert [(warning.row, "in row 1" in warning.message) for warning in warnings] == [(3, True)]


def test_whole_numbers_and_null_are_taken_in_rows():
    built = build(KINDS["local-contacts"], [{"display_name": "Ann", "office_number": 1001, "ring": None}])
    assert b'office_number="1001"' in built.content


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no head line"),
        (b"\n", "no head line"),
        (b"a,a\n1,2", "twice"),
        (b"a,b\n1,2,3", "more than there are columns"),
        (b'a\n"1', "no CSV"),
        (b"a\n\xff", "no UTF-8"),
    ],
)
def test_a_csv_can_be_wrong(content, said):
    with pytest.raises(BadRows) as refused:
        from_csv(content)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "no JSON"), (b"{}", "no list"), (b"3", "no list"), (b"[3]", "no object"), (b"[" * 10_000, "JSON")],
)
def test_a_json_can_be_wrong(content, said):
    with pytest.raises(BadRows) as refused:
        from_json(content)
    assert said in str(refused.value)


def test_csv_with_semicolons_a_mark_and_blank_lines_is_read():
    assert from_csv(b"\xef\xbb\xbfname;telephone\r\n\r\nAnn;1,2\r\n") == [{"name": "Ann", "telephone": "1,2"}]


@pytest.mark.parametrize("content", [b"", b"<DialNow/>"])
def test_a_file_of_another_kind_cannot_be_read_as_rows(content):
    with pytest.raises(BadFile) as refused:
        read_rows(KINDS["replace-rules"], content)
    assert refused.value.findings
