"""Why an operation was not done: messages that name the thing and the way out."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType


class FieldError(Struct, frozen=True, omit_defaults=True):
    """One thing wrong in what was asked: where, what was given, why not, and what would be taken instead."""

    field: str
    message: str
    #: as it was given, null too; unset where nothing was
    value: Any = UNSET
    #: the permitted values, or a phrase such as "an integer from 1 to 1000"
    allowed: list[str] | str | None = None
    #: of a configuration value: its key, and the guide's section that says what is allowed
    key: str = ""
    section: str = ""
    #: of a file: the line
    line: int = 0
    #: of a selector: the character, counted from 0
    position: int | UnsetType = UNSET


class OperationError(Exception):
    """The base of all reasons; its text is the sentence shown."""


class NotFound(OperationError):
    """There is no such device, task, file or token."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"There is no {kind} {name!r}.")
        self.kind = kind
        self.name = name


class Invalid(OperationError):
    """What was asked is wrong in itself; every fault found is listed."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = errors

    @classmethod
    def field(
        cls, field: str, message: str, *, value: Any = UNSET, allowed: list[str] | str | None = None
    ) -> Invalid:
        return cls([FieldError(field=field, message=message, value=value, allowed=allowed)])


class Conflict(OperationError):
    """It is right, but not in the present state of things."""


class PreconditionFailed(OperationError):
    """Somebody else has written since the caller looked."""

    def __init__(self, expected: str, present: int) -> None:
        super().__init__(
            f"If-Match asks for version {expected}, but version {present} is stored; "
            "read it again and repeat the change."
        )
        self.present = present


class TooLarge(OperationError):
    """A body beyond its limit."""

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"{what} is larger than {limit} bytes, the most that is taken.")
        self.limit = limit


class Forbidden(OperationError):
    """The caller is known but may not do this."""

    def __init__(self, needed: str, role: str) -> None:
        super().__init__(f"This needs the role '{needed}' or a higher one; the token has the role '{role}'.")
        self.needed = needed
        self.role = role


class OutOfReach(OperationError):
    """The caller's role would do, but it is limited to some phones and this is about more."""


class TooMany(OperationError):
    """Too many calls, or too many wrong passwords, within a time; `retry_after` seconds end it."""

    def __init__(self, text: str, retry_after: int) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class Forged(OperationError):
    """A change that none of our own pages asked for, or one of an earlier session."""


class WrongLogin(OperationError):
    """Name and password do not go together, or the user may not log in. The text never says which."""


class Unavailable(OperationError):
    """Something this server depends on does not answer; the same call may work a little later."""

    def __init__(self, text: str, retry_after: int = 5) -> None:
        super().__init__(text)
        self.retry_after = retry_after
