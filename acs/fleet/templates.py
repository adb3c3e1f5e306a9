"""Values that are filled from a phone's attributes: `{{ extension }}`, and what is between the braces a name.

Names are letters, digits and underscores, in lower case; case and blanks inside the braces do not count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

#: How a name of an attribute is written.
NAME = re.compile(r"[a-z_][a-z0-9_]{0,63}")

#: What is allowed between the braces, for people.
FORM = "{{ name }} with the name of an attribute: letters, digits and underscores"

_FIELD = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]{0,63})\s*\}\}")


class MissingAttributes(LookupError):
    """The phone has no attribute of these names."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(f"the phone has no {' and no '.join(names)}")
        self.names = names


def is_template(value: str) -> bool:
    """Whether the value has to be filled before a phone gets it."""
    return "{{" in value


def fault(value: str) -> str:
    """What is wrong with the braces of a value, "" for nothing."""
    rest = _FIELD.sub("", value)
    return f"has braces that are no template: {rest[rest.index('{{') :][:40]!r}" if "{{" in rest else ""


def names(value: str) -> tuple[str, ...]:
    """The attributes that the value asks for, each once."""
    return tuple(dict.fromkeys(name.lower() for name in _FIELD.findall(value)))


def fill(value: str, attributes: Mapping[str, str]) -> str:
    """The value for a phone with these attributes. Raises MissingAttributes: an empty one is missing."""
    missing = tuple(name for name in names(value) if not attributes.get(name))
    if missing:
        raise MissingAttributes(missing)
    return _FIELD.sub(lambda match: attributes[match[1].lower()], value)
