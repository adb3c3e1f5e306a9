"""Numbers of phones, and shares of them: `50`, `"50"`, `"2%"`, `"0.5 %"`."""

from __future__ import annotations

import re

#: No fleet has so many phones.
_MOST = 1_000_000_000

_SHARE = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%")


def percent(given: int | str) -> float | None:
    """The per cent of a share; None for a plain number and for what is neither."""
    found = _SHARE.fullmatch(given.strip()) if isinstance(given, str) else None
    return float(found[1]) if found else None


def number(given: int | str) -> int | None:
    """A plain number of phones; None for a share and for what is neither."""
    if isinstance(given, bool):
        return None
    if isinstance(given, int):
        return given if 0 <= given < _MOST else None
    text = given.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def fault(given: int | str) -> bool:
    share = percent(given)
    return number(given) is None and (share is None or share > 100)


def most(given: int | str, total: int) -> float:
    """How many phones that is at most, of so many."""
    share = percent(given)
    if share is not None:
        return share * total / 100
    return float(number(given) or 0)
