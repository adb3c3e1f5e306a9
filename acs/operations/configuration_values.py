"""Values of configuration as operators give them: made texts, and checked by the catalogue key by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from acs.datamodel import key_values
from acs.datamodel.key_values import Severity
from acs.datamodel.keys import Catalogue, IndexNotAllowed, UnknownKey
from acs.fleet import templates
from acs.fleet.layers import BLANK
from acs.operations.errors import FieldError, Invalid

#: How a value may be given; booleans are `1` and `0` in a phone's file.
Given = str | int | float | bool | None

#: The same, not checked while it is read: what is wrong with a value is told with its key's name and section.
Unread = Annotated[Any, Meta(extra_json_schema={"type": ["string", "number", "boolean", "null"]})]


class Warned(Struct, frozen=True):
    """A value that was accepted although something speaks against it."""

    key: str
    value: str
    message: str
    allowed: list[str] | str
    section: str


def text(value: Given) -> str | None:
    """The value as it stands in a phone's file."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value is None else str(value)


def checked(catalogue: Catalogue, given: Mapping[str, Any]) -> tuple[dict[str, str | None], list[Warned]]:
    """The values as texts, and what speaks against some. Raises Invalid with every value that cannot be.

    A key that is removed need not be known: it may be of an earlier catalogue.
    """
    faults: list[FieldError] = []
    warnings: list[Warned] = []
    values: dict[str, str | None] = {}
    for key, one in given.items():
        if isinstance(one, list | dict):
            faults.append(_no_value(catalogue, key, one))
            continue
        values[key] = value = text(one)
        if value is not None:
            _check(catalogue, key, value, faults, warnings)
    if faults:
        raise Invalid(faults)
    return values, warnings


def filled_fault(catalogue: Catalogue, key: str, value: str) -> str:
    """What is wrong with a value whose template was filled, "" for nothing."""
    use = catalogue.get(key)
    found = key_values.check(use, value) if use is not None else []
    wrong = next((one for one in found if one.severity is Severity.ERROR), None)
    if wrong is None:
        return ""
    listed = ", ".join(wrong.allowed) if isinstance(wrong.allowed, list) else wrong.allowed
    return f"{wrong.message} (allowed: {listed})"


def nothing_to_keep(key: str) -> FieldError:
    """For `BLANK` where no secret is stored."""
    return FieldError(
        f"values.{key}", f"{BLANK} keeps a stored secret, and there is none", BLANK, "the secret itself", key
    )


def _no_value(catalogue: Catalogue, key: str, given: Any) -> FieldError:
    use = catalogue.get(key)
    message = f"is {'a list' if isinstance(given, list) else 'an object'}, and a key has one value"
    if use is None:
        return FieldError(f"values.{key}", message, given, "text, a number, true, false or null", key)
    shown = BLANK if use.key.secret else given
    return FieldError(f"values.{key}", message, shown, key_values.allowed(use.key), key, use.key.section)


def _check(
    catalogue: Catalogue, key: str, value: str, faults: list[FieldError], warnings: list[Warned]
) -> None:
    field = f"values.{key}"
    try:
        use = catalogue.find(key)
    except UnknownKey as unknown:
        faults.append(FieldError(field, str(unknown), value, list(unknown.near) or None, key))
        return
    except IndexNotAllowed as wrong:
        shown = BLANK if wrong.key.secret else value
        faults.append(FieldError(field, str(wrong), shown, wrong.allowed, key, wrong.key.section))
        return
    secret = use.key.secret
    if secret and value == BLANK:
        return
    shown = BLANK if secret else value
    if templates.is_template(value):
        braces = templates.fault(value)
        if braces:
            faults.append(FieldError(field, braces, shown, templates.FORM, key, use.key.section))
        return
    for found in key_values.check(use, value):
        if found.severity is Severity.ERROR:
            faults.append(FieldError(field, found.message, shown, found.allowed, key, found.section))
        else:
            warnings.append(Warned(key, shown, found.message, found.allowed, found.section))
