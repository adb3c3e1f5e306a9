"""What the answers to the requests of a pass change: to its set, and to its question for calls."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from acs.cwmp import faults
from acs.cwmp import messages as cwmp
from acs.datamodel.mapping import Write
from acs.datamodel.parameter_models import pattern
from acs.fleet import guarding, known_keys, outcome
from acs.fleet.answers import values_taken
from acs.fleet.changes import Changes, TimelineEntry
from acs.fleet.convergence import words
from acs.fleet.convergence.state import ConfigState
from acs.fleet.convergence.steps import AGAIN, compared_now, parameter_values
from acs.fleet.convergence.wish import Wish
from acs.fleet.device import Device
from acs.fleet.known_keys import Proof
from acs.fleet.situation import Situation

#: The phone has no such parameter, or does not let it be set: as true of the next phone of its model.
_OF_THE_MODEL = frozenset({faults.INVALID_PARAMETER_NAME, faults.INVALID_PARAMETER_TYPE, faults.NOT_WRITABLE})

#: The same, where the phone says no more and the parameter was alone.
_OF_THE_MODEL_ALONE = _OF_THE_MODEL | {faults.CPE_REQUEST_DENIED, faults.CPE_INVALID_ARGUMENTS}


def completed(situation: Situation, answer: cwmp.CpeResponse) -> Changes:
    wish, state = situation.wish, situation.device.config
    if wish is None or not state.asked:
        return Changes()
    if isinstance(answer, cwmp.SetParameterValuesResponse):
        return _taken(situation, wish, state)
    if isinstance(answer, cwmp.Fault):
        return _refused(situation, state, answer)
    return unanswered(situation, f"it answered with {type(answer).__name__}")


def calls_told(situation: Situation, answer: cwmp.CpeResponse) -> Changes:
    """What the lines said: the pass goes on, or is over until the call is."""
    state, now = situation.device.config, situation.now
    why = guarding.in_the_way(answer)
    if not why:
        return Changes(device=structs.replace(situation.device, config=structs.replace(state, free=True)))
    state = structs.replace(
        state,
        call=why,
        tries=max(1, state.tries),
        look_at=now + AGAIN,
        stale=True,
        over=not situation.may_know("ScheduleInform"),
    )
    return _changed(situation.device, situation.now, state, f"Configuration waits: {why}")


def unanswered(situation: Situation, reason: str) -> Changes:
    """Whether the phone took it, its next session will show."""
    return not_set(situation.device, situation.now, reason)


def broken_off(device: Device, session: str) -> bool:
    """Whether a session before this one broke off over a set, and nobody was there to notice."""
    return bool(device.config.asked) and device.config.session != session


def not_set(device: Device, now: float, reason: str) -> Changes:
    """The next session looks at once what became of it. If that comes to nothing either, later ones wait ever
    longer: it may be the set that makes the phone boot."""
    tries = device.config.tries + 1
    look_at = now + outcome.back_off(tries)
    state = structs.replace(device.config, tries=tries, look_at=look_at, stale=True, over=True, asked=())
    return _changed(device, now, state, f"Configuration was not set: {reason}")


def _taken(situation: Situation, wish: Wish, state: ConfigState) -> Changes:
    writes = _writes(situation, wish, state.asked)
    keys = dict.fromkeys(key for write in writes.values() for key in write.keys)
    values = {key: wish.desired.effective[key].value for key in keys}
    known = known_keys.proved(
        {key: value for key, value in values.items() if wish.secret(key)},
        wish.secret,
        at=situation.now,
        proof=Proof.SENT,
        salt=f"{situation.session}{state.sets}",
    )
    state = structs.replace(state, asked=(), set_at=situation.now)
    changes = _changed(
        situation.device, situation.now, state, f"Configuration set: {words.assignments(values, wish)}"
    )
    changes = changes.then(Changes(known=known))
    return changes.then(values_taken(situation.after(changes), parameter_values(writes), "operator"))


def _writes(situation: Situation, wish: Wish, paths: Iterable[str]) -> dict[str, Write]:
    """What was sent, made again from the same wish and tree: it need not be kept meanwhile."""
    writes = compared_now(situation, wish).carriage.writes
    return {path: writes[path] for path in paths if path in writes}


def _refused(situation: Situation, state: ConfigState, fault: cwmp.Fault) -> Changes:
    """A refused path goes by file from now on, on all phones of the model; a refused value on this one. Where
    the phone did not say which it minds, each is tried alone."""
    asked, text = state.asked, outcome.fault_text(fault)
    alone = len(asked) == 1
    named = {one.parameter_name: one.fault_code for one in fault.parameter_faults}
    culprits = {path: named[path] for path in asked if path in named}
    if not culprits and fault.fault_code in outcome.RETRYABLE and (alone or state.apart):
        return unanswered(situation, text)
    if not culprits and alone:
        culprits = dict.fromkeys(asked, fault.fault_code)
    # nothing of a refused set was taken: what was right in it is sent again
    state = structs.replace(state, asked=(), sent=tuple(path for path in state.sent if path not in asked))
    if not culprits:
        said = f"Configuration refused: {text}; its parameters are set one by one now"
        return _changed(situation.device, situation.now, structs.replace(state, apart=True), said)
    of_the_model = _OF_THE_MODEL_ALONE if alone else _OF_THE_MODEL
    paths = [pattern(path) for path, code in culprits.items() if code in of_the_model]
    values = [path for path, code in culprits.items() if code not in of_the_model]
    state = structs.replace(state, by_file=tuple(dict.fromkeys((*state.by_file, *values))))
    said = f"Configuration refused: {text}; by file from now on: {', '.join(culprits)}"
    changes = _changed(situation.device, situation.now, state, said)
    if paths:
        profile = situation.known_profile
        refused = tuple(dict.fromkeys((*profile.refused_paths, *paths)))
        changed = structs.replace(profile, refused_paths=refused, version=profile.version + 1)
        changes = changes.then(Changes(profile=changed))
    return changes


def _changed(device: Device, now: float, state: ConfigState, text: str) -> Changes:
    return Changes(
        device=structs.replace(device, config=state),
        timeline=(TimelineEntry(now, "config", text),),
        urgent=True,
    )
