"""Which phones stand behind NAT: their own word for it, or an address that is not the one they call from."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from acs.fleet.device import Device


def behind_nat(device: Device) -> bool:
    """Whether a connection request to its ConnectionRequestURL is likely to go astray.

    A phone whose URL has a host name tells nothing about its address; neither does one that is reached over
    IPv4 and calls over IPv6. Behind a proxy that hides the phones' addresses, all of them look translated.
    """
    return device.nat_detected or _translated(device.connection_request_url, device.ip)


@lru_cache(maxsize=1 << 16)
def _translated(url: str, peer: str) -> bool:
    """Kept, because it is asked twice in each session, and costs a twelfth of the smallest."""
    if not url or not peer or f"//{peer}:" in url or f"//[{peer}]" in url:
        return False
    try:
        own, seen = ip_address(urlsplit(url.strip()).hostname or ""), ip_address(peer)
    except ValueError:
        return False
    return own.version == seen.version and own != seen and not own.is_unspecified
