"""What a key's value may be: each complaint with what is permitted, and when two values mean the same.

An error is what the phone cannot mean; a warning is what it may mean although the guide doubts it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from acs.datamodel import addresses
from acs.datamodel.keys import Key, KeyType, KeyUse

#: What means nothing around a value in a configuration file.
BLANKS = " \t"

#: Longest piece of a value that a message repeats.
_SHOWN = 60

_NUMBERS = {
    KeyType.INTEGER: re.compile(r"[+-]?[0-9]{1,18}"),
    KeyType.FLOAT: re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,9})?"),
}
_CHOICES = (KeyType.BOOLEAN, KeyType.ENUM)


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class Finding(Struct, frozen=True):
    """One complaint: what is wrong, what is permitted (values, or a phrase), the guide's section.

    The message repeats the value unless the key is a secret.
    """

    severity: Severity
    message: str
    allowed: list[str] | str
    section: str = ""


def check(use: KeyUse, text: str) -> list[Finding]:
    """All that is wrong with `text` as this key's value; nothing where it is good."""
    return list(_complaints(use, text))


def refused(findings: list[Finding]) -> bool:
    """Whether any of them is an error."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def default_of(use: KeyUse) -> str | None:
    """The value a phone has from the factory, "" for blank; None where that hangs on more than the name."""
    key = use.key
    if isinstance(key.default, str):
        return key.default
    if key.default_by in use.indexes:
        return key.default.get(str(use.indexes[key.default_by]), "")
    return None


def allowed(key: Key) -> list[str] | str:
    """What is permitted: a text for each value of an enumeration, else one phrase."""
    if key.type in _CHOICES and not key.separator:
        return _meanings(key)
    phrase = key.allowed or _phrase(key)
    if key.special:
        phrase = f"{' or '.join(value or 'blank' for value in key.special)} or {phrase}"
    if key.separator:
        number = f"up to {key.max_items}" if key.max_items else "one or more"
        by = {" ": "spaces", ",": "commas", ";": "semicolons"}.get(key.separator, repr(key.separator))
        phrase = f"{number}, separated by {by}, of: {phrase}"
    return phrase


def same(use: KeyUse, one: str, other: str) -> bool:
    """Whether two values mean the same to the phone: `01` and `1` of an integer, hosts in any case.

    Blank is only the same as blank, whatever the default.
    """
    return one == other or canonical(use, one) == canonical(use, other)


def canonical(use: KeyUse, text: str) -> str:
    """One spelling for all values that mean the same; what is no value of the key stays as it is."""
    key = use.key
    if not key.separator:
        return _canonical(key, text.strip(BLANKS))
    joint = " " if key.separator.isspace() else key.separator
    return joint.join(_canonical(key, item) for item in _items(key, text))


def _complaints(use: KeyUse, text: str) -> Iterator[Finding]:
    key = use.key
    permitted = allowed(key)
    subject = "the value" if key.secret else repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")

    def error(what: str) -> Finding:
        return Finding(Severity.ERROR, f"{subject} {what}", permitted, key.section)

    def warning(what: str) -> Finding:
        return Finding(Severity.WARNING, f"{subject} {what}", permitted, key.section)

    if "\0" in text:
        yield error("has a zero byte in it; a value is text")
        return
    if "\r" in text or "\n" in text:
        yield error("has a line break in it; a value is one line")
        return
    if text != text.strip(BLANKS):
        yield warning("begins or ends with spaces, which a configuration file cannot keep")
        text = text.strip(BLANKS)
    if not text:
        if not _may_be_blank(use):
            yield error("is blank")
        return
    if use.holder and not text.startswith(f"{use.holder}:"):
        yield error(f"is not for {use.holder}, as the key's name says; it has to begin with `{use.holder}:`")
        return
    if text in key.doubtful_values:
        yield warning(f"is accepted, but {key.doubtful_values[text]}")
        return
    if text in key.special:
        return
    length = _length_fault(key, text)
    if length:
        yield error(length)
        return
    items = _items(key, text) if key.separator else [text]
    if key.max_items and len(items) > key.max_items:
        yield error(f"has {len(items)} items")
    for item in items:
        of = "has an item that is not right: it " if key.separator else ""
        wrong, odd = _verdict(key, item)
        if wrong:
            yield error(of + wrong)
        if odd:
            yield warning(of + odd)


def _may_be_blank(use: KeyUse) -> bool:
    key = use.key
    named = "" in key.values or "" in key.special
    return named or default_of(use) == "" or (key.type is KeyType.STRING and not key.min_length)


def _length_fault(key: Key, text: str) -> str:
    if key.max_length is not None and len(text) > key.max_length:
        return f"has {len(text)} characters, more than {key.max_length}"
    if key.min_length is not None and len(text) < key.min_length:
        return f"has {len(text)} characters, fewer than {key.min_length}"
    return ""


def _items(key: Key, text: str) -> list[str]:
    if key.separator.isspace():
        return text.split()
    return [item.strip() for item in text.split(key.separator)]


#: what is wrong, what is odd; "" for nothing
_Verdict = tuple[str, str]


def _verdict(key: Key, item: str) -> _Verdict:
    if key.type in _CHOICES:
        return ("" if item in key.values else _choice_fault(item)), ""
    if key.pattern and not re.fullmatch(key.pattern, item):
        return "is not of the permitted form", ""
    if key.type in _NUMBERS:
        return _number_verdict(key, item)
    if key.type is KeyType.STRING:
        return "", ""
    wrong, odd = _ADDRESSES[key.type](key, item)
    return wrong, odd


def _choice_fault(item: str) -> str:
    comment = "; a comment stands on a line of its own" if " #" in item else ""
    return f"is not permitted{comment}"


def _number_verdict(key: Key, item: str) -> _Verdict:
    noun = "a whole number" if key.type is KeyType.INTEGER else "a number"
    if not _NUMBERS[key.type].fullmatch(item):
        comment = "; a comment stands on a line of its own" if " #" in item else ""
        return f"is not {noun}{comment}", ""
    number = Decimal(item)
    if key.minimum is not None and number < Decimal(str(key.minimum)):
        return f"is below {key.minimum}", ""
    if key.maximum is not None and number > Decimal(str(key.maximum)):
        return f"is above {key.maximum}", ""
    if key.sure_minimum is not None and number < Decimal(str(key.sure_minimum)):
        return "", f"is below {key.sure_minimum}, where the guide contradicts itself"
    if key.sure_maximum is not None and number > Decimal(str(key.sure_maximum)):
        return "", f"is above {key.sure_maximum}, where the guide contradicts itself"
    return "", ""


def _ip_verdict(key: Key, item: str) -> _Verdict:
    return addresses.ip_verdict(item, addresses.version_of(key.name))


_ADDRESSES: dict[KeyType, Callable[[Key, str], _Verdict]] = {
    KeyType.IP: _ip_verdict,
    KeyType.HOST: lambda key, item: (addresses.host_fault(item), ""),
    KeyType.HOST_PORT: lambda key, item: (addresses.host_port_fault(item), ""),
    KeyType.URL: lambda key, item: addresses.url_verdict(item),
}

_NOUNS = {
    KeyType.HOST: "a domain name or an IP address",
    KeyType.HOST_PORT: "a domain name or an IP address, with :port where it is not the usual one",
    KeyType.URL: f"a URL that begins with {', '.join(scheme + '://' for scheme in addresses.SCHEMES)}",
}


def _phrase(key: Key) -> str:
    """What one value, or one item of a list, may be."""
    if key.type in _CHOICES:
        return ", ".join(_meanings(key))
    if key.type in _NUMBERS:
        noun = "a whole number" if key.type is KeyType.INTEGER else "a number"
        return noun + _limits(key.minimum, key.maximum)
    if key.type is KeyType.IP:
        return f"an IPv{addresses.version_of(key.name)} address"
    noun = _NOUNS.get(key.type, "text")
    least = f"at least {key.min_length}" if key.min_length else ""
    most = f"at most {key.max_length}" if key.max_length is not None else ""
    length = " and ".join(filter(None, (least, most)))
    return f"{noun} of {length} characters" if length else noun


def _meanings(key: Key) -> list[str]:
    return [f"{value} ({meaning})" if meaning else value for value, meaning in key.values.items()]


def _limits(minimum: int | float | None, maximum: int | float | None) -> str:
    if minimum is not None and maximum is not None:
        return f" from {minimum} to {maximum}"
    if minimum is not None:
        return f" of at least {minimum}"
    return f" of at most {maximum}" if maximum is not None else ""


def _canonical(key: Key, text: str) -> str:
    if key.type in _CHOICES:
        return text if text in key.values else _as_listed(key, text)
    if key.type in _NUMBERS:
        return _number(text)
    if key.type is KeyType.IP:
        return addresses.canonical_host(text.replace(" ", ""))
    if key.type is KeyType.HOST:
        return addresses.canonical_host(text)
    if key.type is KeyType.HOST_PORT:
        return addresses.canonical_host_port(text)
    if key.type is KeyType.URL:
        return addresses.canonical_url(text)
    return text


def _as_listed(key: Key, text: str) -> str:
    """The permitted value that is the same number, such as `8` for `+8`."""
    number = _number(text)
    return next((value for value in key.values if _number(value) == number), text)


def _number(text: str) -> str:
    if not _NUMBERS[KeyType.FLOAT].fullmatch(text):
        return text
    return f"{Decimal(text).normalize() + 0:f}"
