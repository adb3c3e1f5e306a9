"""The secrets of a task that a rollout gives to its phones: blanked where it is shown, kept where it comes
back so, refused where nobody stored them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from acs.operations import audit
from acs.operations.audit import HIDDEN
from acs.operations.errors import FieldError

Request = dict[str, Any]


def shown(task: Request | None) -> Request | None:
    blanked: Request | None = audit.blanked(task)
    return blanked


def with_stored(task: Request | None, stored: Request | None) -> Request | None:
    """The task, and behind each blank in it what is stored there."""
    kept: Request | None = _kept(task, shown(stored), stored)
    return kept


def faults(task: Request | None) -> list[FieldError]:
    """Of blanks that nothing is stored behind."""
    return [
        FieldError(field, f"{HIDDEN} keeps a stored secret, and there is none", HIDDEN, "the secret itself")
        for field in _blanks(task, "task")
    ]


def _kept(given: Any, blanked: Any, stored: Any) -> Any:
    if given == blanked:
        return stored
    if isinstance(given, dict) and isinstance(blanked, dict):
        return {
            name: _kept(value, blanked[name], stored[name]) if name in blanked else value
            for name, value in given.items()
        }
    return given


def _blanks(value: Any, field: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, held in value.items():
            yield from _blanks(held, f"{field}.{name}")
    elif isinstance(value, str) and HIDDEN in value:
        yield field
