"""A query, in the style of MongoDB, from JSON to conditions; what cannot be one is refused by name.

    {"_tags": "site7", "Device.DeviceInfo.SoftwareVersion": {"$ne": "37.72.0.9"}}

As GenieACS has it, a parameter's name alone means its value, and a text is also taken as the number, time or
pattern that it may stand for: `"37.*"` has a wildcard, `"/^37/i"` is a regular expression.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import re2  # type: ignore[import-untyped]  # it ships no types
from msgspec import Struct

from acs.northbound import json_text
from acs.northbound.nbi import moments
from acs.northbound.rest.problems import BadRequest

TIME = "2030-01-31T12:00:00Z"

#: How deep a query may be nested, how many conditions it may have, how many values a list.
DEEPEST = 20
MOST_CONDITIONS = 200
MOST_VALUES = 1000
LONGEST_PATTERN = 500

COMPARED = ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte")
LISTED = ("$in", "$nin", "$all")
OPERATORS = (*COMPARED, *LISTED, "$exists", "$regex", "$options", "$not")
JOINTS = ("$and", "$or", "$nor", "$not")


class Pattern(Struct, frozen=True, eq=False):
    """A regular expression. Its engine's time grows with the text alone, whoever wrote it."""

    text: str
    search: Callable[[str], Any]


#: A value as it may be meant.
Reading = str | int | float | bool | datetime | Pattern | None


class Field(Struct, frozen=True):
    """`operator` is one of `$eq`, `$gt`, `$gte`, `$lt`, `$lte`, `$in`, `$exists`, `$regex`.

    `given` is the operand as it was written; `readings` are all that it may mean.
    """

    path: str
    operator: str
    given: Any
    readings: tuple[Reading, ...]


class Every(Struct, frozen=True):
    """All of them; of none, this is true."""

    parts: tuple[Condition, ...]


class Some(Struct, frozen=True):
    """At least one of them."""

    parts: tuple[Condition, ...]


class Not(Struct, frozen=True):
    part: Condition


Condition = Field | Every | Some | Not

#: Fields that are points in time, of devices and of the other collections.
MOMENTS = frozenset(("_registered", "_lastInform", "_lastBoot", "_lastBootstrap", "timestamp", "uploadDate"))

#: Gives the path of a field as the documents have it, from how a query names it. Raises BadRequest.
Canonical = Callable[[str], str]


def paths_of(condition: Condition) -> set[str]:
    match condition:
        case Field(path=path):
            return {path}
        case Not(part=part):
            return paths_of(part)
        case Every(parts=parts) | Some(parts=parts):
            return {path for part in parts for path in paths_of(part)}


def decoded(text: str, name: str) -> Any:
    """The JSON of this query parameter. Raises BadRequest, which says where it goes wrong."""
    return json_text.decoded(text.encode("utf-8", "surrogatepass"), f"{name}:")


def read(text: str, canonical: Canonical) -> Condition:
    """The conditions that stand in the parameter `query`; of an empty text, all is meant."""
    if not text.strip():
        return Every(())
    return _Reader(canonical).all_of(decoded(text, "query"), "query", 0)


class _Reader:
    def __init__(self, canonical: Canonical) -> None:
        self._canonical = canonical
        self._left = MOST_CONDITIONS

    def all_of(self, given: Any, at: str, depth: int) -> Condition:
        if not isinstance(given, dict):
            raise BadRequest(f'{at}: must be an object, such as {{"_tags": "site7"}}; it is {_kind(given)}.')
        if depth > DEEPEST:
            raise BadRequest(f"{at}: is nested too deeply; at most {DEEPEST} levels are taken.")
        parts = [self._one(name, value, f"{at}.{name}", depth) for name, value in given.items()]
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _one(self, name: str, value: Any, at: str, depth: int) -> Condition:
        if not name.startswith("$"):
            return self._field(self._canonical(name), value, at, depth)
        if name not in JOINTS:
            raise BadRequest(f"{at}: is no operator that stands here; {_listed(JOINTS)} do.")
        if name == "$not":
            return Not(self.all_of(value, at, depth + 1))
        if not isinstance(value, list) or not value:
            raise BadRequest(f"{at}: must be a list of at least one condition; it is {_kind(value)}.")
        parts = tuple(self.all_of(one, f"{at}[{number}]", depth + 1) for number, one in enumerate(value))
        if name == "$and":
            return Every(parts)
        return Some(parts) if name == "$or" else Not(Some(parts))

    def _field(self, path: str, given: Any, at: str, depth: int) -> Condition:
        if not isinstance(given, dict):
            return self._leaf(path, "$eq", given, _readings(given, at))
        if depth > DEEPEST:
            raise BadRequest(f"{at}: is nested too deeply; at most {DEEPEST} levels are taken.")
        if not given:
            raise BadRequest(f"{at}: is empty; it must have an operator, one of {_listed(OPERATORS)}.")
        parts = [self._operator(path, name, given, f"{at}.{name}", depth) for name in given]
        kept = tuple(part for part in parts if part is not None)
        return kept[0] if len(kept) == 1 else Every(kept)

    def _operator(self, path: str, name: str, given: dict[str, Any], at: str, depth: int) -> Condition | None:
        value = given[name]
        match name:
            case "$ne":
                return Not(self._leaf(path, "$eq", value, _readings(value, at)))
            case "$eq":
                return self._leaf(path, name, value, _readings(value, at))
            case "$gt" | "$gte" | "$lt" | "$lte":
                if value is None or isinstance(value, bool):
                    raise BadRequest(f"{at}: compares numbers, times and texts, not {_kind(value)}.")
                readings = tuple(one for one in _readings(value, at) if not isinstance(one, Pattern))
                return self._leaf(path, name, value, readings)
            case "$in" | "$nin" | "$all":
                return self._list(path, name, value, at)
            case "$exists":
                if not isinstance(value, bool | int):
                    raise BadRequest(f"{at}: must be true or false; it is {_kind(value)}.")
                there = self._leaf(path, "$exists", True, ())
                return there if value else Not(there)
            case "$regex":
                return self._leaf(path, name, value, (_pattern(value, given.get("$options", ""), at),))
            case "$options":
                if "$regex" not in given:
                    raise BadRequest(f"{at}: belongs beside $regex.")
                return None
            case "$not":
                inner = value if isinstance(value, dict) else {"$eq": value}
                return Not(self._field(path, inner, at, depth + 1))
            case _:
                what = "is no operator" if name.startswith("$") else "is a field within a field"
                raise BadRequest(f"{at}: {what}; {_listed(OPERATORS)} are taken.")

    def _list(self, path: str, name: str, value: Any, at: str) -> Condition:
        if not isinstance(value, list):
            raise BadRequest(f"{at}: must be a list; it is {_kind(value)}.")
        if len(value) > MOST_VALUES:
            raise BadRequest(f"{at}: has {len(value)} values; at most {MOST_VALUES} are taken.")
        readings = [_readings(one, f"{at}[{number}]") for number, one in enumerate(value)]
        if name == "$all":
            return Every(
                tuple(self._leaf(path, "$eq", one, read) for one, read in zip(value, readings, strict=True))
            )
        found = self._leaf(path, "$in", value, tuple(one for several in readings for one in several))
        return Not(found) if name == "$nin" else found

    def _leaf(self, path: str, operator: str, given: Any, readings: tuple[Reading, ...]) -> Field:
        self._left -= 1
        if self._left < 0:
            raise BadRequest(f"query: has too many conditions; at most {MOST_CONDITIONS} are taken.")
        timed = path in MOMENTS and isinstance(given, str) and operator not in ("$regex", "$exists")
        if timed and not any(isinstance(one, datetime | int | float) for one in readings):
            raise BadRequest(f"query: {path} is compared with {given!r}, which is no time; {TIME} is one.")
        return Field(path, operator, given, readings)


def _readings(given: Any, at: str) -> tuple[Reading, ...]:
    """All that a value may mean."""
    if given is None or isinstance(given, bool | int | float):
        return (given,)
    if not isinstance(given, str):
        raise BadRequest(f"{at}: must be text, a number, true, false or null; it is {_kind(given)}.")
    found: list[Reading] = [given]
    number = _number(given)
    if number is not None:
        found.append(number)
    moment = moments.read(given)
    if moment is not None:
        found.append(moment)
    slashed, _, flags = given[1:].rpartition("/") if given.startswith("/") else ("", "", "")
    if slashed and set(flags) <= set("gimsuy"):
        found.append(_pattern(slashed, "".join(flag for flag in flags if flag in "ims"), at))
    elif "*" in given:
        found.append(_compiled("^" + ".*".join(map(re2.escape, given.split("*"))) + "$", "s", at))
    return tuple(found)


def _number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return number if number == number and abs(number) != float("inf") else None
    return None


def _pattern(given: Any, options: Any, at: str) -> Pattern:
    if not isinstance(given, str):
        raise BadRequest(f"{at}: must be text; it is {_kind(given)}.")
    if not isinstance(options, str) or set(options) - set("imsx"):
        raise BadRequest(f"{at}: its $options must be letters of i, m and s; they are {options!r}.")
    if "x" in options:
        raise BadRequest(f"{at}: the option x is not taken; i, m and s are.")
    if len(given) > LONGEST_PATTERN:
        raise BadRequest(f"{at}: is longer than {LONGEST_PATTERN} characters.")
    return _compiled(given, options, at)


def _compiled(text: str, options: str, at: str) -> Pattern:
    settings = re2.Options()
    settings.log_errors = False
    settings.max_mem = 1 << 20
    flags = f"(?{options})" if options else ""
    try:
        return Pattern(text, re2.compile(flags + text, settings).search)
    except re2.error as error:
        why = error.args[0] if error.args else ""
        why = why.decode("utf-8", "replace") if isinstance(why, bytes) else str(why)
        raise BadRequest(
            f"{at}: {text!r} is no regular expression that is taken here: {why}. "
            "Look-arounds and back-references are not."
        ) from None


_KINDS = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}


def _kind(value: Any) -> str:
    return "null" if value is None else _KINDS.get(type(value), "something else")


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)
