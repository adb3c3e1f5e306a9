"""A new rollout, page by page: what, whom, waves, hours, rules, and the plan before anything begins.

What was filled in is kept as a sketch, whatever it is: an error, the way back or a reload lose nothing. A
page is left forwards only when what it asks for, and all before it, can be.
"""

from __future__ import annotations

from acs.northbound.console import (
    pages,
    rollout_ending,
    rollout_faults,
    rollout_filling,
    rollout_form,
    rollout_pages,
    rollout_words,
)
from acs.northbound.console.changes import KEY_FIELD
from acs.northbound.console.rollout_faults import Faults
from acs.northbound.console.rollout_form import Pairs
from acs.northbound.console.templating import link
from acs.northbound.console.visits import Answer, Form, Page, Visit, redirect
from acs.operations import rollout_sketches, rollouts
from acs.operations.actors import Role
from acs.operations.errors import NotFound

#: Fields that say what to do with the form, and are none of it.
_OF_THE_FORM = ("csrf", "go", "put", "like", "shown")

#: What links to a new rollout may say, beside which rollout it is to be like.
_PREFILLED = ("select", "file", "again")

pages.part("rollout-whom")


# --- the beginning --------------------------------------------------------------------------------------


async def _new(visit: Visit) -> Answer:
    if visit.part == "rollout-whom":
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
    fields = list(rollout_filling.USUAL)
    if given.text("like"):
        other = await rollouts.show(visit.runner, given.text("like"), now=visit.now)
        asked = rollout_words.definition(other.definition)
        secret = [key for key in asked.values or {} if visit.services.catalogue.secret(key)]
        fields = rollout_filling.fields(asked, secret=secret)
    for name in _PREFILLED:
        if given.text(name):
            fields = [pair for pair in fields if pair[0] != name] + [(name, given.text(name))]
    return fields


def _told(query: Form) -> dict[str, str]:
    """What the link said, to be sent along with the first page, which has no field for it."""
    return {name: query.text(name) for name in ("like", "select", "again") if query.text(name)}


# --- one page -------------------------------------------------------------------------------------------


def _step(visit: Visit, form: Form) -> str:
    step = visit.segment("step")
    if step not in rollout_form.steps(form):
        raise NotFound("page", step)
    return step


async def _show(visit: Visit) -> Answer:
    identifier, form = await rollout_pages.sketch(visit)
    step = _step(visit, form)
    faults: Faults = {}
    if step != "plan" and visit.query.text("check"):
        faults = await rollout_faults.of_pages(visit, form, step)
    return await _page(visit, identifier, step, form, faults)


async def _post(visit: Visit) -> Answer:
    identifier, form = await rollout_pages.sketch(visit)
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
        faults = await rollout_faults.of_pages(visit, form, step)
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
    shown = {name for name in faults if rollout_faults.step_of(name) == step}
    context = rollout_pages.frame(identifier, step, form) | {
        "faults": faults,
        "elsewhere": [one for name, found in faults.items() if name not in shown for one in found],
        "told": {} if identifier else _told(visit.query),
    }
    if step == "plan":
        context |= await rollout_ending.plan(visit, form)
    else:
        context |= await rollout_pages.of_step(visit, step, form, faults)
    status = 422 if faults else 200
    return pages.show(visit, f"rollout-{step}.html", status=status, **context)


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


PAGES = (
    Page(method="GET", path="/rollouts/new", handle=_new, role=Role.ENGINEER, limited=True),
    Page(method="POST", path="/rollouts/new", handle=_begin, role=Role.ENGINEER, limited=True),
    Page(method="GET", path="/rollouts/new/{sketch}/{step}", handle=_show, role=Role.ENGINEER, limited=True),
    Page(method="POST", path="/rollouts/new/{sketch}/{step}", handle=_post, role=Role.ENGINEER, limited=True),
)
