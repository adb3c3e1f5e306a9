"""What operators know of phones by name, to fill templates with: checked, merged, told."""

from __future__ import annotations

from collections.abc import Mapping

from acs.datamodel.paths import is_secret
from acs.fleet import templates
from acs.fleet.attributes import OWN
from acs.fleet.layers import BLANK
from acs.operations.errors import FieldError

#: How many attributes a phone may have, and how long a value may be: they are read in every session.
MOST = 50
LONGEST = 256

NAMES = "a letter, then letters, digits and underscores, 64 at most"


def name_fault(name: str) -> str:
    """What is wrong with the name of an attribute, "" for nothing. Names are in lower case."""
    if not templates.NAME.fullmatch(name):
        return "is no name of an attribute"
    if name in OWN:
        return "is known from the phone itself and cannot be set"
    return ""


def value_fault(value: str) -> str:
    """What is wrong with the value of an attribute, "" for nothing."""
    if not value.isprintable():
        return "has control characters"
    return f"is longer than {LONGEST} characters" if len(value) > LONGEST else ""


def check(given: Mapping[str, str | None], field: str = "attributes") -> list[FieldError]:
    """All that is wrong with them."""
    faults = []
    for name, value in given.items():
        wrong = name_fault(name.lower())
        if wrong:
            faults.append(FieldError(f"{field}.{name}", wrong, name, NAMES))
        elif value and (wrong := value_fault(value)):
            faults.append(FieldError(f"{field}.{name}", wrong, value, f"printable text, {LONGEST} at most"))
    if len(given) > MOST:
        faults.append(FieldError(field, "too many", len(given), f"at most {MOST} attributes"))
    return faults


def merged(known: Mapping[str, str], given: Mapping[str, str | None]) -> dict[str, str]:
    """The known ones after these: null or empty removes, a secret that comes back blanked stays."""
    stated = {name.lower(): value or "" for name, value in given.items()}
    kept = {name: known.get(name, "") if is_blanked(name, value) else value for name, value in stated.items()}
    after = {**known, **kept}
    return {name: value for name, value in sorted(after.items()) if value}


def is_blanked(name: str, value: str) -> bool:
    """Whether it is what `shown` tells of a secret: nobody means to set it."""
    return value == BLANK and is_secret(name)


def shown(known: Mapping[str, str]) -> dict[str, str]:
    """As they are told: those that are secret by their names blanked, such as `sip_password`."""
    return {name: BLANK if value and is_secret(name) else value for name, value in known.items()}


def spoken(given: Mapping[str, str | None]) -> str:
    """Names only: what stands there may be nobody else's business."""
    return ", ".join(sorted(name.lower() for name in given))
