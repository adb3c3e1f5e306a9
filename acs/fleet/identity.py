"""How a device is named: its id in the interfaces, its key in the store, the ids of its tasks.

The id is the contract's `OUI-ProductClass-SerialNumber`. The key is 16 hex digits drawn from the id: short,
safe in a cookie and a URL, and the hash tag that keeps all of one device's Redis keys together. A task's id
begins with its device's key, so that whoever holds a task id knows where to look.
"""

from __future__ import annotations

import re
from hashlib import blake2b

from acs.cwmp.structures import DeviceId

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
_ALL_PLAIN = re.compile(r"[A-Za-z0-9_]*")

#: Hex digits in a device key.
KEY_LENGTH = 16


def _percent_encode(part: str) -> str:
    if _ALL_PLAIN.fullmatch(part):
        return part
    return "".join(
        chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in part.encode("utf-8", "surrogateescape")
    )


def device_id_text(device_id: DeviceId) -> str:
    """`OUI-ProductClass-SerialNumber`, each part percent-encoded outside `[A-Za-z0-9_]`."""
    parts = (device_id.oui, device_id.product_class, device_id.serial_number)
    return "-".join(map(_percent_encode, parts))


def device_key(device_id: str) -> str:
    """The 16 hex digits under which the store keeps the device with this id."""
    return blake2b(device_id.encode(), digest_size=KEY_LENGTH // 2).hexdigest()


def task_id(key: str, randomness: bytes) -> str:
    """The id of a new task for the device with this key; `randomness` is 6 random bytes.

    28 characters, so that it fits into a CommandKey (at most 32).
    """
    return key + randomness.hex()


def device_key_of_task(identifier: str) -> str:
    """The key of the device that the task with this id belongs to."""
    return identifier[:KEY_LENGTH]
