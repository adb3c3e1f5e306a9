"""What a selector says, as a value. Equal selectors are equal values, wherever they were written."""

from __future__ import annotations

from msgspec import Struct


class Ago(Struct, frozen=True):
    """So many seconds before now, as a point in time: `2h ago`."""

    seconds: int


class Age(Struct, frozen=True):
    """So many seconds as an age: `2h`."""

    seconds: int


class Instant(Struct, frozen=True):
    """A point in time, seconds since the epoch."""

    at: int


Value = str | Ago | Age | Instant


class Everything(Struct, frozen=True):
    """`all`"""


class Text(Struct, frozen=True):
    """A bare word: it stands in the id, address, label, a tag or such."""

    text: str


class Subject(Struct, frozen=True):
    """What is compared: a field, and of `attr`, `key` and `parameter` the name that follows it."""

    field: str
    name: str = ""


class Comparison(Struct, frozen=True):
    subject: Subject
    #: one of `=`, `!=`, `<`, `<=`, `>`, `>=`, `~`
    operator: str
    value: Value


class OneOf(Struct, frozen=True):
    """`subject in (value, …)`"""

    subject: Subject
    values: tuple[str, ...]


class Drift(Struct, frozen=True):
    """`drift`: what the phone is known to have is not what it ought to have."""


class TaskEnded(Struct, frozen=True):
    """`task failed`: of some type of task, the last one that ended did so."""

    #: failed or expired
    state: str


class Reference(Struct, frozen=True):
    """`selector = name`: what the saved selector of this name says."""

    name: str


class Not(Struct, frozen=True):
    part: Expression


class And(Struct, frozen=True):
    parts: tuple[Expression, ...]


class Or(Struct, frozen=True):
    parts: tuple[Expression, ...]


Expression = Everything | Text | Comparison | OneOf | Drift | TaskEnded | Reference | Not | And | Or


def parts_of(expression: Expression) -> tuple[Expression, ...]:
    """The expressions directly inside this one."""
    match expression:
        case And(parts=parts) | Or(parts=parts):
            return parts
        case Not(part=part):
            return (part,)
        case _:
            return ()


def leaves(expression: Expression) -> list[Expression]:
    """All that is tested, without the joints."""
    parts = parts_of(expression)
    return [leaf for part in parts for leaf in leaves(part)] if parts else [expression]
