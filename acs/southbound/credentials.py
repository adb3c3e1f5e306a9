"""Who a phone says it is, and whether that is so: no check, Basic, or Digest.

Digest here is as forgiving as its purpose allows (quirks 9 to 11): the uri may differ from the request's
target, because a proxy may have rewritten it; nc need not count; a nonce is good on any connection and in
any process, since it carries its own time and a keyed hash instead of being remembered. What is never
forgiven is a response that was not made with the password.

In digest mode a Basic login is not accepted, even if it is right: a phone that sends it has given its
password to the network, and an operator should learn of that rather than have it work.
"""

from __future__ import annotations

import hmac
import os
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from enum import StrEnum
from hashlib import blake2b

from msgspec import Struct

from acs.southbound import digest

REALM = "acs"

#: Seconds. Longer than any session, so that no session meets a stale nonce half-way; a phone that keeps its
#: nonce beyond that pays one more round trip. Short enough that a recorded login does not work for days.
NONCE_LIFETIME = 3600.0

#: Seconds by which another server process' clock may be ahead of ours.
_CLOCK_SKEW = 300.0

#: A nonce is 8 hex digits of time, 8 of randomness and the hash over both.
_STAMP_LENGTH = 16
_MAC_LENGTH = 24


class Mode(StrEnum):
    """What a phone must show."""

    NONE = "none"
    BASIC = "basic"
    DIGEST = "digest"


class Accepted(Struct, frozen=True):
    #: "" where nobody is asked for a name
    username: str


class Challenge(Struct, frozen=True):
    """Not accepted: answer 401 with these fields."""

    headers: tuple[tuple[bytes, bytes], ...]
    #: one line for the record
    reason: str
    #: the credentials are right, only the nonce is too old: the phone tries again by itself
    stale: bool = False
    #: whether the phone had sent credentials at all; the first request of a session usually has none
    attempted: bool = False


class Authenticator:
    """Checks the Authorization field of each request.

    :param nonce_key: secret shared by all server processes, so that each takes the others' nonces.
    :param randomness: gives so many random bytes.
    """

    def __init__(
        self,
        mode: Mode | str,
        username: str,
        password: str,
        nonce_key: bytes,
        *,
        realm: str = REALM,
        randomness: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.mode = Mode(mode)
        self.realm = realm
        self._username = username
        self._name = username.encode()
        self._login = b"%b:%b" % (self._name, password.encode())
        self._secret = digest.secret_hash(self._name, realm.encode(), password.encode())
        self._key = nonce_key[:64]
        self._randomness = randomness

    def check(
        self, method: str, target: bytes, authorization: bytes | None, now: float
    ) -> Accepted | Challenge:
        """Whether this request may pass.

        :param target: the request target as it was sent; used where a Digest field names no uri.
        :param now: seconds since the epoch.
        """
        if self.mode is Mode.NONE:
            return Accepted("")
        if not authorization:
            return self._challenge("no credentials", now, attempted=False)
        scheme, rest = (*authorization.split(None, 1), b"", b"")[:2]
        scheme = scheme.lower()
        if scheme != self.mode.encode():
            known = scheme in (b"basic", b"digest")
            given = scheme.decode().capitalize() if known else "something else"
            return self._challenge(f"{given} was sent where {self.mode} is asked for", now)
        if self.mode is Mode.BASIC:
            return self._check_basic(rest, now)
        return self._check_digest(method.encode(), target, digest.parameters(rest), now)

    def nonce(self, now: float) -> bytes:
        """A fresh nonce: letters and digits only."""
        stamp = b"%08x%b" % (int(now), self._randomness(4).hex().encode())
        return stamp + self._mac(stamp)

    def _check_basic(self, encoded: bytes, now: float) -> Accepted | Challenge:
        try:
            login = b64decode(encoded.strip(), validate=False)
        except (Base64Error, ValueError):
            return self._challenge("the Basic login is garbled", now)
        if not hmac.compare_digest(login, self._login):
            return self._challenge(self._whose_fault(login.partition(b":")[0]), now)
        return Accepted(self._username)

    def _check_digest(
        self, method: bytes, target: bytes, fields: dict[bytes, bytes], now: float
    ) -> Accepted | Challenge:
        response = fields.get(b"response", b"").lower()
        nonce = fields.get(b"nonce", b"")
        if not response or not nonce:
            return self._challenge("the Digest login is garbled: it has no response or no nonce", now)
        if fields.get(b"qop", b"auth").lower() not in (b"auth", b""):
            return self._challenge("the Digest login uses a qop that was not offered", now)
        if fields.get(b"algorithm", b"MD5").upper() not in (b"MD5", b"MD5-SESS", b""):
            return self._challenge("the Digest login uses an algorithm that was not offered", now)
        expected = digest.response_for(self._secret, method, fields.get(b"uri") or target, fields)
        name = fields.get(b"username", b"")
        known = hmac.compare_digest(name, self._name)
        if not hmac.compare_digest(response, expected) or not known:
            return self._challenge(self._whose_fault(name), now)
        age = self._age(nonce, now)
        if age is None:
            return self._challenge("the nonce is not from this server", now, stale=True)
        if age > NONCE_LIFETIME or age < -_CLOCK_SKEW:
            return self._challenge("the nonce is too old", now, stale=True)
        return Accepted(self._username)

    def _age(self, nonce: bytes, now: float) -> float | None:
        """Seconds since the nonce was made; None if we did not make it."""
        stamp, mac = nonce[:_STAMP_LENGTH], nonce[_STAMP_LENGTH:]
        if not hmac.compare_digest(mac, self._mac(stamp)):
            return None
        return now - int(stamp[:8], 16)

    def _mac(self, stamp: bytes) -> bytes:
        return blake2b(stamp, key=self._key, digest_size=_MAC_LENGTH // 2).hexdigest().encode()

    def _whose_fault(self, name: bytes) -> str:
        if hmac.compare_digest(name, self._name):
            return "wrong password"
        return f"unknown user name {name[:64].decode('utf-8', 'replace')!r}"

    def _challenge(
        self, reason: str, now: float, *, stale: bool = False, attempted: bool = True
    ) -> Challenge:
        realm = self.realm.encode()
        if self.mode is Mode.BASIC:
            value = b'Basic realm="%b"' % realm
        else:
            value = b'Digest realm="%b", qop="auth", nonce="%b", algorithm=MD5' % (realm, self.nonce(now))
            if stale:
                value += b", stale=true"
        return Challenge(((b"WWW-Authenticate", value),), reason, stale, attempted)
