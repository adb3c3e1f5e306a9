"""A part of each day in which phones may reboot for their configuration: `01:00-05:00 Europe/Berlin`."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

ALLOWED = "from-to and a time zone, such as `01:00-05:00 Europe/Berlin`; UTC where none is named"

_FORM = re.compile(
    r"(?P<from>(?:[01]\d|2[0-3]):[0-5]\d)-(?P<to>(?:[01]\d|2[0-3]):[0-5]\d)(?: +(?P<zone>\S+))?"
)


class DailyWindow(Struct, frozen=True):
    """From `start` until before `end`, on the clocks of `zone`; over midnight where `end` is not later."""

    start: time
    end: time
    zone: ZoneInfo

    def opens_at(self, now: float) -> float:
        """When it is open next, in seconds since the epoch: 0 for now."""
        here = datetime.fromtimestamp(now, self.zone)
        clock = here.time()
        within = (
            self.start <= clock < self.end
            if self.start < self.end
            else clock >= self.start or clock < self.end
        )
        if within:
            return 0.0
        day = here.date() if clock < self.start else here.date() + timedelta(days=1)
        return datetime.combine(day, self.start, self.zone).timestamp()


def read(text: str) -> DailyWindow | None:
    """The window of a setting, None for an empty one. Raises ValueError that says what is allowed."""
    text = text.strip()
    if not text:
        return None
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no window; allowed: {ALLOWED}")
    try:
        zone = ZoneInfo(found["zone"] or "UTC")
    except (ZoneInfoNotFoundError, ValueError) as unknown:
        raise ValueError(f"{found['zone']!r} is no time zone; allowed: {ALLOWED}") from unknown
    return DailyWindow(time.fromisoformat(found["from"]), time.fromisoformat(found["to"]), zone)
