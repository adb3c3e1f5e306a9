"""A phone of a configuration rollout: from how its configuration stands to its outcome."""

from __future__ import annotations

from acs.fleet.convergence.state import Settled
from acs.fleet.device import Device
from acs.fleet.rollout.member import Member, Outcome


def seen(member: Member, device: Device, mark: str, *, confirm: float, patience: float, now: float) -> Member:
    """The phone as it stands. `mark` names what it ought to have now (`convergence.wishing.mark_of`)."""
    state = device.config
    if state.mark == mark and state.call:
        earlier = member.evidence.get("in_a_call", {"times": 0})
        told = {"why": state.call, "times": earlier["times"] + 1, "last": now}
        waits = member.replace(outcome=Outcome.DEFERRED, reason=state.call, active=False)
        return waits.noting(in_a_call=told)
    if state.mark != mark or state.settled is Settled.NEVER or state.settled_at < member.turn_at:
        if device.last_inform >= member.turn_at:
            return _under_way(member, "its configuration is compared and set", now, confirm)
        return member.replace(outcome=Outcome.WAITING, reason="it is called")
    if state.settled is Settled.CONVERGED:
        return member.replace(outcome=Outcome.CHECKING, reason="", active=False).noting(
            proved_by="its configuration is as desired"
        )
    if state.settled is Settled.DEFERRED:
        waits = member.replace(active=False)
        return _under_way(waits, "waits until it may reboot", now, patience)
    problems = "; ".join(f"{key}: {why}" for key, why in sorted(state.problems.items()))
    if state.push_at > now or state.stale:
        return _under_way(member, problems or "its configuration is compared and set", now, confirm)
    failed = member.replace(outcome=Outcome.FAILED, reason=problems, active=False, ended_at=now)
    return failed.noting(problems=dict(state.problems))


def untouched(member: Member, device: Device) -> bool:
    """Whether the phone did not call since its turn began: what it ought to have can be taken back unseen."""
    return device.last_inform < member.turn_at


def _under_way(member: Member, reason: str, now: float, confirm: float) -> Member:
    if now > member.turn_at + confirm:
        reason = f"no proof within {confirm:g} s; it may still come ({reason})"
        return member.replace(outcome=Outcome.UNCONFIRMED, reason=reason, active=False, ended_at=now)
    sent_at = member.sent_at or now
    return member.replace(outcome=Outcome.SENT, reason=reason, sent_at=sent_at)
