"""What a swarm has done so far, counted."""

from __future__ import annotations

from collections import Counter
from typing import Any


class Tally:
    """Shared by all phones of a process. `seen` holds the serial numbers that completed a session."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.seen: set[str] = set()

    def count(self, what: str, amount: int = 1) -> None:
        self.counts[what] += amount

    def asked(self, method: str) -> None:
        """The ACS asked for this."""
        self.requests[method] += 1

    def completed(self, serial: str) -> None:
        self.counts["sessions"] += 1
        self.seen.add(serial)

    def failed(self, reason: str) -> None:
        self.counts["failed sessions"] += 1
        self.failures[reason[:120]] += 1

    def summary(self, *, phones: int, seconds: float) -> dict[str, Any]:
        """The object that `--json` prints."""
        sessions = self.counts["sessions"]
        names = (
            "sessions",
            "failed sessions",
            "informs",
            "transfer completes",
            "faults answered",
            "downloads",
            "uploads",
            "failed transfers",
            "bytes downloaded",
            "bytes uploaded",
            "files fetched",
            "files applied",
            "boots",
            "factory resets",
            "connection requests",
            "connection requests refused",
        )
        return {
            "phones": phones,
            "completed_phones": len(self.seen),
            "seconds": round(seconds, 2),
            "sessions_per_second": round(sessions / seconds, 2) if seconds else 0,
            **{name.replace(" ", "_"): self.counts[name] for name in names},
            "requests": dict(self.requests.most_common()),
            "failures": dict(self.failures.most_common(20)),
        }
