"""Whether a phone is there, judged by when its next Inform is due.

    online    its next Inform is not due yet, or a little late
    late      the Inform did not come in time; it may still
    offline   a second one is missing too, and some grace has passed

A phone's interval is the PeriodicInformInterval it told, else the habit it showed, else an hour. Any sign of
life makes it online again at once; going offline takes two missed Informs, so that one lost packet is no
alarm. A phone that goes offline again and again is flapping: that is told once, and the single steps no more.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, structs

from acs.fleet.device import DEFAULT_INFORM_INTERVAL, Device
from acs.fleet.fleet_event import Kind

#: An Inform may be late by this share of the interval, within these limits in seconds.
SLACK = 0.1
LEAST_SLACK, MOST_SLACK = 2.0, 60.0

#: After the second missed Inform this much more is waited: the interval, but no more than this, in seconds.
MOST_GRACE = 60.0

#: A phone is flapping when it went offline so often within so many intervals, or within an hour.
FLAPS = 3
FLAP_INTERVALS = 10
FLAP_WINDOW = 3600.0

#: The weight of the newest gap in the habit of a phone whose interval is not known. A longer gap than this
#: many habits counts as that: the phone, its network or the server was away for a while.
HABIT_WEIGHT = 0.25
LONGEST_GAP = 2.0


class State(StrEnum):
    ONLINE = "online"
    LATE = "late"
    OFFLINE = "offline"


class Presence(Struct, frozen=True, array_like=True):
    """What is kept of a phone that was not there at some time; others have none. Times since the epoch."""

    state: State = State.ONLINE
    since: float = 0
    #: the last sign of life that was no Inform
    heard: float = 0
    #: when it went offline lately, the oldest first
    lost: tuple[float, ...] = ()
    flapping: bool = False
    #: the site that it went offline with
    site: str = ""


class Seen(Struct, frozen=True):
    """The state of a phone as it is shown. `next_due` is when its next Inform should come."""

    state: State
    since: float
    next_due: float
    flapping: bool


class Judgement(Struct, frozen=True):
    """What a look at an overdue phone says."""

    presence: Presence
    #: when to look again, 0 for not before its next sign of life
    look_at: float
    #: the kind of event that this is, "" for none
    event: str = ""
    missing: bool = True


def interval_of(device: Device) -> float:
    """Seconds between its Informs."""
    return float(device.inform_interval or device.inform_habit or DEFAULT_INFORM_INTERVAL)


def late_at(interval: float, heard: float) -> float:
    """When a phone heard last at this time is late."""
    return heard + interval + min(max(SLACK * interval, LEAST_SLACK), MOST_SLACK)


def offline_at(interval: float, heard: float) -> float:
    """The same for offline."""
    return max(heard + 2 * interval + min(interval, MOST_GRACE), late_at(interval, heard))


def state_at(interval: float, heard: float, now: float) -> State:
    if now < late_at(interval, heard):
        return State.ONLINE
    return State.LATE if now < offline_at(interval, heard) else State.OFFLINE


def habit(before: Device, now: float) -> float:
    """The habit of a phone after one more regular Inform that followed on a regular one. A clock that was set
    back says nothing of it."""
    gap, known = now - before.last_inform, before.inform_habit
    if gap <= 0 or not known:
        return max(gap, known)
    return known + HABIT_WEIGHT * (min(gap, LONGEST_GAP * known) - known)


def seen(
    device: Device, presence: Presence | None, last_inform: float, now: float, up_since: float = 0
) -> Seen:
    """The state at this moment, whether a job has looked at the phone since or not.

    :param up_since: when servers were there again after none was. A phone that was not offline by then has a
        whole interval from there on, as the job gives it.
    """
    kept = presence or Presence()
    heard, interval = max(last_inform, kept.heard), interval_of(device)
    if heard and kept.state is not State.OFFLINE:
        heard = max(heard, up_since)
    state = state_at(interval, heard, now)
    if state is State.ONLINE:
        since = heard if kept.state is not State.ONLINE else kept.since or device.first_seen
    elif state is State.LATE:
        since = late_at(interval, heard)
    else:
        since = offline_at(interval, heard)
    return Seen(state, since, last_inform + interval, is_flapping(kept, interval, now))


def is_flapping(kept: Presence, interval: float, now: float) -> bool:
    """Whether it came and went again and again, and has not been calm since for as long as that counts."""
    return kept.flapping and bool(_lost_lately(kept, interval, now))


def _lost_lately(kept: Presence, interval: float, now: float) -> tuple[float, ...]:
    window = max(FLAP_WINDOW, FLAP_INTERVALS * interval)
    return tuple(at for at in kept.lost if at > now - window)


def overdue(presence: Presence | None, interval: float, heard: float, now: float) -> Judgement:
    """A phone whose time to be looked at has come, heard last at `heard`."""
    kept = presence or Presence()
    state = state_at(interval, heard, now)
    if state is State.ONLINE:
        return Judgement(kept, late_at(interval, heard), missing=False)
    if state is State.LATE:
        look_at = offline_at(interval, heard)
        if kept.state is not State.ONLINE:
            return Judgement(kept, look_at)
        since = late_at(interval, heard)
        late = structs.replace(kept, state=State.LATE, since=since, heard=heard)
        return Judgement(late, look_at, "" if is_flapping(kept, interval, now) else Kind.DEVICE_LATE)
    if kept.state is State.OFFLINE:
        return Judgement(kept, 0)
    since = offline_at(interval, heard)
    lost = (*_lost_lately(kept, interval, since), since)[-FLAPS:]
    flapping = len(lost) >= FLAPS
    gone = Presence(State.OFFLINE, since, heard, lost, flapping)
    if not flapping:
        return Judgement(gone, 0, Kind.DEVICE_OFFLINE)
    return Judgement(gone, 0, "" if kept.flapping else Kind.FLAPPING)


def returned(presence: Presence | None, interval: float, at: float) -> tuple[Presence, str]:
    """A phone that gave a sign of life at this time, and the kind of event that is ("" for none)."""
    kept = presence or Presence()
    if kept.state is State.ONLINE:
        return kept, ""
    back = structs.replace(kept, state=State.ONLINE, since=at, heard=at, site="")
    told = kept.state is State.OFFLINE and not is_flapping(kept, interval, at) and not kept.site
    return back, Kind.DEVICE_BACK if told else ""
