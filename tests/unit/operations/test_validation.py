"""Plain data to records: every fault at once, each with its place, value and what is allowed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType

from acs.operations.errors import FieldError, Invalid
from acs.operations.validation import allowed, read


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Wheel(Struct, frozen=True, forbid_unknown_fields=True):
    size: Annotated[int, Meta(ge=10, le=30)]
    spokes: int = 32


class Bike(Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=5)]
    wheels: tuple[Wheel, ...] = ()
    colour: Colour | None = None
    parts: dict[str, int | Wheel] = {}
    sold: datetime | None = None
    note: str | UnsetType | None = UNSET


def faults(kind: Any, given: Any, **how: Any) -> dict[str, Any]:
    with pytest.raises(Invalid) as refused:
        read(kind, given, **how)
    return {error.field: error for error in refused.value.errors}


def test_what_is_right_becomes_a_record():
    bike = read(Bike, {"name": "Anna", "wheels": [{"size": 28}], "colour": "red", "parts": {"a": 1}})
    assert bike == Bike("Anna", (Wheel(28),), Colour.RED, {"a": 1})
    assert bike.note is UNSET
    assert read(Bike, {"name": "Anna", "note": None}).note is None


def test_a_whole_number_is_one_however_json_writes_it():
    bike = read(Bike, {"name": "Anna", "wheels": [{"size": 28.0}], "parts": {"a": 1.0, "b": {"size": 1e1}}})
    assert bike == Bike("Anna", (Wheel(28),), None, {"a": 1, "b": Wheel(10)})
    assert faults(Bike, {"name": "Anna", "wheels": [{"size": 28.5}]})["wheels[0].size"].value == 28.5
    assert "wheels[0].size" in faults(Bike, {"name": "Anna", "wheels": [{"size": 1e300}]})


def test_all_faults_are_found_wherever_they_are():
    found = faults(
        Bike,
        {
            "wheels": [{"size": 28}, {"size": 9, "rim": "x"}, 3],
            "colour": "green",
            "parts": {"a": 1, "b": "two", "c": {"size": 99}},
            "sold": "soon",
            "gears": 7,
        },
    )
    assert set(found) == {
        "name",
        "wheels[1].size",
        "wheels[1].rim",
        "wheels[2]",
        "colour",
        "parts.b",
        "parts.c.size",
        "sold",
        "gears",
    }
    assert found["name"].message == "is required"
    assert found["wheels[1].size"].value == 9
    assert found["wheels[1].size"].allowed == "an integer from 10 to 30"
    assert found["colour"].value == "green"
    assert found["gears"].allowed == ["colour", "name", "note", "parts", "sold", "wheels"]


@pytest.mark.parametrize("given", [None, [], "text", 7, True])
def test_what_is_no_object_is_refused(given):
    assert set(faults(Bike, given)) == {"body"}


def test_text_counts_as_number_only_where_everything_is_text():
    assert read(Wheel, {"size": "12"}, strict=False) == Wheel(12)
    assert set(faults(Wheel, {"size": "12"})) == {"size"}
    assert set(faults(Wheel, {"size": "31"}, strict=False)) == {"size"}


@pytest.mark.parametrize(
    ("kind", "phrase"),
    [
        (Colour, ["red", "blue"]),
        (Annotated[int, Meta(ge=1, le=9)], "an integer from 1 to 9"),
        (Annotated[int, Meta(ge=1)], "an integer of at least 1"),
        (Annotated[float, Meta(gt=0, lt=2)], "a number above 0 and below 2"),
        (Annotated[float, Meta(gt=0, le=2)], "a number above 0 and of at most 2"),
        (Annotated[str, Meta(max_length=3)], "text of at most 3 characters"),
        (Annotated[str, Meta(min_length=1, max_length=3)], "text of 1 to 3 characters"),
        (bool, "true or false"),
        (int | None, "an integer or null"),
        (Colour | None, "red or blue or null"),
        (list[int], "a list"),
        (Wheel, "an object"),
        (dict[str, int], "an object"),
    ],
)
def test_what_is_allowed_is_said_in_words(kind, phrase):
    assert allowed(kind) == phrase


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["name", "wheels", "colour", "parts", "sold", "note", "x"]), JSON))
def test_any_json_is_either_a_record_or_a_list_of_faults(given):
    faults: list[FieldError] = []
    try:
        record = read(Bike, given)
    except Invalid as refused:
        record, faults = None, refused.errors
    assert isinstance(record, Bike) != bool(faults)
    assert all(fault.field and fault.message for fault in faults)


def test_a_null_that_is_wrong_is_shown_as_the_value_that_was_given():
    null, missing = (faults(Bike, given)["name"] for given in ({"name": None}, {}))
    assert msgspec.to_builtins(null)["value"] is None
    assert "value" not in msgspec.to_builtins(missing)
    assert msgspec.to_builtins(faults(Bike, {"name": "Anna", "gears": None})["gears"])["value"] is None
