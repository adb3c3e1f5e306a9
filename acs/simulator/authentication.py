"""HTTP authentication by a phone: answering Basic and Digest challenges, and asking for Digest itself.

RFC 7616 with MD5 and SHA-256, and RFC 2069 (no qop), which some CPEs still speak.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from hashlib import md5, sha256
from hmac import compare_digest

from msgspec import Struct

_PARAMETER = re.compile(r'(\w[\w-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_HASHES = {"MD5": md5, "SHA-256": sha256}


class Challenge(Struct, frozen=True):
    """One WWW-Authenticate challenge; `scheme` is "basic" or "digest"."""

    scheme: str
    realm: str = ""
    nonce: str = ""
    opaque: str = ""
    qop: str = ""
    algorithm: str = "MD5"


def parameters(header: str) -> dict[str, str]:
    """The `name=value` pairs after the scheme of an authentication header, names in lower case."""
    found = _PARAMETER.finditer(header.partition(" ")[2])
    return {match[1].lower(): match[2] if match[2] is not None else match[3] for match in found}


def read_challenge(headers: Iterable[str], *, basic_only: bool = False) -> Challenge | None:
    """The challenge to answer: Digest before Basic, a hash this phone knows; None when there is none."""
    basic = None
    for header in headers:
        given = parameters(header)
        match header.partition(" ")[0].lower():
            case "basic":
                basic = Challenge("basic", given.get("realm", ""))
            case "digest" if not basic_only and given.get("algorithm", "MD5").upper() in _HASHES:
                return Challenge(
                    "digest",
                    given.get("realm", ""),
                    given.get("nonce", ""),
                    given.get("opaque", ""),
                    "auth" if "auth" in re.split(r"[\s,]+", given.get("qop", "")) else "",
                    given.get("algorithm", "MD5").upper(),
                )
    return basic


def _hash(algorithm: str, *parts: str) -> str:
    return _HASHES[algorithm](":".join(parts).encode()).hexdigest()


def digest_response(
    challenge: Challenge,
    username: str,
    password: str,
    method: str,
    uri: str,
    count: str = "",
    cnonce: str = "",
) -> str:
    """The `response` of a Digest answer; by RFC 2069 when `count` is empty."""
    algorithm = challenge.algorithm
    secret = _hash(algorithm, username, challenge.realm, password)
    what = _hash(algorithm, method, uri)
    if not count:
        return _hash(algorithm, secret, challenge.nonce, what)
    return _hash(algorithm, secret, challenge.nonce, count, cnonce, "auth", what)


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


class Login:
    """Answers one server's challenges. It keeps the last challenge and answers it in advance, counting up.

    `style` is a persona's: "full", "no-qop", "no-count" or "no-opaque".
    """

    __slots__ = ("_challenge", "_count", "basic_only", "password", "style", "username")

    def __init__(
        self, username: str, password: str, style: str = "full", *, basic_only: bool = False
    ) -> None:
        self.username = username
        self.password = password
        self.style = style
        self.basic_only = basic_only
        self._challenge: Challenge | None = None
        self._count = 0

    def challenged(self, headers: Iterable[str]) -> bool:
        """Take a 401's challenge; False when there is none that can be answered."""
        self._challenge = read_challenge(headers, basic_only=self.basic_only)
        self._count = 0
        return self._challenge is not None and bool(self.username)

    def header(self, method: str, uri: str, cnonce: str) -> str:
        """The Authorization header for a request; "" while nobody has asked for one."""
        challenge = self._challenge
        if challenge is None:
            return ""
        if challenge.scheme == "basic":
            return basic(self.username, self.password)
        self._count += 1
        count = f"{1 if self.style == 'no-count' else self._count:08x}"
        with_qop = challenge.qop == "auth" and self.style != "no-qop"
        response = digest_response(
            challenge, self.username, self.password, method, uri, count if with_qop else "", cnonce
        )
        parts = [
            f'username="{self.username}", realm="{challenge.realm}", nonce="{challenge.nonce}", uri="{uri}"',
            f'response="{response}", algorithm={challenge.algorithm}',
        ]
        if with_qop:
            parts.append(f'qop=auth, nc={count}, cnonce="{cnonce}"')
        if challenge.opaque and self.style != "no-opaque":
            parts.append(f'opaque="{challenge.opaque}"')
        return "Digest " + ", ".join(parts)


def ask(challenge: Challenge) -> str:
    """The WWW-Authenticate header that asks for this Digest."""
    qop = ', qop="auth"' if challenge.qop else ""
    return f'Digest realm="{challenge.realm}", nonce="{challenge.nonce}", algorithm=MD5{qop}'


def answers(header: str, challenge: Challenge, username: str, password: str, method: str) -> bool:
    """Whether an Authorization header answers the challenge for this user."""
    given = parameters(header)
    if not header.lower().startswith("digest ") or given.get("username") != username:
        return False
    count = given.get("nc", "") if given.get("qop") else ""
    asked = Challenge("digest", challenge.realm, given.get("nonce", ""))
    uri, cnonce = given.get("uri", ""), given.get("cnonce", "")
    expected = digest_response(asked, username, password, method, uri, count, cnonce)
    return compare_digest(expected.encode(), given.get("response", "").encode())
