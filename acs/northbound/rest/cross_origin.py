"""Scripts of other sites (CORS): refused unless their site is named in the settings.

Those that are take tokens, never the cookie of a session: credentials are not allowed across sites.
"""

from __future__ import annotations

from twisted.web.server import Request

from acs.northbound.web import Web

#: What such scripts may send, and see of an answer.
_SENT = (
    "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, Last-Event-ID, X-Request-Id, "
    "Accept, Range"
)
_SEEN = "ETag, Location, Retry-After, X-Request-Id, Idempotency-Replayed"
_METHODS = "GET, POST, PUT, PATCH, DELETE"

#: Seconds for which a browser need not ask again.
_LIFE = 600


def allow(web: Web, request: Request) -> bool:
    """Say in the answer that this origin may read it; True where the request only asks for leave."""
    origin = (request.getHeader(b"origin") or b"").decode("latin-1")
    if not web.origins:
        return False
    request.responseHeaders.addRawHeader("Vary", "Origin")
    if origin not in web.origins:
        return False
    request.responseHeaders.setRawHeaders("Access-Control-Allow-Origin", [origin])
    request.responseHeaders.setRawHeaders("Access-Control-Expose-Headers", [_SEEN])
    if request.method != b"OPTIONS" or not request.requestHeaders.hasHeader("Access-Control-Request-Method"):
        return False
    for name, value in (
        ("Access-Control-Allow-Methods", _METHODS),
        ("Access-Control-Allow-Headers", _SENT),
        ("Access-Control-Max-Age", str(_LIFE)),
    ):
        request.responseHeaders.setRawHeaders(name, [value])
    return True
