"""Windows as they are typed: `mon-fri,sun 22:00-05:00 Europe/Berlin`."""

from __future__ import annotations

import re
from typing import Any

from acs.cli import outcomes

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_HOURS = re.compile(r"(\d{1,2}:\d\d)\s*-\s*(\d{1,2}:\d\d)")
_FORM = "[DAYS] FROM-TO [ZONE], such as 'mon-fri 01:00-05:00' or 'sat,sun 22:00-06:00 Europe/Berlin'"


def read(text: str) -> dict[str, Any]:
    """The window as the request has it. Raises WrongUsage."""
    found = _HOURS.search(text)
    if found is None:
        raise outcomes.WrongUsage(f"--window {text!r} has no hours; it is {_FORM}")
    window: dict[str, Any] = {"from": found[1].zfill(5), "to": found[2].zfill(5)}
    days, zone = text[: found.start()].strip(), text[found.end() :].strip()
    if days:
        window["days"] = _days(days, text)
    if zone:
        window["zone"] = zone
    return window


def _days(text: str, whole: str) -> list[str]:
    chosen: list[str] = []
    for part in re.split(r"[,\s]+", text.lower()):
        first, _, last = part.partition("-")
        if first[:3] not in DAYS or (last and last[:3] not in DAYS):
            raise outcomes.WrongUsage(
                f"--window {whole!r}: {part!r} is no weekday ({', '.join(DAYS)}); a window is {_FORM}"
            )
        start = DAYS.index(first[:3])
        length = (DAYS.index(last[:3]) - start) % 7 + 1 if last else 1
        chosen += [DAYS[(start + number) % 7] for number in range(length)]
    return [day for day in DAYS if day in chosen]


def shown(window: dict[str, Any]) -> str:
    """The window as it is typed."""
    days = window.get("days", DAYS)
    parts = [] if len(days) == len(DAYS) else [",".join(days)]
    parts.append(f"{window['from']}-{window['to']}")
    zone = window.get("zone", "phone")
    parts.append("on each phone's clock" if zone == "phone" else zone)
    if window.get("fallback"):
        parts.append(f"(else {window['fallback']})")
    if window.get("except"):
        parts.append(f"not on {', '.join(window['except'])}")
    return " ".join(parts)
