"""What the description of a key must keep to: fields of its type, limits in order, defaults that fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from acs.datamodel import key_values
from acs.datamodel.key_values import Severity
from acs.datamodel.keys import Indexes, Key, KeyType, KeyUse, is_letter

_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_CHOICES = (KeyType.BOOLEAN, KeyType.ENUM)
_NUMERIC = (KeyType.INTEGER, KeyType.FLOAT)

#: Greatest number of an index; a larger one is a slip of the pen.
_GREATEST_INDEX = 9999


class Fault(NamedTuple):
    """What is wrong in which field of the description."""

    field: str
    text: str


class IndexText(ValueError):
    """What is written for an index letter is no list of numbers; the text says what is expected."""


def indexes(text: str) -> Indexes:
    """`1-6, 9, 13` as numbers. Raises IndexText."""
    numbers: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,5})\s*(?:-\s*([0-9]{1,5})\s*)?", part)
        if match is None:
            raise IndexText(f"is {text!r}; expected numbers and ranges such as '1-6, 9, 13'")
        first, last = int(match[1]), int(match[2] or match[1])
        if first > last or last > _GREATEST_INDEX:
            raise IndexText(
                f"has {part.strip()!r}; expected a range from low to high, up to {_GREATEST_INDEX}"
            )
        numbers.update(range(first, last + 1))
    return Indexes(text, frozenset(numbers))


def faults(key: Key) -> Iterator[Fault]:
    """All that is wrong with this description by itself."""
    yield from _name_faults(key)
    yield from _choice_faults(key)
    yield from _limit_faults(key)
    yield from _form_faults(key)
    yield from _default_faults(key)


def _name_faults(key: Key) -> Iterator[Fault]:
    if not _NAME.fullmatch(key.name):
        yield Fault("name", "expected components of letters, digits, _ and -, with dots between")
    letters = [part for part in key.name.split(".") if is_letter(part)]
    if len(set(letters)) != len(letters):
        yield Fault("name", "has an index letter twice; expected a different one for each place")
    if sorted(letters) != sorted(key.indexes):
        has = ", ".join(key.indexes) or "nothing"
        yield Fault("indexes", f"indexes has {has}; the name has {', '.join(letters) or 'no index letter'}")
    if not key.description.strip():
        yield Fault("description", "description is blank; expected a sentence")


def _choice_faults(key: Key) -> Iterator[Fault]:
    if key.type is KeyType.BOOLEAN and set(key.values) != {"0", "1"}:
        yield Fault("values", f"a boolean has the values 0 and 1, not {', '.join(key.values) or 'none'}")
    if key.type is KeyType.ENUM and not key.values:
        yield Fault("values", "an enum needs values = { value = meaning }")
    if key.type not in _CHOICES and key.values:
        yield Fault("values", f"only boolean and enum have values, this is {key.type}")


def _limit_faults(key: Key) -> Iterator[Fault]:
    for field in ("minimum", "maximum", "sure_minimum", "sure_maximum"):
        limit = getattr(key, field)
        if limit is not None and key.type not in _NUMERIC:
            yield Fault(field, f"only integer and float have a {field}, this is {key.type}")
        if limit is not None and key.type is KeyType.INTEGER and limit != int(limit):
            yield Fault(field, f"{field} of an integer is {limit}; expected a whole number")
    limits = [key.minimum, key.sure_minimum, key.sure_maximum, key.maximum]
    given = [limit for limit in limits if limit is not None]
    if given != sorted(given):
        yield Fault("minimum", "expected minimum ≤ sure_minimum ≤ sure_maximum ≤ maximum")
    if key.min_length is not None and key.max_length is not None and key.min_length > key.max_length:
        yield Fault("min_length", f"min_length {key.min_length} is above max_length {key.max_length}")


def _form_faults(key: Key) -> Iterator[Fault]:
    if key.pattern:
        try:
            re.compile(key.pattern)
        except re.error as error:
            yield Fault("pattern", f"pattern is no regular expression: {error}")
            return
        if not key.allowed:
            yield Fault("pattern", "a pattern needs `allowed`, a phrase that says what it permits")
    if key.max_items is not None and not key.separator:
        yield Fault("max_items", "max_items needs a separator")


def _default_faults(key: Key) -> Iterator[Fault]:
    if any(fault for fault in _form_faults(key)):
        return
    if isinstance(key.default, str):
        if key.default_by:
            yield Fault("default_by", "default_by needs a table: default = { index = value }")
        yield from _unfit(key, [key.default])
        return
    if not key.default_by:
        yield Fault("default", "a table of defaults needs default_by: the index letter, or what its keys are")
    if is_letter(key.default_by) and key.default_by not in key.indexes:
        yield Fault("default_by", f"default_by is {key.default_by}; the name has {', '.join(key.indexes)}")
    if key.default_by in key.indexes:
        numbers = {str(number) for number in key.indexes[key.default_by].numbers}
        for index in sorted(set(key.default) - numbers):
            yield Fault("default", f"default has {index}; permitted: {key.indexes[key.default_by].text}")
        yield from _unfit(key, list(key.default.values()))


def _unfit(key: Key, defaults: list[str]) -> Iterator[Fault]:
    use = KeyUse(key, key.name, {})
    for default in dict.fromkeys(defaults):
        for finding in key_values.check(use, default):
            if default and finding.severity is Severity.ERROR:
                yield Fault("default", f"default: {finding.message}; {_listed(finding.allowed)}")


def _listed(allowed: list[str] | str) -> str:
    return "permitted: " + (allowed if isinstance(allowed, str) else ", ".join(allowed))
