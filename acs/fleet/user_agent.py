"""Who a phone says it is in the User-Agent of its HTTP requests.

`Yealink CP860 37.72.0.5 00:15:65:8a:37:86`, also with a small letter at its head, with two spaces between, or
without the MAC address. Nothing of it is proved.
"""

from __future__ import annotations

import re

from msgspec import Struct

from acs.fleet.attributes import mac_from

_YEALINK = re.compile(
    r"\s*yealink\s+(?P<model>[A-Za-z0-9][\w.-]{0,63})(?:\s+(?P<version>\d+(?:\.\d+)+))?", re.IGNORECASE
)
#: What is looked at of a field; a phone's own has some 50 characters.
_LONGEST = 256


class PhoneAgent(Struct, frozen=True):
    """Each is "" where it is not told; `mac` as 12 small hex digits."""

    model: str = ""
    version: str = ""
    mac: str = ""


def read(text: str) -> PhoneAgent:
    """What the field says; of other makers' phones only the MAC address is looked for."""
    text = text[:_LONGEST]
    mac = mac_from("", text, ())
    found = _YEALINK.match(text)
    if found is None:
        return PhoneAgent(mac=mac)
    return PhoneAgent(found["model"], found["version"] or "", mac)
