"""Whether a phone's configuration is to be looked at in this session."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from acs.cwmp import events
from acs.fleet.convergence.state import ConfigState
from acs.fleet.device import Device, Learning
from acs.fleet.task import DownloadWork, Task

#: What may have changed the phone behind our back.
_UNSETTLING = frozenset(
    {
        events.BOOTSTRAP,
        events.BOOT,
        events.VALUE_CHANGE,
        events.TRANSFER_COMPLETE,
        events.AUTONOMOUS_TRANSFER_COMPLETE,
    }
)


def due(device: Device, mark: str, tasks: Iterable[Task], now: float) -> bool:
    """`mark` names the configuration that the phone ought to have now, "" for none."""
    state = device.config
    if device.learning is not Learning.COMPLETE:
        return False
    if state.mark != mark:
        return True
    if not mark or (state.tries and now < state.look_at) or any(map(is_push, tasks)):
        return False
    return state.stale or 0 < state.look_at <= now


def is_push(task: Task) -> bool:
    """Whether the task brings a configuration file made for this phone."""
    return isinstance(task.work, DownloadWork) and bool(task.work.values)


def under_way(tasks: Iterable[Task]) -> dict[str, str]:
    """The keys in configuration files that the phone was offered and may yet take."""
    found: dict[str, str] = {}
    for task in tasks:
        if isinstance(task.work, DownloadWork) and task.open:
            found |= task.work.values
    return found


def informed(before: Device, after: Device, codes: Iterable[str], *, again: bool = False) -> Device:
    """The device after an Inform with these events: they may have unsettled its configuration. `again`: it
    tells of the same reset once more, because nobody answered."""
    codes = frozenset(codes)
    state = after.config
    if events.BOOTSTRAP in codes and not again:
        # What it fetched since we last heard it, it has: a phone fetches its files before it calls. What it
        # could not be set, it may not be set at once again: some phones tell of a reset after every boot.
        tries, look_at = (state.tries, state.look_at) if state.tries and not state.call else (0, 0.0)
        state = ConfigState(
            mark=state.mark,
            tries=tries,
            look_at=look_at,
            settled_at=state.settled_at,
            void_before=before.last_inform,
            reset_at=after.last_inform,
        )
        return structs.replace(after, config=structs.replace(state, stale=bool(state.mark)))
    if not state.mark or _UNSETTLING.isdisjoint(codes):
        return after
    return structs.replace(after, config=structs.replace(state, stale=True))


def unsettled(device: Device) -> Device:
    """The device, to be looked at again: its parameters were read or set by somebody else."""
    if not device.config.mark or device.config.stale:
        return device
    return structs.replace(device, config=structs.replace(device.config, stale=True))
