"""Which of the files that phones sent are kept, and which older ones go.

What was sent for a schedule is kept as that schedule says; all else as the server is set. Of each phone and
type of file the newest is never dropped, and neither is the newest that was sent for a schedule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

_DAY = 86_400.0


class Keep(Struct, frozen=True, array_like=True):
    """The last so many, or those of the last so many days; one of the two is 0."""

    count: int = 0
    days: int = 0

    @property
    def text(self) -> int | str:
        """As it is written: 7, or `30d`."""
        return f"{self.days}d" if self.days else self.count


MOST = 10_000
ALLOWED = f"a number of files from 1 to {MOST}, or a number of days such as `30d`"


class Sent(Struct, frozen=True):
    """A file that a phone sent: `at` since the epoch, the id of the schedule it was sent for, or ""."""

    name: str
    device: str
    file_type: str
    at: float
    schedule: str = ""


def read_keep(given: int | str) -> Keep:
    """Raises ValueError."""
    text = str(given).strip().lower()
    number = text.removesuffix("d").strip()
    if not (number.isascii() and number.isdecimal() and 1 <= int(number) <= MOST):
        raise ValueError(f"not {ALLOWED}")
    return Keep(days=int(number)) if text.endswith("d") else Keep(count=int(number))


def surplus(sent: Iterable[Sent], keeps: Mapping[str, Keep], most: int, now: float) -> list[str]:
    """The names to be dropped.

    :param keeps: by the id of a schedule; files of a schedule that is not here are like all others.
    :param most: how many of those others each phone keeps of a type of file, 0 for all.
    """
    kinds: dict[tuple[str, str], list[Sent]] = {}
    for one in sent:
        kinds.setdefault((one.device, one.file_type), []).append(one)
    dropped: list[str] = []
    for files in kinds.values():
        files.sort(key=lambda one: (one.at, one.name), reverse=True)
        by_schedule: dict[str, list[Sent]] = {}
        for one in files:
            by_schedule.setdefault(one.schedule if one.schedule in keeps else "", []).append(one)
        for schedule, own in by_schedule.items():
            keep = keeps.get(schedule) or Keep(count=most)
            dropped += [one.name for one in _beyond(own, keep, now) if one is not files[0]]
    return dropped


def _beyond(newest_first: list[Sent], keep: Keep, now: float) -> list[Sent]:
    if keep.days:
        return [one for one in newest_first[1:] if one.at < now - keep.days * _DAY]
    return newest_first[keep.count :] if keep.count else []
