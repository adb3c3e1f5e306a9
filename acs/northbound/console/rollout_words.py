"""Rollouts in words: what one does, to whom, in which waves and hours, and when it would stop."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from acs.fleet.rollout import shares
from acs.fleet.rollout.definition import Definition, Kind
from acs.fleet.rollout.member import SETTLED, Outcome
from acs.fleet.rollout.window import DAYS, GROUP, PHONE, Window
from acs.northbound.console.templating import duration, plural, size

#: What each kind is called, and what it does to a phone.
KINDS = {
    Kind.FIRMWARE: ("Firmware", "Each phone fetches an image, reboots, and must then show its version."),
    Kind.CONFIG: ("Configuration", "Each phone gets settings; success is read back from it."),
    Kind.REBOOT: ("Reboot", "Each phone reboots, but not during a call where the model can tell."),
    Kind.BACKUP: ("Backup", "Each phone sends its configuration file, which is kept under Files."),
    Kind.TASK: ("Other task", "Each phone does one task of your choice."),
}

#: Outcomes to the colour that they are shown in, settled ones first, and what they mean.
OUTCOMES = {
    Outcome.SUCCEEDED: ("good", "done and proved"),
    Outcome.FAILED: ("bad", "it went wrong"),
    Outcome.UNCONFIRMED: ("warn", "asked, and nothing showed what became of it"),
    Outcome.SKIPPED: ("gone", "not tried, or waited for in vain"),
    Outcome.CHECKING: ("info", "done; its health is watched"),
    Outcome.REBOOTING: ("info", "it reboots"),
    Outcome.TRANSFERRING: ("info", "it fetches or sends a file"),
    Outcome.SENT: ("info", "it was asked"),
    Outcome.DEFERRED: ("off", "not now: away, in a call, outside its hours, or its site is busy"),
    Outcome.WAITING: ("off", "its turn has not come, or it is being called"),
}

_NUMBER = re.compile(r"\d+")
_EVERY_DAY = frozenset(DAYS)


class Progress(Struct, frozen=True):
    """A bar: colour, number and name of each part; `settled` of `total` are through."""

    parts: list[tuple[str, int, str]]
    settled: int
    total: int

    @property
    def percent(self) -> int:
        return int(100 * self.settled / self.total) if self.total else 0

    @property
    def text(self) -> str:
        """The bar for those who do not see it."""
        counted = ", ".join(f"{number} {name}" for _, number, name in self.parts)
        return f"{self.settled} of {plural(self.total, 'phone')} through" + (
            f": {counted}" if counted else ""
        )


def progress(outcomes: Mapping[str, int], total: int) -> Progress:
    """What waits is the part that is left blank."""
    shown = [outcome for outcome in OUTCOMES if outcomes.get(outcome) and outcome is not Outcome.WAITING]
    parts = [(OUTCOMES[outcome][0], outcomes[outcome], str(outcome)) for outcome in shown]
    return Progress(parts, sum(outcomes.get(outcome, 0) for outcome in SETTLED), total)


def definition(given: Mapping[str, Any]) -> Definition:
    """The definition of a view as a record."""
    return msgspec.convert(dict(given), Definition)


def what(asked: Definition) -> str:
    match asked.kind:
        case Kind.FIRMWARE:
            return f"Firmware {asked.file}"
        case Kind.CONFIG if asked.values:
            names = ", ".join(list(asked.values)[:3])
            more = len(asked.values) - 3
            return f"Configuration: {names}" + (f" and {plural(more, 'more key')}" if more > 0 else "")
        case Kind.CONFIG:
            return "Configuration: what is desired"
        case Kind.TASK:
            return f"Task {str((asked.task or {}).get('type', '')).replace('_', ' ')}"
        case _:
            return KINDS[asked.kind][0]


def wave(given: int | str) -> str:
    """The size of a wave."""
    number = shares.number(given)
    if number is not None:
        return plural(number, "phone")
    return "all the rest" if given == "rest" else f"{given} of all"


def waves(asked: Definition) -> str:
    named = [f"the group {asked.canary}"] if asked.canary else []
    return ", then ".join([*named, *(wave(one) for one in asked.waves)])


def window(one: Window) -> str:
    """`Mon, Tue from 01:00 to 05:00, by each phone's clock`."""
    listed = [day for day in DAYS if day in {given.lower()[:3] for given in one.days}]
    days = "every day" if _EVERY_DAY.issubset(listed) else ", ".join(day.capitalize() for day in listed)
    text = f"{days} from {one.start} to {one.end}, {clock(one)}"
    return text + (f", not on {', '.join(one.without)}" if one.without else "")


def clock(one: Window) -> str:
    """Whose clock a window goes by."""
    named = {PHONE: "by each phone's clock", GROUP: "by the clock of each phone's group"}
    text = named.get(one.zone, f"{one.zone} time")
    return text + (f", else {one.fallback}" if one.fallback else "")


def stops(asked: Definition) -> list[str]:
    """The rules that halt it."""
    if asked.stop is None:
        return []
    found = []
    if asked.stop.failures is not None:
        found.append(f"more than {_limit(asked.stop.failures)} fail")
    if asked.stop.in_a_row is not None:
        found.append(f"more than {asked.stop.in_a_row} in a row fail")
    if asked.stop.unconfirmed is not None:
        found.append(f"more than {_limit(asked.stop.unconfirmed)} never confirm")
    return found


def pace(asked: Definition) -> str:
    text = f"{asked.pace.at_once} phones at once"
    if asked.pace.per_site:
        text += f", {asked.pace.per_site} at one site"
    if asked.pace.bandwidth:
        text += f", {size(asked.pace.bandwidth)} a second for all together"
    return text


def facts(asked: Definition) -> list[tuple[str, str]]:
    """All of it, a line each."""
    found = [("What", what(asked)), ("Whom", asked.select or "all phones"), ("Waves", waves(asked))]
    if asked.soak:
        found.append(("Between waves", f"{duration(asked.soak)} of watching"))
    found.append(("Next wave", f"when {asked.gate.success:.0%} of a wave's tried phones succeeded"))
    if asked.informs:
        found.append(("Proved well", f"after {plural(asked.informs, 'Inform')}"))
    found.append(("Hours", "; ".join(window(one) for one in asked.windows) or "any time"))
    found.append(("Halts when", " or ".join(stops(asked)) or "never by itself"))
    found.append(("Pace", pace(asked)))
    found.append(
        ("Waits for a phone", f"{duration(asked.patience)}, and for its proof {duration(asked.confirm)}")
    )
    if asked.priority:
        found.append(("Priority", str(asked.priority)))
    return found + _details(asked)


def _details(asked: Definition) -> list[tuple[str, str]]:
    found = []
    if asked.kind is Kind.CONFIG and asked.reboot:
        found.append(("Reboots", "phones may reboot for it at once"))
    if asked.downgrade:
        found.append(("Downgrade", "older firmware than a phone has is sent too"))
    if asked.allowed_from:
        found.append(("Only over", ", ".join(asked.allowed_from)))
    if asked.override:
        found.append(("In spite of the check", asked.override))
    return found


def _limit(limit: int | str) -> str:
    return f"{limit} of all" if shares.percent(limit) is not None else plural(int(limit), "phone")


def cause(reason: str) -> str:
    """What reasons have in common that differ in numbers alone, such as how often a phone was asked."""
    return _NUMBER.sub("0", reason)


def forecast(ends_at: datetime | None, seconds: float) -> str:
    """`about 14:05 UTC, in 25 min`."""
    if ends_at is None:
        return ""
    near = seconds < 20 * 3600
    return f"{ends_at.strftime('%H:%M' if near else '%a %d %b %H:%M')} UTC, in {duration(max(0.0, seconds))}"
