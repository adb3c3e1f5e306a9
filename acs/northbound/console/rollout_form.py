"""A rollout as a form of several pages: from what was filled in to a definition, and back.

A fault of the definition is told at the input that it comes from (`input_of`), on the page that has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from acs.fleet.rollout.definition import Definition, Kind
from acs.fleet.rollout.window import DAYS, GROUP, PHONE, Window
from acs.northbound.console import layer_editor, rollout_tasks
from acs.northbound.console.changes import KEY_FIELD
from acs.northbound.console.rollout_amounts import RATES, TIMES, UNIT, Amounts, split
from acs.northbound.console.rollout_tasks import TASK_FIELD
from acs.northbound.console.visits import Form
from acs.operations.errors import FieldError

Pairs = list[tuple[str, str]]

#: The pages, in order, and what each asks.
STEPS = {
    "what": "What",
    "settings": "Settings",
    "whom": "Whom",
    "waves": "Waves",
    "hours": "Hours",
    "rules": "Rules and pace",
    "plan": "The plan",
}

#: Inputs of each page; those of a row end in a dot and its number. Those of `settings` are the keys shown.
_INPUTS = {
    "what": (
        "name",
        "kind",
        "file",
        "downgrade",
        "allowed_from",
        "override",
        "sha256",
        "md5",
        "mode",
        "reboot",
        "task_type",
    ),
    "settings": (),
    "whom": ("select", "canary"),
    "waves": ("size", "unit", "soak", "success", "informs"),
    "hours": ("when", "days", "from", "to", "zone", "zone_name", "fallback", "except"),
    "rules": (
        "failures",
        "in_a_row",
        "unconfirmed",
        "at_once",
        "per_site",
        "bandwidth",
        "patience",
        "confirm",
        "ask_again",
        "step",
        "priority",
    ),
    "plan": (),
}

USUAL_WINDOW: Pairs = [
    *(("days.0", day) for day in DAYS[:5]),
    ("from.0", "01:00"),
    ("to.0", "05:00"),
    ("zone.0", PHONE),
]

#: What stands in the fields of a new rollout.
USUAL: Pairs = [
    ("kind", Kind.FIRMWARE),
    ("mode", "values"),
    ("task_type", "get_parameter_values"),
    *(
        ("size.0", "1"),
        ("unit.0", "%"),
        ("size.1", "10"),
        ("unit.1", "%"),
        ("size.2", ""),
        ("unit.2", "rest"),
    ),
    *split("soak", 3600, TIMES),
    ("success", "95"),
    ("when", "any"),
    *USUAL_WINDOW,
    ("failures", "10%"),
    ("at_once", "50"),
    *split("patience", 86_400, TIMES),
    *split("confirm", 3600, TIMES),
    *split("ask_again", 300, TIMES),
]

_ROW = re.compile(r"(.+)\.(\d{1,3})")
_INDEXED = re.compile(r"(\w+)\[(\d+)\](?:\.(\w+))?.*")


class Made(Struct, frozen=True):
    """The definition's body as plain data, and what could not be read for it."""

    body: dict[str, Any]
    faults: list[FieldError]


def steps(form: Form) -> dict[str, str]:
    """The pages that this rollout needs."""
    written = form.text("kind") == Kind.CONFIG and form.text("mode") != "desired"
    return {name: title for name, title in STEPS.items() if name != "settings" or written}


def owns(step: str, name: str) -> bool:
    """Whether an input belongs to the page."""
    row = _ROW.fullmatch(name)
    stem = (row[1] if row else name).removesuffix(UNIT)
    if name.startswith(TASK_FIELD):
        return step == "what"
    return stem in _INPUTS[step]


def rows(form: Form, name: str) -> list[int]:
    """The numbers of the rows that have this input."""
    found = (_ROW.fullmatch(field) for field, _ in form.pairs)
    return sorted({int(row[2]) for row in found if row and row[1] == name})


# --- from the form to the definition --------------------------------------------------------------------


def made(form: Form) -> Made:
    amounts = Amounts(form)
    body: dict[str, Any] = {"name": form.text("name"), "kind": form.text("kind"), **_what(form)}
    body |= {"select": form.text("select"), "canary": form.text("canary")}
    body["waves"] = [size for _, size in sizes(form)]
    body["soak"] = amounts.amount("soak", "soak", TIMES, 0.0)
    body["gate"] = {
        "success": amounts.share("success", "gate.success", 0.0),
        "informs": amounts.whole("informs", "gate.informs", None),
    }
    body["window"] = (
        [_window(form, row) for row in rows(form, "from")] if form.text("when") == "hours" else None
    )
    body["stop"] = {
        "failures": _limit(form.text("failures")),
        "in_a_row": amounts.whole("in_a_row", "stop.in_a_row", None),
        "unconfirmed": _limit(form.text("unconfirmed")),
    }
    body["pace"] = {
        "at_once": amounts.whole("at_once", "pace.at_once", 50),
        "per_site": amounts.whole("per_site", "pace.per_site", 0),
        "bandwidth": int(amounts.amount("bandwidth", "pace.bandwidth", RATES, 0.0)),
    }
    body["patience"] = amounts.amount("patience", "patience", TIMES, 86_400.0)
    body["confirm"] = amounts.amount("confirm", "confirm", TIMES, 3600.0)
    body["ask_again"] = amounts.amount("ask_again", "ask_again", TIMES, 300.0)
    body["step"] = amounts.amount("step", "step", TIMES, 0.0)
    body["priority"] = amounts.whole("priority", "priority", 0)
    return Made(body, amounts.faults)


def _what(form: Form) -> dict[str, Any]:
    """The fields of the chosen kind; what was filled in for another is kept in the form alone."""
    match form.text("kind"):
        case Kind.FIRMWARE:
            return {
                "file": form.text("file"),
                "downgrade": bool(form.text("downgrade")),
                "allowed_from": [one.strip() for one in form.text("allowed_from").split(",") if one.strip()],
                "override": form.text("override"),
                "sha256": form.text("sha256"),
                "md5": form.text("md5"),
            }
        case Kind.CONFIG:
            chosen = values(form)
            return {
                "reboot": bool(form.text("reboot")),
                "values": None if form.text("mode") == "desired" else chosen,
            }
        case Kind.TASK:
            return {"task": rollout_tasks.body(form)}
        case _:
            return {}


def values(form: Form) -> dict[str, str | None]:
    """The chosen keys; None for one that is taken out of the phones' own layers."""
    found: dict[str, str | None] = {}
    for name, given in form.beginning(KEY_FIELD).items():
        if given:
            found[name] = "" if given == layer_editor.QUOTED_BLANK else given
    return found | dict.fromkeys(form.every("unset"))


def sizes(form: Form) -> list[tuple[int, str | int]]:
    """Row and size of each wave that is filled in."""
    found: list[tuple[int, str | int]] = []
    for row in rows(form, "unit"):
        number, unit = form.text(f"size.{row}"), form.text(f"unit.{row}")
        if unit == "rest":
            found.append((row, "rest"))
        elif number:
            found.append((row, f"{number}%" if unit == "%" else number))
    return found


def _window(form: Form, row: int) -> dict[str, Any]:
    zone = form.text(f"zone.{row}")
    return {
        "days": form.every(f"days.{row}"),
        "from": form.text(f"from.{row}"),
        "to": form.text(f"to.{row}"),
        "zone": zone if zone in (PHONE, GROUP) else form.text(f"zone_name.{row}"),
        "fallback": form.text(f"fallback.{row}"),
        "except": form.text(f"except.{row}").replace(",", " ").split(),
    }


def _limit(text: str) -> str | int | None:
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    return text or None


def without(body: dict[str, Any], faults: Iterable[FieldError]) -> dict[str, Any]:
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


# --- from the definition to the form --------------------------------------------------------------------


def fields(asked: Definition, *, secret: Iterable[str]) -> Pairs:
    """A form that says the same. Secrets are to be typed anew."""
    found: Pairs = [
        ("name", asked.name),
        ("kind", asked.kind),
        ("file", asked.file),
        ("select", asked.select),
    ]
    found += [("canary", asked.canary)]
    desired = asked.kind is Kind.CONFIG and not asked.values
    found += [("mode", "desired" if desired else "values")]
    found += [("override", asked.override), ("sha256", asked.sha256), ("md5", asked.md5)]
    found += [("allowed_from", ", ".join(asked.allowed_from))]
    found += [(name, "yes") for name in ("downgrade", "reboot") if getattr(asked, name)]
    hidden = frozenset(secret)
    for key, value in (asked.values or {}).items():
        if value is None:
            found.append(("unset", key))
        elif key not in hidden:
            found.append((KEY_FIELD + key, str(value) or layer_editor.QUOTED_BLANK))
    found += rollout_tasks.fields(asked.task) if asked.task else [("task_type", "get_parameter_values")]
    for row, size in enumerate(asked.waves):
        text = str(size)
        unit = "rest" if text == "rest" else "%" if text.endswith("%") else "phones"
        found += [(f"size.{row}", "" if unit == "rest" else text.rstrip("% ")), (f"unit.{row}", unit)]
    return found + _course(asked)


def _course(asked: Definition) -> Pairs:
    found: Pairs = [*split("soak", asked.soak, TIMES), ("success", f"{100 * asked.gate.success:g}")]
    found += [("informs", _text(asked.gate.informs)), ("when", "hours" if asked.windows else "any")]
    for row, one in enumerate(asked.windows):
        found += _of_window(row, one)
    if not asked.windows:
        found += USUAL_WINDOW
    stop = asked.stop
    if stop is not None:
        found += [("failures", _text(stop.failures)), ("in_a_row", _text(stop.in_a_row))]
        found += [("unconfirmed", _text(stop.unconfirmed))]
    found += [("at_once", str(asked.pace.at_once)), ("per_site", _text(asked.pace.per_site or None))]
    found += split("bandwidth", asked.pace.bandwidth, RATES) if asked.pace.bandwidth else []
    for name in ("patience", "confirm", "ask_again"):
        found += split(name, getattr(asked, name), TIMES)
    found += split("step", asked.step, TIMES) if asked.step else []
    return [*found, ("priority", _text(asked.priority or None))]


def _of_window(row: int, one: Window) -> Pairs:
    named = one.zone not in (PHONE, GROUP)
    found = [(f"days.{row}", day.lower()[:3]) for day in one.days]
    found += [(f"from.{row}", one.start), (f"to.{row}", one.end)]
    found += [
        (f"zone.{row}", "named" if named else one.zone),
        (f"zone_name.{row}", one.zone if named else ""),
    ]
    return [*found, (f"fallback.{row}", one.fallback), (f"except.{row}", ", ".join(one.without))]


def _text(value: object) -> str:
    return "" if value is None else str(value)


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
