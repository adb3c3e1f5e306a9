"""Values of phones are read as they come and written as the schema wants them (quirks 41 and 57)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.datamodel import types


@pytest.mark.parametrize("text", ["1", "true", "True", "TRUE", "enable", "Enabled", " on ", "yes"])
def test_ways_to_say_yes(text):
    assert types.read_boolean(text) is True


@pytest.mark.parametrize("text", ["0", "false", "False", "disable", "Disabled", "off", "no"])
def test_ways_to_say_no(text):
    assert types.read_boolean(text) is False


@pytest.mark.parametrize("text", ["", "2", "maybe"])
def test_neither(text):
    assert types.read_boolean(text) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("xsd:boolean", "xsd:boolean"),
        ("xsd:Boolean", "xsd:boolean"),
        ("unsignedInt", "xsd:unsignedInt"),
        ("xs:dateTime", "xsd:dateTime"),
        ("xsd:json", ""),
        ("xsd:", ""),
        ("", ""),
    ],
)
def test_types_are_known_in_any_spelling_and_invented_ones_are_not(text, name):
    assert types.known_type(text) == name


@given(st.integers(-(10**18), 10**18))
def test_numbers_are_read_as_written(number):
    assert types.read_int(f" {number} ") == number


@pytest.mark.parametrize("text", ["", "-", "1.5", "0x10", "٣", "1" * 40])
def test_no_numbers(text):
    assert types.read_int(text) is None


@pytest.mark.parametrize(
    ("value", "type_name", "habit", "written"),
    [
        (True, "xsd:boolean", "", "1"),
        (False, "xsd:boolean", "true", "false"),
        ("enabled", "xsd:boolean", "0", "1"),
        ("odd", "xsd:boolean", "0", "odd"),
        (True, "xsd:string", "", "true"),
        (True, "xsd:unsignedInt", "", "1"),
        (3.0, "xsd:int", "", "3"),
        (-3, "xsd:int", "", "-3"),
        ("x", "xsd:string", "", "x"),
    ],
)
def test_values_are_written_in_the_phones_habit(value, type_name, habit, written):
    assert types.write(value, type_name, habit) == written


@pytest.mark.parametrize(
    ("value", "type_name"),
    [
        (True, types.BOOLEAN),
        (1, types.UNSIGNED_INT),
        (-1, types.INT),
        ("1", types.STRING),
        (1.5, types.STRING),
    ],
)
def test_the_type_of_our_own_values(value, type_name):
    assert types.type_of(value) == type_name


def test_a_number_is_not_a_boolean():
    assert types.problem(True, "xsd:int") == "a number is wanted, not a boolean"
    assert types.is_number("xsd:int")


@pytest.mark.parametrize(
    ("type_name", "good", "bad"),
    [
        ("xsd:int", ["-2147483648", "+7"], ["2147483648", "", "x"]),
        ("xsd:unsignedInt", ["4294967295"], ["4294967296", "-1"]),
        ("xsd:unsignedLong", ["18446744073709551615"], ["18446744073709551616"]),
        (
            "xsd:dateTime",
            ["0001-01-01T00:00:00Z", "2026-03-01T12:00:00.5+01:00"],
            ["2026-03-01", "2026-02-30T00:00:00", "0"],
        ),
        ("xsd:base64Binary", ["", "QQ==", "QUJD"], ["Q", "QQ=", "Q*=="]),
        ("xsd:hexBinary", ["", "0aF1"], ["0", "xy"]),
        ("xsd:decimal", ["-1.5", ".5"], ["1e3", "."]),
        ("xsd:string", ["", "anything"], []),
    ],
)
def test_what_can_be_written_in_a_type(type_name, good, bad):
    assert [types.problem(one, type_name) for one in good] == [""] * len(good)
    assert all(types.problem(one, type_name) for one in bad)
