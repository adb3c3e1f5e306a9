"""Whether a wave that is through lets the next one begin."""

from __future__ import annotations

from acs.fleet.rollout.definition import Gate
from acs.fleet.rollout.member import Outcome
from acs.fleet.rollout.tally import Tally


def rate(tally: Tally) -> float | None:
    """The share of its tried phones that succeeded; None where none was tried."""
    return tally.of(Outcome.SUCCEEDED) / tally.tried if tally.tried else None


def closed(gate: Gate, tally: Tally, wave: int) -> str:
    """Why the wave (from 0) does not pass, as a sentence; "" where it does. It has settled."""
    share = rate(tally)
    if share is None or share >= gate.success:
        return ""
    done = f"{tally.of(Outcome.SUCCEEDED)} of {tally.tried} phones"
    return f"In wave {wave + 1} {done} succeeded, {share:.1%}, and {gate.success:.1%} must"
