"""Whether so much went wrong that a rollout must halt at once.

A share that is not 0 lets one phone go wrong however few there are: 10 % of five phones are not "none".
"""

from __future__ import annotations

from msgspec import Struct

from acs.fleet.rollout import shares
from acs.fleet.rollout.definition import Limit, Stop
from acs.fleet.rollout.member import Outcome
from acs.fleet.rollout.tally import Tally


class Pardon(Struct, frozen=True, array_like=True):
    """What had gone wrong when somebody last said to go on: it does not count again."""

    failed: int = 0
    unconfirmed: int = 0


NO_PARDON = Pardon()


def tripped(stop: Stop | None, tally: Tally, *, in_a_row: int, pardon: Pardon = NO_PARDON) -> str:
    """The rule that trips, as a sentence; "" for none. `tally` is of the whole rollout."""
    if stop is None:
        return ""
    failed = tally.of(Outcome.FAILED) - pardon.failed
    unconfirmed = tally.of(Outcome.UNCONFIRMED) - pardon.unconfirmed
    if _beyond(stop.failures, failed, tally.size):
        return f"{_phones(failed)} failed, and at most {_limit(stop.failures, tally.size)} may"
    if stop.in_a_row is not None and in_a_row > stop.in_a_row:
        return f"{_phones(in_a_row)} failed in a row, and at most {stop.in_a_row} may"
    if _beyond(stop.unconfirmed, unconfirmed, tally.size):
        limit = _limit(stop.unconfirmed, tally.size)
        return f"{_phones(unconfirmed)} never confirmed what became of them, and at most {limit} may"
    return ""


def _beyond(limit: Limit | None, number: int, total: int) -> bool:
    return limit is not None and number > _most(limit, total)


def _most(limit: Limit, total: int) -> float:
    share = shares.percent(limit)
    least = 1.0 if share else 0.0
    return max(least, shares.most(limit, total))


def _limit(limit: Limit | None, total: int) -> str:
    assert limit is not None, "it was reached"
    if shares.percent(limit) is None:
        return str(limit)
    return "1" if 0 < shares.most(limit, total) < 1 else f"{limit} of {total}"


def _phones(number: int) -> str:
    return "1 phone" if number == 1 else f"{number} phones"
