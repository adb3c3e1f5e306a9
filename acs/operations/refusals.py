"""What the server turned away at its doors: wrong logins, what is no CWMP, forged links."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from acs.operations.ports import Runner, moment
from acs.store import refusals as store


class RefusalView(Struct, frozen=True):
    """`kind` is the door it knocked at, `excerpt` the beginning of what it sent."""

    at: datetime | None
    kind: str
    ip: str
    text: str
    excerpt: str


async def newest(runner: Runner, *, limit: int) -> list[RefusalView]:
    """The newest first."""
    return [
        RefusalView(
            moment(refusal.at),
            refusal.door,
            refusal.ip,
            refusal.reason,
            refusal.excerpt.decode("utf-8", "replace"),
        )
        for refusal in await runner.run(store.read(limit))
    ]
