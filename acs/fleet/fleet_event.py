"""One thing that happened in the fleet, as rules, webhooks and `GET /api/v1/events` tell it.

An event's id is drawn from what it says, so that whoever decides the same thing twice makes the same event:
the store keeps it once, and a webhook is called once.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import blake2b
from typing import Any

from msgspec import Struct


class Kind(StrEnum):
    """Kinds of events that the server itself makes; others begin with one of `FAMILIES`."""

    DEVICE_NEW = "device_new"
    DEVICE_LATE = "device_late"
    DEVICE_OFFLINE = "device_offline"
    DEVICE_BACK = "device_back"
    FLAPPING = "flapping"
    SITE_OFFLINE = "site_offline"
    SITE_BACK = "site_back"
    REBOOT_UNASKED = "reboot_unasked"
    IP_CHANGED = "ip_changed"
    FIRMWARE_CHANGED = "firmware_changed"
    REGISTRATION_LOST = "registration_lost"
    REGISTERED = "registered"
    FAULT_REPEATED = "fault_repeated"


#: What other kinds begin with.
FAMILIES = ("rollout_", "schedule_", "config_", "wake_", "action_url_")


class FleetEvent(Struct, frozen=True, array_like=True):
    """`device` is "" where no single phone is meant; `text` is a sentence for people, `data` its facts."""

    id: str
    #: seconds since the epoch
    at: float
    kind: str
    device: str
    text: str
    data: dict[str, Any] = {}


def event(
    kind: str,
    at: float,
    text: str,
    data: dict[str, Any] | None = None,
    *,
    device: str = "",
    occasion: str = "",
) -> FleetEvent:
    """`occasion` tells two events of this kind apart, where time and text do not."""
    said = f"{kind}\n{device}\n{occasion or f'{at:.3f} {text}'}"
    name = blake2b(said.encode(), digest_size=8).hexdigest()
    return FleetEvent(name, at, str(kind), device, text, data or {})


def is_kind(text: str) -> bool:
    """Whether there may be events of this kind."""
    return text in Kind.__members__.values() or any(
        text.startswith(family) and text.replace("_", "").isalnum() and text != family for family in FAMILIES
    )
