"""Browser sessions by the digest of their cookie, and logins that are under way at the OpenID provider."""

from __future__ import annotations

from msgspec import Struct
from msgspec.msgpack import Decoder

from acs.store import codec, keyspace
from acs.store.calls import Call, nothing, truth


class BrowserSession(Struct, frozen=True, array_like=True):
    """Who logged in, when and from where."""

    user: str
    began_at: float
    address: str = ""


class ProviderLogin(Struct, frozen=True, array_like=True):
    """What a login that went to the provider must come back with. `path`: where its browser goes then."""

    nonce: str
    verifier: str
    path: str
    redirect: str


_decode = Decoder(BrowserSession).decode
_decode_login = Decoder(ProviderLogin).decode


def put(digest: str, session: BrowserSession, *, life: int) -> Call[None]:
    """Keep it for so many seconds."""
    return Call(
        ("SET", keyspace.browser_session(digest), codec.encode(session), "EX", life),
        nothing,
    )


def get(digest: str, *, life: int) -> Call[BrowserSession | None]:
    """It lives on for so many seconds from now."""
    return Call(
        ("GETEX", keyspace.browser_session(digest), "EX", life),
        lambda found: None if found is None else _decode(found),
    )


def end(digest: str) -> Call[bool]:
    """False when there was none."""
    return Call(("DEL", keyspace.browser_session(digest)), truth)


def begin_login(state: str, login: ProviderLogin, *, life: int) -> Call[None]:
    return Call(("SET", keyspace.provider_login(state), codec.encode(login), "EX", life), nothing)


def take_login(state: str) -> Call[ProviderLogin | None]:
    """The login of this state, once."""
    return Call(
        ("GETDEL", keyspace.provider_login(state)),
        lambda found: None if found is None else _decode_login(found),
    )
