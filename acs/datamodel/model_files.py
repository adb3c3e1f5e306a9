"""Which file a model asks for before all others: `y000000000037.cfg` is the CP860's, by its number 37.

The numbers and where they are from stand in `cwmp_schemas/provisioning/file-numbers.toml`; an installation
may add to them or overrule them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache

from cwmp_schemas.loader import provisioning_text

_COMMON = re.compile(r"y([0-9]{12})\.cfg", re.IGNORECASE)
_MAC = re.compile(r"([0-9a-f]{12})\.cfg", re.IGNORECASE)
_BOOT = re.compile(r"(?:y[0-9]{12}|[0-9a-f]{12})\.boot", re.IGNORECASE)
_HIGHEST = 10**12 - 1


class ModelNumberError(ValueError):
    """A list of models and numbers that cannot be read; the text names the place and what is allowed."""


def common_number(name: str) -> int | None:
    """The number of a common file's name, in any case of letters; None where it is none."""
    found = _COMMON.fullmatch(name)
    return int(found[1]) if found else None


def mac_in(name: str) -> str:
    """The MAC address a phone's own file is named by, as 12 small hex digits; "" where it is no such name."""
    found = _MAC.fullmatch(name)
    return found[1].lower() if found else ""


def is_boot_file(name: str) -> bool:
    """Whether newer firmware asks for this before its files, to be told which ones; there is none here."""
    return _BOOT.fullmatch(name) is not None


def common_name(number: int) -> str:
    return f"y{number:012d}.cfg"


def mac_name(mac: str) -> str:
    return f"{mac}.cfg"


class ModelFiles:
    """The models whose number is known. A name is found in any case of letters and without its `SIP-`."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self._numbers: dict[str, int] = {}
        self._models: dict[int, list[str]] = {}
        for model, number in numbers.items():
            self._numbers[_folded(model)] = number
            self._models.setdefault(number, []).append(model)

    def number_of(self, model: str) -> int | None:
        return self._numbers.get(_folded(model))

    def models_of(self, number: int) -> tuple[str, ...]:
        return tuple(self._models.get(number, ()))

    def asked_for(self, number: int, model: str, version: str = "") -> str:
        """The model that a phone means which asks for this number and says it is that `model`; "" for none.

        A model that the list does not have is believed where the list has no other for the number, or where
        its version begins with it.
        """
        listed = self.models_of(number)
        known = self.number_of(model) if model else None
        if known == number or (model and known is None and _begins_with(version, number)):
            return model
        return listed[0] if listed else ""


@cache
def shipped_numbers() -> Mapping[str, int]:
    """Model to number, as shipped."""
    tables = tomllib.loads(provisioning_text("file-numbers.toml"))
    return {model: number for table in tables.values() for model, number in table.items()}


def with_own(text: str) -> ModelFiles:
    """The shipped models with an installation's own: `CP860=37, SIP-T46U=108`. Raises ModelNumberError."""
    own: dict[str, int] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        model, equals, number = (part.strip() for part in item.partition("="))
        if not model or not equals or not number.isdecimal() or int(number) > _HIGHEST:
            raise ModelNumberError(
                f"{item!r} is no model with its number; allowed: MODEL=NUMBER, up to 12 digits, "
                "several with commas between"
            )
        own[model] = int(number)
    theirs = {_folded(model) for model in own}
    kept = {model: number for model, number in shipped_numbers().items() if _folded(model) not in theirs}
    return ModelFiles({**own, **kept})


def _folded(model: str) -> str:
    return model.strip().casefold().removeprefix("sip-")


def _begins_with(version: str, number: int) -> bool:
    first = version.partition(".")[0]
    return first.isdecimal() and int(first) == number
