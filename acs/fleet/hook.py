"""What operators have done when something happens: rules, webhooks, and calls of them that are on their way.

A webhook is called with a POST of JSON. `X-ACS-Signature: t=SECONDS,v1=HEX` proves who sent it and when: HEX
is the HMAC-SHA256, with the secret of the webhook, of SECONDS, a dot and the body as it was sent.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from msgspec import Struct

from acs.fleet.fleet_event import FleetEvent

SIGNATURE = "X-ACS-Signature"
EVENT = "X-ACS-Event"

#: Seconds before a call that failed is made again, after the first, second and so on; then it is given up.
PAUSES = (5, 30, 120, 600, 1800, 3600, 4 * 3600, 12 * 3600)

#: Characters of a delivery's id that tell its webhook.
_MARK = 8


class Webhook(Struct, frozen=True, array_like=True):
    name: str
    url: str
    secret: str
    enabled: bool = True
    at: float = 0
    by: str = ""


class Rule(Struct, frozen=True, array_like=True):
    """`kinds` of events, `*` for all, `rollout_*` for a family; of phones that `select` means ("": all)."""

    name: str
    kinds: tuple[str, ...]
    select: str = ""
    #: the name of the webhook that is called, "" for none
    webhook: str = ""
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    enabled: bool = True
    at: float = 0
    by: str = ""


class Delivery(Struct, frozen=True, array_like=True):
    """One call of a webhook for one event, until it is taken. `attempts` counts those that failed.

    The `id` is drawn from both; `mark` says whose it is.
    """

    id: str
    webhook: str
    rule: str
    event: FleetEvent
    made_at: float
    attempts: int = 0
    last_error: str = ""
    last_at: float = 0


def concerns(rule: Rule, kind: str) -> bool:
    """Whether events of this kind are the rule's; phones are not looked at."""
    if not rule.enabled:
        return False
    return any(one in ("*", kind) or (one.endswith("*") and kind.startswith(one[:-1])) for one in rule.kinds)


def delivery(rule: Rule, event: FleetEvent, now: float) -> Delivery:
    """The same webhook is called once for an event, however many rules say so."""
    webhook = blake2b(rule.webhook.encode(), digest_size=_MARK // 2).hexdigest()
    return Delivery(webhook + event.id, rule.webhook, rule.name, event, now)


def mark(delivery_id: str) -> str:
    """What the ids of one webhook's deliveries begin with."""
    return delivery_id[:_MARK]


def payload(one: Delivery, phone: Mapping[str, Any] | None) -> dict[str, Any]:
    """The body of a call. `phone` is what is known of the device, None where there is none."""
    event = one.event
    return {
        "id": event.id,
        "kind": event.kind,
        "at": datetime.fromtimestamp(event.at, UTC).isoformat().replace("+00:00", "Z"),
        "text": event.text,
        "device": event.device or None,
        "data": event.data,
        "phone": dict(phone) if phone is not None else None,
        "rule": one.rule,
        "webhook": one.webhook,
        "attempt": one.attempts + 1,
    }


def signature(secret: str, now: int, body: bytes) -> str:
    """The value of `X-ACS-Signature`."""
    digest = hmac.digest(secret.encode(), b"%d." % now + body, "sha256").hex()
    return f"t={now},v1={digest}"


def pause(attempts: int) -> int | None:
    """Seconds until it is tried again after so many that failed; None to give up."""
    return PAUSES[attempts - 1] if attempts <= len(PAUSES) else None
