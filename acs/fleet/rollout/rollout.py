"""The rollout itself: how far it is, and what may be done to it in which state.

draft ── start ──▸ running ──▸ completed        a time to start at: draft ──▸ scheduled ──▸ running
                   │  ▴
    pause, a rule  ▾  │ resume, retry
              paused, halted ── abort ──▸ aborted
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, structs

from acs.fleet.rollout.definition import Definition
from acs.fleet.rollout.firmware_check import Image
from acs.fleet.rollout.forecast import UNKNOWN, UNSEEN, Fleet, Speed
from acs.fleet.rollout.member import Outcome
from acs.fleet.rollout.stop_rule import NO_PARDON, Pardon
from acs.fleet.rollout.tally import Tally
from acs.fleet.task import Work


class State(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    HALTED = "halted"
    COMPLETED = "completed"
    ABORTED = "aborted"


#: Nothing begins any more unless somebody says so.
STILL = frozenset({State.PAUSED, State.HALTED, State.ABORTED})
OVER = frozenset({State.COMPLETED, State.ABORTED})

#: What may be tried once more.
RETRIED = (Outcome.FAILED, Outcome.UNCONFIRMED, Outcome.SKIPPED)


class WrongState(Exception):
    """What is asked does not fit the rollout's state; the message says when it would."""

    def __init__(self, verb: str, state: State, fitting: frozenset[State] | tuple[State, ...]) -> None:
        listed = ", ".join(sorted(fitting))
        super().__init__(f"A rollout that is {state} cannot be {verb}; one that is {listed} can.")


class Rollout(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Times are seconds since the epoch, 0 for never."""

    id: str
    definition: Definition
    state: State = State.DRAFT
    created_at: float = 0
    created_by: str = ""
    #: the selector that its maker is limited to, "" for none: who has another limit does not see it
    limit: str = ""
    #: phones from which on it needs a second person, as it was set when it was to start; 0 for never
    most_alone: int = 0
    #: the rollout that this one takes back
    rollback_of: str = ""
    #: firmware: the image; for a rollback the images by name, each of a version that it may bring back
    image: Image | None = None
    images: dict[str, Image] = {}
    #: task: what each phone is to do
    work: Work | None = None
    #: config: texts by key, None to remove one
    values: dict[str, str | None] = {}

    #: when it is to start by itself, when it did, when it was over
    start_at: float = 0
    started_at: float = 0
    ended_at: float = 0
    #: since when it is in its state, who brought it there, and why
    state_at: float = 0
    state_by: str = ""
    reason: str = ""
    #: of its states, the last that was told as an event: state and time
    told: str = ""

    #: whose phones they are: all are on the list, or those up to `cursor`
    gathered: bool = False
    cursor: str = ""
    #: for each wave, how many phones are in it and in those before
    ends: tuple[int, ...] = ()
    #: what the phones were like then as a whole, and how long such a rollout took them before
    fleet: Fleet = UNKNOWN
    usual: Speed = UNSEEN
    #: the wave, from 0; the next phone's place among all; when the wave's last phone was through
    wave: int = 0
    place: int = 0
    through_at: float = 0
    #: waves so far let through by an operator, and what may be forgiven
    waved: int = 0
    pardon: Pardon = NO_PARDON
    #: when the line is free for the next image
    allowed_at: float = 0
    #: a retry under way: outcomes that are left to be tried again
    retrying: tuple[Outcome, ...] = ()
    #: one that failed and was surfaced: when, and how
    trouble: str = ""
    trouble_at: float = 0

    def replace(self, **changes: object) -> Rollout:
        return structs.replace(self, **changes)

    @property
    def total(self) -> int:
        return self.ends[-1] if self.ends else 0

    @property
    def end(self) -> int:
        """How many phones are in the waves up to this one."""
        return self.ends[self.wave] if self.wave < len(self.ends) else 0

    @property
    def image_size(self) -> int:
        if self.image is not None:
            return self.image.size
        return max((image.size for image in self.images.values()), default=0)


def started(rollout: Rollout, *, by: str, now: float) -> Rollout:
    _require("started", rollout, State.DRAFT, State.SCHEDULED)
    return _moved(rollout, State.RUNNING, by, now).replace(started_at=now)


def scheduled(rollout: Rollout, *, at: float, by: str, now: float) -> Rollout:
    _require("scheduled", rollout, State.DRAFT, State.SCHEDULED)
    return _moved(rollout, State.SCHEDULED, by, now).replace(start_at=at)


def paused(rollout: Rollout, *, by: str, now: float) -> Rollout:
    _require("paused", rollout, State.RUNNING)
    return _moved(rollout, State.PAUSED, by, now)


def halted(rollout: Rollout, reason: str, *, now: float) -> Rollout:
    return _moved(rollout, State.HALTED, "", now, reason)


def resumed(rollout: Rollout, whole: Tally, *, by: str, now: float) -> Rollout:
    """Go on; what has gone wrong so far is forgiven, and so is the wave that did not pass its gate."""
    _require("resumed", rollout, State.PAUSED, State.HALTED)
    if rollout.state is State.HALTED:
        pardon = Pardon(whole.of(Outcome.FAILED), whole.of(Outcome.UNCONFIRMED))
        waved = rollout.wave + 1 if rollout.through_at else rollout.waved
        rollout = rollout.replace(pardon=pardon, waved=waved)
    return _moved(rollout, State.RUNNING, by, now)


def retried(rollout: Rollout, outcomes: tuple[Outcome, ...], *, by: str, now: float) -> Rollout:
    """Those that ended like this get another turn. What went wrong before is forgiven by their leaving it."""
    fitting = (State.RUNNING, State.PAUSED, State.HALTED, State.COMPLETED)
    _require("retried", rollout, *fitting)
    rollout = rollout.replace(retrying=outcomes, pardon=NO_PARDON, through_at=0.0, ended_at=0.0)
    return _moved(rollout, State.RUNNING, by, now)


def aborted(rollout: Rollout, *, by: str, now: float) -> Rollout:
    _require("aborted", rollout, *(state for state in State if state not in OVER))
    return _moved(rollout, State.ABORTED, by, now).replace(ended_at=now)


def through(rollout: Rollout, *, now: float) -> Rollout:
    """The last phone of the wave was settled."""
    return rollout.replace(through_at=now)


def next_wave(rollout: Rollout, *, now: float) -> Rollout:
    """The next wave that has phones left, or the end."""
    if rollout.wave + 1 >= len(rollout.ends):
        return _moved(rollout, State.COMPLETED, "", now).replace(ended_at=now)
    return rollout.replace(wave=rollout.wave + 1, through_at=0.0)


def told_as(rollout: Rollout) -> str:
    """What `told` says once its present state was told."""
    return f"{rollout.state}@{rollout.state_at:.3f}"


def _moved(rollout: Rollout, state: State, by: str, now: float, reason: str = "") -> Rollout:
    return rollout.replace(state=state, state_at=now, state_by=by, reason=reason)


def _require(verb: str, rollout: Rollout, *fitting: State) -> None:
    if rollout.state not in fitting:
        raise WrongState(verb, rollout.state, fitting)
