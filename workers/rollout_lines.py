"""Upgraded phones are asked whether their lines are registered: few tell it by themselves.

What asks is an ordinary task with the number of the question in its id, so that it is put down once.
"""

from __future__ import annotations

from collections.abc import Mapping

from acs.fleet import presence
from acs.fleet.device import Device
from acs.fleet.rollout import health, turns
from acs.fleet.rollout.definition import Kind
from acs.fleet.rollout.health import Told
from acs.fleet.rollout.member import Member, question_of
from acs.fleet.rollout.rollout import Rollout
from acs.store import metrics, tasks
from acs.store.tasks import FoundTask
from workers.rollout_desk import Desk


def heard(
    desk: Desk, rollout: Rollout, watched: Mapping[str, tuple[Member, Device]], now: float
) -> dict[str, tuple[Member, Told]]:
    """What the lines of these phones say, those asked whose time it is: the phones with the number of their
    question."""
    if rollout.definition.kind is not Kind.FIRMWARE:
        return {one: (member, Told(device.lines)) for one, (member, device) in watched.items()}
    asked = [one for one, (member, _) in watched.items() if member.asked]
    calls = [tasks.get(question_of(rollout.id, one, watched[one][0])) for one in asked]
    found: dict[str, FoundTask | None] = dict(zip(asked, desk.runner.run_all(calls), strict=True))
    told: dict[str, tuple[Member, Told]] = {}
    for one, (member, device) in watched.items():
        stored = found.get(one)
        question = stored.task if stored is not None else None
        if question is None and health.to_be_asked(member, device, informs=rollout.definition.informs):
            told[one] = _ask(desk, rollout, one, member.replace(asked=member.asked or 1), device, now)
        elif question is not None and health.asked_again(member, device, question, now=now):
            told[one] = _ask(desk, rollout, one, member.replace(asked=member.asked + 1), device, now)
        else:
            told[one] = (member, health.told(member, device, question))
    return told


def _ask(
    desk: Desk, rollout: Rollout, device_id: str, member: Member, device: Device, now: float
) -> tuple[Member, Told]:
    until = now + (rollout.definition.informs + 1) * presence.interval_of(device) + health.SLACK
    task = turns.question_for(rollout, device_id, member, now=now, until=until)
    made = desk.runner.run(tasks.create_once(task, stamp=tasks.fresh_stamp()))
    if made == "created":
        desk.runner.run(metrics.entered([task]))
    return member, Told(device.lines, awaited=made in ("created", "exists"))
