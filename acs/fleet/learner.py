"""Learning a phone's data model, one request at a time, in as many sessions as it takes.

    START    SoftwareVersion and ConnectionRequestURL, where the Inform left them out: they say which model it
    is METHODS  GetRPCMethods NAMES    GetParameterNames level by level, never the empty path and never the
    full depth (quirks 49 and 51) VALUES   GetParameterValues in batches (`acs.fleet.reading`)

A phone whose model and firmware are known goes from START to VALUES with the names of its model. If it then
answers 9005, the tables concerned are compared with its own instances before any name is taken for bad.
Each function takes the situation and gives changes; `state.asked` says what is out.
"""

from __future__ import annotations

import re

from msgspec import structs

from acs.cwmp.messages import (
    AcsRequest,
    CpeResponse,
    Fault,
    GetParameterNames,
    GetParameterNamesResponse,
    GetParameterValues,
    GetParameterValuesResponse,
    GetRPCMethods,
    GetRPCMethodsResponse,
)
from acs.cwmp.structures import ParameterInfo, ParameterValue
from acs.datamodel.paths import ROOTS, is_object
from acs.datamodel.tree import ParameterTree
from acs.fleet import facts, methods, reading
from acs.fleet.changes import Changes, ParameterChanges, TimelineEntry
from acs.fleet.device import Device, Learning
from acs.fleet.learning import (
    LOST_SESSIONS,
    MAX_FAULTS,
    MAX_NAMES,
    MAX_REQUESTS,
    PAUSE,
    LearningState,
    Stage,
)
from acs.fleet.merging import merged
from acs.fleet.profile import ModelProfile
from acs.fleet.situation import Situation
from acs.fleet.step import Step
from acs.fleet.walking import MAX_NAME_LENGTH, level, table_changes

REF = "learn"

#: Tables whose instances differ among the phones of a model: accounts are set up on each.
_LINES = re.compile(r".*\.VoiceProfile\.(\d+\.Line\.)?", re.IGNORECASE)

#: Faults that speak of a request's size rather than of its content.
_TOO_MUCH = (9002, 9004)
_NO_SUCH_METHOD = 9000
_NO_SUCH_NAME = 9005


def whole(device: Device) -> bool:
    """Whether the whole model is being learnt, or is to be."""
    return device.learning in (Learning.WANTED, Learning.RUNNING)


def wanted(situation: Situation) -> bool:
    """Whether learning has anything to ask in this session."""
    if whole(situation.device):
        return True
    state = situation.learning
    return situation.device.learning is Learning.COMPLETE and state is not None and state.active


def next_step(situation: Situation) -> Step | None:
    """The next question of learning, or None when there is nothing to learn."""
    if not wanted(situation):
        return None
    device, state = situation.device, situation.learning or LearningState()
    if device.learning is Learning.WANTED:
        state = LearningState(lost=state.lost, diagnostics=state.diagnostics, requests=state.requests)
        device = structs.replace(device, learning=Learning.RUNNING)
    if state.asked:  # its answer was neither brought nor given up; ask again
        back = (state.asked,) if state.stage is Stage.VALUES else ()
        state = structs.replace(state, asked=(), batches=state.batches + back)
    parameters: tuple[ParameterChanges, ...] = ()
    tree = situation.tree or ParameterTree()
    profile = situation.known_profile
    if whole(device) and state.stage is Stage.START:
        name = _untold(device, state)
        if name:
            return _step(situation, device, state, GetParameterValues((name,)), (name,))
        state = structs.replace(state, stage=Stage.METHODS, checked=(), walked=True)
        if _serves(profile, device):
            parameters = _only_names_of(profile, tree)
    if whole(device) and _walks_for_the_first_time(state) and _serves(profile, device):
        device = structs.replace(device, root=profile.root)
        state = _with_model(state, profile)
        parameters += _names_of(profile)
        tree = merged(tree, parameters, situation.now)
    if state.stage is Stage.METHODS:
        return _step(situation, device, state, GetRPCMethods(), ("GetRPCMethods",))
    if state.stage is Stage.NAMES and (state.checks or state.paths):
        path = state.checks[0] if state.checks else state.paths[-1]
        return _step(situation, device, state, GetParameterNames(path, True), (path,), parameters)
    state = structs.replace(state, stage=Stage.VALUES)
    batch, state = reading.draw(state, tree, profile, device, whole=whole(device))
    if not batch:
        return None
    return _step(situation, device, state, GetParameterValues(batch), batch, parameters)


def completed(situation: Situation, answer: CpeResponse) -> Changes:
    """The changes that this answer to the last question makes; a Fault is an answer too."""
    state = situation.learning
    if state is None or not state.asked:
        return Changes()
    asked, tries, faults = state.asked, state.tries, state.faults
    situation = situation.after(Changes(learning=state.heard()))
    if isinstance(answer, Fault):
        if faults + 1 >= MAX_FAULTS and state.worked == 0 and state.stage is Stage.VALUES:
            return _failed(situation, f"the phone refuses every value ({answer.fault_code})")
        # A refused look into a leaf that might have been an object is no refused value.
        counted = faults + 1 if state.stage is Stage.VALUES else 0
        situation = situation.after(
            Changes(learning=structs.replace(state.heard(), faults=counted, tries=tries))
        )
    if state.stage is Stage.START:
        return _heard_start(situation, asked, answer)
    if state.stage is Stage.METHODS:
        return _heard_methods(situation, answer)
    if state.stage is Stage.NAMES:
        if asked[0] in state.checks:
            return _heard_table(situation, asked[0], answer)
        return _heard_level(situation, asked[0], answer)
    return _heard_values(situation, asked, answer)


def unanswered(situation: Situation, reason: str) -> Changes:
    """The last question got no answer: ask for less, or for something else, and give up in the end."""
    if situation.learning is None or not situation.learning.asked:
        return Changes()
    state = situation.learning.unheard()
    asked = state.asked
    state = structs.replace(state, asked=())
    device, profile = situation.device, situation.known_profile
    if state.stage is Stage.VALUES:
        if len(asked) > 1:
            left, right = reading.halves(asked)
            state = structs.replace(state, limit=len(left), batches=(*state.batches, right, left))
            profile = reading.too_large(profile, len(asked)) if state.worked < len(asked) else profile
        else:
            device = reading.with_missing(device, asked[0])
    elif state.stage is Stage.START:
        state = structs.replace(state, checked=state.checked + asked)
    elif state.tries >= 2 and state.stage is Stage.METHODS:
        state = _walk_from_root(state, device)
    elif state.tries >= 2:
        state = _passed_over(state, asked[0])
    entry = TimelineEntry(
        at=situation.now,
        kind="learning",
        text=f"No answer while its parameters were read: {reason}",
        data={"stage": str(state.stage), "first": asked[0], "names": len(asked)},
    )
    changes = Changes(
        device=device if device is not situation.device else None,
        learning=state,
        profile=profile if profile.version > situation.known_profile.version else None,
        timeline=(entry,),
        urgent=True,
    )
    after = situation.after(changes)
    if state.hopeless:
        return changes.then(_failed(after, f"the phone does not answer when asked ({reason})"))
    if state.stage in (Stage.NAMES, Stage.VALUES):
        return changes.then(_onward(after, Changes()))
    return changes


# --- how it goes on -----------------------------------------------------------------------------------------


def _step(
    situation: Situation,
    device: Device,
    state: LearningState,
    request: AcsRequest,
    asked: tuple[str, ...],
    parameters: tuple[ParameterChanges, ...] = (),
) -> Step:
    changes = Changes(
        device=device if device is not situation.device else None,
        learning=state.asking(asked, situation.session),
        parameters=parameters,
    )
    return Step(request, REF, changes)


def _untold(device: Device, state: LearningState) -> str:
    """The next name to ask for before anything else; "" when all is told or was asked already."""
    for told, leaf in (
        (device.software_version, facts.SOFTWARE_VERSION),
        (device.connection_request_url, facts.CONNECTION_REQUEST_URL),
    ):
        if told:
            continue
        for root in (device.root,) if device.root else ROOTS:
            if root + leaf not in state.checked:
                return root + leaf
    return ""


def _serves(profile: ModelProfile, device: Device) -> bool:
    return bool(profile.learnt_at and profile.names) and device.root in ("", profile.root)


def _walks_for_the_first_time(state: LearningState) -> bool:
    """Whether the phone's own walk has not come to an end yet: until then the names of its model, should
    another phone have told them by now, spare it the rest."""
    return (
        state.walked and state.stage in (Stage.METHODS, Stage.NAMES) and not state.cursor and not state.values
    )


def _with_model(state: LearningState, profile: ModelProfile) -> LearningState:
    """On with the names of the model, after those objects that this phone listed and the model has not, and
    after a look at how many lines it has: whether one of them is in a call must be known of each."""
    own = tuple(path for path in state.paths if not _is_root(path) and path not in profile.names)
    lines = tuple(name for name in profile.names if _LINES.fullmatch(name))
    return structs.replace(
        state,
        stage=Stage.NAMES if own or lines else Stage.VALUES,
        branches=(profile.root,),
        paths=own,
        checks=lines,
        checked=(),
        walked=False,
    )


def _only_names_of(profile: ModelProfile, tree: ParameterTree) -> tuple[ParameterChanges, ...]:
    """Forget what other firmware had."""
    old = tuple(name for name in tree if name not in profile.names)
    return (ParameterChanges(forget=old),) if old else ()


def _names_of(profile: ModelProfile) -> tuple[ParameterChanges, ...]:
    names = tuple(ParameterInfo(name, writable) for name, writable in profile.names.items())
    return (ParameterChanges(names=names),)


def _heard_start(situation: Situation, asked: tuple[str, ...], answer: CpeResponse) -> Changes:
    """What was told reaches the device itself through the planner, as with any value that is read."""
    state = situation.learning or LearningState()
    learning = structs.replace(state, checked=state.checked + asked)
    if not isinstance(answer, GetParameterValuesResponse):
        return Changes(learning=learning)
    return Changes(learning=learning, parameters=(ParameterChanges(values=_sensible(answer.parameter_list)),))


def _heard_methods(situation: Situation, answer: CpeResponse) -> Changes:
    state = situation.learning or LearningState()
    onward = Changes(learning=_walk_from_root(state, situation.device))
    if not isinstance(answer, GetRPCMethodsResponse):
        return onward
    return methods.told(situation.device, situation.known_profile, answer.method_list).then(onward)


def _walk_from_root(state: LearningState, device: Device) -> LearningState:
    """The phone's own root first; the other one is kept in case the first is refused."""
    own = device.root or ROOTS[0]
    others = tuple(root for root in ROOTS if root != own)
    return structs.replace(state, stage=Stage.NAMES, branches=(own,), paths=(*others, own), tries=0)


def _is_root(path: str) -> bool:
    return path.count(".") == 1


def _heard_level(situation: Situation, path: str, answer: CpeResponse) -> Changes:
    state = situation.learning or LearningState()
    tree = situation.tree or ParameterTree()
    if not isinstance(answer, GetParameterNamesResponse):
        code = answer.fault_code if isinstance(answer, Fault) else 0
        if code in _TOO_MUCH and state.tries == 0:  # perhaps only busy: once more
            return Changes(learning=structs.replace(state, tries=1))
        if code == _NO_SUCH_METHOD and whole(situation.device) and _is_root(path):
            return _failed(situation, "the phone does not offer GetParameterNames (9000)")
        after = _passed_over(state, path)
        changes = Changes(learning=after)
        if code == _NO_SUCH_NAME and not state.undotted and not _is_root(path):
            changes = Changes(learning=after, parameters=(ParameterChanges(forget=(path,)),))
        return _onward(situation.after(changes), changes)
    found = level(path, answer.parameter_list, tree, undotted=state.undotted, root=_is_root(path))
    paths = tuple(other for other in state.paths if other != path)
    branches, device, gone, names = state.branches, situation.device, found.gone, found.names
    if _is_root(path) and found.names:
        paths = tuple(other for other in paths if not _is_root(other))
        branches = (path,)
        device = structs.replace(device, root=path) if device.root != path else device
    leaf = tree.get(path.rstrip("."))
    if found.names and leaf is not None:  # what looked like a leaf is an object (quirk 52)
        gone = (*gone, path.rstrip("."))
        names = (ParameterInfo(path, bool(leaf.writable)), *names)
    if len(tree) + len(found.names) <= MAX_NAMES and state.requests < MAX_REQUESTS:
        waiting = set(paths)
        paths += tuple(reversed([new for new in found.walk if new not in waiting]))
    else:
        paths = ()
    learning = structs.replace(
        state, paths=paths[-MAX_REQUESTS:], branches=branches, undotted=found.undotted, tries=0
    )
    changes = Changes(
        device=device if device is not situation.device else None,
        learning=learning,
        parameters=(ParameterChanges(forget=gone, names=names[:MAX_NAMES]),),
    )
    return _onward(situation.after(changes), changes)


def _passed_over(state: LearningState, path: str) -> LearningState:
    """Without this path: it is refused, or was lost twice."""
    return structs.replace(
        state,
        paths=tuple(other for other in state.paths if other != path),
        checks=tuple(other for other in state.checks if other != path),
        checked=(*state.checked, path) if path in state.checks else state.checked,
        refused=(*state.refused, path) if _is_root(path) else state.refused,
        tries=0,
    )


def _heard_table(situation: Situation, table: str, answer: CpeResponse) -> Changes:
    """Compare a table of a phone that differs from its model, and forget what it does not have."""
    state = situation.learning or LearningState()
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    if isinstance(answer, GetParameterNamesResponse):
        new, gone = table_changes(table, answer.parameter_list, situation.tree or ())
    elif isinstance(answer, Fault) and answer.fault_code == _NO_SUCH_NAME:
        gone = (table,)
    learning = structs.replace(
        state,
        checks=tuple(other for other in state.checks[1:] if not (gone and other.startswith(gone))),
        checked=(*state.checked, table),
        paths=state.paths + new,
        tries=0,
    )
    names = tuple(ParameterInfo(name, True) for name in new)
    changes = Changes(learning=learning, parameters=(ParameterChanges(forget=gone, names=names),))
    return _onward(situation.after(changes), changes)


def _heard_values(situation: Situation, asked: tuple[str, ...], answer: CpeResponse) -> Changes:
    state = situation.learning or LearningState()
    profile, device = situation.known_profile, situation.device
    if isinstance(answer, GetParameterValuesResponse):
        values = _sensible(answer.parameter_list)
        state = structs.replace(
            state, values=state.values + len(values), worked=max(state.worked, len(asked))
        )
        return _onward_with(situation, state, device, reading.worked(profile, len(asked)), values=values)
    code = answer.fault_code if isinstance(answer, Fault) else 0
    if code == _NO_SUCH_METHOD:
        return _failed(situation, "the phone does not offer GetParameterValues (9000)")
    gone: tuple[str, ...] = ()
    tables = reading.unread_tables(state, asked) if code == _NO_SUCH_NAME and not state.walked else ()
    if tables:
        apart = tuple(name for name in asked if not name.startswith(tables))
        state = structs.replace(
            state,
            stage=Stage.NAMES,
            checks=state.checks + tables,
            batches=(*state.batches, apart) if apart else state.batches,
            cursor=min(state.cursor, *tables),
        )
    elif len(asked) > 1:
        left, right = reading.halves(asked)
        state = structs.replace(state, batches=(*state.batches, right, left))
        if code in _TOO_MUCH and len(asked) > state.worked:
            profile = reading.too_large(profile, len(asked))
    elif not is_object(asked[0]):
        if whole(device) and state.walked:
            profile = reading.with_bad_name(profile, asked[0])
        else:
            device = reading.with_missing(device, asked[0])
            gone = asked if code == _NO_SUCH_NAME else ()
    return _onward_with(situation, state, device, profile, gone=gone)


def _onward_with(
    situation: Situation,
    state: LearningState,
    device: Device,
    profile: ModelProfile,
    *,
    values: tuple[ParameterValue, ...] = (),
    gone: tuple[str, ...] = (),
) -> Changes:
    parameters = (ParameterChanges(forget=gone, values=values),) if gone or values else ()
    changes = Changes(
        device=device if device is not situation.device else None,
        learning=state,
        parameters=parameters,
        profile=profile if profile.version > situation.known_profile.version else None,
    )
    return _onward(situation.after(changes), changes)


def _sensible(values: tuple[ParameterValue, ...]) -> tuple[ParameterValue, ...]:
    """Without objects, over-long names and what exceeds the limit of a model."""
    return tuple(v for v in values if not is_object(v.name) and 0 < len(v.name) <= MAX_NAME_LENGTH)[
        :MAX_NAMES
    ]


# --- how it ends --------------------------------------------------------------------------------------------


def _onward(situation: Situation, so_far: Changes) -> Changes:
    """`so_far`, and what follows when nothing is left to walk, or nothing to read. `situation` has `so_far`
    in it, except for the tree."""
    state = situation.learning
    if state is None or (state.stage is Stage.NAMES and (state.checks or state.paths)):
        return so_far
    over_limit = state.requests >= MAX_REQUESTS
    view = merged(situation.tree, so_far.parameters, situation.now)
    profile = situation.known_profile
    if state.stage is Stage.NAMES:
        if whole(situation.device) and state.walked:
            names = {name: bool(view[name].writable) for name in sorted(view.below(state.branches[0]))}
            if all(is_object(name) for name in names):
                return so_far.then(_failed(situation, _nothing_listed(state)))
            profile = structs.replace(
                profile,
                root=situation.device.root or state.branches[0],
                names=names,
                bad_names=(),
                learnt_at=situation.now,
                version=profile.version + 1,
            )
            so_far = so_far.then(Changes(profile=profile))
        state = structs.replace(state, stage=Stage.VALUES)
        so_far = so_far.then(Changes(learning=state))
    if not over_limit and (state.batches or reading.leaves(state, view, profile, situation.device)):
        return so_far
    return so_far.then(_finished(situation, state))


def _nothing_listed(state: LearningState) -> str:
    if not state.refused:
        return "the phone lists no parameters"
    refused = "the phone refuses to list " + " and ".join(state.refused)
    empty = [root for root in ROOTS if root not in state.refused]
    return refused + (f", and names nothing below {' and '.join(empty)}" if empty else "")


def _finished(situation: Situation, state: LearningState) -> Changes:
    rest = LearningState(diagnostics=state.diagnostics) if state.diagnostics else None
    if not whole(situation.device):
        return Changes(learning=rest, learning_over=rest is None)
    device = structs.replace(
        situation.device, learning=Learning.COMPLETE, learnt_at=situation.now, learning_failures=0
    )
    text = f"Learnt {state.values} parameters in {state.requests} requests"
    if state.requests >= MAX_REQUESTS:
        text += "; stopped there, because it has more to tell than a phone should"
    entry = TimelineEntry(
        at=situation.now,
        kind="learning",
        text=text,
        data={"parameters": state.values, "requests": state.requests, "own_names": state.walked},
    )
    return Changes(device=device, learning=rest, learning_over=rest is None, timeline=(entry,), urgent=True)


def _failed(situation: Situation, reason: str) -> Changes:
    """Learning is given up for a while; a known phone that is only read again just stays as it was."""
    state = situation.learning or LearningState()
    if not whole(situation.device):
        rest = LearningState(diagnostics=state.diagnostics) if state.diagnostics else None
        entry = TimelineEntry(situation.now, "learning", f"Its parameters were not read again: {reason}")
        return Changes(learning=rest, learning_over=rest is None, timeline=(entry,), urgent=True)
    device = structs.replace(
        situation.device,
        learning=Learning.FAILED,
        learning_failures=situation.device.learning_failures + 1,
    )
    paused = LearningState(
        lost=min(state.lost, LOST_SESSIONS), diagnostics=state.diagnostics, paused_until=situation.now + PAUSE
    )
    entry = TimelineEntry(
        at=situation.now,
        kind="learning",
        text=f"Its parameters could not be learnt: {reason}",
        data={"again_after": paused.paused_until},
    )
    return Changes(device=device, learning=paused, timeline=(entry,), urgent=True)
