"""What is wrong with a rollout that is being filled in, told at the inputs that it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from msgspec import structs

from acs.fleet.rollout.definition import Definition, Kind
from acs.fleet.rollout.window import GROUP, PHONE
from acs.northbound.console import rollout_form, rollout_tasks
from acs.northbound.console.changes import KEY_FIELD
from acs.northbound.console.rollout_form import STEPS, owns, rows, sizes
from acs.northbound.console.visits import Form, Visit
from acs.northbound.rollout_desk import desk_for
from acs.operations import rollout_making, validation
from acs.operations.errors import FieldError, Invalid

#: Faults by the input that they belong to.
Faults = dict[str, list[FieldError]]

_INDEXED = re.compile(r"(\w+)\[(\d+)\](?:\.(\w+))?.*")


async def of_pages(visit: Visit, form: Form, step: str) -> Faults:
    """What is wrong on this page and on those before it."""
    listed = list(STEPS)
    until = listed.index(step)
    found = await _every_fault(visit, form, whom_known=until >= listed.index("whom"))
    return {name: faults for name, faults in found.items() if listed.index(step_of(name)) <= until}


async def _every_fault(visit: Visit, form: Form, *, whom_known: bool) -> Faults:
    made = rollout_form.made(form)
    body = made.body if whom_known else made.body | {"select": "all"}
    faults = list(made.faults)
    try:
        asked = validation.read(Definition, body)
    except Invalid as error:
        faults += error.errors
        asked = validation.read(Definition, _without(body, error.errors))
    try:
        await rollout_making.draft(desk_for(visit.services, visit.actor), asked)
    except Invalid as error:
        faults += error.errors
    return by_input(faults, form)


def by_input(faults: list[FieldError], form: Form) -> Faults:
    found: Faults = {}
    for fault in faults:
        found.setdefault(input_of(fault.field, form), []).append(_plain(fault))
    return found


def _plain(fault: FieldError) -> FieldError:
    """Without the words of types that a value is told in which is no such type."""
    if not fault.message.startswith("expected "):
        return fault
    return structs.replace(fault, message="is required" if fault.value in ("", None) else "cannot be")


def _without(body: dict[str, Any], faults: Iterable[FieldError]) -> dict[str, Any]:
    """The body without what is of no such type, so that all else in it can be looked at as well."""
    kept = {name: dict(part) if isinstance(part, dict) else part for name, part in body.items()}
    for fault in faults:
        name, _, inner = fault.field.partition("[")[0].partition(".")
        part = kept.get(name)
        if inner and isinstance(part, dict):
            part.pop(inner, None)
        else:
            kept.pop(name, None)
    return {"name": "unnamed", "kind": Kind.REBOOT, **kept}


# --- where a fault belongs ------------------------------------------------------------------------------

_PLACES = {
    "gate.success": "success",
    "gate.informs": "informs",
    "stop.failures": "failures",
    "stop.in_a_row": "in_a_row",
    "stop.unconfirmed": "unconfirmed",
    "pace.at_once": "at_once",
    "pace.per_site": "per_site",
    "pace.bandwidth": "bandwidth",
    "stop": "failures",
    "pace": "at_once",
    "waves": "unit.0",
    "window": "when",
    "values": "values",
    "task": "task_type",
    "type": "task_type",
}


def input_of(field: str, form: Form) -> str:
    """The input that a field of the definition comes from."""
    if field in _PLACES:
        return _PLACES[field]
    if field.startswith("values."):
        return KEY_FIELD + field.removeprefix("values.")
    indexed = _INDEXED.fullmatch(field)
    name = indexed[1] if indexed else field.partition(".")[0]
    if name == "waves" and indexed:
        return f"size.{sizes(form)[int(indexed[2])][0]}"
    if name == "window":
        row = rows(form, "from")[int(indexed[2])] if indexed else 0
        inner = (indexed[3] if indexed else field.partition(".")[2]) or "from"
        named = form.text(f"zone.{row}") not in (PHONE, GROUP)
        return f"{'zone_name' if inner == 'zone' and named else inner}.{row}"
    if any(owns(step, name) for step in STEPS) and form.text("kind") != Kind.TASK:
        return name
    if form.text("kind") == Kind.TASK and not any(owns(step, name) for step in list(STEPS)[1:]):
        inner = field.removeprefix("task.").partition(".")[0].partition("[")[0]
        known = {one.name for one in rollout_tasks.TASKS.get(form.text("task_type"), ())}
        if inner in known:
            return rollout_tasks.name_of(form.text("task_type"), inner)
    return name


def step_of(name: str) -> str:
    """The page of an input."""
    if name.startswith(KEY_FIELD) or name in ("values", "unset"):
        return "settings"
    return next((step for step in STEPS if owns(step, name)), "plan")
