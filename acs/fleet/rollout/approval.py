"""Two persons for a rollout of many phones: whoever starts it is not whoever approves of it.

A person is a user of this server. Tokens that stand for themselves may make and start a rollout, but approve
of none: nobody knows who holds them. What takes a rollout back needs no second person, so that harm is undone
as quickly as it was noticed.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class Approval(Struct, frozen=True, array_like=True):
    """`by` is a user, `at` since the epoch. `phones`: for how many it was given, 0 for any number."""

    by: str
    at: float
    note: str = ""
    phones: int = 0

    def holds_for(self, phones: int) -> bool:
        """Fleets grow a little each day; what became much larger is not what was approved of."""
        return not self.phones or phones <= self.phones + self.phones // 10


def needed(phones: int, most_alone: int, *, takes_back: bool = False) -> bool:
    """Whether so many phones need a second person; `most_alone` 0 is never."""
    return bool(most_alone) and phones >= most_alone and not takes_back


def fault_of_approver(user: str, made_by: str, approvals: Iterable[Approval], phones: int = 0) -> str:
    """Why this user cannot approve of a rollout to so many phones, made by `made_by`; "" where it can."""
    if not user:
        return "This token belongs to no user; an approval is somebody's own."
    if user == made_by:
        return "Somebody else than who made the rollout has to approve of it."
    if any(approval.by == user and approval.holds_for(phones) for approval in approvals):
        return f"{user} has approved of it already."
    return ""


def missing(phones: int, starts: str, made_by: str, approvals: Iterable[Approval]) -> str:
    """Why a rollout that needs a second person may not be started by `starts`; "" where it may."""
    given = [approval for approval in approvals if approval.by not in (starts, made_by)]
    if any(approval.holds_for(phones) for approval in given):
        return ""
    if given:
        most = max(approval.phones for approval in given)
        return f"It was approved of for {most} phones and goes to {phones} by now: that takes a new approval."
    return (
        f"A rollout to {phones} phones needs the approval of a second person, "
        f"other than {' and '.join(sorted({made_by, starts}))}."
    )
