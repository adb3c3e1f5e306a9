"""The value of a term, checked for its field."""

from __future__ import annotations

from acs.fleet.attributes import read_mac
from acs.fleet.selector import values
from acs.fleet.selector.errors import SelectorError
from acs.fleet.selector.expressions import Age, Ago, Instant, Value
from acs.fleet.selector.fields import STATES, Field, Kind
from acs.fleet.selector.lexing import Token

_ORDERING = frozenset({"<", "<=", ">", ">="})

_ADDRESS = "an address such as 192.0.2.7"
_MAC = "12 hex digits, such as 00:15:65:1a:2b:3c"
_NETWORK = "an address such as 192.0.2.7, or a network such as 192.0.2.0/24"


def read_value(text: str, field: Field, operator: str, token: Token, ago: bool) -> Value:
    """The value behind an operator. Raises SelectorError."""
    if field.kind is Kind.TIME:
        return _time(text, token, ago)
    if operator == "~":
        if not token.text:
            raise SelectorError(text, token.at, "there is nothing to look for", "a part, or a pattern with *")
        return token.text
    if field.kind is Kind.ADDRESS:
        found = values.network(token.text)
        if found is not None and found.num_addresses > 1:
            raise SelectorError(
                text, token.at, f"{token.text} is a network, which goes with in", "an address"
            )
        if found is None:
            raise SelectorError(
                text, token.at, f"{token.text!r} is no address", "an address such as 192.0.2.7"
            )
        return token.text
    if field.kind is Kind.VERSION and operator in _ORDERING and not any(map(str.isdigit, token.text)):
        raise SelectorError(text, token.at, f"{token.text!r} is no version", "numbers, such as 37.72.0.12")
    return read_listed(text, field, token)


def read_listed(text: str, field: Field, token: Token) -> str:
    """One of the values of `in`. Raises SelectorError."""
    value = token.text
    if field.kind is Kind.ADDRESS and values.network(value) is None:
        raise SelectorError(text, token.at, f"{value!r} is neither an address nor a network", _NETWORK)
    if field.kind is Kind.STATE:
        if value.lower() not in STATES:
            raise SelectorError(text, token.at, f"{value!r} is no state", ", ".join(STATES))
        return value.lower()
    if field.kind is Kind.MAC and not read_mac(value):
        raise SelectorError(
            text, token.at, f"{value!r} is no MAC address", "12 hex digits, as 00:15:65:1a:2b:3c"
        )
    return value


def _time(text: str, token: Token, ago: bool) -> Value:
    seconds = values.duration(token.text)
    if seconds is not None:
        return Ago(seconds) if ago else Age(seconds)
    at = values.instant(token.text)
    if at is None:
        raise SelectorError(
            text, token.at, f"{token.text!r} is no time", "30m, 2h, 1d, 2h ago, or 2030-01-31T12:00:00Z"
        )
    return Instant(at)
