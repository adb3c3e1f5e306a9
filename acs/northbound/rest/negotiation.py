"""Which of the content types that an answer may have the caller wants: `Accept` of RFC 9110."""

from __future__ import annotations

from twisted.web.server import Request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header


def accepted(request: Request) -> MIMEAccept:
    """What the caller takes, each with its weight; everything where it says nothing."""
    said = [raw.decode("latin-1") for raw in request.requestHeaders.getRawHeaders(b"accept") or ()]
    return parse_accept_header(",".join(said).strip(", ") or "*/*", MIMEAccept)


def prefers(request: Request, kind: str, *, to: str) -> bool:
    """Whether this content type is named and rated above the other, or as high and before it.

    A caller that takes anything gets the other one.
    """
    rated = [(name.partition(";")[0].strip().lower(), weight) for name, weight in accepted(request)]
    named = {name: (weight, -place) for place, (name, weight) in reversed(list(enumerate(rated)))}
    if kind not in named or not named[kind][0]:
        return False
    return to not in named or named[kind] > named[to]
