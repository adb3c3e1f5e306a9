"""Who the phones of a swarm are: MAC addresses counted upwards, and what follows from one."""

from __future__ import annotations

import re

from msgspec import Struct


class Identity(Struct, frozen=True):
    """One phone. `mac` is 12 lower-case hex digits; it is the serial number as well."""

    mac: str
    index: int

    @property
    def serial(self) -> str:
        return self.mac

    @property
    def mac_with_colons(self) -> str:
        return ":".join(self.mac[i : i + 2] for i in range(0, 12, 2))

    @property
    def ip(self) -> str:
        """An address of its own in 10.72.0.0/16 and the networks after it."""
        number = self.index + 10
        return f"10.{72 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


class WrongMac(ValueError):
    """Not a MAC address; the message says what one looks like."""


def parse_mac(text: str) -> int:
    """A MAC address as a number; colons, dashes and dots may separate its digits."""
    digits = re.sub(r"[:.\-]", "", text.strip())
    if not re.fullmatch(r"[0-9A-Fa-f]{12}", digits):
        raise WrongMac(f"{text!r} is no MAC address: 12 hex digits such as 0015658a3786")
    return int(digits, 16)


def identities(first_mac: str, count: int) -> list[Identity]:
    """`count` phones, their MAC addresses counted up from the first."""
    first = parse_mac(first_mac)
    if first + count > 1 << 48:
        raise WrongMac(f"there are no {count} MAC addresses from {first_mac} on")
    return [Identity(f"{first + index:012x}", index) for index in range(count)]
