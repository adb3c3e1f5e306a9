"""Ids of devices: GenieACS's and ours are the same but for phones without a product class.

Theirs is then `OUI-SerialNumber`, ours `OUI--SerialNumber`. Parts are percent-encoded alike, so that each
dash separates.
"""

from __future__ import annotations


def theirs(device_id: str) -> str:
    """The id of a phone of ours as this interface writes it."""
    oui, _, rest = device_id.partition("-")
    return f"{oui}{rest}" if rest.startswith("-") else device_id


def ours(device_id: str) -> str:
    """The id that a client of this interface means."""
    oui, _, serial = device_id.partition("-")
    return f"{oui}--{serial}" if device_id.count("-") == 1 else device_id
