"""API tokens: who may call, as what, until when.

A token's text is `acs_ID_SECRET` and is shown once; the store keeps a SHA-256 of the secret. Secrets are
random and long, so a plain hash is as good as a slow one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct, structs

from acs.datamodel.keys import Catalogue
from acs.fleet.selector.lexing import LONGEST
from acs.operations import selectors
from acs.operations.actors import Actor as Actor
from acs.operations.actors import Kind
from acs.operations.actors import Role as Role
from acs.operations.errors import Conflict, Invalid, NotFound
from acs.operations.ports import Runner, moment
from acs.store import tokens as store
from acs.store import users
from acs.store.tokens import Token

_ID_BYTES = 5
_SECRET_BYTES = 24

#: Ten years; longer than that is "never", which is said by leaving it out.
MAX_LIFE = 315_360_000

#: Of a token that a user makes for itself: a month, a year at most.
OWN_LIFE = 30 * 86_400.0
MAX_OWN_LIFE = 366 * 86_400

#: The name of the token that the command line of the server's machine uses.
LOCAL = "local-admin"


class TokenRequest(Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    role: Role
    #: limits it to the phones of a selector, "" for all
    select: Annotated[str, Meta(max_length=LONGEST, description="a selector; empty for all phones")] = ""
    #: None for a token that does not expire
    expires_in: Annotated[float, Meta(gt=0, le=MAX_LIFE, description="seconds")] | None = None


class OwnTokenRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A token for the user who asks; it may what the user may, or less where `role` says so."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    role: Role | None = None
    expires_in: Annotated[float, Meta(gt=0, le=MAX_OWN_LIFE, description="seconds")] = OWN_LIFE


class TokenView(Struct, frozen=True):
    """A token without its secret."""

    id: str
    name: str
    role: str
    created_at: datetime | None
    created_by: str
    expires_at: datetime | None
    expired: bool
    #: the selector that limits it
    select: str
    #: whose it is; it ends with the user
    user: str


class NewToken(TokenView, frozen=True, kw_only=True):
    """`token` is its text, which nobody will see again."""

    token: str


async def actor_of(runner: Runner, text: str, *, now: float) -> Actor | None:
    """Whose token this text is; None for one that is unknown, wrong, revoked or expired."""
    identifier, secret = _parts(text)
    token = await runner.run(store.get(identifier)) if identifier else None
    if token is None or not compare_digest(token.secret_sha256, _digest(secret)) or _expired(token, now):
        return None
    role = Role(token.role)
    if not token.user:
        kind = Kind.LOCAL if (token.name, token.created_by) == (LOCAL, "server") else Kind.TOKEN
        return Actor(token.id, token.name or token.id, role, kind, token.select)
    user = await runner.run(users.get(token.user))
    if user is None or user.disabled or user.created_at > token.created_at:  # of that name, yet somebody else
        return None
    role = Role.least_of(role, Role(user.role))
    return Actor(token.id, user.name, role, Kind.TOKEN, user.select, user.name)


async def create(
    runner: Runner,
    asked: TokenRequest,
    catalogue: Catalogue,
    *,
    by: str,
    now: float,
    randomness: Callable[[int], bytes],
) -> NewToken:
    """Make a token and show its text, once. Raises Invalid for a selector that cannot be."""
    select = await selectors.usable(runner, asked.select, catalogue, field="select")
    token = Token(
        id="",
        role=asked.role,
        secret_sha256="",
        name=asked.name,
        created_at=now,
        created_by=by,
        expires_at=now + asked.expires_in if asked.expires_in else 0,
        select=select,
    )
    return await _keep(runner, token, now, randomness)


async def create_own(
    runner: Runner, asked: OwnTokenRequest, actor: Actor, *, now: float, randomness: Callable[[int], bytes]
) -> NewToken:
    """A token for the user who asks, as narrow as the user is. Raises Conflict for a token without one."""
    if not actor.user:
        raise Conflict("This is a token that belongs to no user; an administrator makes others like it.")
    token = Token(
        id="",
        role=Role.least_of(asked.role or actor.role, actor.role),
        secret_sha256="",
        name=asked.name,
        created_at=now,
        created_by=actor.name,
        expires_at=now + asked.expires_in,
        select=actor.select,
        user=actor.user,
    )
    return await _keep(runner, token, now, randomness)


async def _keep(runner: Runner, token: Token, now: float, randomness: Callable[[int], bytes]) -> NewToken:
    if not token.name.isprintable():
        raise Invalid.field("name", "has control characters", value=token.name, allowed="printable text")
    while True:
        identifier, secret = randomness(_ID_BYTES).hex(), randomness(_SECRET_BYTES).hex()
        kept = structs.replace(token, id=identifier, secret_sha256=_digest(secret))
        if await runner.run(store.create(kept)):
            return NewToken(**_facts(kept, now), token=_text(identifier, secret))


async def list_all(runner: Runner, *, now: float) -> list[TokenView]:
    """All tokens, the oldest first, expired ones too."""
    return [TokenView(**_facts(token, now)) for token in await runner.run(store.list_all())]


async def revoke(runner: Runner, identifier: str) -> None:
    """The token stops working at once. Raises NotFound."""
    if not await runner.run(store.revoke(identifier)):
        raise NotFound("token", identifier)


async def ensure_local_admin(
    runner: Runner, path: Path, *, now: float, randomness: Callable[[int], bytes] = os.urandom
) -> str:
    """The admin token that the command line of this machine uses: from the file, else new and written there.

    The file decides: its token is put into the store at every start, so that it works with a new or emptied
    Redis too. Only the server's own user can read it (mode 0600).
    """
    text = _read(path)
    identifier, secret = _parts(text)
    if not identifier:
        identifier, secret = randomness(_ID_BYTES).hex(), randomness(_SECRET_BYTES).hex()
        text = _write(path, _text(identifier, secret))
        identifier, secret = _parts(text)
    token = Token(
        id=identifier,
        role=Role.ADMIN,
        secret_sha256=_digest(secret),
        name=LOCAL,
        created_at=now,
        created_by="server",
    )
    known = await runner.run(store.get(identifier))
    if known is None or (known.secret_sha256, known.role) != (token.secret_sha256, token.role):
        await runner.run(store.replace(token))
    return text


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return ""


def _write(path: Path, text: str) -> str:
    """The text that is in the file afterwards: of processes that start at once, the first one decides."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")
    try:
        if not _parts(_read(path))[0]:
            path.unlink(missing_ok=True)  # damaged
        os.link(fresh, path)
    except FileExistsError:
        return _read(path)
    finally:
        fresh.unlink(missing_ok=True)
    return text


def _text(identifier: str, secret: str) -> str:
    return f"acs_{identifier}_{secret}"


def _parts(text: str) -> tuple[str, str]:
    """Id and secret; two empty texts where this is no token."""
    prefix, _, rest = text.partition("_")
    identifier, _, secret = rest.partition("_")
    well_formed = prefix == "acs" and identifier.isascii() and identifier.isalnum() and secret.isascii()
    return (identifier, secret) if well_formed and secret else ("", "")


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _expired(token: Token, now: float) -> bool:
    return bool(token.expires_at) and token.expires_at <= now


def _facts(token: Token, now: float) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role,
        "created_at": moment(token.created_at),
        "created_by": token.created_by,
        "expires_at": moment(token.expires_at),
        "expired": _expired(token, now),
        "select": token.select,
        "user": token.user,
    }
