"""From the value of one key to the value of one parameter, and back.

Writing answers None where the parameter has no word for the key's value: that value travels by file. Reading
answers None where the parameter says nothing about the key, and repeats as it stands what a phone says that
no key can have: a phone's odd value is news, never an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation

from msgspec import Struct

from acs.datamodel.types import read_boolean, read_int


class Options(Struct, frozen=True):
    """What a rule says beside the name of its transform."""

    #: value of the key to value of the parameter
    values: Mapping[str, str] = {}
    factor: int = 1
    prefix: str = ""
    #: values of the parameter that say nothing about the key
    unset: tuple[str, ...] = ()


class Transform(Struct, frozen=True):
    """Both directions. Each gets the value and the rule's options."""

    to_parameter: Callable[[str, Options], str | None]
    to_key: Callable[[str, Options], str | None]


def _same(text: str, options: Options) -> str | None:
    return text


def _boolean(text: str, options: Options) -> str | None:
    meant = read_boolean(text)
    return None if meant is None else str(int(meant))


def _boolean_heard(text: str, options: Options) -> str | None:
    return _or_as_it_stands(_boolean(text, options), text)


def _inverted(text: str, options: Options) -> str | None:
    meant = read_boolean(text)
    return None if meant is None else str(int(not meant))


def _inverted_heard(text: str, options: Options) -> str | None:
    return _or_as_it_stands(_inverted(text, options), text)


def _choice(text: str, options: Options) -> str | None:
    return options.values.get(text)


def _choice_heard(text: str, options: Options) -> str | None:
    wanted = text.strip().casefold()
    found = next((key for key, value in options.values.items() if value.casefold() == wanted), None)
    return _or_as_it_stands(found, text)


def _boolean_choice_heard(text: str, options: Options) -> str | None:
    return _choice_heard(_boolean(text, options) or text, options)


def _number(text: str, options: Options) -> str | None:
    number = read_int(text)
    return None if number is None else str(number)


def _number_heard(text: str, options: Options) -> str | None:
    return None if text.strip() in options.unset else _or_as_it_stands(_number(text, options), text)


def _scaled(text: str, options: Options) -> str | None:
    number = _decimal(text)
    if number is None:
        return None
    scaled = number * options.factor
    return str(int(scaled)) if scaled == int(scaled) else None


def _scaled_heard(text: str, options: Options) -> str | None:
    number = _decimal(text)
    return text or None if number is None else f"{(number / options.factor).normalize():f}"


def _decimal(text: str) -> Decimal | None:
    if len(text) > 30:
        return None
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 20 else None


def _without_prefix(text: str, options: Options) -> str | None:
    return text.removeprefix(options.prefix) if text.startswith(options.prefix) else None


def _with_prefix(text: str, options: Options) -> str | None:
    return options.prefix + text


def _or_as_it_stands(read: str | None, text: str) -> str | None:
    return read if read is not None else text or None


#: By the names that rules use.
TRANSFORMS: Mapping[str, Transform] = {
    "text": Transform(_same, _same),
    "boolean": Transform(_boolean, _boolean_heard),
    "inverted": Transform(_inverted, _inverted_heard),
    "choice": Transform(_choice, _choice_heard),
    "boolean_of": Transform(_choice, _boolean_choice_heard),
    "number": Transform(_number, _number_heard),
    "scaled": Transform(_scaled, _scaled_heard),
    "prefixed": Transform(_without_prefix, _with_prefix),
}
