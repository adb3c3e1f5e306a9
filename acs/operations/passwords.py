"""Passwords: argon2id, off the reactor, because one check takes tens of milliseconds of a core."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from twisted.internet.threads import deferToThread

from acs.operations.errors import Invalid

LEAST, MOST = 10, 256

#: RFC 9106's second choice: 64 MiB, three passes, four lanes.
_HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4, type=Type.ID)


def check_new(password: str, name: str, *, field: str = "password") -> None:
    """Raises Invalid for one that is too easily guessed; it is never told back."""
    allowed = f"{LEAST} to {MOST} characters, other than the name"
    if not LEAST <= len(password) <= MOST:
        raise Invalid.field(
            field, "is too short" if len(password) < LEAST else "is too long", allowed=allowed
        )
    if password.casefold() in (name.casefold(), name.casefold() * 2) or len(set(password)) < 4:
        raise Invalid.field(field, "is too easily guessed", allowed=allowed)


async def hashed(password: str) -> str:
    return await deferToThread(_HASHER.hash, password)


async def matches(known: str, password: str) -> bool:
    """Whether this is the password; never for a user without one."""
    return await deferToThread(_verify, known, password) and bool(known)


def _verify(known: str, password: str) -> bool:
    try:
        return _HASHER.verify(known or _nobodys(), password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    """What is checked for a name that has no password, so that the answer takes as long."""
    return _HASHER.hash("of nobody")
