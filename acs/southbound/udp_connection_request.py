"""Connection requests by UDP (TR-069 Annex G): a signed datagram shaped as an HTTP GET, never answered."""

from __future__ import annotations

import hmac
from hashlib import sha1
from ipaddress import IPv4Address, ip_address
from urllib.parse import urlencode, urlsplit

from acs.southbound.stun_messages import Address

#: The port of an address that names none.
DEFAULT_PORT = 80


class MalformedAddress(ValueError):
    """One line that says what is wrong with a UDPConnectionRequestAddress."""


def parse_address(text: str) -> Address:
    """What a UDPConnectionRequestAddress says: host and port of a binding (quirk 15).

    :raises MalformedAddress: it leads nowhere a phone could be.
    """

    def malformed(why: str) -> MalformedAddress:
        return MalformedAddress(f"UDPConnectionRequestAddress {text[:256]!r} {why}")

    try:
        parts = urlsplit(f"//{text.strip()}")
        host, port = parts.hostname, parts.port
        if not host or parts.path or parts.query or parts.username is not None:
            raise malformed("is no host:port")
        address = ip_address(host)
    except MalformedAddress:
        raise
    except ValueError as error:
        raise malformed(f"is no IP address with a port: {error}") from None
    if port == 0:
        raise malformed("names port 0")
    broadcast = isinstance(address, IPv4Address) and address == IPv4Address("255.255.255.255")
    if address.is_multicast or address.is_unspecified or broadcast:
        raise malformed("can be no phone's")
    return str(address), port or DEFAULT_PORT


def datagram(
    address: Address, username: str, password: str, *, now: float, request_id: int, cnonce: str
) -> bytes:
    """The request. Its copies are the very same bytes: the phone tells them from another request by that."""
    ts, number = str(int(now)), str(request_id)
    signed = hmac.new(password.encode(), f"{ts}{number}{username}{cnonce}".encode(), sha1).hexdigest()
    query = urlencode({"ts": ts, "id": number, "un": username, "cn": cnonce, "sig": signed.upper()})
    host, port = address
    host = f"[{host}]" if ":" in host else host
    authority = host if port == DEFAULT_PORT else f"{host}:{port}"
    return f"GET http://{authority}?{query} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode("ascii")
