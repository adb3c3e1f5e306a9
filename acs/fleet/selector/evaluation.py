"""Whether a phone is meant: True, False, or None while what was looked up of it does not decide it.

A selector is made into a function once and asked for many phones. What joins terms knows three values, so
that a phone is out as soon as one term says so, whatever else is still unknown of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import translate
from ipaddress import ip_address
from re import IGNORECASE
from re import compile as regex
from typing import Any

from msgspec import UNSET

from acs.fleet.attributes import read_mac
from acs.fleet.selector import values
from acs.fleet.selector.expressions import (
    Age,
    Ago,
    And,
    Comparison,
    Drift,
    Everything,
    Expression,
    Instant,
    Not,
    OneOf,
    Or,
    Reference,
    Subject,
    TaskEnded,
    Text,
    Value,
)
from acs.fleet.selector.facts import Facts
from acs.fleet.selector.fields import FIELDS, Kind

Test = Callable[[Facts], bool | None]

#: Says whether one value of a phone passes.
_Check = Callable[[str], bool]

_ORDER: dict[str, Callable[[float], bool]] = {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}

#: Where a bare word is looked for, beside tags and groups.
SEARCHED = ("id", "model", "serial", "firmware", "ip", "mac", "label", "extension")


def test_of(expression: Expression, *, now: float) -> Test:
    """The expression as a function. References must have been replaced (`acs.fleet.selector.references`)."""
    match expression:
        case And(parts=parts):
            return _all_of([test_of(part, now=now) for part in parts])
        case Or(parts=parts):
            return _any_of([test_of(part, now=now) for part in parts])
        case Not(part=part):
            return _opposite(test_of(part, now=now))
        case Text(text=text):
            return _search(text)
        case Comparison(subject=subject, operator=operator, value=value):
            return _comparison(subject, operator, value, now)
        case OneOf(subject=subject, values=listed):
            return _on(subject, _one_of(FIELDS[subject.field].kind, listed))
        case TaskEnded(state=state):
            return lambda facts: None if facts.ended is UNSET else state in facts.ended
        case Drift():
            return lambda facts: None if facts.drift is UNSET else facts.drift
        case Everything():
            return lambda facts: True
        case Reference(name=name):
            raise ValueError(f"the saved selector {name} was not looked up")


# --- joints ---------------------------------------------------------------------------------------------


def _all_of(tests: list[Test]) -> Test:
    def test(facts: Facts) -> bool | None:
        result: bool | None = True
        for one in tests:
            answer = one(facts)
            if answer is False:
                return False
            if answer is None:
                result = None
        return result

    return test


def _any_of(tests: list[Test]) -> Test:
    def test(facts: Facts) -> bool | None:
        result: bool | None = False
        for one in tests:
            answer = one(facts)
            if answer:
                return True
            if answer is None:
                result = None
        return result

    return test


def _opposite(test: Test) -> Test:
    def opposite(facts: Facts) -> bool | None:
        answer = test(facts)
        return None if answer is None else not answer

    return opposite


# --- terms ----------------------------------------------------------------------------------------------


def _comparison(subject: Subject, operator: str, value: Value, now: float) -> Test:
    kind = FIELDS[subject.field].kind
    if kind is Kind.TIME:
        return _time(subject.field, operator, value, now)
    assert isinstance(value, str)
    if operator == "!=":
        return _opposite(_on(subject, _equal(kind, value)))
    if operator == "=":
        return _on(subject, _equal(kind, value))
    if operator == "~":
        return _on(subject, _like(kind, value))
    return _on(subject, _ordered(kind, operator, value))


def _on(subject: Subject, check: _Check) -> Test:
    """Tests the phone's value, any of its values where it has several; what it lacks passes nothing."""
    field, name = subject.field, subject.name
    if field in ("tag", "group"):
        return _among("tags" if field == "tag" else "groups", check)
    if name:
        mapping = {"attr": "attributes", "key": "keys", "parameter": "parameters"}[field]

        def named(facts: Facts) -> bool | None:
            known: Any = getattr(facts, mapping)
            if known is UNSET:
                return None
            value = known.get(name)
            return value is not None and check(value)

        return named

    def plain(facts: Facts) -> bool | None:
        value: Any = getattr(facts, field)
        return None if value is UNSET else check(value)

    return plain


def _among(several: str, check: _Check) -> Test:
    def test(facts: Facts) -> bool | None:
        known: Any = getattr(facts, several)
        return None if known is UNSET else any(map(check, known))

    return test


def _equal(kind: Kind, value: str) -> _Check:
    match kind:
        case Kind.TEXT:
            folded = value.casefold()
            return lambda known: known.casefold() == folded
        case Kind.VERSION:
            wanted = values.version_key(value)
            return lambda known: values.version_key(known) == wanted
        case Kind.MAC:
            mac = read_mac(value)
            return lambda known: known == mac
        case Kind.ADDRESS:
            return _within([value])
        case _:
            return lambda known: known == value


def _one_of(kind: Kind, listed: Iterable[str]) -> _Check:
    if kind is Kind.ADDRESS:
        return _within(listed)
    checks = [_equal(kind, value) for value in listed]
    return lambda known: any(check(known) for check in checks)


def _within(listed: Iterable[str]) -> _Check:
    networks = [network for network in map(values.network, listed) if network is not None]

    def check(known: str) -> bool:
        try:
            address = ip_address(known)
        except ValueError:
            return False
        return any(address in network for network in networks)

    return check


def _like(kind: Kind, value: str) -> _Check:
    if kind is Kind.MAC:
        value = "".join(letter for letter in value if letter not in ":-.")
    return like(value)


def like(value: str) -> _Check:
    """Contains this, in either case; with `*` or `?` in it, a pattern for the whole."""
    if "*" in value or "?" in value:
        whole = regex(translate(value.replace("[", "[[]")), IGNORECASE)
        return lambda known: whole.match(known) is not None
    folded = value.casefold()
    return lambda known: folded in known.casefold()


def _ordered(kind: Kind, operator: str, value: str) -> _Check:
    compare = values.compare_versions if kind is Kind.VERSION else values.compare_values
    passes = _ORDER[operator]
    return lambda known: known != "" and passes(compare(known, value))


def _time(field: str, operator: str, value: Value, now: float) -> Test:
    """Ages grow while points in time pass: `< 1d` is later than a day ago. Never is the oldest of all."""
    passes = _ORDER[operator]

    def test(facts: Facts) -> bool | None:
        at: Any = getattr(facts, field)
        if at is UNSET:
            return None
        match value:
            case Age(seconds=seconds):
                return passes((now - at) - seconds)
            case Ago(seconds=seconds):
                return passes(at - (now - seconds))
            case Instant(at=then):
                return passes(at - then)
        raise ValueError(f"{value!r} is no time")

    return test


def _search(text: str) -> Test:
    found = like(text)
    mac = read_mac(text)

    def test(facts: Facts) -> bool | None:
        result: bool | None = False
        for name in SEARCHED:
            known: Any = getattr(facts, name)
            if known is UNSET:
                result = None
            elif found(known) or (mac and known == mac):
                return True
        for several in (facts.tags, facts.groups):
            if several is UNSET:
                result = None
            elif any(map(found, several)):
                return True
        return result

    return test
