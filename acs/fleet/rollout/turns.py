"""Whether a phone has its turn now, and what it is to do: the last look before anything is put down.

A phone that is away, outside its window or whose site is busy is deferred and tried again; one that was
waited for in vain, or that the step is not for, is skipped.
"""

from __future__ import annotations

from msgspec import Struct

from acs.fleet import presence
from acs.fleet.device import Device, Learning
from acs.fleet.presence import State as Presence
from acs.fleet.rollout import firmware_check, window
from acs.fleet.rollout.definition import Kind
from acs.fleet.rollout.firmware_check import Image, NumberOf, Refusal, Why
from acs.fleet.rollout.health import STATUS, lines_up
from acs.fleet.rollout.member import UNDER_WAY, Member, Outcome, question_of, task_of
from acs.fleet.rollout.rollout import Rollout
from acs.fleet.rollout.zones import Clock
from acs.fleet.selector.values import same_version
from acs.fleet.task import (
    DownloadWork,
    FactoryResetWork,
    GetParameterValuesWork,
    Guard,
    RebootWork,
    Task,
    UploadWork,
    Work,
)

#: A turn lasts until the phone should have called by itself, but no less than this many seconds.
LEAST_TURN = 120.0

#: No longer than it is waited for altogether, but for so many seconds.
SHORTEST_TURN = 10.0

#: Seconds until a phone that is away is tried again: from the first to the last, doubling.
FIRST_AGAIN, LAST_AGAIN = 15.0, 600.0

#: Seconds until a phone is tried again that is on its way in the rollout that is taken back.
UNDER_WAY_AGAIN = 5.0

FIRMWARE_TYPE = "1 Firmware Upgrade Image"

#: Evidence that a turn leaves to the next one; all else is of one turn.
_OF_ALL_TURNS = frozenset({"in_a_call"})

#: What phones go away over, or may.
_DISRUPTIVE = RebootWork | FactoryResetWork | DownloadWork


class Phone(Struct, frozen=True):
    """A phone as it is now. `clock` is None where its time zone is not known."""

    device: Device
    presence: str = Presence.ONLINE
    site: str = ""
    clock: Clock | None = None
    group_clock: Clock | None = None


class Turn(Struct, frozen=True):
    """`member` as it is from now on; `later` is when it is tried again, 0 for not. With `begins` it has its
    turn: the step may begin until `latest`, 0 for any time."""

    member: Member
    later: float = 0
    begins: bool = False
    latest: float = 0
    never: bool = False


def considered(
    rollout: Rollout,
    member: Member,
    phone: Phone | None,
    source: Member | None,
    *,
    number_of: NumberOf,
    now: float,
) -> Turn:
    """`source` is the phone in the rollout that this one takes back."""
    if phone is None:
        return Turn(_skipped(member, "it is no longer known", now))
    definition = rollout.definition
    if source is not None and definition.kind is Kind.FIRMWARE and source.outcome in UNDER_WAY:
        reason = "what is to be taken back is under way still"
        return Turn(_deferred(member, reason), later=now + UNDER_WAY_AGAIN)
    refusal = refused(rollout, phone.device, source, number_of=number_of)
    if refusal is not None and refusal.why is Why.ALREADY and member.attempt:
        return Turn(_arrived(member, phone.device, now))
    if refusal is not None:
        return Turn(_skipped(member, refusal.text, now))
    latest = 0.0
    if definition.windows:
        opening = window.opening(
            definition.windows, phone.clock, phone.group_clock, now=now, step=definition.seconds
        )
        if opening is None and phone.device.learning in (Learning.WANTED, Learning.RUNNING):
            # its time zone may yet be read
            waiting = member.replace(since=member.since or now)
            return put_off(rollout, waiting, no_window(phone), now)
        if opening is None:
            return Turn(_skipped(member, no_window(phone), now))
        if opening.start > now:
            reason = f"outside its window until {window.shown(opening.start)}"
            return Turn(_deferred(member, reason), later=opening.start)
        latest = opening.end - definition.seconds
    member = member.replace(since=member.since or now)
    if phone.presence == Presence.OFFLINE:
        return put_off(rollout, member, "it is offline", now)
    ends = now + max(LEAST_TURN, 1.25 * presence.interval_of(phone.device) + 60)
    ends = min(ends, max(now + SHORTEST_TURN, member.since + definition.patience))
    begun = member.replace(
        outcome=Outcome.WAITING,
        reason="its turn has come",
        attempt=member.attempt + 1,
        task=""
        if definition.kind is Kind.CONFIG
        else task_of(rollout.id, phone.device.id, member.attempt + 1),
        site=phone.site,
        active=True,
        turn_at=now,
        turn_ends=min(ends, latest) if latest else ends,
        sent_at=0.0,
        checked_from=0.0,
        asked=0,
        ended_at=0.0,
        lines=lines_up(phone.device),
        evidence={name: fact for name, fact in member.evidence.items() if name in _OF_ALL_TURNS},
    )
    image = image_for(rollout, phone.device, source, number_of=number_of)
    if image is not None:
        begun = begun.replace(file=image.name).noting(
            version_before=phone.device.software_version, version_wanted=_version(image)
        )
    return Turn(begun, begins=True, latest=latest)


def put_off(rollout: Rollout, member: Member, reason: str, now: float, *, after: float = 0) -> Turn:
    """The phone is tried again, or was waited for long enough. `after`: seconds, 0 for what is usual."""
    if member.since and now - member.since > rollout.definition.patience:
        waited = f"{reason}; it was waited for {rollout.definition.patience:g} s"
        given_up = _skipped(member, waited, now)
        if member.sent_at:  # it was asked
            given_up = given_up.replace(outcome=Outcome.UNCONFIRMED)
        return Turn(given_up, never=True)
    pause = after or min(FIRST_AGAIN * 2 ** min(member.attempt, 10), LAST_AGAIN)
    pause = min(pause, max(1.0, rollout.definition.patience / 4))
    return Turn(_deferred(member, reason), later=now + pause)


def refused(
    rollout: Rollout, device: Device, source: Member | None, *, number_of: NumberOf
) -> Refusal | None:
    """Why the phone is not to get it, None where it is."""
    definition = rollout.definition
    if rollout.rollback_of:
        why = _not_to_take_back(rollout, device, source, number_of)
        if why:
            return Refusal(Why.NOT_TAKEN_BACK, why)
    if definition.kind is not Kind.FIRMWARE:
        return None
    image = image_for(rollout, device, source, number_of=number_of)
    if image is None:
        return Refusal(Why.NOT_TAKEN_BACK, "no image is known for it")
    return firmware_check.for_phone(
        image,
        model=device.product_class,
        hardware=device.hardware_version,
        version=device.software_version,
        number_of=number_of,
        allowed_from=definition.allowed_from,
        downgrade=definition.downgrade or bool(rollout.rollback_of),
        override=bool(definition.override),
    )


def image_for(
    rollout: Rollout, device: Device, source: Member | None, *, number_of: NumberOf
) -> Image | None:
    """What this phone gets; of a rollback, what brings back the version that it had."""
    if rollout.definition.kind is not Kind.FIRMWARE:
        return None
    if not rollout.rollback_of:
        return rollout.image
    before = source.evidence.get("version_before", "") if source is not None else ""
    return firmware_check.bringing_back(
        rollout.images.values(),
        before,
        model=device.product_class,
        hardware=device.hardware_version,
        number_of=number_of,
        override=bool(rollout.definition.override),
    )


def work_of(rollout: Rollout, member: Member) -> Work:
    """What the phone is to do; of a kind that puts down tasks."""
    match rollout.definition.kind:
        case Kind.FIRMWARE:
            image = _chosen(rollout, member)
            return DownloadWork(
                file=image.name,
                file_type=FIRMWARE_TYPE,
                size=image.size,
                sha256=image.sha256,
                version=_version(image),
            )
        case Kind.REBOOT:
            return RebootWork()
        case Kind.BACKUP:
            return UploadWork()
        case _:
            assert rollout.work is not None, "a rollout of kind task has one"
            return rollout.work


def _chosen(rollout: Rollout, member: Member) -> Image:
    """The image that the phone's turn began with."""
    images = [rollout.image] if rollout.image is not None else rollout.images.values()
    return next(image for image in images if image.name == member.file)


def task_for(rollout: Rollout, device_id: str, member: Member, *, latest: float) -> Task:
    """The task of this turn. Made anew it is the same, but for what was found out since."""
    work = work_of(rollout, member)
    return Task(
        id=member.task,
        device=device_id,
        work=work,
        priority=rollout.definition.priority,
        created_at=member.turn_at,
        created_by=f"rollout {rollout.definition.name}",
        expires_at=member.turn_ends,
        rollout=rollout.id,
        guard=Guard(
            not_in_call=isinstance(work, _DISRUPTIVE),
            ask_again=rollout.definition.ask_again,
            not_after=latest,
            version=str(member.evidence.get("version_before", "")) if member.file else "",
        ),
    )


def question_for(rollout: Rollout, device_id: str, member: Member, *, now: float, until: float) -> Task:
    """The task that asks an upgraded phone whether its lines are registered."""
    return Task(
        id=question_of(rollout.id, device_id, member),
        device=device_id,
        work=GetParameterValuesWork(tuple(line + STATUS for line in member.lines)),
        priority=rollout.definition.priority,
        created_at=now,
        created_by=f"rollout {rollout.definition.name}",
        expires_at=until,
        rollout=rollout.id,
    )


def version_wanted(member: Member) -> str:
    """What an upgraded phone is to show, "" for any."""
    return str(member.evidence.get("version_wanted", "")) if member.file else ""


def no_window(phone: Phone) -> str:
    if phone.clock is None and phone.group_clock is None:
        return "its time zone is not known, so no window is open for it"
    return "no window is open for it"


def _not_to_take_back(rollout: Rollout, device: Device, source: Member | None, number_of: NumberOf) -> str:
    if source is None:
        return "it was not changed"
    if rollout.definition.kind is Kind.CONFIG:
        return "" if source.before is not None else "its configuration was not changed"
    before = source.evidence.get("version_before", "")
    if not before:
        return "what it had before is not known"
    if same_version(device.software_version, before):
        unsure = source.outcome is Outcome.UNCONFIRMED
        return f"it has {before} still" + ("; what became of it may show yet" if unsure else "")
    if image_for(rollout, device, source, number_of=number_of) is None:
        others = any(same_version(_version(image), before) for image in rollout.images.values())
        return f"no image of {before}{' for it' if others else ''} is stored"
    return ""


def _version(image: Image) -> str:
    return image.version or firmware_check.version_in(image.name)


def _deferred(member: Member, reason: str) -> Member:
    return member.replace(outcome=Outcome.DEFERRED, reason=reason, active=False)


def _arrived(member: Member, device: Device, now: float) -> Member:
    """A phone that was asked in an earlier turn and shows the version by now."""
    proof = {"version": device.software_version, "proved_by": "it shows the version since"}
    evidence = {name: fact for name, fact in member.evidence.items() if name != "fault"}
    arrived = member.replace(outcome=Outcome.SUCCEEDED, reason="", active=False, ended_at=now)
    return arrived.replace(evidence={**evidence, **proof})


def _skipped(member: Member, reason: str, now: float) -> Member:
    return member.replace(outcome=Outcome.SKIPPED, reason=reason, active=False, ended_at=now)
