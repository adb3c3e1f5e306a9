"""Cells of CSV: what spreadsheets get to see."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.operations import tables


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        ("plain", "plain"),
        ("=1+1", "'=1+1"),
        ("+49 30 1", "'+49 30 1"),
        ("-2", "'-2"),
        ("@sum", "'@sum"),
        ("\t=1", "'\t=1"),
        ("  =1", "'  =1"),
        (-2, "-2"),
        (0.25, "0.25"),
        (True, "true"),
        (datetime(2030, 1, 31, 22, tzinfo=UTC), "2030-01-31T22:00:00Z"),
        ({"a": "=1"}, '{"a":"=1"}'),
    ],
)
def test_a_cell(value, shown):
    assert tables.cell(value) == shown


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.lists(st.lists(TEXT, min_size=2, max_size=4)))
def test_every_text_comes_back_and_none_is_a_formula(rows):
    read = list(csv.reader(io.StringIO(tables.lines(rows).decode(), newline="")))
    assert [[tables.cell(text) for text in row] for row in rows] == read
    assert not [cell for row in read for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert all(tables.cell(text) in (text, f"'{text}") for row in rows for text in row)
