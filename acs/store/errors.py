"""What can go wrong between this project and Redis, in words an operator understands."""

from __future__ import annotations

import re

_PASSWORD = re.compile(r"^(\w+://[^:@/]*):[^@]*@")


class StoreError(Exception):
    """The base of all errors of this package."""


class StoreUnavailable(StoreError):
    """Redis cannot be reached, or the connection broke before its answer came.

    A call that was under way may or may not have been executed; whoever repeats it must be able to bear both.
    """


class StoreRefused(StoreError):
    """Redis answered with an error: out of memory, not allowed, wrong type. That command wrote nothing."""


class StoreConflict(StoreError):
    """Others changed the same record each time this change was tried; try once more later."""


def without_password(url: str) -> str:
    """A Redis URL as it may be shown: `redis://user:***@host:6379/0`."""
    return _PASSWORD.sub(r"\1:***@", url)
