"""Whether a phone is well after its step: the version stays, its lines are registered again, it informs.

Few phones tell the Status of their lines by themselves, so those are asked for it that had lines which were
registered: with the last Inform that is waited for, and again while a line is not.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from acs.fleet import presence
from acs.fleet.device import Device
from acs.fleet.facts import UP, line_name
from acs.fleet.rollout.member import Member, Outcome
from acs.fleet.selector.values import same_version
from acs.fleet.task import Task, TaskState

#: Seconds beyond its Informs that a phone gets to register its lines.
SLACK = 300.0

#: Seconds until a phone is asked again of which a line was not registered, times how often it was asked.
ASKED_AGAIN = 15.0

#: The parameter that tells whether a line is registered, below the line.
STATUS = ".Status"


def lines_up(device: Device) -> tuple[str, ...]:
    """The lines that are registered as far as they were heard."""
    return tuple(sorted(line for line, status in device.lines.items() if status == UP))


class Told(Struct, frozen=True):
    """The Status of each line, "" for one that the phone has no more; `awaited` while it is being asked."""

    lines: Mapping[str, str]
    awaited: bool = False


def told(member: Member, device: Device, question: Task | None) -> Told:
    """What the lines say that were registered before: by the answer, else as they were heard."""
    if question is None or question.state is not TaskState.DONE:
        return Told(device.lines, awaited=question is not None and question.open)
    values = question.result.get("values", {}) if isinstance(question.result, dict) else {}
    found = {name.removesuffix(STATUS).lower(): told["value"].strip() for name, told in values.items()}
    return Told({line: found.get(line.lower(), "") for line in member.lines})


def begun(member: Member, device: Device, now: float) -> Member:
    """The phone as its health is watched from now on, unless it is already."""
    return member if member.checked_from else member.replace(checked_from=now, informs=device.informs)


def to_be_asked(member: Member, device: Device, *, informs: int) -> bool:
    """Whether it is time to ask the phone for its lines: the next Inform is the last that is waited for."""
    return bool(member.lines) and 0 < informs <= device.informs - member.informs + 1


def asked_again(member: Member, device: Device, question: Task, *, now: float) -> bool:
    """Whether the phone is to be asked once more: it answered, and a line was not registered."""
    if question.state is not TaskState.DONE or now < question.finished_at + ASKED_AGAIN * member.asked:
        return False
    return bool(down(member, told(member, device, question)))


def down(member: Member, told: Told) -> list[str]:
    """The lines that were registered before and are not."""
    return [line for line in member.lines if told.lines.get(line, UP) != UP]


def looked_at(
    member: Member, device: Device, *, version: str, informs: int, now: float, told: Told | None = None
) -> Member:
    """The phone after a look: succeeded, failed, or still watched.

    `version` is what it should show, "" for any; `informs` how many it is to send first; `told` what its
    lines say, None where it is not asked for them.
    """
    member = begun(member, device, now)
    told = told or Told(device.lines)
    if version and not same_version(device.software_version, version):
        shown, before = device.software_version, str(member.evidence.get("version_before", ""))
        again = " again" if same_version(shown, before) else ""
        text = f"it shows {shown or 'no version'}{again} instead of {version}"
        return _ended(member, Outcome.FAILED, text, now).noting(version=device.software_version)
    came = device.informs - member.informs
    lost = down(member, told)
    if came >= informs and not lost and not told.awaited:
        return _ended(member, Outcome.SUCCEEDED, "", now)
    waited = now - member.checked_from
    if waited > (informs + 1) * presence.interval_of(device) + SLACK:
        if lost:
            names = ", ".join(map(line_name, lost))
            return _ended(member, Outcome.FAILED, f"{names} did not register again", now)
        if member.asked > 1:
            return _ended(member, Outcome.FAILED, "not all of its lines registered again", now)
        if came >= informs:
            text = "it did not tell whether its lines are registered again"
            return _ended(member, Outcome.UNCONFIRMED, text, now)
        return _ended(member, Outcome.UNCONFIRMED, "it fell silent after its step", now)
    wanting = [f"{informs - came} more Informs"] if came < informs else []
    wanting += [f"{line_name(line)} to register" for line in lost]
    if told.awaited and not lost:
        wanting.append("its lines to be told")
    return member.replace(outcome=Outcome.CHECKING, reason="waits for " + " and ".join(wanting))


def _ended(member: Member, outcome: Outcome, reason: str, now: float) -> Member:
    return member.replace(outcome=outcome, reason=reason, active=False, ended_at=now)
