"""What stands in the fields of a new rollout: what is usual, or what another one has."""

from __future__ import annotations

from collections.abc import Iterable

from acs.fleet.rollout.definition import Definition, Kind
from acs.fleet.rollout.window import DAYS, GROUP, PHONE, Window
from acs.northbound.console import layer_editor, rollout_tasks
from acs.northbound.console.changes import KEY_FIELD
from acs.northbound.console.rollout_amounts import RATES, TIMES, split
from acs.northbound.console.rollout_form import Pairs

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
    *split("soak", 600, TIMES),
    ("success", "95"),
    ("when", "any"),
    *USUAL_WINDOW,
    ("failures", "10%"),
    ("at_once", "50"),
    *split("patience", 86_400, TIMES),
    *split("confirm", 3600, TIMES),
    *split("ask_again", 300, TIMES),
]


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
