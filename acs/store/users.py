"""Users by name, and the links by which the first one is made."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from msgspec import Struct
from msgspec.msgpack import Decoder

from acs.store import codec, keyspace
from acs.store.calls import Call, Steps, nothing, script, scripted, truth
from acs.store.errors import StoreConflict

_FIRST = script("create_first_user")
_SWAP = script("swap_field")

#: How often a change is tried again because somebody was quicker.
MOST_TRIES = 10


class User(Struct, frozen=True, array_like=True):
    """`password` is argon2id's text, "" for one who logs in by the OpenID provider only.

    `select` limits the user to the phones of a selector, "" for all. `subject` is issuer and subject of one
    who came by the provider. `password_at`: browser sessions from before that are void.
    """

    name: str
    role: str
    password: str = ""
    full_name: str = ""
    select: str = ""
    disabled: bool = False
    created_at: float = 0
    created_by: str = ""
    password_at: float = 0
    subject: str = ""


_decode = Decoder(User).decode


def get(name: str) -> Call[User | None]:
    return Call(("HGET", keyspace.USERS, name), lambda found: None if found is None else _decode(found))


def list_all() -> Call[list[User]]:
    """All of them, by name."""
    return Call(
        ("HVALS", keyspace.USERS), lambda found: sorted(map(_decode, found), key=lambda user: user.name)
    )


def count() -> Call[int]:
    return Call(("HLEN", keyspace.USERS), int)


def create(user: User) -> Call[bool]:
    """False when the name is taken, and nothing is written."""
    return Call(("HSETNX", keyspace.USERS, user.name, codec.encode(user)), truth)


def change(name: str, changed: Callable[[User], User]) -> Steps[User | None]:
    """Replace the record by `changed` of it; None where there is no such user.

    Raises StoreConflict when others are quicker each time.
    """
    for _ in range(MOST_TRIES):
        stored: bytes | None
        [stored] = yield [Call(("HGET", keyspace.USERS, name), _as_it_is)]
        if stored is None:
            return None
        after = changed(_decode(stored))
        [done] = yield [scripted(_SWAP, (keyspace.USERS,), (name, stored, codec.encode(after)), truth)]
        if done:
            return after
    raise StoreConflict("others changed the same user at the same time; try again")


def delete(name: str) -> Call[bool]:
    """False when there was no such user."""
    return Call(("HDEL", keyspace.USERS, name), truth)


# --- set-up links ---------------------------------------------------------------------------------------


def link_digest(secret: str) -> str:
    """What is kept of a link instead of its secret."""
    return sha256(secret.encode()).hexdigest()


def add_link(digest: str, *, ends: float) -> Call[None]:
    """From now until `ends`, whoever shows what has this digest may make the first user."""
    return Call(("ZADD", keyspace.SETUP_LINKS, ends, digest), nothing)


def link_holds(digest: str, *, now: float) -> Call[bool]:
    return Call(
        ("ZSCORE", keyspace.SETUP_LINKS, digest), lambda found: found is not None and float(found) > now
    )


def create_first(user: User, digest: str, *, now: float) -> Call[int]:
    """1 when the user was made, 0 for a link that does not hold, -1 when there are users already."""
    keys = (keyspace.USERS, keyspace.SETUP_LINKS)
    return scripted(_FIRST, keys, (digest, now, user.name, codec.encode(user)), int)


def _as_it_is(answer: Any) -> Any:
    return answer
