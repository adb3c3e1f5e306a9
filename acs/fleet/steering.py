"""Telling a phone when to inform, so that the Informs of a fleet come evenly.

All phones have one interval, and each has its own point in it, drawn from its device key: PeriodicInformTime
says it. A phone without that parameter gets an interval that is a little shorter than the others' instead. It
is set once; a phone whose interval was changed by somebody else is told again after a day, one whose answer
was lost after an hour. When nothing is to be steered any more, the phone gets back what it had.

While something is done to phones they may be told to inform more often: by a rollout, each phone for its
turn, or by an operator, for a group. That holds until a time, so that it ends whoever died over it.

Where a layer of desired configuration has the interval's key, that decides, and nothing is set here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec import structs

from acs.cwmp import messages as cwmp
from acs.cwmp.structures import ParameterValue
from acs.fleet import answers, facts
from acs.fleet.changes import Changes, TimelineEntry
from acs.fleet.device import Device, InformTiming, Learning, OperatorNotes
from acs.fleet.identity import device_key
from acs.fleet.layers import Group
from acs.fleet.situation import Situation
from acs.fleet.step import Step

SET = "timing"

#: The configuration key that says the same.
KEY = "managementserver.periodic_inform_interval"

ENABLE = "ManagementServer.PeriodicInformEnable"
TIME = "ManagementServer.PeriodicInformTime"

#: Seconds after which a phone is told again.
CHANGED_AGAIN = 86400.0
LOST_AGAIN = 3600.0

#: The point in the interval is counted from here: any time in the past will do (TR-069, PeriodicInformTime).
_ORIGIN = datetime(2020, 1, 1, tzinfo=UTC)

#: Without PeriodicInformTime, intervals differ by up to this part.
_PART = 20


def tight(notes: OperatorNotes, groups: Iterable[Group], now: float) -> int:
    """The shortest interval that the phone is to have for the time being, 0 for none."""
    asked = [(notes.inform_interval, notes.inform_until)]
    asked += [(group.inform_interval, group.inform_until) for group in groups]
    return min((interval for interval, until in asked if interval and now < until), default=0)


def wanted(device: Device, interval: int, tight: int = 0) -> int:
    """The interval to have, 0 for any.

    :param interval: what the settings say, 0 for nothing: then it is what the phone had before that.
    :param tight: what it is to have for the time being, 0 for nothing; it never makes an interval longer.
    """
    known = device.timing
    had = interval or known.before or device.inform_interval
    if tight and (not had or tight < had):
        return tight
    return interval or (known.before if known.interval != known.before else 0)


def due(device: Device, interval: int, now: float) -> bool:
    """Whether the phone has another interval than this and should be told."""
    if not interval or device.learning is not Learning.COMPLETE:
        return False
    known = device.timing
    if known.interval != interval:
        return True
    if known.origin == "refused":
        return False
    if known.origin == "unsure":
        return now - known.at > LOST_AGAIN
    told = device.inform_interval
    return told not in (interval, _without_time(device, interval)) and now - known.at > CHANGED_AGAIN


def next_step(situation: Situation) -> Step | None:
    interval = situation.inform_interval
    if not interval or not due(situation.device, interval, situation.now):
        return None
    values = _values(situation, interval)
    if not values:
        return None
    # Unsure from the moment it goes out; no task is done by it, so the ParameterKey stays.
    request = cwmp.SetParameterValues(values, situation.device.parameter_key)
    return Step(request, SET, _noted(situation, interval, "unsure"))


def completed(situation: Situation, answer: cwmp.CpeResponse) -> Changes:
    interval = situation.device.timing.interval
    if isinstance(answer, cwmp.SetParameterValuesResponse):
        taken = answers.values_taken(situation, _values(situation, interval), "acs")
        after = situation.after(taken)
        return taken.then(_noted(after, interval, "acs", f"It informs every {interval} s from now on"))
    code = answer.fault_code if isinstance(answer, cwmp.Fault) else 0
    why = f"It does not take an Inform interval of {interval} s: fault {code}"
    return _noted(situation, interval, "refused", why)


def _values(situation: Situation, interval: int) -> tuple[ParameterValue, ...]:
    """Interval and time, with what the phone lets be set; nothing where it has no such interval."""
    device = situation.device
    root = device.root
    if not _writable(situation, facts.PERIODIC_INFORM_INTERVAL):
        return ()
    found = [ParameterValue(root + ENABLE, "1", "xsd:boolean")] if _writable(situation, ENABLE) else []
    if _writable(situation, TIME):
        at = _ORIGIN + timedelta(seconds=_place(device) % interval)
        found.append(ParameterValue(root + TIME, at.strftime("%Y-%m-%dT%H:%M:%SZ"), "xsd:dateTime"))
    else:
        interval = _without_time(device, interval)
    name = root + facts.PERIODIC_INFORM_INTERVAL
    return (*found, ParameterValue(name, str(interval), "xsd:unsignedInt"))


def _place(device: Device) -> int:
    """A number of its own, the same whenever it is asked for."""
    return int(device_key(device.id), 16)


def _without_time(device: Device, interval: int) -> int:
    return interval - _place(device) % max(1, interval // _PART)


def _noted(situation: Situation, interval: int, origin: str, said: str = "") -> Changes:
    device = situation.device
    before = device.timing.before or device.inform_interval
    timing = InformTiming(interval, origin, situation.now, before)
    timeline = (TimelineEntry(situation.now, "device", said),) if said else ()
    return Changes(device=structs.replace(device, timing=timing), timeline=timeline, urgent=True)


def _writable(situation: Situation, leaf: str) -> bool:
    """Whether the phone has it and does not call it read-only."""
    name = situation.device.root + leaf
    known = situation.tree.get(name) if situation.tree is not None else None
    if known is not None:
        return known.writable is not False
    return bool(situation.known_profile.names.get(name))
