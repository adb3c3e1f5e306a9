"""Amounts in a form of two fields: a number and its unit, read from them and written into them."""

from __future__ import annotations

from acs.northbound.console.visits import Form
from acs.operations.errors import FieldError

#: What a unit is called to how many of the smallest it is, largest first.
Units = dict[str, int]

TIMES: Units = {"days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}
RATES: Units = {"MB/s": 1 << 20, "KB/s": 1 << 10, "bytes/s": 1}

#: What follows the name of a field in the name of the one that has its unit.
UNIT = ".unit"


class Amounts:
    """Reads the numbers of a form; what is none is a fault of the definition's field that it is for."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self.faults: list[FieldError] = []

    def whole(self, name: str, field: str, otherwise: int | None) -> int | None:
        """A whole number; `otherwise` where nothing is filled in."""
        text = self._form.text(name)
        if not text:
            return otherwise
        if text.isascii() and text.lstrip("-").isdecimal() and len(text) < 12:
            return int(text)
        self._blame(field, "is no whole number", text, "digits")
        return otherwise

    def amount(self, name: str, field: str, units: Units, otherwise: float) -> float:
        """A number with the unit in the field beside it, in the smallest unit."""
        text = self._form.text(name)
        if not text:
            return otherwise
        factor = units.get(self._form.text(name + UNIT), 1)
        value = _number(text)
        if value is None:
            self._blame(field, "is no number", text, "digits, such as 30 or 1.5")
            return otherwise
        return value * factor

    def share(self, name: str, field: str, otherwise: float) -> float:
        """Per cent, as a share of 1."""
        text = self._form.text(name).removesuffix("%").strip()
        if not text:
            return otherwise
        value = _number(text)
        if value is None or not 0 <= value <= 100:
            self._blame(field, "is no share", text, "a number from 0 to 100")
            return otherwise
        return value / 100

    def _blame(self, field: str, message: str, value: str, allowed: str) -> None:
        self.faults.append(FieldError(field, message, value, allowed))


def split(name: str, value: float, units: Units) -> list[tuple[str, str]]:
    """The two fields for an amount, in the largest unit of which it is a whole number."""
    for unit, factor in units.items():
        if value >= factor and value % factor == 0:
            return [(name, f"{value / factor:.0f}"), (name + UNIT, unit)]
    return [(name, f"{value:g}"), (name + UNIT, list(units)[-1])]


def _number(text: str) -> float | None:
    if not (text.isascii() and text.replace(".", "", 1).isdecimal() and len(text) < 16):
        return None
    return float(text)
