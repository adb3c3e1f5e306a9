"""One phone of a rollout: how far it is, and what shows it."""

from __future__ import annotations

from enum import StrEnum
from hashlib import blake2b
from typing import Any

from msgspec import Struct, structs

from acs.fleet.identity import device_key, task_id


class Outcome(StrEnum):
    #: its turn has not come, or its task waits for the phone to call
    WAITING = "waiting"
    #: not now: away, in a call, outside its window, its site is busy
    DEFERRED = "deferred"
    #: the phone was asked and took it, or its answer is awaited
    SENT = "sent"
    TRANSFERRING = "transferring"
    REBOOTING = "rebooting"
    #: done and proved; its health is watched
    CHECKING = "checking"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    #: it was asked, and nothing ever showed what became of it
    UNCONFIRMED = "unconfirmed"
    #: not tried
    SKIPPED = "skipped"


#: What a phone was brought to; all others are on their way.
SETTLED = frozenset({Outcome.SUCCEEDED, Outcome.FAILED, Outcome.UNCONFIRMED, Outcome.SKIPPED})

#: It was asked, and what becomes of it is open.
UNDER_WAY = frozenset({Outcome.SENT, Outcome.TRANSFERRING, Outcome.REBOOTING})

#: It was or may have been touched.
TOUCHED = frozenset(
    {
        Outcome.SENT,
        Outcome.TRANSFERRING,
        Outcome.REBOOTING,
        Outcome.CHECKING,
        Outcome.SUCCEEDED,
        Outcome.FAILED,
        Outcome.UNCONFIRMED,
    }
)


class Member(Struct, frozen=True, omit_defaults=True):
    """Times are seconds since the epoch, 0 for never."""

    outcome: Outcome = Outcome.WAITING
    #: from 0
    wave: int = 0
    #: how often its turn came; each has a task of its own
    attempt: int = 0
    #: the task of this turn, "" for a kind without one
    task: str = ""
    #: why, as a clause for people
    reason: str = ""
    #: where it stands, while it has a turn
    site: str = ""
    #: its turn goes on: it counts among those at once
    active: bool = False
    #: when its turn came first; patience runs from here
    since: float = 0
    turn_at: float = 0
    turn_ends: float = 0
    #: the phone was asked, and it was settled
    sent_at: float = 0
    ended_at: float = 0
    #: since when its health is watched, its count of Informs then, and the lines that were registered before
    checked_from: float = 0
    informs: int = 0
    lines: tuple[str, ...] = ()
    #: how often it was asked for these lines since
    asked: int = 0
    #: config: what its own layer said of these keys before, None for nothing
    before: dict[str, str | None] | None = None
    #: config: what the phone itself had of those keys of which no layer spoke, as far as that was known
    had: dict[str, str] = {}
    #: rollback: the file that brings back what it had
    file: str = ""
    #: versions before and after, bytes served, fault, TransferComplete, result
    evidence: dict[str, Any] = {}

    @property
    def settled(self) -> bool:
        return self.outcome in SETTLED

    def replace(self, **changes: Any) -> Member:
        return structs.replace(self, **changes)

    def noting(self, **evidence: Any) -> Member:
        return structs.replace(self, evidence={**self.evidence, **evidence})


#: A phone whose turn has not come.
NEW = Member()


def order_of(rollout: str, device_id: str) -> int:
    """A number by which the phones of a rollout take turns: the same each time, and spread over the sites."""
    digest = blake2b(f"{rollout}\n{device_id}".encode(), digest_size=6).digest()
    return int.from_bytes(digest)


def question_of(rollout: str, device_id: str, member: Member) -> str:
    """The id of the task that asks an upgraded phone for its lines, for the last time so far."""
    salt = blake2b(f"{rollout}\n{device_id}\n{member.attempt}\nlines {member.asked}".encode(), digest_size=6)
    return task_id(device_key(device_id), salt.digest())


def task_of(rollout: str, device_id: str, attempt: int) -> str:
    """The id of the task of this turn: who puts it down twice puts down the same."""
    salt = blake2b(f"{rollout}\n{device_id}\n{attempt}".encode(), digest_size=6).digest()
    return task_id(device_key(device_id), salt)
