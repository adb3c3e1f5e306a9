"""STUN messages, read and written: RFC 3489, which TR-069 Annex G builds on, and RFC 5389 after it.

The two differ in what counts here as follows. RFC 5389 puts a magic cookie where the transaction id of RFC
3489 begins; who sends it understands XOR-MAPPED-ADDRESS. RFC 5389 pads attribute values to four bytes, RFC
3489 has only values of such lengths. MESSAGE-INTEGRITY is the HMAC-SHA1 over all that stands before it, which
RFC 3489 pads with zeros to a multiple of 64 bytes, and RFC 5389 does not.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Sequence
from hashlib import sha1
from ipaddress import IPv4Address, IPv6Address, ip_address

from msgspec import Struct

BINDING_REQUEST, BINDING_RESPONSE, BINDING_ERROR = 0x0001, 0x0101, 0x0111

MAPPED_ADDRESS = 0x0001
RESPONSE_ADDRESS = 0x0002
CHANGE_REQUEST = 0x0003
USERNAME = 0x0006
MESSAGE_INTEGRITY = 0x0008
ERROR_CODE = 0x0009
UNKNOWN_ATTRIBUTES = 0x000A
XOR_MAPPED_ADDRESS = 0x0020
FINGERPRINT = 0x8028
#: Of TR-111, now Annex G of TR-069: this binding takes connection requests, and it is another than before.
CONNECTION_REQUEST_BINDING = 0xC001
BINDING_CHANGE = 0xC002

COOKIE = 0x2112A442
HEADER_SIZE = 20

#: Attributes below this must be understood by who receives them.
_OPTIONAL_FROM = 0x8000
_UNDERSTOOD = frozenset(
    (MAPPED_ADDRESS, RESPONSE_ADDRESS, CHANGE_REQUEST, USERNAME, MESSAGE_INTEGRITY, XOR_MAPPED_ADDRESS)
)
#: Attributes a request may have: Annex G needs five.
_MOST_ATTRIBUTES = 32
_INTEGRITY_SIZE = 24

Address = tuple[str, int]


class Malformed(ValueError):
    """No STUN message."""


class Message(Struct, frozen=True):
    """What came: the attributes in order, each type with its value, but none behind MESSAGE-INTEGRITY."""

    type: int
    #: as RFC 3489 has it: 16 bytes, the cookie included
    transaction: bytes
    attributes: tuple[tuple[int, bytes], ...]
    #: all before MESSAGE-INTEGRITY, with the length that counts it; None without it
    signed: bytes | None = None

    @property
    def modern(self) -> bool:
        """Its sender knows RFC 5389."""
        return self.transaction[:4] == COOKIE.to_bytes(4, "big")

    def get(self, kind: int) -> bytes | None:
        return next((value for known, value in self.attributes if known == kind), None)

    @property
    def not_understood(self) -> tuple[int, ...]:
        """The attributes that must be understood, and are not."""
        return tuple(kind for kind, _ in self.attributes if kind < _OPTIONAL_FROM and kind not in _UNDERSTOOD)

    def signed_with(self, password: str) -> bool:
        """Whether its MESSAGE-INTEGRITY is right, in the sense of either RFC."""
        value = self.get(MESSAGE_INTEGRITY)
        if value is None or self.signed is None:
            return False
        return any(
            hmac.compare_digest(value, _hmac(password, text)) for text in (self.signed, _padded(self.signed))
        )


def read(datagram: bytes) -> Message:
    """The message in a datagram. Raises Malformed."""
    if len(datagram) < HEADER_SIZE or datagram[0] & 0xC0:
        raise Malformed("it has no header")
    kind, length = struct.unpack_from("!HH", datagram)
    if length != len(datagram) - HEADER_SIZE:
        raise Malformed("its length is another than it says")
    attributes: list[tuple[int, bytes]] = []
    signed = None
    place = HEADER_SIZE
    while place < len(datagram):
        if place + 4 > len(datagram) or len(attributes) >= _MOST_ATTRIBUTES:
            raise Malformed("its attributes do not end where it does")
        attribute, size = struct.unpack_from("!HH", datagram, place)
        end = place + 4 + size
        if end > len(datagram):
            raise Malformed("an attribute goes beyond its end")
        attributes.append((attribute, datagram[place + 4 : end]))
        if attribute == MESSAGE_INTEGRITY:
            # what stands behind it is not protected; the length in what is signed ends here
            counted = struct.pack("!H", place + _INTEGRITY_SIZE - HEADER_SIZE)
            signed = datagram[:2] + counted + datagram[4:place]
            break
        place = end + -size % 4
    return Message(kind, datagram[4:HEADER_SIZE], tuple(attributes), signed)


def write(
    kind: int, transaction: bytes, attributes: Sequence[tuple[int, bytes]], *, password: str | None = None
) -> bytes:
    """A message with these attributes; with a password it is signed as its transaction's RFC has it."""
    body = b"".join(
        struct.pack("!HH", attribute, len(value)) + value + bytes(-len(value) % 4)
        for attribute, value in attributes
    )
    if password is None:
        return struct.pack("!HH", kind, len(body)) + transaction + body
    text = struct.pack("!HH", kind, len(body) + _INTEGRITY_SIZE) + transaction + body
    modern = transaction[:4] == COOKIE.to_bytes(4, "big")
    digest = _hmac(password, text if modern else _padded(text))
    return text + struct.pack("!HH", MESSAGE_INTEGRITY, len(digest)) + digest


def read_address(value: bytes) -> Address:
    """An address attribute's value. Raises Malformed."""
    if len(value) == 8 and value[1] == 1:
        host: IPv4Address | IPv6Address = IPv4Address(value[4:])
    elif len(value) == 20 and value[1] == 2:
        host = IPv6Address(value[4:])
    else:
        raise Malformed("an address of no known kind")
    return str(host), int.from_bytes(value[2:4], "big")


def written(address: Address) -> str:
    """The address as text, `192.0.2.7:3478` or `[2001:db8::7]:3478`."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def address_value(address: Address) -> bytes:
    host = ip_address(address[0])
    return struct.pack("!BBH", 0, 1 if host.version == 4 else 2, address[1]) + host.packed


def xor_address_value(address: Address, transaction: bytes) -> bytes:
    """The address as XOR-MAPPED-ADDRESS has it, so that no gateway thinks it should be translated."""
    plain = address_value(address)
    mask = transaction[:2] + transaction
    return plain[:2] + bytes(one ^ other for one, other in zip(plain[2:], mask, strict=False))


def error_value(code: int, reason: str) -> bytes:
    """An ERROR-CODE; RFC 3489 wants its reason padded with blanks."""
    text = reason.encode()
    return struct.pack("!HBB", 0, code // 100, code % 100) + text + b" " * (-len(text) % 4)


def _padded(text: bytes) -> bytes:
    return text + bytes(-len(text) % 64)


def _hmac(password: str, text: bytes) -> bytes:
    return hmac.digest(password.encode(), text, sha1)
