"""What is known of a phone by name, for templates: a few facts of its own, the rest from the operator's list.

A MAC address is kept as 12 hex digits in lower case, without separators: `0015651a2b3c`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from acs.fleet.device import Device, OperatorNotes

#: Attributes that every phone has by itself; no list may set them.
OWN = ("mac", "serial_number", "model", "oui", "ip", "id")

#: The attribute that holds a phone's extension, where the operator's list has one.
EXTENSION = "extension"

_MAC = re.compile(
    r"[0-9A-Fa-f]{12}|[0-9A-Fa-f]{2}(?:[:.\-_ ][0-9A-Fa-f]{2}){5}|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}"
)
_MAC_WITHIN = re.compile(
    r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{12})(?![0-9A-Fa-f])"
)
_SEPARATORS = re.compile(r"[:.\-_ ]")


def read_mac(text: str) -> str:
    """A MAC address written in any usual way, as 12 hex digits; "" where the text is none."""
    text = text.strip()
    return _SEPARATORS.sub("", text).lower() if _MAC.fullmatch(text) else ""


def mac_from(serial_number: str, user_agent: str, parameters: Iterable[tuple[str, str]]) -> str:
    """The MAC address a phone tells as its serial number, in a parameter or its User-Agent; "" for none."""
    found = read_mac(serial_number)
    if found:
        return found
    for name, value in parameters:
        if name.endswith(".MACAddress") and read_mac(value):
            return read_mac(value)
    within = _MAC_WITHIN.search(user_agent)
    return read_mac(within[0]) if within else ""


def mac_of(device: Device) -> str:
    """The device's MAC address as far as it told one; "" for none."""
    told = ((name, value) for name, (value, _) in device.inform_parameters.items())
    return mac_from(device.serial_number, device.user_agent, told)


def attributes_of(device: Device, notes: OperatorNotes) -> dict[str, str]:
    """All attributes of a known phone; its own facts cannot be overridden."""
    return {
        **notes.attributes,
        "mac": mac_of(device),
        "serial_number": device.serial_number,
        "model": device.product_class,
        "oui": device.oui,
        "ip": device.ip,
        "id": device.id,
    }


def awaited_attributes(mac: str, attributes: Mapping[str, str]) -> dict[str, str]:
    """All attributes of a phone that has not been seen yet."""
    return {**attributes, "mac": mac}
