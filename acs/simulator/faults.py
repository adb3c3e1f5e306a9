"""What can be made to go wrong on demand: `--fault NAME` for every phone, `--fault NAME=0.1` for a tenth of
them.

Which phones a rate meets is drawn from the seed, the fault and the serial number, so that the same command
breaks the same phones again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b

from msgspec import Struct

#: fault to one line for `--list-faults`; NNNN stands for a CWMP fault code
FAULTS = {
    "download-fails": "each download ends with fault 9010; download-fails-NNNN for another code",
    "upload-fails": "each upload ends with fault 9011; upload-fails-NNNN for another code",
    "bad-image": "firmware images are found corrupt after their download (9018)",
    "old-version-after-boot": "an upgrade reports success, but the old version comes back",
    "never-back": "the phone does not come back from its first reboot",
    "no-transfer-complete": "transfers are done and never reported",
    "forgets-downloads": "downloads are accepted and never begun",
    "goes-offline": "the phone is switched off for good after its second session",
    "no-answer": "requests of the ACS are never answered",
    "drop-connection": "the connection breaks at each request of the ACS",
    "slow-answers": "each answer takes five seconds",
    "fault-NNNN": "each request of the ACS is answered with this fault, such as fault-9002",
    "busy-line": "a call is up all the time: CallState InCall; reboots and downloads are denied (9001)",
    "busy-line-SECONDS": "the same for so long from the start on, such as busy-line-30",
    "never-registers": "configured lines stay in Status Error",
}

_WITH_CODE = re.compile(r"(download-fails|upload-fails|fault)-(9\d{3})")
_WITH_SECONDS = re.compile(r"busy-line-(\d{1,6})")

#: what stands for others in the list, and is no fault itself
_PATTERNS = frozenset({"fault-NNNN", "busy-line-SECONDS"})


class UnknownFault(ValueError):
    """No such fault, or no such rate; the message lists what there is."""


class FaultWish(Struct, frozen=True):
    """One `--fault`; `rate` is the share of phones, 0 to 1."""

    name: str
    rate: float = 1.0


def parse(text: str) -> FaultWish:
    """`NAME` or `NAME=RATE`, the rate as 0.1 or 10%."""
    name, equals, rate_text = text.partition("=")
    one_of_many = _WITH_CODE.fullmatch(name) or _WITH_SECONDS.fullmatch(name)
    if (name not in FAULTS or name in _PATTERNS) and not one_of_many:
        raise UnknownFault(f"no fault {name!r}; there are {', '.join(FAULTS)}")
    return FaultWish(name, _rate(rate_text) if equals else 1.0)


def _rate(text: str) -> float:
    percent = text.endswith("%")
    try:
        rate = float(text.rstrip("%")) / (100 if percent else 1)
    except ValueError:
        rate = -1
    if not 0 <= rate <= 1:
        raise UnknownFault(f"{text!r} is no share of phones: 0 to 1, or 0% to 100%")
    return rate


class Faults(Struct, frozen=True):
    """What is wrong with one phone."""

    names: frozenset[str] = frozenset()

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def code(self, name: str) -> int:
        """The fault code of a fault that takes one: 0 when this phone has not got it."""
        default = {"download-fails": 9010, "upload-fails": 9011}.get(name, 0)
        for present in self.names:
            if present == name:
                return default
            match = _WITH_CODE.fullmatch(present)
            if match and match[1] == name:
                return int(match[2])
        return 0

    @property
    def call_seconds(self) -> float:
        """For how long a call is up from the start on: 0 for none, endless for one that never ends."""
        if "busy-line" in self.names:
            return float("inf")
        matches = (_WITH_SECONDS.fullmatch(name) for name in self.names)
        return max((float(match[1]) for match in matches if match), default=0.0)


def drawn_for(wishes: Iterable[FaultWish], serial: str, seed: str) -> Faults:
    """The faults of the phone with this serial number."""
    return Faults(frozenset(wish.name for wish in wishes if _lot(wish.name, serial, seed) < wish.rate))


def _lot(name: str, serial: str, seed: str) -> float:
    digest = blake2b(f"{seed}\0{name}\0{serial}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
