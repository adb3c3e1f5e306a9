"""What an Inform says: who calls, what happened to the phone, and which tasks that proves.

Everything but the DeviceId may be missing, wrong or repeated (quirks 28 to 31, 60, 61, 67, 68). An Inform
that says nothing new is a heartbeat: it changes the device's record, writes no timeline and is not urgent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import structs

from acs.cwmp import events
from acs.cwmp.messages import Inform
from acs.cwmp.structures import DeviceId, ParameterValue
from acs.datamodel.paths import is_secret, leaf_of, parent_of
from acs.fleet import doubt, expiry, facts, learner, outcome, presence, proof, questions
from acs.fleet.changes import Changes, ParameterChanges, TimelineEntry
from acs.fleet.convergence.answers import broken_off, not_set
from acs.fleet.convergence.when import informed
from acs.fleet.device import ConnectionRequestLogin, Device, InformTiming, Learning, StunSetting
from acs.fleet.events import moves, of_inform
from acs.fleet.fleet_event import Kind
from acs.fleet.learning import LOST_SESSIONS, PAUSE, LearningState, reading_again
from acs.fleet.profile import ModelProfile
from acs.fleet.proof import Heard
from acs.fleet.situation import Situation
from acs.fleet.task import Task

#: An Inform's parameters are kept with the device, which is read in every session: phones send some ten of
#: them.
MAX_INFORM_PARAMETERS = 100
#: Longer values are kept in the tree alone.
MAX_INFORM_VALUE = 1024
#: So many changed values are named on the timeline.
MAX_NAMED = 20
#: What a device's own texts are cut to.
MAX_TEXT = 256

_ROUTINE = frozenset({events.PERIODIC})


def absorb(
    device: Device | None,
    inform: Inform,
    tasks: Iterable[Task],
    profile: ModelProfile | None,
    learning: LearningState | None,
    *,
    device_id: str,
    now: float,
    ip: str,
    user_agent: str,
    server_host: str,
    namespace: str,
    session: str,
) -> Changes:
    """The changes this Inform makes. `device` is None at first contact; `tasks` are the open ones; `profile`
    is its model's as far as it was known before. `urgent` is False for a heartbeat.
    """
    before = device or Device(id=device_id, first_seen=now)
    codes = tuple(dict.fromkeys(events.normalise(event.event_code) for event in inform.event))
    routine = device is not None and _ROUTINE.issuperset(codes)
    overlay = _overlay(inform.parameter_list)
    after = structs.replace(
        before,
        **_who(before, inform.device_id),
        namespace=namespace or before.namespace,
        ip=ip,
        moves=moves(before, ip, now),
        user_agent=user_agent[:MAX_TEXT],
        server_host=server_host or before.server_host,
        last_inform=now,
        last_boot=now if events.BOOT in codes else before.last_boot,
        informs=before.informs + 1,
        events=codes,
        inform_parameters=overlay,
        routine_informs=before.routine_informs + 1 if routine else 0,
        routine_since=(before.routine_since if before.routine_informs else now) if routine else 0,
        inform_habit=before.inform_habit
        if before.inform_interval or not (routine and before.routine_informs)
        else presence.habit(before, now),
    )
    changes = Changes()
    if not (routine and overlay == before.inform_parameters):
        after, changes = _told(before, after, inform, now)
    repeated = inform.retry_count > 0 and device is not None
    if device is None:
        after, changes = _first_contact(after, changes, now)
    if events.BOOTSTRAP in codes and not (repeated and events.BOOTSTRAP in before.events):
        after, changes = _bootstrap(after, changes, learning, now)
    elif events.VALUE_CHANGE in codes:
        news = _news(before, inform.parameter_list)
        changes = changes.then(Changes(parameters=(ParameterChanges(values=news),) if news else ()))
    if after.learning is Learning.FAILED:
        after, changes = _learning_again(after, changes, profile, learning, now)
    if broken_off(after, session):
        lost = not_set(after, now, doubt.BROKEN)
        after, changes = lost.device or after, changes.then(lost)
    if not routine:
        quiet = heartbeats(before)
        entry = _informed(codes, inform, before, now)
        changes = changes.then(Changes(timeline=(quiet, entry) if quiet else (entry,), urgent=True))
    if not routine:
        again = repeated and events.BOOTSTRAP in before.events
        after = informed(before, after, codes, again=again)
    changes = changes.then(Changes(device=after))
    if learning is not None and learning.asked and learning.session != session and not changes.learning:
        changes = changes.then(_learning_lost(after, profile, learning, now, session))
    if not routine:
        after, learning = changes.device or after, changes.learning or learning
        changes = changes.then(Changes(learning=_reads_wanted(after, learning, codes, inform)))
    tasks = tuple(tasks)
    if tasks:
        boots = {events.BOOTSTRAP, events.BOOT}.intersection(codes)
        heard = _heard(inform, repeated_boot=repeated and bool(boots) and boots.issubset(before.events))
        changes = changes.then(_tasks(tasks, changes.device or after, heard, profile, now, session))
    told = of_inform(device, changes.device or after, tasks, now, repeated=repeated)
    if not told:
        return changes
    moved = tuple(
        TimelineEntry(now, "device", one.text, one.data) for one in told if one.kind == Kind.IP_CHANGED
    )
    return changes.then(Changes(events=told, timeline=moved, urgent=True))


# --- who calls ----------------------------------------------------------------------------------------------


def _who(before: Device, who: DeviceId) -> dict[str, str]:
    """The device's fields of these names, as the Inform has them."""
    return {
        "manufacturer": who.manufacturer[:MAX_TEXT] or before.manufacturer,
        "oui": who.oui[:MAX_TEXT],
        "product_class": who.product_class[:MAX_TEXT],
        "serial_number": who.serial_number[:MAX_TEXT],
    }


def _told(before: Device, after: Device, inform: Inform, now: float) -> tuple[Device, Changes]:
    """The facts among the Inform's parameters; new firmware is learnt anew."""
    after, entries = facts.firmware_change(before, facts.told(after, inform.parameter_list), now)
    return after, Changes(timeline=entries, urgent=bool(entries))


def _overlay(values: tuple[ParameterValue, ...]) -> dict[str, tuple[str, str]]:
    return {
        value.name: (value.value, value.type)
        for value in values[:MAX_INFORM_PARAMETERS]
        if len(value.value) <= MAX_INFORM_VALUE and value.name[-1:] != "."
    }


def _news(before: Device, values: tuple[ParameterValue, ...]) -> tuple[ParameterValue, ...]:
    """The values that differ from those of the last Inform, or were not in it."""
    known = before.inform_parameters
    return tuple(v for v in values if v.name not in known or known[v.name][0] != v.value)


def _heard(inform: Inform, *, repeated_boot: bool) -> Heard:
    by_code: dict[str, tuple[str, ...]] = {}
    for event in inform.event:
        code = events.normalise(event.event_code)
        by_code[code] = (*by_code.get(code, ()), event.command_key.strip())
    told = facts.told(Device(id=""), inform.parameter_list)
    return Heard(by_code, told.parameter_key, told.software_version, repeated_boot)


# --- what happened ------------------------------------------------------------------------------------------


def _first_contact(device: Device, changes: Changes, now: float) -> tuple[Device, Changes]:
    name = " ".join(filter(None, (device.manufacturer, device.product_class))) or "A phone"
    version = f", version {device.software_version}" if device.software_version else ""
    entry = TimelineEntry(now, "device", f"First contact: {name}{version} at {device.ip}")
    return structs.replace(device, learning=Learning.WANTED), changes.then(
        Changes(timeline=(entry,), urgent=True)
    )


def _bootstrap(
    device: Device, changes: Changes, learning: LearningState | None, now: float
) -> tuple[Device, Changes]:
    """New, reset, or sent to this server anew: nothing that was known of its parameters holds.

    A phone that hung up whenever it was asked gets one more try, not three: it may be that it sends
    `0 BOOTSTRAP` again because of it.
    """
    lost = min(learning.lost, LOST_SESSIONS - 1) if learning is not None else 0
    login = device.connection_request
    device = structs.replace(
        device,
        last_bootstrap=now,
        learning=Learning.WANTED,
        missing=(),
        methods=(),
        stun=StunSetting(),
        timing=InformTiming(),
        connection_request=login if login.origin == "operator" else ConnectionRequestLogin(),
    )
    forget = Changes(
        parameters=(ParameterChanges(forget=("",)),), learning=LearningState(lost=lost), urgent=True
    )
    return device, changes.then(forget)


def _learning_again(
    device: Device,
    changes: Changes,
    profile: ModelProfile | None,
    learning: LearningState | None,
    now: float,
) -> tuple[Device, Changes]:
    """Learning that failed is tried again after its pause, or once another phone of the model was learnt."""
    again_at = learning.paused_until if learning is not None else 0.0
    known = profile is not None and profile.key == device.model_key and profile.learnt_at > again_at - PAUSE
    if again_at > now and not known:
        return device, changes
    device = structs.replace(device, learning=Learning.WANTED)
    return device, changes.then(Changes(learning=LearningState(), urgent=True))


def _learning_lost(
    device: Device, profile: ModelProfile | None, learning: LearningState, now: float, session: str
) -> Changes:
    """The session that learnt broke off, and nobody was there to notice."""
    situation = Situation(
        device=device,
        tasks=(),
        learning=learning,
        profile=profile or ModelProfile(key=device.model_key),
        now=now,
        session=session,
        link=_no_link,
    )
    return learner.unanswered(situation, doubt.BROKEN)


def _no_link(task: Task) -> str:
    raise ValueError(f"no transfer begins at an Inform ({task.id})")


def _reads_wanted(
    device: Device, learning: LearningState | None, codes: tuple[str, ...], inform: Inform
) -> LearningState | None:
    """The learning state with what this Inform makes worth reading: results of diagnostics, and the version
    after a boot that did not tell it (quirk 60). None when there is nothing, or all is read anyway."""
    if device.learning is not Learning.COMPLETE:
        return None
    names: list[str] = []
    if (
        events.BOOT in codes
        and device.root
        and not facts.told(Device(id=""), inform.parameter_list).software_version
    ):
        names.append(device.root + facts.SOFTWARE_VERSION)
    if events.DIAGNOSTICS_COMPLETE in codes:
        started = learning.diagnostics if learning is not None else ()
        told = (parent_of(v.name) for v in inform.parameter_list if leaf_of(v.name) == "DiagnosticsState")
        names.extend(dict.fromkeys((*started, *told)))
        if learning is not None:
            learning = structs.replace(learning, diagnostics=())
    return reading_again(learning, names=tuple(names)) if names else None


# --- the timeline -------------------------------------------------------------------------------------------


def heartbeats(device: Device) -> TimelineEntry | None:
    """One entry for all heartbeats since the last entry. They are counted in the record, and the next Inform
    that has news writes this."""
    count = device.routine_informs
    if not count:
        return None
    text = f"{count} regular Inform{'' if count == 1 else 's'}"
    data = {"count": count, "from": device.routine_since, "to": device.last_inform}
    return TimelineEntry(device.last_inform, "inform", text, data)


def _informed(codes: tuple[str, ...], inform: Inform, before: Device, now: float) -> TimelineEntry:
    text = "Informed: " + ", ".join(codes) if codes else "Informed without an event"
    data: dict[str, Any] = {"events": list(codes)}
    keys = [event.command_key for event in inform.event if event.command_key]
    if keys:
        data["command_keys"] = keys
    if inform.retry_count:
        data["retry_count"] = inform.retry_count
    news = _news(before, inform.parameter_list) if events.VALUE_CHANGE in codes else ()
    if news:
        changed = {v.name: "" if is_secret(v.name) else v.value[:MAX_TEXT] for v in news[:MAX_NAMED]}
        data["changed"] = changed
        text += "; " + ", ".join(f"{leaf_of(name)} is now {value!r}" for name, value in changed.items())
    return TimelineEntry(now, "inform", text, data)


# --- tasks --------------------------------------------------------------------------------------------------


def _tasks(
    tasks: tuple[Task, ...],
    device: Device,
    heard: Heard,
    profile: ModelProfile | None,
    now: float,
    session: str,
) -> Changes:
    """What the Inform proves, then what is to be thought of lost answers, then what has run out of time."""
    proved = {task.id: task for task in proof.by_inform(tasks, heard, device.software_version, now, session)}
    can_ask = profile is None or questions.knows_queue(profile)
    seen = [
        doubt.at_inform(proved.get(task.id, task), heard, now, session, can_ask=can_ask) for task in tasks
    ]
    late = {task.id: task for task in expiry.overdue((task for task in seen if task.open), now).tasks}
    changed = [late.get(task.id, task) for task in seen]
    changed = [task for task, was in zip(changed, tasks, strict=True) if task is not was]
    return outcome.changed(now, *changed, was=tasks) if changed else Changes()
