"""How a pass over a phone's configuration ends."""

from __future__ import annotations

from msgspec import structs

from acs.datamodel.carriers import CarrierKind
from acs.fleet.changes import Changes, TimelineEntry
from acs.fleet.convergence import words
from acs.fleet.convergence.drift import Comparison, Difference, State
from acs.fleet.convergence.state import ConfigState, Settled
from acs.fleet.convergence.steps import compared_now, in_pass
from acs.fleet.convergence.when import is_push
from acs.fleet.device import Learning
from acs.fleet.situation import Situation

#: Seconds after which a phone is looked at again, though nothing said that it changed.
LOOK_AGAIN = 86_400.0

#: Why a key that goes by file does not reach a phone without Download.
NO_FILES = "the phone takes no files by CWMP: its provisioning has to bring it"

_WAITS = "waits until the phone may reboot"


def settled(situation: Situation) -> Changes:
    """What it changes that a pass has nothing (more) to ask; nothing while a file is under way."""
    wish = situation.wish
    if wish is None or situation.tree is None or situation.device.learning is not Learning.COMPLETE:
        return Changes()
    situation = in_pass(situation, wish)
    state, now = situation.device.config, situation.now
    if state.over or any(map(is_push, situation.tasks)):
        return Changes(device=situation.device)
    compared = compared_now(situation, wish)
    waiting = compared.in_state(State.WAITS)
    problems = {one.key: _why(one, state, now) for one in compared.differences if one not in waiting}
    look_at = now + LOOK_AGAIN
    if waiting and wish.reboots_at is not None:
        look_at = min(look_at, wish.reboots_at)
    if problems and state.push_at > now:
        look_at = min(look_at, state.push_at)
    ended = _ended(compared, problems)
    converged = ended is Settled.CONVERGED
    after = ConfigState(
        mark=wish.mark,
        settled=ended,
        settled_at=now,
        look_at=look_at,
        void_before=state.void_before,
        reset_at=state.reset_at,
        by_file=state.by_file,
        apart=state.apart,
        pushes=0 if converged else state.pushes,
        push_at=0.0 if converged else state.push_at,
        problems=problems,
        rows=state.rows,
    )
    news = ended is not state.settled or problems != state.problems or state.sets or state.pushes
    reasons = {**problems, **{one.key: _WAITS for one in waiting}}
    entry = _entry(now, ended, len(wish.desired.effective), reasons)
    return Changes(
        device=structs.replace(situation.device, config=after),
        timeline=(entry,) if news and wish.mark else (),
        urgent=True,
    )


def _ended(compared: Comparison, problems: dict[str, str]) -> Settled:
    if not compared.differences:
        return Settled.CONVERGED
    return Settled.DIFFERS if problems else Settled.DEFERRED


def _why(one: Difference, state: ConfigState, now: float) -> str:
    """Why a key is not sent (again) in this pass."""
    if one.why or one.carrier is None:
        return one.why
    if one.carrier.kind is CarrierKind.PARAMETER:
        back = "another value" if one.known is None else repr(one.known)
        return f"the phone took it, but reads back {back}"
    if state.push_at > now:
        return "the phone did not take the configuration file; it is offered again later"
    return NO_FILES


def _entry(now: float, ended: Settled, desired: int, reasons: dict[str, str]) -> TimelineEntry:
    if ended is Settled.CONVERGED:
        text = f"Configuration is as desired ({desired} key{'' if desired == 1 else 's'})"
    else:
        text = f"Configuration is not all as desired: {words.reasons(reasons)}"
    return TimelineEntry(now, "config", text, {"state": str(ended)})
