"""Proxies before the web port: whose word counts on where a request comes from."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network


def read(text: str) -> frozenset[str]:
    """Addresses and networks with commas between. Raises ValueError, which names the one that is none."""
    found = frozenset(part.strip() for part in text.split(",") if part.strip())
    _networks(found)
    return found


@lru_cache
def _networks(texts: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text, strict=False) for text in texts)


def origin(peer: str, forwarded_for: str, proxies: frozenset[str]) -> str:
    """Where a request of `peer` comes from: the last address of X-Forwarded-For that is no known proxy's,
    as long as known proxies tell it."""
    if not proxies or not _is_one(peer, proxies):
        return peer
    for told in reversed([part.strip() for part in forwarded_for.split(",") if part.strip()]):
        try:
            if not _is_one(told, proxies):
                return told
        except ValueError:
            break
    return peer


def _is_one(address: str, proxies: frozenset[str]) -> bool:
    """Whether this is a known proxy's address. Raises ValueError where it is no address."""
    told = ip_address(address)
    return any(told in network for network in _networks(proxies))
