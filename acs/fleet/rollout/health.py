"""Whether a phone is well after its step: the version stays, its lines are registered again, it informs."""

from __future__ import annotations

from acs.fleet import presence
from acs.fleet.device import Device
from acs.fleet.facts import UP
from acs.fleet.rollout.member import Member, Outcome

#: Seconds beyond its Informs that a phone gets to register its lines.
SLACK = 300.0


def lines_up(device: Device) -> tuple[str, ...]:
    """The lines that are registered as far as they were heard."""
    return tuple(sorted(line for line, status in device.lines.items() if status == UP))


def looked_at(member: Member, device: Device, *, version: str, informs: int, now: float) -> Member:
    """The phone after a look: succeeded, failed, or still watched.

    `version` is what it should show, "" for any; `informs` how many it is to send first.
    """
    if not member.checked_from:
        member = member.replace(checked_from=now, informs=device.informs)
    if version and device.software_version != version:
        text = f"it shows {device.software_version or 'no version'} again instead of {version}"
        return _ended(member, Outcome.FAILED, text, now)
    came = device.informs - member.informs
    down = [line for line in member.lines if device.lines.get(line, UP) != UP]
    if came >= informs and not down:
        return _ended(member, Outcome.SUCCEEDED, "", now)
    waited = now - member.checked_from
    if waited > (informs + 1) * presence.interval_of(device) + SLACK:
        if down:
            numbers = ", ".join(line.rpartition(".")[2] for line in down)
            return _ended(member, Outcome.FAILED, f"line {numbers} did not register again", now)
        return _ended(member, Outcome.UNCONFIRMED, "it fell silent after its step", now)
    wanting = [f"{informs - came} more Informs"] if came < informs else []
    wanting += [f"line {line.rpartition('.')[2]} to register" for line in down]
    return member.replace(outcome=Outcome.CHECKING, reason="waits for " + " and ".join(wanting))


def _ended(member: Member, outcome: Outcome, reason: str, now: float) -> Member:
    return member.replace(outcome=outcome, reason=reason, active=False, ended_at=now)
