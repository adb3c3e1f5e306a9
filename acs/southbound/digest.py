"""HTTP Digest and Basic: reading the fields tolerantly, computing responses exactly.

Both sides use this: `credentials` checks what phones send, `wake` answers the challenges of phones. RFC
2617 and RFC 7616, and RFC 2069 where qop is missing.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import md5, sha256
from itertools import pairwise
from typing import NamedTuple

#: `name=value` or `name="value"`; blanks, commas and escaped quotes inside the quotes belong to the value.
#: A name begins where a word does: else a long word would be looked through from each of its letters.
_PARAMETER = re.compile(rb'(?<![\w-])([\w-]+)\s*=\s*(?:"([^"\\]*(?:\\.[^"\\]*)*)"?|([^\s,"]*))', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)

#: A scheme's name: a word that is followed by a blank and a parameter, or that stands alone.
_SCHEME = re.compile(rb"(?<![\w-])([A-Za-z][\w-]*)(?=\s+[\w-]+\s*=|\s*(?:,|$))\s*")

_HASHES = {b"MD5": md5, b"SHA-256": sha256}


def parameters(text: bytes) -> dict[bytes, bytes]:
    """The parameters of a Digest field, names in lower case, in whatever order and spacing they came.

    Of a repeated name the first counts.
    """
    matches = _PARAMETER.findall(text)
    matches.reverse()
    if b"\\" not in text:
        return {name.lower(): quoted or plain for name, quoted, plain in matches}
    return {name.lower(): _ESCAPED.sub(rb"\1", quoted) or plain for name, quoted, plain in matches}


def secret_hash(username: bytes, realm: bytes, password: bytes, algorithm: bytes = b"MD5") -> bytes:
    """H(username:realm:password) in hex: all that a server needs to know of a password.

    :raises KeyError: the algorithm is not known.
    """
    return (
        _HASHES[algorithm.upper().removesuffix(b"-SESS")](b"%b:%b:%b" % (username, realm, password))
        .hexdigest()
        .encode()
    )


def response_for(secret: bytes, method: bytes, uri: bytes, fields: dict[bytes, bytes]) -> bytes:
    """The `response` that belongs to these fields, in hex.

    :param secret: from `secret_hash`, with the algorithm that the fields name.
    :param fields: nonce, and as far as they are there qop, nc, cnonce and algorithm.
    :raises KeyError: the algorithm is not known.
    """
    algorithm = (fields.get(b"algorithm") or b"MD5").upper()
    hashed = _HASHES[algorithm.removesuffix(b"-SESS")]
    nonce = fields.get(b"nonce", b"")
    cnonce = fields.get(b"cnonce", b"")
    if algorithm.endswith(b"-SESS"):
        secret = hashed(b"%b:%b:%b" % (secret, nonce, cnonce)).hexdigest().encode()
    request = hashed(b"%b:%b" % (method, uri)).hexdigest().encode()
    qop = fields.get(b"qop")
    middle = nonce  # RFC 2069
    if qop:
        middle = b"%b:%b:%b:%b" % (nonce, fields.get(b"nc", b""), cnonce, qop)
    return hashed(b"%b:%b:%b" % (secret, middle, request)).hexdigest().encode()


class ServerChallenge(NamedTuple):
    """One challenge of a WWW-Authenticate field."""

    scheme: bytes  # lower case
    fields: dict[bytes, bytes]


def challenges(values: Iterable[bytes]) -> list[ServerChallenge]:
    """All challenges in the WWW-Authenticate fields of one response; several may stand in one field."""
    found = []
    for value in values:
        starts = [match for match in _SCHEME.finditer(value) if _outside_quotes(value, match.start())]
        for match, following in pairwise([*starts, None]):
            assert match is not None
            end = following.start() if following else len(value)
            found.append(ServerChallenge(match[1].lower(), parameters(value[match.end() : end])))
    return found


def _outside_quotes(value: bytes, at: int) -> bool:
    before = value[:at].replace(b"\\\\", b"").replace(b'\\"', b"")
    return before.count(b'"') % 2 == 0 and not before.rstrip().endswith(b"=")


def answer(
    offered: Iterable[ServerChallenge], *, method: str, uri: str, username: str, password: str, cnonce: str
) -> bytes | None:
    """The Authorization field that answers the best of these challenges; None when there is none we can
    answer.

    Digest goes before Basic. Where the challenge has no qop, the answer has no qop, nc and cnonce (quirk 13).

    :param cnonce: fresh random letters and digits.
    """
    offered = list(offered)
    for challenge in offered:
        if challenge.scheme == b"digest":
            field = _digest_answer(challenge.fields, method, uri, username, password, cnonce)
            if field is not None:
                return field
    if any(challenge.scheme == b"basic" for challenge in offered):
        return b"Basic " + b64encode(f"{username}:{password}".encode())
    return None


def _digest_answer(
    challenge: dict[bytes, bytes], method: str, uri: str, username: str, password: str, cnonce: str
) -> bytes | None:
    algorithm = challenge.get(b"algorithm", b"")
    session = algorithm.upper().endswith(b"-SESS")
    if (algorithm or b"MD5").upper().removesuffix(b"-SESS") not in _HASHES:
        return None
    qops = [qop.strip().lower() for qop in challenge.get(b"qop", b"").replace(b" ", b",").split(b",")]
    if any(qops) and b"auth" not in qops:
        return None
    fields = {b"nonce": challenge.get(b"nonce", b""), b"algorithm": algorithm}
    if b"auth" in qops:
        fields.update({b"qop": b"auth", b"nc": b"00000001"})
    if b"auth" in qops or session:
        fields[b"cnonce"] = cnonce.encode()
    realm = challenge.get(b"realm", b"")
    name = username.encode()
    secret = secret_hash(name, realm, password.encode(), algorithm or b"MD5")
    response = response_for(secret, method.encode(), uri.encode(), fields)
    parts = [
        b'username="%b"' % _quoted(name),
        b'realm="%b"' % _quoted(realm),
        b'nonce="%b"' % _quoted(fields[b"nonce"]),
        b'uri="%b"' % _quoted(uri.encode()),
        b'response="%b"' % response,
    ]
    if algorithm:
        parts.append(b"algorithm=%b" % algorithm)
    if b"qop" in fields:
        parts += [b"qop=auth", b"nc=00000001"]
    if b"cnonce" in fields:
        parts.append(b'cnonce="%b"' % fields[b"cnonce"])
    if b"opaque" in challenge:
        parts.append(b'opaque="%b"' % _quoted(challenge[b"opaque"]))
    return b"Digest " + b", ".join(parts)


def _quoted(value: bytes) -> bytes:
    return value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
