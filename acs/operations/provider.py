"""Logging in by an OpenID provider: authorization code with PKCE, the ID token checked, claims made a role.

Whoever comes by the provider becomes a user of that name; role and selector are those that the claims say at
each login. A user that was made here with a password is never taken over.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from msgspec import Struct, structs
from twisted.internet.threads import deferToThread

from acs.operations import users
from acs.operations.actors import Role
from acs.operations.errors import Unavailable, WrongLogin
from acs.operations.ports import Runner
from acs.operations.role_mapping import Granted
from acs.store import browser_sessions
from acs.store import users as store
from acs.store.browser_sessions import ProviderLogin
from acs.store.users import User

log = structlog.get_logger("login")

#: Seconds that somebody may take at the provider, and that the provider may take for an answer.
LIFE = 600
PATIENCE = 10.0

#: Seconds by which its clock may differ from ours.
LEEWAY = 60

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


class Provider(Struct, frozen=True):
    """`claim` is the claim whose values `roles` knows."""

    issuer: str
    client_id: str
    client_secret: str
    claim: str
    roles: Mapping[str, Granted]


class _Metadata(Struct, frozen=True):
    """What of the provider's discovery document is needed."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class _TokenAnswer(Struct, frozen=True):
    id_token: str


async def begin(
    runner: Runner, provider: Provider, *, redirect: str, path: str, randomness: Callable[[int], bytes]
) -> tuple[str, str]:
    """Where to send the browser, and the state that it has to come back with. Raises Unavailable."""
    metadata = await deferToThread(_metadata, provider)
    state, nonce, verifier = (_text(randomness(32)) for _ in range(3))
    login = ProviderLogin(nonce, verifier, path, redirect)
    await runner.run(browser_sessions.begin_login(state, login, life=LIFE))
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect,
        "scope": "openid profile email",
        "state": state,
        "nonce": nonce,
        "code_challenge": _text(sha256(verifier.encode()).digest()),
        "code_challenge_method": "S256",
    }
    joint = "&" if "?" in metadata.authorization_endpoint else "?"
    return f"{metadata.authorization_endpoint}{joint}{urlencode(asked)}", state


async def finish(
    runner: Runner, provider: Provider, *, state: str, code: str, now: float
) -> tuple[User, str]:
    """The user whom the provider vouches for, and the path that the browser wanted.

    Raises WrongLogin for whatever does not fit, and Unavailable where the provider does not answer.
    """
    login = await runner.run(browser_sessions.take_login(state)) if state else None
    if login is None:
        raise WrongLogin("This login was begun too long ago, or not here; begin it again.")
    if not code:
        raise WrongLogin("The provider has not let you in; begin the login again.")
    claims = await deferToThread(_claims, provider, login, code)
    granted = _granted(provider, claims)
    if granted is None:
        raise WrongLogin(f"The provider knows you, but no role here is for your {provider.claim!r}.")
    return await _user(runner, provider, claims, granted, now), login.path


async def _user(
    runner: Runner, provider: Provider, claims: Mapping[str, Any], granted: Granted, now: float
) -> User:
    subject = f"{provider.issuer} {claims['sub']}"
    name = str(claims.get("preferred_username") or claims.get("email") or claims["sub"]).casefold()
    if not users.NAME.fullmatch(name):
        raise WrongLogin(f"The provider calls you {name!r}, which is no name of a user here.")
    full_name = str(claims.get("name") or "")
    facts: dict[str, Any] = {
        "role": granted.role,
        "select": granted.select,
        "full_name": full_name[:200] if full_name.isprintable() else "",
    }
    fresh = User(name=name, created_at=now, created_by="provider", subject=subject, **facts)
    if await runner.run(store.create(fresh)):
        return fresh
    known = await runner.run(store.get(name))
    if known is None or known.subject != subject or known.disabled:
        raise WrongLogin(f"The user {name!r} may not log in by the provider.")
    after = await runner.drive(store.change(name, lambda user: structs.replace(user, **facts)))
    if after is None:
        raise WrongLogin(f"The user {name!r} is being deleted.")
    return after


def _granted(provider: Provider, claims: Mapping[str, Any]) -> Granted | None:
    """The highest role that the claim's values give."""
    held = claims.get(provider.claim)
    values = held if isinstance(held, list) else [held]
    ranks = list(Role)
    found = [provider.roles[value] for value in values if isinstance(value, str) and value in provider.roles]
    return max(found, key=lambda one: (ranks.index(one.role), not one.select), default=None)


# --- in a thread: talking to the provider ---------------------------------------------------------------


def _metadata(provider: Provider) -> _Metadata:
    url = provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
    found: _Metadata = _read(_get(url), _Metadata)
    if found.issuer != provider.issuer:
        raise Unavailable(f"{url} is of the issuer {found.issuer!r}, not of --oidc-issuer.")
    return found


def _claims(provider: Provider, login: ProviderLogin, code: str) -> dict[str, Any]:
    """The claims of the ID token that this code is exchanged for, checked as OpenID Connect Core asks in
    3.1.3.7."""
    metadata = _metadata(provider)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": login.redirect,
        "client_id": provider.client_id,
        "code_verifier": login.verifier,
    }
    secret = (provider.client_id, provider.client_secret) if provider.client_secret else None
    try:
        answer = httpx.post(
            metadata.token_endpoint, data=form, auth=secret, timeout=PATIENCE, follow_redirects=False
        )
    except httpx.HTTPError as error:
        raise _silent(error) from None
    if answer.status_code != 200:
        log.info("provider refused a code", status=answer.status_code)
        raise WrongLogin("The provider did not take its own code back; begin the login again.")
    text = _read(answer.content, _TokenAnswer).id_token
    try:
        keys = KeySet.import_key_set(msgspec.json.decode(_get(metadata.jwks_uri)))
        token = jwt.decode(text, keys, algorithms=_ALGORITHMS)
        jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": provider.issuer},
            aud={"essential": True, "value": provider.client_id},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": login.nonce},
        ).validate(token.claims)
    except (JoseError, msgspec.DecodeError, ValueError, TypeError, KeyError, AttributeError) as error:
        # the last four: a key set that is none
        log.warning("ID token refused", reason=f"{type(error).__name__}: {error}")
        raise WrongLogin("The provider's ID token cannot be trusted; the log has the reason.") from None
    audience, party = token.claims["aud"], token.claims.get("azp")
    several = isinstance(audience, list) and len(audience) > 1
    if party != provider.client_id and (several or party is not None):
        raise WrongLogin("The provider's ID token is for somebody else.")
    return dict(token.claims)


def _get(url: str) -> bytes:
    try:
        answer = httpx.get(url, timeout=PATIENCE, follow_redirects=False)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise _silent(error) from None
    return answer.content


def _read(content: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError as error:
        raise Unavailable(f"The OpenID provider answers what is none: {error}.") from None


def _silent(error: httpx.HTTPError) -> Unavailable:
    log.warning("OpenID provider does not answer", reason=f"{type(error).__name__}: {error}")
    return Unavailable("The OpenID provider does not answer; log in with a password, or try again.")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
