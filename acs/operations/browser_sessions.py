"""Browser sessions: logging in with a password, who sits at a cookie, logging out.

A session is a random secret in a cookie; the store has its digest. Who it is is looked up anew with each
request, so that a user who is disabled, deleted or given another password or role is so at once. What proves
that a form came from one of our own pages is drawn from the same secret.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from hashlib import sha256
from hmac import compare_digest

from msgspec import Struct

from acs.fleet import login_throttle
from acs.operations import passwords
from acs.operations.actors import Actor, Kind, Role
from acs.operations.errors import TooMany, WrongLogin
from acs.operations.ports import Runner
from acs.store import browser_sessions as store
from acs.store import rates, users
from acs.store.browser_sessions import BrowserSession
from acs.store.users import User

#: Seconds after which a session ends that nobody uses, and any session.
IDLE = 12 * 3600
LONGEST = 7 * 24 * 3600

_SECRET_BYTES = 32


class Opened(Struct, frozen=True):
    """`secret` is for the cookie, `csrf` for the forms of the pages."""

    secret: str
    csrf: str
    actor: Actor


async def log_in(
    runner: Runner,
    name: str,
    password: str,
    *,
    address: str,
    now: float,
    randomness: Callable[[int], bytes],
) -> Opened:
    """Raises WrongLogin, and TooMany after too many wrong passwords."""
    user = await prove(runner, name, password, address=address)
    return await open_for(runner, user, address=address, now=now, randomness=randomness)


async def prove(runner: Runner, name: str, password: str, *, address: str) -> User:
    """The user whose password this is. Raises WrongLogin, and TooMany after too many wrong passwords.

    Counted before it is checked, so that guesses at the same moment are all counted; narrow counts first, and
    what one of them refuses is not counted further: nobody locks others out by going on.
    """
    name = name.strip().casefold()
    counted = login_throttle.counted(name, address)
    for what, most in counted:
        answer = await runner.run(rates.count(what, login_throttle.WINDOW))
        if answer.count > most:
            raise TooMany("Too many wrong passwords; wait before you try again.", answer.ends_in)
    user = await runner.run(users.get(name))
    right = await passwords.matches(user.password if user is not None else "", password)
    if user is None or not right or user.disabled:
        raise WrongLogin("Name and password do not go together.")
    own, *shared = (what for what, _ in counted)
    await runner.run_all([rates.forget(own), *map(rates.take_back, shared)])
    return user


async def open_for(
    runner: Runner, user: User, *, address: str, now: float, randomness: Callable[[int], bytes]
) -> Opened:
    """A new session for a user whose identity is proved."""
    secret = base64.urlsafe_b64encode(randomness(_SECRET_BYTES)).decode().rstrip("=")
    await runner.run(store.put(_digest(secret), BrowserSession(user.name, now, address), life=IDLE))
    return Opened(secret, csrf_of(secret), _actor(user))


async def at(runner: Runner, secret: str, *, now: float) -> Actor | None:
    """Whose session this is; None for one that has ended."""
    session = await runner.run(store.get(_digest(secret), life=IDLE))
    if session is None or now - session.began_at > LONGEST:
        return None
    user = await runner.run(users.get(session.user))
    if user is None or user.disabled or max(user.password_at, user.created_at) > session.began_at:
        return None
    return _actor(user)


async def log_out(runner: Runner, secret: str) -> None:
    await runner.run(store.end(_digest(secret)))


def csrf_of(secret: str) -> str:
    return sha256(b"form " + secret.encode()).hexdigest()


def is_csrf_of(secret: str, given: str) -> bool:
    return compare_digest(csrf_of(secret).encode(), given.encode())


def _digest(secret: str) -> str:
    return sha256(b"seat " + secret.encode()).hexdigest()


def _actor(user: User) -> Actor:
    return Actor(user.name, user.name, Role(user.role), Kind.USER, user.select, user.name)
