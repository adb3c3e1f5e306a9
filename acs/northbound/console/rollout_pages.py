"""What each page of a new rollout shows beside its fields: images, whom a selector means, wave sizes."""

from __future__ import annotations

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from msgspec import Struct

from acs.fleet.requests import DOWNLOAD_TYPES
from acs.fleet.rollout import waves
from acs.fleet.rollout.window import DAYS
from acs.northbound.console import layer_editor, rollout_filling, rollout_form, rollout_words
from acs.northbound.console.layer_editor import State
from acs.northbound.console.rollout_amounts import RATES, TIMES
from acs.northbound.console.rollout_form import Pairs
from acs.northbound.console.rollout_tasks import TASKS
from acs.northbound.console.rollout_words import KINDS
from acs.northbound.console.visits import Form, Visit
from acs.operations import files, fleet_models, groups, rollout_sketches, selectors
from acs.operations.errors import FieldError, Invalid
from acs.operations.files import FileView
from acs.operations.selectors import TriedView, TryRequest

#: Phones of a selector that are named, and stored files looked through.
_SAMPLE = 12
_FILES = 1000

#: What stands in the field of a secret that was filled in before.
HIDDEN = "******"


class Whom(Struct, frozen=True):
    """Whom a selector means now, or where it goes wrong; neither where there is none yet."""

    select: str
    tried: TriedView | None
    fault: FieldError | None


async def sketch(visit: Visit) -> tuple[str, Form]:
    identifier = visit.segment("sketch")
    return identifier, Form(list(await rollout_sketches.get(visit.runner, identifier, visit.actor)))


def frame(identifier: str, step: str, form: Form) -> dict[str, Any]:
    """What the frame of each page needs."""
    return {
        "sketch": identifier,
        "step": step,
        "steps": rollout_form.steps(form),
        "form": form,
        "faults": {},
        "elsewhere": [],
        "words": rollout_words,
        "told": {},
    }


async def of_step(visit: Visit, step: str, form: Form, faults: dict[str, list[FieldError]]) -> dict[str, Any]:
    match step:
        case "what":
            return {"kinds": KINDS, "images": await _images(visit), "tasks": TASKS}
        case "settings":
            return _settings(visit, form, faults)
        case "whom":
            return await _whom(visit, form)
        case "waves":
            return {"sizes": await _sizes(visit, form), "times": TIMES}
        case "hours":
            return {"windows": rollout_form.rows(form, "from"), "days": DAYS, "zones": zones()}
        case _:
            return {"times": TIMES, "rates": RATES}


async def _images(visit: Visit) -> list[FileView]:
    """All stored firmware."""
    found: list[FileView] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await files.page(visit.runner, cursor=cursor, limit=_FILES)
        found += [one for one in page.items if one.file_type == DOWNLOAD_TYPES[0] and not one.device]
        cursor = page.next
    return found


def _settings(visit: Visit, form: Form, faults: dict[str, list[FieldError]]) -> dict[str, Any]:
    query, catalogue = visit.query, visit.services.catalogue
    chosen = rollout_form.values(form)
    own = {key: HIDDEN if catalogue.secret(key) else text for key, text in chosen.items() if text is not None}
    wrong = {fault.key or name: fault for name, found in faults.items() for fault in found}
    state = State(own=own, given=dict.fromkeys(form.every("unset"), ""), faults=wrong)
    made = layer_editor.editor(
        catalogue,
        state,
        feature=query.text("feature"),
        find=query.text("find"),
        numbers=query.beginning("index."),
    )
    return {"editor": made, "chosen": chosen, "find": query.text("find")}


async def _whom(visit: Visit, form: Form) -> dict[str, Any]:
    models = await fleet_models.counts(visit.runner)
    return {
        "whom": await whom(visit, form.text("select")),
        "saved": (await selectors.list_all(visit.runner)).items,
        "made_groups": (await groups.list_all(visit.runner)).items,
        "models": [model for model in models if model],
    }


async def whom(visit: Visit, select: str) -> Whom:
    services = visit.services
    if not select:
        return Whom(select, None, None)
    try:
        tried = await selectors.attempt(
            visit.runner,
            services.shapes,
            services.catalogue,
            TryRequest(select, _SAMPLE),
            now=visit.now,
        )
    except Invalid as error:
        return Whom(select, None, error.errors[0])
    return Whom(select, tried, None)


async def _sizes(visit: Visit, form: Form) -> dict[int, int | None]:
    """How many phones the wave of each row would have; None where that cannot be told."""
    found = await whom(visit, form.text("select"))
    total = found.tried.total if found.tried is not None else 0
    sizes: dict[int, int | None] = dict.fromkeys(rollout_form.rows(form, "unit"))
    covered = 0
    for row, size in rollout_form.sizes(form):
        if total and waves.fault(size, last=size == waves.REST) is None:
            count = min(total - covered, (waves.ends([size], total=total) or (0,))[0])
            covered += count
            sizes[row] = count
    return sizes


# --- rows -----------------------------------------------------------------------------------------------


def with_rows(fields: Pairs, go: str) -> Pairs:
    """The fields with a row more or less, where a button says so: `add size`, `drop size 2`."""
    verb, _, rest = go.partition(" ")
    name, _, row = rest.partition(" ")
    if verb == "drop" and row.isdecimal():
        return [pair for pair in fields if not pair[0].endswith(f".{row}")]
    if verb == "add":
        listed = rollout_form.rows(Form(fields), "unit" if name == "size" else "from")
        number = listed[-1] + 1 if listed else 0
        if name == "size":
            return _with_wave(fields, number)
        return [
            *fields,
            *((f"{field.partition('.')[0]}.{number}", text) for field, text in rollout_filling.USUAL_WINDOW),
        ]
    return fields


def _with_wave(fields: Pairs, number: int) -> Pairs:
    """One wave more, before the rest where the rest is the last."""
    last = number - 1
    if dict(fields).get(f"unit.{last}") != "rest":
        return [*fields, (f"size.{number}", ""), (f"unit.{number}", "%")]
    kept = [pair for pair in fields if pair[0] not in (f"size.{last}", f"unit.{last}")]
    kept += [(f"size.{last}", ""), (f"unit.{last}", "%")]
    return [*kept, (f"size.{number}", ""), (f"unit.{number}", "rest")]


def shown(given: Form) -> dict[str, str]:
    """What of the keys is to be shown next, where one has looked for some."""
    if given.text("go") != "find":
        return {}
    fields = {name: given.text(name) for name in ("find", "feature")}
    return fields | {name: value for name, value in given.pairs if name.startswith("index.")}


@cache
def zones() -> list[str]:
    """Names of time zones, for choosing."""
    return sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
