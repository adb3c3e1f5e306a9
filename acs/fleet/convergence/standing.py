"""How a phone stands towards its desired configuration, outside of any session: for people and for plans."""

from __future__ import annotations

from enum import StrEnum

from acs.fleet.convergence.drift import Comparison, State
from acs.fleet.convergence.state import ConfigState, Settled


class Standing(StrEnum):
    #: nothing is desired of it
    NONE = "none"
    #: its parameters are not known yet: what differs shows when they are
    UNKNOWN = "unknown"
    CONVERGED = "converged"
    #: something is sent in its next session, or is under way
    DUE = "due"
    #: the rest waits until the phone may reboot
    DEFERRED = "deferred"
    #: something is not on the phone, and sending it again would not help now
    DIFFERS = "differs"


def next_state(state: ConfigState, mark: str) -> ConfigState:
    """The state with which the phone's next pass for this wish would compare."""
    if state.mark == mark:
        return state
    return anew(state, mark)


def anew(state: ConfigState, mark: str) -> ConfigState:
    """The state for another wish: what the phone refused of the old one is tried again."""
    return ConfigState(
        mark=mark,
        stale=True,
        settled=state.settled,
        settled_at=state.settled_at,
        void_before=state.void_before,
        reset_at=state.reset_at,
        problems=state.problems,
        rows=state.rows,
    )


def standing(compared: Comparison, *, desired: bool, learnt: bool) -> Standing:
    """`desired`: something is; `learnt`: the phone's parameters are known."""
    states = {one.state for one in compared.differences}
    if not desired:
        return Standing.NONE
    if not learnt:
        return Standing.UNKNOWN
    if not states:
        return Standing.CONVERGED
    if states & {State.DUE, State.UNDER_WAY}:
        return Standing.DUE
    return Standing.DEFERRED if states == {State.WAITS} else Standing.DIFFERS


def certain(state: ConfigState, mark: str) -> bool:
    """Whether all that is desired is known to be on the phone, by its record alone."""
    if not mark:
        return True
    return state.mark == mark and state.settled is Settled.CONVERGED and not state.stale
