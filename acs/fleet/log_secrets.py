"""Secrets out of log lines: whatever a field is called or a text looks like that may hold one is blanked.

A line should not have carried a secret in the first place. This is the second lock, on every line of every
process: fields by their names, texts by what stands in them, and the secrets that this server knows of, word
by word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

BLANK = "********"

#: What the name of a field with a secret has in it.
_MARKS = (
    "passw",
    "pwd",
    "passphrase",
    "secret",
    "token",
    "authorization",
    "cookie",
    "credential",
    "private_key",
    "api_key",
)

#: Fields of every line that hold nothing of the kind, left alone for speed.
_PLAIN = frozenset({"level", "timestamp", "logger", "device", "sid", "outcome"})

#: Each looks at a text once, however long it is: no part of a pattern may run on and be tried again.
_TEXTS = (
    # redis://user:password@host
    (re.compile(r"(?<=://)[^\s/@:]{0,256}:[^\s/@]{0,256}(?=@)"), BLANK),
    # Authorization: Bearer TOKEN
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=_.~-]{8,}"), rf"\1 {BLANK}"),
    # an API token
    (re.compile(r"\bacs_[0-9a-f]{8}_\w+"), BLANK),
    # a link to a file
    (re.compile(r"(?<=/[du]/)[A-Za-z0-9_=.~-]{20,}"), BLANK),
    # password = x, "password": "x", <Password>x</Password>
    (
        re.compile(
            r"""(?ix) ( (?: passw(?:or)?d | passphrase | secret | api_?key )
                \w{0,64} ["']? \s{0,8} [=:>] \s{0,8} ["']? ) [^\s"'<>,;&)]+"""
        ),
        rf"\1{BLANK}",
    ),
)

_NUMBERS = frozenset({int, float, bool, type(None)})

#: A text without any of these is none of the above.
_SUSPICIOUS = re.compile(r"(?i)://|bearer|basic|acs_|/[du]/|passw|passphrase|secret|api_?key")

#: Shorter ones would blank words that are no secrets.
_SHORTEST = 6


class Blanker:
    """Blanks fields of log lines; `know` tells it secrets by themselves."""

    def __init__(self) -> None:
        self._known: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None

    def know(self, secrets: Iterable[str]) -> None:
        """Never let these out, wherever they stand."""
        self._known |= {secret for secret in secrets if len(secret) >= _SHORTEST}
        longest_first = sorted(self._known, key=lambda secret: (-len(secret), secret))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def fields(self, line: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: value if name in _PLAIN or type(value) in _NUMBERS else self._value(name, value)
            for name, value in line.items()
        }

    def text(self, text: str) -> str:
        if _SUSPICIOUS.search(text):
            for pattern, instead in _TEXTS:
                text = pattern.sub(instead, text)
        return self._pattern.sub(BLANK, text) if self._pattern is not None else text

    def _value(self, name: str, value: Any) -> Any:
        if value and type(value) not in _NUMBERS and _names_a_secret(name):
            return BLANK
        if type(value) is str:
            return self.text(value)
        match value:
            case bytes():
                return self.text(value.decode("utf-8", "replace"))
            case Mapping():
                return {key: self._value(str(key), inner) for key, inner in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._value("", inner) for inner in value]
            case None | bool() | int() | float():
                return value
            case str():
                return self.text(value)
            case _:
                return self.text(str(value))


@lru_cache(maxsize=1024)
def _names_a_secret(name: str) -> bool:
    lowered = name.lower()
    return any(mark in lowered for mark in _MARKS)
