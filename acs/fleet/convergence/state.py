"""How far one phone has come towards its desired configuration: a part of its record, so that a heartbeat
knows without another look that there is nothing to do, and a pass survives a broken session."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Settled(StrEnum):
    """How the last pass over the configuration ended."""

    NEVER = ""
    #: everything desired is known to be on the phone
    CONVERGED = "converged"
    #: the rest waits until the phone may reboot
    DEFERRED = "deferred"
    #: something is not on the phone, and sending it again would not help now
    DIFFERS = "differs"


class ConfigState(Struct, frozen=True, array_like=True):
    """Times are seconds since the epoch. The fields from `session` to `asked` belong to the pass that goes
    on."""

    #: the mark (`acs.fleet.convergence.wish.Wish.mark`) of the configuration that the last pass was for
    mark: str = ""
    #: the phone may have changed since: look again, whatever the mark
    stale: bool = False
    settled: Settled = Settled.NEVER
    settled_at: float = 0
    #: look again then; 0 for never
    look_at: float = 0
    #: passes in a row that the phone did not see through
    tries: int = 0
    #: a reset wiped what the phone had fetched before this time
    void_before: float = 0
    #: parameters that this phone refused with this value: their keys go by file
    by_file: tuple[str, ...] = ()
    #: parameters are set one by one, because the phone refused a set and did not say which it minded
    apart: bool = False
    #: configuration files offered since the phone last had everything, and when the next may be
    pushes: int = 0
    push_at: float = 0
    #: key to why it is not on the phone
    problems: dict[str, str] = {}
    session: str = ""
    #: the phone broke the pass off: nothing more in this session
    over: bool = False
    #: values read before this time are read again
    read_after: float = 0
    #: how many times parameters were read, and set
    reads: int = 0
    sets: int = 0
    #: what was set in this pass and is to be read back, and when
    sent: tuple[str, ...] = ()
    set_at: float = 0
    #: the parameters of the set that is out
    asked: tuple[str, ...] = ()
    #: when a reset was told last: it wiped what was sent before
    reset_at: float = 0
    #: in this pass the phone's lines were asked, and none was in a call
    free: bool = False
    #: the call that was in the way when they were asked, as a clause; "" for none
    call: str = ""
    #: instances of objects that the phone was asked to add, each once
    rows: tuple[str, ...] = ()
