"""Passwords: argon2id, off the reactor, because one check takes tens of milliseconds of a core."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from twisted.internet.threads import deferToThread

from acs.operations.errors import Invalid

LEAST, MOST = 10, 256

#: What guessers try first, also with figures for letters; with fewer letters beside them it is no secret.
_COMMON = (
    *("password", "passwort", "kennwort", "administrator", "admin", "root", "login", "welcome", "willkommen"),
    *("letmein", "changeme", "default", "secret", "geheim", "qwerty", "qwertz", "iloveyou", "yealink"),
)
_FIGURES = str.maketrans("@013$5", "aoiess")
_LETTERS = 4

#: Rows of keys and the alphabet, there and back.
_ROWS = ("1234567890" * 3, "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")

#: RFC 9106's second choice: 64 MiB, three passes, four lanes.
_HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4, type=Type.ID)


def check_new(password: str, name: str, *, field: str = "password") -> None:
    """Raises Invalid for one that is too easily guessed; it is never told back."""
    allowed = f"{LEAST} to {MOST} characters, not the name nor what is tried first"
    if not LEAST <= len(password) <= MOST:
        raise Invalid.field(
            field, "is too short" if len(password) < LEAST else "is too long", allowed=allowed
        )
    if _is_easy(password.casefold(), name.casefold()):
        raise Invalid.field(field, "is too easily guessed", allowed=allowed)


def _is_easy(password: str, name: str) -> bool:
    if len(set(password)) < 4 or any(password in row or password in row[::-1] for row in _ROWS):
        return True
    shape = password.translate(_FIGURES)  # as long as the password, so that places in it are places there
    left = password
    for word in filter(None, (name.translate(_FIGURES), *_COMMON)):
        while (at := shape.find(word)) >= 0:
            shape, left = (text[:at] + text[at + len(word) :] for text in (shape, left))
    return left != password and len(left) < LEAST and sum(map(str.isalpha, left)) < _LETTERS


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
