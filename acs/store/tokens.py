"""API tokens. Only a SHA-256 of the secret is kept; the text of a token is shown once, by whoever made it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.msgpack import Decoder

from acs.store import codec, keyspace
from acs.store.calls import Call, nothing, truth


class Token(Struct, frozen=True, array_like=True):
    """`role` says what it may do; `secret_sha256` in hex; times since the epoch, 0 for never."""

    id: str
    role: str
    secret_sha256: str
    name: str = ""
    created_at: float = 0
    created_by: str = ""
    expires_at: float = 0
    #: the selector that limits it, "" for all phones
    select: str = ""
    #: whose it is: it may no more than this user, and ends with it; "" for one that stands for itself
    user: str = ""


_decode = Decoder(Token).decode


def create(token: Token) -> Call[bool]:
    """Keep a new token; False when its id is taken, and nothing is written."""
    return Call(("HSETNX", keyspace.TOKENS, token.id, codec.encode(token)), truth)


def replace(token: Token) -> Call[None]:
    """Keep this token whether its id is taken or not: for the one a server makes for its own machine."""
    return Call(("HSET", keyspace.TOKENS, token.id, codec.encode(token)), nothing)


def get(identifier: str) -> Call[Token | None]:
    return Call(
        ("HGET", keyspace.TOKENS, identifier), lambda stored: None if stored is None else _decode(stored)
    )


def list_all() -> Call[list[Token]]:
    """All tokens, the oldest first."""

    def decode(answer: list[Any]) -> list[Token]:
        return sorted(map(_decode, answer), key=lambda token: token.created_at)

    return Call(("HVALS", keyspace.TOKENS), decode)


def revoke(identifier: str) -> Call[bool]:
    """False when there was no such token."""
    return Call(("HDEL", keyspace.TOKENS, identifier), truth)
