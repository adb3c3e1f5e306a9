"""The end of a new rollout: the plan before the start, then the start, a draft, or a schedule."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from acs.fleet.rollout.definition import Definition
from acs.fleet.rollout.rollout import State
from acs.fleet.rollout.window import DAYS
from acs.northbound.console import (
    notices,
    pages,
    rollout_faults,
    rollout_form,
    rollout_pages,
    rollout_schedules,
)
from acs.northbound.console.templating import plural
from acs.northbound.console.visits import Answer, Form, Page, Visit
from acs.northbound.rollout_desk import desk_for
from acs.operations import rollout_plans, rollout_sketches, rollouts, validation
from acs.operations.actors import Role
from acs.operations.errors import Conflict, FieldError, Invalid
from acs.operations.rollout_plans import RolloutPlan


async def plan(visit: Visit, form: Form, **more: Any) -> dict[str, Any]:
    """The plan, or what stands in its way by page."""
    made = rollout_form.made(form)
    foreseen: RolloutPlan | None = None
    faults, asked = list(made.faults), None
    try:
        asked = validation.read(Definition, made.body)
        foreseen = await rollout_plans.of_definition(desk_for(visit.services, visit.actor), asked)
    except Invalid as error:
        faults += error.errors
    wrong: dict[str, list[FieldError]] = {}
    for name, found in rollout_faults.by_input(faults, form).items():
        wrong.setdefault(rollout_faults.step_of(name), []).extend(found)
    return {
        "plan": None if faults else foreseen,
        "asked": asked,
        "wrong": wrong,
        "zones": rollout_pages.zones(),
        "start": Form([]),
        "start_fault": "",
        "again_fault": "",
        "often": rollout_schedules.OFTEN,
        "days": DAYS,
        **more,
    }


async def _make(visit: Visit) -> Answer:
    """Make it: to start now, at a time, or as a draft."""
    identifier, form = await rollout_pages.sketch(visit)
    given, made = visit.form(), rollout_form.made(form)
    try:
        if made.faults:
            raise Invalid(made.faults)
        body = made.body | {"start": _start(given, visit.now)}
        asked = validation.read(Definition, body)
        one = await rollouts.create(desk_for(visit.services, visit.actor), asked)
    except (Invalid, Conflict) as error:
        return await _not_made(visit, identifier, form, error, start_fault=_sentence(error))
    await rollout_sketches.drop(visit.runner, identifier)
    visit.tell(f"rollouts/{one.id}", new={"name": one.name, "definition": one.definition})
    return notices.done(f"/rollouts/{one.id}", _MADE[one.state])


async def _schedule(visit: Visit) -> Answer:
    """Make a schedule of it."""
    identifier, form = await rollout_pages.sketch(visit)
    made = rollout_form.made(form)
    try:
        if made.faults:
            raise Invalid(made.faults)
        one = await rollout_schedules.create(visit, visit.form(), made.body)
    except (Invalid, Conflict) as error:
        return await _not_made(visit, identifier, form, error, again_fault=_sentence(error))
    await rollout_sketches.drop(visit.runner, identifier)
    visit.tell(f"schedules/{one.id}", new={"name": one.name, "what": one.what})
    return notices.done(f"/rollouts/schedules/{one.id}", "The schedule is on.")


async def _not_made(
    visit: Visit, identifier: str, form: Form, error: Invalid | Conflict, **faults: str
) -> Answer:
    context = rollout_pages.frame(identifier, "plan", form) | await plan(
        visit, form, start=visit.form(), **faults
    )
    status = 422 if isinstance(error, Invalid) else 409
    return pages.show(visit, "rollout-plan.html", status=status, **context)


_MADE = {
    State.RUNNING: "It runs.",
    State.SCHEDULED: "It starts at its time.",
    State.DRAFT: "It is kept as a draft. Nothing happens until it is started.",
}


def _start(given: Form, now: float) -> str | None:
    """When it is to start, as a definition has it. Raises Invalid."""
    match given.text("go"):
        case "now":
            return "now"
        case "at":
            at = _moment(given.text("start_at"), given.text("start_zone") or "UTC")
            if at.timestamp() <= now:
                raise Invalid.field("start", "has passed", value=given.text("start_at"))
            return at.astimezone(UTC).isoformat()
        case _:
            return None


def _moment(text: str, zone: str) -> datetime:
    try:
        clock = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid.field(
            "zone", "is no time zone", value=zone, allowed="a name such as Europe/Berlin"
        ) from None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=clock)
    except ValueError:
        raise Invalid.field("start", "is no time", value=text, allowed="a date and a time of day") from None


def _sentence(error: Invalid | Conflict) -> str:
    if isinstance(error, Conflict):
        return str(error)
    first = error.errors[0]
    more = f" (and {plural(len(error.errors) - 1, 'more fault')})" if len(error.errors) > 1 else ""
    allowed = f"; it must be {first.allowed}" if isinstance(first.allowed, str) else ""
    return f"{first.field.capitalize()} {first.message}{allowed}{more}."


PAGES = (
    Page(
        method="POST",
        path="/rollouts/new/{sketch}/make",
        handle=_make,
        role=Role.ENGINEER,
        deed="rollouts.create",
        limited=True,
    ),
    Page(
        method="POST",
        path="/rollouts/new/{sketch}/schedule",
        handle=_schedule,
        role=Role.ENGINEER,
        deed="schedules.create",
        limited=True,
    ),
)
