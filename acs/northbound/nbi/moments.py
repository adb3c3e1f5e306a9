"""Points in time as this interface's clients write and read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

#: What may be a time: shorter texts and those that begin otherwise are none.
_LIKELY = re.compile(r"\d{4}-\d\d-\d\d|[A-Z][a-z]{2}[ ,]")
_OFFSET = re.compile(r"(?<!\s)\s+(?=(?:[+-]\d{2}:?\d{2}|Z)$)")


def read(text: str) -> datetime | None:
    """`2030-01-31T12:00:00Z`, `2030-01-31 12:00:00 +0000`, `Thu, 31 Jan 2030 12:00:00 GMT`; None for none.
    UTC where it names no zone."""
    text = text.strip()
    if not _LIKELY.match(text):
        return None
    try:
        found = datetime.fromisoformat(_OFFSET.sub("", text))
    except ValueError:
        try:
            found = parsedate_to_datetime(text)
        except ValueError:
            return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def of_milliseconds(number: float) -> datetime | None:
    """A number as JavaScript counts time; None where it is none."""
    try:
        return datetime.fromtimestamp(number / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def of_seconds(seconds: float) -> datetime | None:
    """Seconds since the epoch; None for 0, which stands for never."""
    return datetime.fromtimestamp(round(seconds, 3), UTC) if seconds else None


def written(moment: datetime) -> str:
    """With milliseconds and Z, as JavaScript writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
