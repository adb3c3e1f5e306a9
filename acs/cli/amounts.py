"""Amounts as people type them: `90`, `30m`, `1.5h`; `500k`; `98%`. Types of click's options."""

from __future__ import annotations

import re

import click

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_BYTES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]?)")


def duration(text: str | float) -> float | int:
    """In seconds."""
    return _amount(text, _SECONDS, "a duration, such as 90, 30m, 1.5h or 2d")


def size(text: str | float) -> float | int:
    """In bytes."""
    return _amount(text, _BYTES, "an amount of bytes, such as 500k or 2M")


def share(text: str | float) -> float:
    """Of one."""
    said = str(text).strip()
    try:
        number = float(said.removesuffix("%"))
    except ValueError:
        number = -1.0
    found = number / 100 if said.endswith("%") else number
    if not 0 <= found <= 1:
        raise click.BadParameter(f"{said!r} is no share: from 0 to 1, or from 0% to 100%")
    return found


def _amount(text: str | float, units: dict[str, int], wanted: str) -> float | int:
    if isinstance(text, int | float):
        return text
    found = _AMOUNT.fullmatch(text.strip().lower())
    if found is None or found[2] not in units:
        raise click.BadParameter(f"{text!r} is not {wanted}")
    amount = float(found[1]) * units[found[2]]
    return int(amount) if amount.is_integer() else amount
