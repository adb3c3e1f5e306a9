"""Which of the content types that an answer may have the caller wants, and how its body may be encoded.

`Accept` and `Content-Encoding` of RFC 9110. Parameters of content types are not looked at, nor is the content
type of a JSON body: whatever a client calls it, it is read as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable

from twisted.web.server import Request
from werkzeug.http import parse_accept_header

from acs.northbound.rest.problems import NotAcceptable, UnsupportedEncoding


def check_accept(request: Request, kinds: Iterable[str]) -> None:
    """Raises NotAcceptable where the caller takes none of these."""
    offered = [_plain(kind) for kind in kinds]
    said = _said(request)
    if said and not any(_rating(said, kind) for kind in offered):
        raise NotAcceptable(f"This is answered as {' or '.join(offered)}, which Accept leaves out.")


def check_encoding(request: Request) -> None:
    """Raises UnsupportedEncoding for a body that is compressed."""
    said = (request.getHeader(b"content-encoding") or b"").decode("latin-1").strip()
    if said.lower() not in ("", "identity"):
        raise UnsupportedEncoding(f"Content-Encoding {said!r} is not read; send the body as it is.")


def prefers(request: Request, kind: str, *, to: str) -> bool:
    """Whether this content type is named and rated above the other, or as high and before it.

    A caller that takes anything gets the other one.
    """
    named: dict[str, tuple[float, int]] = {}
    for place, (name, weight) in enumerate(_said(request)):
        named.setdefault(name, (weight, -place))
    if kind not in named or not named[kind][0]:
        return False
    return to not in named or named[kind] > named[to]


def _said(request: Request) -> list[tuple[str, float]]:
    """What the caller takes, each with its weight; empty where it says nothing."""
    lines = [raw.decode("latin-1") for raw in request.requestHeaders.getRawHeaders(b"accept") or ()]
    return [(_plain(name), weight) for name, weight in parse_accept_header(",".join(lines).strip(", "))]


def _rating(said: list[tuple[str, float]], kind: str) -> float:
    """The weight of a content type: what is said of it, else of its family, else of everything."""
    for pattern in (kind, f"{kind.partition('/')[0]}/*", "*/*"):
        weights = [weight for name, weight in said if name == pattern]
        if weights:
            return max(weights)
    return 0


def _plain(kind: str) -> str:
    return kind.partition(";")[0].strip().lower()
