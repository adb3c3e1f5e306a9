"""The URL by which a phone fetches or sends a task's file: short, and good for that task and time only.

    {base}/d/{task id}-{expiry}-{mac}/{file name}        u in place of d for uploads

The expiry is in hexadecimal seconds since the epoch; the MAC is HMAC-SHA256 over purpose, task, expiry and
file name, cut to 128 bits, in base32. A task id names its device, so the link is bound to device, file and
time. All characters are letters, digits, `.`, `_` and `-`: nothing for a phone to escape wrongly.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32encode
from typing import Literal

from msgspec import Struct

#: The longest URL that Download and Upload take (cwmp-1-0.xsd).
MAX_URL = 256

Purpose = Literal["d", "u"]

_MAC_BYTES = 16
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_EXTENSION = 12
_PARTS = re.compile(
    r"(?:^|/)(?P<purpose>[du])/(?P<task>[0-9A-Za-z]{1,32})-(?P<expiry>[0-9a-f]{1,12})-(?P<mac>[a-z2-7]{26})"
    r"(?:/(?P<name>[A-Za-z0-9._-]*))?$"
)


class Grant(Struct, frozen=True):
    """This path is one of ours and still good."""

    task_id: str
    purpose: Purpose
    expires_at: float
    #: as it stands in the link: shortened, or empty
    file_name: str


class Refusal(Struct, frozen=True):
    """`malformed`: no link of ours at all; `forged`: altered or made up; `expired`: ours, and too late."""

    reason: Literal["expired", "forged", "malformed"]


def make(
    secret: bytes, *, base_url: str, task_id: str, purpose: Purpose, expires_at: float, file_name: str
) -> str:
    """The link; at most 256 characters. A name that does not fit is shortened before its extension, or left
    out. Raises ValueError when `base_url` leaves no room even so."""
    base = base_url.rstrip("/")
    expiry = int(expires_at)
    room = MAX_URL - len(f"{base}/{purpose}/{task_id}-{expiry:x}-") - 26 - 1
    if room < -1:
        raise ValueError(f"the file server's URL {base_url!r} is too long for a link of {MAX_URL} characters")
    name = _fitting(file_name, room)
    link = f"{base}/{purpose}/{task_id}-{expiry:x}-{_mac(secret, purpose, task_id, expiry, name)}"
    return f"{link}/{name}" if name else link


def is_link(path: str) -> bool:
    """Whether the path has the form of a link, good or not."""
    return _PARTS.search(path) is not None


def check(secret: bytes, path: str, now: float) -> Grant | Refusal:
    """What a request for this path may do. `path` is the URL's path without its query."""
    found = _PARTS.search(path)
    if found is None:
        return Refusal("malformed")
    purpose: Purpose = "d" if found["purpose"] == "d" else "u"
    expiry, name = int(found["expiry"], 16), found["name"] or ""
    expected = _mac(secret, purpose, found["task"], expiry, name)
    if not hmac.compare_digest(expected, found["mac"]):
        return Refusal("forged")
    if now > expiry:
        return Refusal("expired")
    return Grant(found["task"], purpose, float(expiry), name)


def _mac(secret: bytes, purpose: str, task_id: str, expiry: int, name: str) -> str:
    text = f"{purpose}\n{task_id}\n{expiry:x}\n{name}".encode()
    digest = hmac.new(secret, text, hashlib.sha256).digest()[:_MAC_BYTES]
    return b32encode(digest).decode().rstrip("=").lower()


def _fitting(file_name: str, room: int) -> str:
    """The name in safe characters and in at most `room` of them, keeping its extension if it can."""
    name = _UNSAFE.sub("_", file_name.rpartition("/")[2]).strip(".")
    if len(name) <= room:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > _LONGEST_EXTENSION:
        stem, extension = name, ""
    left = room - len(dot + extension if extension else "")
    if left < 1:
        return ""
    return stem[:left] + (dot + extension if extension else "")
