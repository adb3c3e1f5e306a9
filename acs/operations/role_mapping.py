"""Which roles the values of an OpenID provider's claim give."""

from __future__ import annotations

from msgspec import Struct

from acs.fleet.selector.errors import SelectorError
from acs.fleet.selector.parsing import parse
from acs.operations.actors import Role


class Granted(Struct, frozen=True):
    """What a claim's value gives: a role, and the selector that limits it, "" for none."""

    role: Role
    select: str = ""


def read_roles(text: str) -> dict[str, Granted]:
    """`acs-admins=admin; site7=operator tag = site7`. Raises ValueError that names the wrong part."""
    found: dict[str, Granted] = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        value, equals, given = part.partition("=")
        role, _, select = given.strip().partition(" ")
        if not equals or not value.strip() or role not in list(Role):
            raise ValueError(f"{part!r} is not VALUE=ROLE, where ROLE is one of {', '.join(Role)}")
        if select.strip():
            try:
                parse(select.strip())
            except SelectorError as error:
                raise ValueError(f"{part!r}: {error}") from None
        found[value.strip()] = Granted(Role(role), select.strip())
    return found
