"""What is set for all of the web port: addresses, proxies, limits, other sites, the OpenID provider."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from twisted.web.server import Request

from acs.northbound.proxies import origin
from acs.operations.provider import Provider


class Web(Struct, frozen=True, kw_only=True):
    """`url` is where browsers reach this server, "" for where they say they do."""

    url: str = ""
    #: addresses of proxies that are believed, or networks of them
    proxies: frozenset[str] = frozenset()
    #: other sites whose scripts may call REST
    origins: frozenset[str] = frozenset()
    #: calls a minute of one actor, 0 for no limit
    rate_limit: int = 0
    provider: Provider | None = None

    def base(self, request: Request) -> str:
        """The address by which this browser reaches this server."""
        if self.url:
            return self.url.rstrip("/")
        host = (request.getHeader(b"host") or b"localhost").decode("latin-1")
        asked: Any = request  # twisted.web is not typed throughout
        return f"{'https' if asked.isSecure() else 'http'}://{host}"

    def secure(self, request: Request) -> bool:
        """Whether the browser's way here is by TLS."""
        return self.base(request).startswith("https://")

    def address(self, request: Request) -> str:
        """Where the request comes from: of one that came by a known proxy, what the proxy says."""
        asked: Any = request
        peer = str(getattr(asked.getClientAddress(), "host", ""))
        told = request.requestHeaders.getRawHeaders(b"x-forwarded-for") or ()
        return origin(peer, ",".join(raw.decode("latin-1") for raw in told), self.proxies)
