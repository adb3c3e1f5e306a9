"""What of a phone's doings the fleet's operators may want to hear of, from what was known before and after.

A heartbeat makes no event. What this server itself brought about makes none either: a boot that a task or a
configuration asked for, firmware that a task offered.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from acs.cwmp import events as codes_of
from acs.fleet import facts, proof
from acs.fleet.changes import Changes
from acs.fleet.device import Device
from acs.fleet.fleet_event import FleetEvent, Kind, event
from acs.fleet.task import (
    AddObjectWork,
    DeleteObjectWork,
    DownloadWork,
    FactoryResetWork,
    RebootWork,
    SetParameterValuesWork,
    Task,
    TaskState,
)

#: Work over which phones reboot, some of them of their own accord.
_REBOOTING = (
    RebootWork | FactoryResetWork | DownloadWork | SetParameterValuesWork | AddObjectWork | DeleteObjectWork
)


#: A phone may boot so many seconds after its configuration was set, and that is our doing.
CONFIGURED_AGO = 900.0

#: A phone whose address changed so often within so many seconds calls from several in turn: that is told
#: once, and the single changes no more until it has kept one for as long.
MOVES = 3
MOVES_WINDOW = 3600.0

#: The same fault so often in a row is told; then at 4, 8, 16 and so on.
REPEATED = 3


def of_inform(
    before: Device | None, after: Device, tasks: Iterable[Task], now: float, *, repeated: bool
) -> tuple[FleetEvent, ...]:
    """What an Inform says. `tasks` are the open ones before it; `repeated`: it was sent before."""
    if before is None:
        name = " ".join(filter(None, (after.manufacturer, after.product_class))) or "a phone"
        told = {"ip": after.ip, "firmware": after.software_version, "model": after.product_class}
        return (event(Kind.DEVICE_NEW, now, f"New: {name} at {after.ip}", told, device=after.id),)
    found: list[FleetEvent] = []
    found += _moved(before, after, now)
    if after.software_version != before.software_version and before.software_version:
        found += _firmware(before, after, tasks, now)
    if codes_of.BOOT in after.events and not repeated and not _expected_boot(before, after, tasks, now):
        text = "It rebooted by itself" + (" and was reset" if codes_of.BOOTSTRAP in after.events else "")
        found.append(event(Kind.REBOOT_UNASKED, now, text, {"events": list(after.events)}, device=after.id))
    if after.lines is not before.lines:
        found += _registrations(before, after, now)
    return tuple(found)


def moves(before: Device, ip: str, now: float) -> tuple[float, ...]:
    """When the phone's address changed lately, this Inform included."""
    if ip == before.ip or not before.ip:
        return before.moves
    return (*_lately(before.moves, now), now)[-MOVES:]


def of_changes(before: Device, tasks: tuple[Task, ...], changes: Changes, now: float) -> Changes | None:
    """What else was decided in a session, to be added to these changes: lines that are heard, faults."""
    device = changes.device or before
    found: list[FleetEvent] = []
    if device.lines is not before.lines:
        found += _registrations(before, device, now)
    if device.software_version != before.software_version and before.software_version:
        found += _firmware(before, device, tasks, now)
    counted = device.faults
    for task in changes.tasks:
        if not task.open:
            counted, repeated = _count(counted, task, device, now)
            found += repeated
    if counted is device.faults and not found:
        return None
    return Changes(device=structs.replace(device, faults=counted), events=tuple(found), urgent=True)


def _expected_boot(before: Device, after: Device, tasks: Iterable[Task], now: float) -> bool:
    """Whether the boot was asked for: by us, or by somebody who used the phone's own RPCs."""
    if {
        codes_of.M_REBOOT,
        codes_of.M_DOWNLOAD,
        codes_of.M_SCHEDULE_DOWNLOAD,
        codes_of.TRANSFER_COMPLETE,
    }.intersection(after.events):
        return True
    if 0 < now - before.config.set_at < CONFIGURED_AGO:
        return True
    return any(
        isinstance(task.work, _REBOOTING) and task.state in (TaskState.RUNNING, TaskState.WAITING)
        for task in tasks
    )


def _moved(before: Device, after: Device, now: float) -> tuple[FleetEvent, ...]:
    if after.ip == before.ip or not before.ip or len(_lately(before.moves, now)) == MOVES:
        return ()
    text = f"Its address changed from {before.ip} to {after.ip}"
    if len(after.moves) == MOVES:
        text += ", and does so again and again"
    told = {"before": before.ip, "after": after.ip}
    return (event(Kind.IP_CHANGED, now, text, told, device=after.id),)


def _lately(moves: tuple[float, ...], now: float) -> tuple[float, ...]:
    return tuple(at for at in moves if abs(now - at) < MOVES_WINDOW)


def _firmware(before: Device, after: Device, tasks: Iterable[Task], now: float) -> tuple[FleetEvent, ...]:
    ours = any(
        proof.is_firmware(task) and task.state in (TaskState.RUNNING, TaskState.WAITING) for task in tasks
    )
    if ours:
        return ()
    old, new = before.software_version, after.software_version
    text = f"Its firmware was changed by somebody else, from {old} to {new}"
    return (event(Kind.FIRMWARE_CHANGED, now, text, {"before": old, "after": new}, device=after.id),)


def _registrations(before: Device, after: Device, now: float) -> tuple[FleetEvent, ...]:
    found = []
    for line, status in after.lines.items():
        was = before.lines.get(line, "")
        if status == was:
            continue
        name = facts.line_name(line).capitalize()
        told = {"line": line, "before": was, "after": status}
        if status == facts.UP and was:
            text = f"{name} is registered again"
            found.append(event(Kind.REGISTERED, now, text, told, device=after.id))
        elif was == facts.UP or (not was and status == "Error"):
            text = f"{name} is not registered: {status}"
            found.append(event(Kind.REGISTRATION_LOST, now, text, told, device=after.id))
    return tuple(found)


def _count(
    counted: dict[str, tuple[int, int]], task: Task, device: Device, now: float
) -> tuple[dict[str, tuple[int, int]], tuple[FleetEvent, ...]]:
    """Count the fault of a task that failed; one that was done ends the row."""
    if task.state is TaskState.DONE and task.type in counted:
        return {type_: row for type_, row in counted.items() if type_ != task.type}, ()
    if task.state is not TaskState.FAILED or task.fault is None:
        return counted, ()
    code = task.fault.code
    last, times = counted.get(task.type, (code, 0))
    times = times + 1 if last == code else 1
    counted = {**counted, task.type: (code, times)}
    if times < REPEATED or (times & (times - 1) and times != REPEATED):
        return counted, ()
    text = f"{task.type} failed {times} times in a row: {task.fault.text}"
    told = {"task": task.id, "type": task.type, "code": code, "times": times}
    return counted, (event(Kind.FAULT_REPEATED, now, text, told, device=device.id),)
