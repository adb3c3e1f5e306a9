"""What a pass asks the phone: to read, to set, to fetch a file; and whether it is in a call, before a file
and before what would make it reboot.
"""

from __future__ import annotations

from hashlib import sha256

from msgspec import structs

from acs.cwmp import messages as cwmp
from acs.cwmp.structures import ParameterValue
from acs.datamodel import cfg_files
from acs.datamodel.carriers import CarrierKind
from acs.datamodel.mapping import Write
from acs.fleet import guarding, learner, outcome, sending
from acs.fleet.attributes import mac_of
from acs.fleet.changes import Changes, TimelineEntry
from acs.fleet.convergence import rows, words
from acs.fleet.convergence.drift import Comparison, compare
from acs.fleet.convergence.own_tasks import own_task
from acs.fleet.convergence.standing import anew
from acs.fleet.convergence.state import ConfigState
from acs.fleet.convergence.when import is_push, under_way
from acs.fleet.convergence.wish import Wish
from acs.fleet.device import Learning
from acs.fleet.learning import reading_again
from acs.fleet.situation import Situation
from acs.fleet.step import Step
from acs.fleet.task import DownloadWork

#: The `ref` of a set.
SET = "config-set"

#: The refs of the question for calls, and of the word to call again after one.
CALLS, COME_AGAIN = "config-calls", "config-again"

#: Seconds after which a phone in a call is asked again.
AGAIN = 300

FILE_TYPE = "3 Vendor Configuration File"

#: Values heard so many seconds ago are taken as they are, unless the phone booted or said otherwise.
FRESH = 300.0


def next_step(situation: Situation) -> Step | None:
    """The next request of a pass, or None when there is nothing (more) to ask."""
    wish = situation.wish
    if wish is None or situation.tree is None or situation.device.learning is not Learning.COMPLETE:
        return None
    situation = in_pass(situation, wish)
    state = situation.device.config
    if state.over:
        return None
    if state.call:
        return _come_again(situation, state)
    compared = compared_now(situation, wish)
    calm = _read(situation, compared, wish) or _set(situation, compared.without_reboots())
    calm = calm or rows.next_step(situation, compared)
    if calm is not None:
        return calm
    step = _set(situation, compared) or _push(situation, compared, wish)
    names = guarding.call_states(situation)
    if step is None or state.free or not names:
        return step
    return Step(cwmp.GetParameterValues(names), CALLS, Changes(device=situation.device, urgent=True))


def _come_again(situation: Situation, state: ConfigState) -> Step | None:
    """Asks a phone in a call to call again, and ends the pass."""
    ended = _with(situation, structs.replace(state, over=True))
    return Step(cwmp.ScheduleInform(AGAIN, ""), COME_AGAIN, ended)


def in_pass(situation: Situation, wish: Wish) -> Situation:
    """The situation with a pass for this wish going on in its session."""
    state = situation.device.config
    if state.session == situation.session and state.mark == wish.mark:
        return situation
    if state.mark != wish.mark:
        state, since = anew(state, wish.mark), situation.now - FRESH
    else:
        since = situation.now if state.stale else situation.now - FRESH
    state = structs.replace(
        state,
        stale=True,
        session=situation.session,
        over=False,
        read_after=since,
        reads=0,
        sets=0,
        sent=(),
        asked=(),
        free=False,
        call="",
    )
    return situation.after(Changes(device=structs.replace(situation.device, config=state)))


def compared_now(situation: Situation, wish: Wish) -> Comparison:
    assert situation.tree is not None, "a configuration is compared with what is known"
    return compare(
        wish,
        situation.tree,
        situation.known_profile,
        situation.device.config,
        now=situation.now,
        under_way=under_way(situation.tasks),
    )


def _with(situation: Situation, state: ConfigState) -> Changes:
    return Changes(device=structs.replace(situation.device, config=state), urgent=True)


def _read(situation: Situation, compared: Comparison, wish: Wish) -> Step | None:
    """Read what is old, and read back what was set: once after each set, whatever comes of it."""
    state, tree = situation.device.config, situation.tree
    assert tree is not None, "checked by next_step"
    if state.reads > state.sets:
        return None
    old: list[str] = []
    for path, write in compared.carriage.writes.items():
        known = tree.get(path)
        since = state.set_at if path in state.sent else state.read_after
        if known is not None and known.at <= since and not any(map(wish.secret, write.keys)):
            old.append(path)
    if not old:
        return None
    size = max(1, situation.known_profile.batch)
    batches = tuple(tuple(old[start : start + size]) for start in range(0, len(old), size))
    changes = _with(situation, structs.replace(state, reads=state.sets + 1))
    changes = changes.then(Changes(learning=reading_again(situation.learning, batches=batches)))
    step = learner.next_step(situation.after(changes))
    return None if step is None else Step(step.request, step.ref, changes.then(step.changes))


def _set(situation: Situation, compared: Comparison) -> Step | None:
    state, device = situation.device.config, situation.device
    keys = compared.due(CarrierKind.PARAMETER)
    for group in compared.carriage.groups.values():
        writes = {
            path: write
            for path, write in group.items()
            if not keys.keys().isdisjoint(write.keys) and path not in state.sent
        }
        if not writes:
            continue
        asked = tuple(writes)[:1] if state.apart else tuple(writes)
        state = structs.replace(state, asked=asked, sent=(*state.sent, *asked), sets=state.sets + 1)
        # The ParameterKey stays what it was: no task is done by this.
        values = parameter_values({path: writes[path] for path in asked})
        return Step(cwmp.SetParameterValues(values, device.parameter_key), SET, _with(situation, state))
    return None


def parameter_values(writes: dict[str, Write]) -> tuple[ParameterValue, ...]:
    return tuple(ParameterValue(path, write.value, write.type) for path, write in writes.items())


def _push(situation: Situation, compared: Comparison, wish: Wish) -> Step | None:
    """One file with all that no parameter carries, as a task: tried again and proved as any download is."""
    state, device = situation.device.config, situation.device
    values = _lines(compared.due(CarrierKind.FILE), wish)
    if (
        not values
        or state.push_at > situation.now
        or not situation.may_know("Download")
        or any(map(is_push, situation.tasks))
    ):
        return None
    content = cfg_files.write_in_order(values)
    work = DownloadWork(
        file=f"{mac_of(device) or 'phone'}.cfg",
        file_type=FILE_TYPE,
        size=len(content),
        sha256=sha256(content).hexdigest(),
        values=values,
        secrets=tuple(filter(wish.secret, values)),
    )
    task = own_task(situation, work, str(state.pushes))
    pushes = state.pushes + 1
    state = structs.replace(state, pushes=pushes, push_at=situation.now + outcome.back_off(pushes))
    text = f"Configuration file offered: {words.assignments(values, wish)}"
    entry = TimelineEntry(situation.now, "config", text, {"task": task.id})
    changes = _with(situation, state).then(Changes(timeline=(entry,)))
    step = sending.step(task, situation.after(changes))
    return Step(step.request, step.ref, changes.then(step.changes))


def _lines(values: dict[str, str], wish: Wish) -> dict[str, str]:
    """What a file can hold of the values, in its order."""
    held = cfg_files.writable(values)
    return {name: held[name] for name in cfg_files.sorted_names(held, wish.catalogue)}
