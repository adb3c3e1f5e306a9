"""A new rollout, page by page: what, whom, waves, hours, rules, and the plan before anything begins.

What was filled in is kept as a sketch, whatever it is: an error, the way back or a reload lose nothing. A
page is left forwards only when what it asks for, and all before it, can be.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import structs

from acs.fleet.rollout.definition import Definition
from acs.fleet.rollout.rollout import State
from acs.fleet.rollout.window import DAYS
from acs.northbound.console import (
    notices,
    pages,
    rollout_form,
    rollout_pages,
    rollout_schedules,
    rollout_words,
)
from acs.northbound.console.changes import KEY_FIELD
from acs.northbound.console.rollout_form import STEPS, Pairs
from acs.northbound.console.templating import link, plural
from acs.northbound.console.visits import Answer, Form, Page, Visit, redirect
from acs.northbound.rollout_desk import desk_for
from acs.operations import rollout_making, rollout_plans, rollout_sketches, rollouts, validation
from acs.operations.actors import Role
from acs.operations.errors import Conflict, FieldError, Invalid, NotFound
from acs.operations.rollout_plans import RolloutPlan

#: Faults by the input that they belong to.
Faults = dict[str, list[FieldError]]

#: Fields that say what to do with the form, and are none of it.
_OF_THE_FORM = ("csrf", "go", "put", "like", "shown")

pages.part("rollout-whom")


# --- the beginning --------------------------------------------------------------------------------------


async def _new(visit: Visit) -> Answer:
    if visit.part:
        whom = await rollout_pages.whom(visit, visit.query.text("select"))
        return pages.show(visit, "rollout-new.html", whom=whom)
    return await _page(visit, "", "what", Form(await _usual(visit, visit.query)), {})


async def _begin(visit: Visit) -> Answer:
    form = visit.form()
    kept = _merged(await _usual(visit, form), form, "what")
    return await _go(visit, await start(visit, kept), "what", Form(kept))


async def start(visit: Visit, fields: Pairs) -> str:
    """Begin a sketch with this in its fields; its id."""
    return await rollout_sketches.begin(
        visit.runner, fields, visit.actor, randomness=visit.services.randomness
    )


async def _usual(visit: Visit, given: Form) -> Pairs:
    """The fields of a new rollout; like another's, where one is named, and for whom it says."""
    fields = list(rollout_form.USUAL)
    if given.text("like"):
        other = await rollouts.show(visit.runner, given.text("like"), now=visit.now)
        asked = rollout_words.definition(other.definition)
        secret = [key for key in asked.values or {} if visit.services.catalogue.secret(key)]
        fields = rollout_form.fields(asked, secret=secret)
    if given.text("again"):
        fields.append(("again", "yes"))
    if given.text("select"):
        fields = [pair for pair in fields if pair[0] != "select"] + [("select", given.text("select"))]
    return fields


# --- one page -------------------------------------------------------------------------------------------


async def _sketch(visit: Visit) -> tuple[str, Form]:
    identifier = visit.segment("sketch")
    return identifier, Form(list(await rollout_sketches.get(visit.runner, identifier, visit.actor)))


def _step(visit: Visit, form: Form) -> str:
    step = visit.segment("step")
    if step not in rollout_form.steps(form):
        raise NotFound("page", step)
    return step


async def _show(visit: Visit) -> Answer:
    identifier, form = await _sketch(visit)
    step = _step(visit, form)
    faults: Faults = {}
    if step != "plan" and visit.query.text("check"):
        faults = await _faults(visit, form, step)
    return await _page(visit, identifier, step, form, faults)


async def _post(visit: Visit) -> Answer:
    identifier, form = await _sketch(visit)
    step = _step(visit, form)
    kept = _merged(form.pairs, visit.form(), step)
    await rollout_sketches.put(visit.runner, identifier, kept, visit.actor)
    return await _go(visit, identifier, step, Form(kept))


async def _go(visit: Visit, identifier: str, step: str, form: Form) -> Answer:
    """Where the button leads that was pressed."""
    go = "stay" if visit.form().text("put") else visit.form().text("go") or "next"
    listed = list(rollout_form.steps(form))
    at = listed.index(step)
    if go == "next":
        faults = await _faults(visit, form, step)
        if faults:
            return await _page(visit, identifier, step, form, faults)
        return _to(identifier, listed[min(at + 1, len(listed) - 1)])
    if go == "back":
        return _to(identifier, listed[max(at - 1, 0)])
    if go in listed:
        return _to(identifier, go)
    return _to(identifier, step, **rollout_pages.shown(visit.form()))


def _to(identifier: str, step: str, **query: str) -> Answer:
    return redirect(link(f"/rollouts/new/{identifier}/{step}", **query))


async def _page(visit: Visit, identifier: str, step: str, form: Form, faults: Faults) -> Answer:
    shown = {name for name in faults if rollout_form.step_of(name) == step}
    context = _frame(identifier, step, form) | {
        "faults": faults,
        "elsewhere": [one for name, found in faults.items() if name not in shown for one in found],
        "like": "" if identifier else visit.query.text("like"),
        "again": "" if identifier else visit.query.text("again"),
    }
    if step == "plan":
        context |= await _plan(visit, form)
    else:
        context |= await rollout_pages.of_step(visit, step, form, faults)
    status = 422 if faults else 200
    return pages.show(visit, f"rollout-{step}.html", status=status, **context)


def _frame(identifier: str, step: str, form: Form) -> dict[str, Any]:
    """What the frame of each page needs."""
    return {
        "sketch": identifier,
        "step": step,
        "steps": rollout_form.steps(form),
        "form": form,
        "faults": {},
        "elsewhere": [],
        "words": rollout_words,
        "like": "",
        "again": "",
    }


def _merged(before: Pairs, given: Form, step: str) -> Pairs:
    """What is kept: the inputs of this page as they are now, and those of all others."""
    posted = [pair for pair in given.pairs if pair[0] not in _OF_THE_FORM]
    if step == "settings":
        return _with_settings(before, posted, frozenset(given.every("shown")))
    kept = [pair for pair in before if not rollout_form.owns(step, pair[0])]
    now = [pair for pair in posted if rollout_form.owns(step, pair[0])]
    if given.text("put"):
        now = [pair for pair in now if pair[0] != "select"] + [("select", given.text("put"))]
    return kept + rollout_pages.with_rows(now, given.text("go"))


def _with_settings(before: Pairs, posted: Pairs, shown: frozenset[str]) -> Pairs:
    """The keys on this page as they are now; one left empty is not chosen, a blanked secret stays."""
    was = dict(before)

    def of_page(name: str, value: str) -> bool:
        key = value if name == "unset" else name.removeprefix(KEY_FIELD)
        return key in shown and (name == "unset" or name.startswith(KEY_FIELD))

    kept = [pair for pair in before if not of_page(*pair)]
    for name, value in posted:
        if of_page(name, value) and value:
            kept.append((name, was.get(name, "") if value == rollout_pages.HIDDEN else value))
    return kept


# --- what is wrong --------------------------------------------------------------------------------------


async def _faults(visit: Visit, form: Form, step: str) -> Faults:
    """What is wrong on this page and on those before it."""
    listed = list(STEPS)
    until = listed.index(step)
    found = await _every_fault(visit, form, whom_known=until >= listed.index("whom"))
    return {
        name: faults for name, faults in found.items() if listed.index(rollout_form.step_of(name)) <= until
    }


async def _every_fault(visit: Visit, form: Form, *, whom_known: bool) -> Faults:
    made = rollout_form.made(form)
    body = made.body if whom_known else made.body | {"select": "all"}
    faults = list(made.faults)
    try:
        asked = validation.read(Definition, body)
    except Invalid as error:
        faults += error.errors
        asked = validation.read(Definition, rollout_form.without(body, error.errors))
    try:
        await rollout_making.draft(desk_for(visit.services, visit.actor), asked)
    except Invalid as error:
        faults += error.errors
    return _by_input(faults, form)


def _by_input(faults: list[FieldError], form: Form) -> Faults:
    found: Faults = {}
    for fault in faults:
        found.setdefault(rollout_form.input_of(fault.field, form), []).append(_plain(fault))
    return found


def _plain(fault: FieldError) -> FieldError:
    """Without the words of types that a value is told in which is no such type."""
    if not fault.message.startswith("expected "):
        return fault
    return structs.replace(fault, message="is required" if fault.value in ("", None) else "cannot be")


# --- the plan, and the making ---------------------------------------------------------------------------


async def _plan(visit: Visit, form: Form, **more: Any) -> dict[str, Any]:
    """The plan, or what stands in its way by page."""
    made = rollout_form.made(form)
    plan: RolloutPlan | None = None
    faults, asked = list(made.faults), None
    try:
        asked = validation.read(Definition, made.body)
        plan = await rollout_plans.of_definition(desk_for(visit.services, visit.actor), asked)
    except Invalid as error:
        faults += error.errors
    wrong: dict[str, list[FieldError]] = {}
    for name, found in _by_input(faults, form).items():
        wrong.setdefault(rollout_form.step_of(name), []).extend(found)
    return {
        "plan": None if faults else plan,
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
    identifier, form = await _sketch(visit)
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
    said = {"running": "It runs.", "scheduled": "It starts at its time."}.get(
        one.state, "It is kept as a draft."
    )
    return notices.done(f"/rollouts/{one.id}", said)


async def _schedule(visit: Visit) -> Answer:
    """Make a schedule of it."""
    identifier, form = await _sketch(visit)
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
    context = _frame(identifier, "plan", form) | await _plan(visit, form, start=visit.form(), **faults)
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
    Page(method="GET", path="/rollouts/new", handle=_new, role=Role.ENGINEER, limited=True),
    Page(method="POST", path="/rollouts/new", handle=_begin, role=Role.ENGINEER, limited=True),
    Page(method="GET", path="/rollouts/new/{sketch}/{step}", handle=_show, role=Role.ENGINEER, limited=True),
    Page(method="POST", path="/rollouts/new/{sketch}/{step}", handle=_post, role=Role.ENGINEER, limited=True),
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
