"""How many wrong passwords are taken before more are refused for a while.

Counted in windows that begin with the first wrong one: by name and address together, so that whoever guesses
from afar locks nobody out at home; by address, against one who tries many names; by name, against many who
share the guessing.
"""

from __future__ import annotations

#: Seconds of a window.
WINDOW = 900

#: What is counted, and how many attempts there may be of it in one window.
BY_NAME_AND_ADDRESS = 8
BY_ADDRESS = 50
BY_NAME = 200


def counted(name: str, address: str) -> list[tuple[str, int]]:
    """Each thing that is counted of an attempt, with its limit, the narrowest first.

    :param name: as users are kept by it.
    """
    return [
        (f"login {name} {address}", BY_NAME_AND_ADDRESS),
        (f"login from {address}", BY_ADDRESS),
        (f"login as {name}", BY_NAME),
    ]
