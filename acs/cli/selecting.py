"""A selector on the command line, checked before the server is asked."""

from __future__ import annotations

from acs.cli import outcomes
from acs.fleet.selector.errors import SelectorError
from acs.fleet.selector.parsing import parse


def checked(text: str) -> str:
    """The selector itself. Raises wrong usage with a mark below the character that is wrong."""
    try:
        parse(text)
    except SelectorError as error:
        raise outcomes.WrongUsage(f"the selector is wrong at {error}\n{error.pointed()}") from None
    return text
