"""A rollout as a form of several pages: its inputs, and the definition that they make.

rollout_filling   from a definition to the form
rollout_faults    what is wrong, at which input of which page
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct

from acs.fleet.rollout.definition import Kind
from acs.fleet.rollout.window import GROUP, PHONE
from acs.northbound.console import layer_editor, rollout_tasks
from acs.northbound.console.changes import KEY_FIELD
from acs.northbound.console.rollout_amounts import RATES, TIMES, UNIT, Amounts
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

_ROW = re.compile(r"(.+)\.(\d{1,3})")


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
