"""How many phones are tried in which wave.

A share is one of all phones of the rollout, so `1%, 10%, 50%, rest` is 1, 10, 50 and 39 per cent. A canary
group goes before them, as a wave of its own. What no size covers is a last wave; waves without a phone are
left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from acs.fleet.rollout import shares

REST = "rest"

_ALLOWED = "a number of phones, a share such as `10%`, or `rest` as the last"


def fault(size: int | str, *, last: bool) -> tuple[str, str] | None:
    """What is wrong with one size, and what is allowed."""
    if size == REST:
        return None if last else ("is not the last", _ALLOWED)
    if shares.fault(size) or shares.most(size, 100) <= 0:
        return "is no size of a wave", _ALLOWED
    return None


def ends(sizes: Sequence[int | str], *, total: int, canary: int = 0) -> tuple[int, ...]:
    """For each wave, how many phones are in it and in those before it: the last number is the total."""
    found: list[int] = []
    covered = 0

    def add(count: int) -> None:
        nonlocal covered
        count = min(count, total - covered)
        if count > 0:
            covered += count
            found.append(covered)

    add(canary)
    for size in sizes:
        if size == REST:
            add(total)
        elif shares.percent(size) is not None:
            # a hair less, so that 10 % of 50 is 5 and not what floats make of it
            add(max(1, ceil(shares.most(size, total) - 1e-9)))
        else:
            add(int(shares.most(size, total)))
    add(total)
    return tuple(found)


def wave_of(rank: int, ends_: Sequence[int]) -> int:
    """The wave of the phone with this place among all, from 0."""
    return next(number for number, end in enumerate(ends_) if rank < end)


def size(wave: int, ends_: Sequence[int]) -> int:
    return ends_[wave] - (ends_[wave - 1] if wave else 0)
