"""Instances of objects that the parameters of desired keys would stand in, and that the phone lacks.

They are added where the phone says that their table takes new ones and the data model lets them be made, one
after the other, each once: a phone that refuses, or numbers them in another way, has those keys by file. It
is a task as any other, so that an answer that is lost is looked into, and nothing is added twice.
"""

from __future__ import annotations

from msgspec import structs

from acs.datamodel import parameter_models
from acs.datamodel.carriers import CarrierKind
from acs.datamodel.paths import leaf_of, parent_of
from acs.datamodel.tree import ParameterTree
from acs.fleet import sending
from acs.fleet.changes import Changes, TimelineEntry
from acs.fleet.convergence.drift import Comparison, State
from acs.fleet.convergence.own_tasks import own_task
from acs.fleet.situation import Situation
from acs.fleet.step import Step
from acs.fleet.task import AddObjectWork

#: Where a phone says how many instances of an object it can have (TR-104, VoiceService.{i}.Capabilities).
_MOST = {"VoiceProfile": "MaxProfileCount", "Line": "MaxLineCount"}


def next_step(situation: Situation, compared: Comparison) -> Step | None:
    """Adds the next row that is lacking; None where there is none to add."""
    state = situation.device.config
    if not situation.may_know("AddObject"):
        return None
    for one in compared.in_state(State.DUE):
        carrier = one.carrier
        if carrier is None or carrier.kind is not CarrierKind.FILE or not carrier.lacks:
            continue
        if carrier.lacks not in state.rows and _may_be_added(carrier.lacks, situation.tree):
            return _add(situation, carrier.lacks, one.key)
    return None


def _add(situation: Situation, row: str, key: str) -> Step:
    task = own_task(situation, AddObjectWork(parent_of(row)), f"row {row}")
    device = situation.device
    state = structs.replace(device.config, rows=(*device.config.rows, row))
    text = f"Configuration needs {row} for {key}: it is added"
    entry = TimelineEntry(situation.now, "config", text, {"task": task.id})
    changed = Changes(device=structs.replace(device, config=state), timeline=(entry,), urgent=True)
    step = sending.step(task, situation.after(changed))
    return Step(step.request, step.ref, changed.then(step.changes))


def _may_be_added(row: str, tree: ParameterTree | None) -> bool:
    table, number = parent_of(row), leaf_of(row)
    known = tree.get(table) if tree is not None else None
    if tree is None or known is None or not known.writable or not number.isdecimal():
        return False
    if not parameter_models.objects().get(parameter_models.pattern(row), False):
        return False
    present = {name[len(table) :].partition(".")[0] for name in tree.below(table)} - {""}
    most = _most(table, tree)
    return int(number) == len(present) + 1 and (most is None or int(number) <= most)


def _most(table: str, tree: ParameterTree) -> int | None:
    """How many rows the phone says it can have; None where it does not say."""
    word = _MOST.get(leaf_of(table), "")
    service, _, _ = table.partition(".VoiceProfile.")
    told = tree.get(f"{service}.Capabilities.{word}") if word else None
    text = told.value if told is not None and told.value else ""
    return int(text) if text.isdecimal() else None
