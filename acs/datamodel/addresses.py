"""Addresses as phones take them in their configuration: IP addresses, hosts, hosts with a port, URLs.

Verdicts are pairs: what is wrong, what is odd; faults are what is wrong alone. "" is for nothing.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

#: The transports by which a CP860 fetches files (guide, "Provisioning Server").
SCHEMES = ("http", "https", "ftp", "tftp")

_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_LONGEST_NAME = 253
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:(?P<login>[^/?#]*)@)?(?P<host>[^/?#@]*)(?P<rest>.*)", re.S
)
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


def version_of(name: str) -> int:
    """4, or 6 for a key whose name says so: the guide keeps the two apart by name."""
    return 6 if "ipv6" in name else 4


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def ip_verdict(text: str, version: int) -> tuple[str, str]:
    """An address of this version. A space within one, as the guide has it in an example, is odd only."""
    address = _address(text)
    if address is not None and address.version == version and "%" not in text:
        return "", ""
    if address is not None and address.version != version:
        return f"is an IPv{address.version} address, not an IPv{version} one", ""
    if " " in text and not ip_verdict(text.replace(" ", ""), version)[0]:
        return "", "has a space within the address"
    return f"is not an IPv{version} address", ""


def host_fault(text: str) -> str:
    """A domain name (underscores are permitted: names of SRV records have them) or an address."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if _address(bare) is not None and (bare == text or ":" in bare):
        return ""
    labels = text.removesuffix(".").split(".")
    if labels[-1].isdigit() and labels[-1].isascii():
        return "is neither a domain name nor an IP address"
    if len(text) > _LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        return "is neither a domain name nor an IP address"
    return ""


def host_port_fault(text: str) -> str:
    """A host, or a host, a colon and a port; an IPv6 address with a port stands in brackets."""
    if not host_fault(text):
        return ""
    host, colon, port = text.rpartition(":")
    if not colon:
        return host_fault(text)
    if ":" in host and not host.startswith("["):
        return "is neither a domain name nor an IP address"
    return host_fault(host) or _port_fault(port)


def _port_fault(port: str) -> str:
    if port.isascii() and port.isdigit() and len(port) < 6 and 1 <= int(port) <= 65535:
        return ""
    return "has a port that is not from 1 to 65535"


def url_verdict(text: str) -> tuple[str, str]:
    """A URL by one of SCHEMES, without backslashes; spaces and escapes, which it also rules out, are odd."""
    match = _URL.fullmatch(text)
    if match is None:
        return "is not a URL", ""
    if match["scheme"].lower() not in SCHEMES:
        return f"begins with {match['scheme']}://", ""
    if "\\" in text:
        return "has a backslash in it", ""
    fault = host_port_fault(match["host"])
    if fault:
        return (fault if "port" in fault else "names no host that can be"), ""
    if re.search(r"\s", text):
        return "", "has a space in it, which phones do not take in URLs"
    if _ESCAPE.search(match["rest"]):
        return "", "has an escape (%…) in it, which phones do not understand in URLs"
    return "", ""


def canonical_host(text: str) -> str:
    """Lower case, IPv6 in its shortest form; what is no host is only made lower case."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    address = _address(bare)
    return str(address) if address is not None else text.lower().removesuffix(".")


def canonical_host_port(text: str) -> str:
    if not host_fault(text):
        return canonical_host(text)
    host, _, port = text.rpartition(":")
    if host_port_fault(text):
        return text
    plain = canonical_host(host)
    return f"[{plain}]:{int(port)}" if ":" in plain else f"{plain}:{int(port)}"


def canonical_url(text: str) -> str:
    """Scheme and host in lower case, the rest as it is."""
    match = _URL.fullmatch(text)
    if match is None:
        return text
    login = "" if match["login"] is None else f"{match['login']}@"
    return f"{match['scheme'].lower()}://{login}{canonical_host_port(match['host'])}{match['rest']}"
