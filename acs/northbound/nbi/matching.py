"""Whether a document is meant: True, False, or None while what was looked up of it does not decide it."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import UNSET, UnsetType

from acs.northbound.nbi import moments
from acs.northbound.nbi.query import Condition, Every, Field, Not, Pattern, Reading, Some

#: What a document has at a path: its values (several for a list), None for no such field, UNSET while that
#: was not looked up.
Values = tuple[Any, ...] | None | UnsetType
Get = Callable[[str], Values]
Test = Callable[[Get], bool | None]

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


def test_of(condition: Condition) -> Test:
    """The condition as a function."""
    match condition:
        case Every(parts=parts):
            return _joined([test_of(part) for part in parts], decisive=False)
        case Some(parts=parts):
            return _joined([test_of(part) for part in parts], decisive=True)
        case Not(part=part):
            return _opposite(test_of(part))
        case Field():
            return _of_field(condition)


def _joined(tests: list[Test], *, decisive: bool) -> Test:
    """One `decisive` answer decides; without one, what is unknown keeps it open."""

    def test(get: Get) -> bool | None:
        result: bool | None = not decisive
        for one in tests:
            answer = one(get)
            if answer is decisive:
                return decisive
            if answer is None:
                result = None
        return result

    return test


def _opposite(test: Test) -> Test:
    def opposite(get: Get) -> bool | None:
        answer = test(get)
        return None if answer is None else not answer

    return opposite


def _of_field(field: Field) -> Test:
    path, check = field.path, _check_of(field)

    def test(get: Get) -> bool | None:
        values = get(path)
        return None if values is UNSET else check(values)

    return test


def _check_of(field: Field) -> Callable[[Any], bool]:
    readings = field.readings
    if field.operator == "$exists":
        return lambda values: values is not None
    if field.operator in _ORDERS:
        compare = _ORDERS[field.operator]
        return lambda values: any(_ordered(compare, value, one) for value in values or () for one in readings)
    nothing_too = None in readings

    def equal(values: Any) -> bool:
        if values is None:
            return nothing_too
        return any(_equal(value, one) for value in values for one in readings)

    return equal


def _equal(value: Any, wanted: Reading) -> bool:
    if isinstance(wanted, Pattern):
        return isinstance(value, str) and wanted.search(value) is not None
    pair = _alike(value, wanted)
    return pair is not None and bool(pair[0] == pair[1])


def _ordered(compare: Callable[[Any, Any], bool], value: Any, wanted: Reading) -> bool:
    pair = _alike(value, wanted)
    return pair is not None and compare(*pair)


def _alike(value: Any, wanted: Any) -> tuple[Any, Any] | None:
    """Both, where they are of one kind; a number may stand for a time in milliseconds."""
    if isinstance(value, datetime) and _is_number(wanted):
        wanted = moments.of_milliseconds(wanted)
    if _is_number(value) and _is_number(wanted):
        return value, wanted
    same = type(value) is type(wanted) and value is not None
    return (value, wanted) if same else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# --- order ----------------------------------------------------------------------------------------------


def rank(values: Values, *, descending: bool) -> tuple[int, Any]:
    """For sorting by a field: what is missing comes first, then numbers, texts, booleans, times."""
    keys = [_rank(value) for value in values] if isinstance(values, tuple) else []
    if not keys:
        return (0, 0)
    return max(keys) if descending else min(keys)


def _rank(value: Any) -> tuple[int, Any]:
    match value:
        case None:
            return (0, 0)
        case bool():
            return (3, value)
        case int() | float():
            return (1, value)
        case datetime():
            return (4, value.timestamp())
        case _:
            return (2, str(value))
