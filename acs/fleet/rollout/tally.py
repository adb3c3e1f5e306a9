"""How many phones of a rollout are how far: of one wave, or of all."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from acs.fleet.rollout.member import SETTLED, Outcome


class Tally(Struct, frozen=True):
    """`counts` lacks those that were never looked at: they are waiting."""

    size: int
    counts: Mapping[Outcome, int] = {}

    def of(self, outcome: Outcome) -> int:
        if outcome is Outcome.WAITING:
            others = sum(number for name, number in self.counts.items() if name is not Outcome.WAITING)
            return max(0, self.size - others)
        return self.counts.get(outcome, 0)

    @property
    def settled(self) -> int:
        return sum(self.counts.get(outcome, 0) for outcome in SETTLED)

    @property
    def complete(self) -> bool:
        return self.settled >= self.size

    @property
    def tried(self) -> int:
        """Those that were asked and are through with it, whatever came of it."""
        return self.settled - self.of(Outcome.SKIPPED)

    def shown(self) -> dict[str, int]:
        """All outcomes that some phone has."""
        return {str(outcome): self.of(outcome) for outcome in Outcome if self.of(outcome)}


def together(tallies: list[Tally]) -> Tally:
    counts: dict[Outcome, int] = {}
    for tally in tallies:
        for outcome, number in tally.counts.items():
            counts[outcome] = counts.get(outcome, 0) + number
    return Tally(sum(tally.size for tally in tallies), counts)
