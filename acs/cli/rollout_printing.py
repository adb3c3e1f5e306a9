"""Rollouts and their plans in words and tables."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from acs.cli import rollout_windows
from acs.cli.printing import Printer, byte_size, moment

#: In the order of a phone's way.
OUTCOMES = (
    *("waiting", "deferred", "sent", "transferring", "rebooting", "checking"),
    *("succeeded", "failed", "unconfirmed", "skipped"),
)

#: Outcomes after which nothing more is expected.
SETTLED = frozenset(OUTCOMES[-4:])

#: Fields of a definition that have lines of their own, or say no more than the kind.
_APART = frozenset({"name", "kind", "window", "start"})


def counted(rollout: dict[str, Any]) -> str:
    """`12 succeeded, 1 failed`."""
    known = rollout["outcomes"]
    return ", ".join(f"{known[name]} {name}" for name in reversed(OUTCOMES) if known.get(name))


def told(plan: dict[str, Any]) -> str:
    """A plan in a few words."""
    parts = [f"{plan['takes']} of {plan['total']} phones"]
    if plan["bytes"]:
        parts.append(byte_size(plan["bytes"]))
    if plan["takes"]:
        parts.append(f"over about {moment(plan['forecast']['ends_at'])}")
    return ", ".join(parts)


def ends(rollout: dict[str, Any]) -> str:
    """When it was over, or will be."""
    foreseen = rollout["forecast"]
    return f"~ {moment(foreseen['ends_at'])}" if foreseen else moment(rollout["ended_at"])


def lasting(seconds: float) -> str:
    """`45 s`, `12 min`, `3.5 h`, `2.1 d`."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds:.0f} s"


def evidence(phone: dict[str, Any]) -> str:
    """What shows how a phone went, in short; nothing that its reason says already."""
    found: dict[str, Any] = phone["evidence"]
    parts = []
    before, after = found.get("version_before"), found.get("version")
    if before or after:
        parts.append(f"{before or '?'} → {after}" if after else f"had {before}")
    if found.get("bytes_served"):
        parts.append(byte_size(found["bytes_served"]))
    fault = str((found.get("fault") or {}).get("text") or "")
    parts += [said for said in (fault, str(found.get("proved_by") or "")) if said]
    return "; ".join(part for part in parts if part not in phone["reason"])


def print_rollout(printer: Printer, rollout: dict[str, Any]) -> None:
    definition = rollout["definition"]
    facts = {
        **{name: rollout[name] for name in ("id", "name", "kind", "state", "reason", "trouble")},
        **{name: value for name, value in definition.items() if name not in _APART and _said(value)},
        "window": [rollout_windows.shown(one) for one in windows_of(definition)],
        "phones": rollout["total"] or None,
        "outcomes": counted(rollout),
        "rollback_of": rollout["rollback_of"],
        "created": f"{moment(rollout['created_at'])} by {rollout['created_by']}",
        **{name: moment(rollout[name]) for name in ("start_at", "started_at", "ended_at")},
    }
    foreseen = rollout["forecast"]
    if foreseen:
        source = "" if foreseen["seen"] else ", as is usual"
        facts["forecast"] = (
            f"ends {moment(foreseen['ends_at'])}, {foreseen['rate']:.1f} phones a minute{source}"
        )
    printer.facts(facts)
    if rollout["waves"]:
        printer.table(
            ("WAVE", "PHONES", "HOW FAR", "SUCCESS"),
            (
                (
                    f"{'▸ ' if number == rollout['wave'] and not rollout['ended_at'] else ''}{number}",
                    wave["phones"],
                    counted(wave),
                    "" if wave["success"] is None else f"{wave['success']:.1%}",
                )
                for number, wave in enumerate(rollout["waves"], 1)
            ),
        )


def windows_of(definition: dict[str, Any]) -> list[dict[str, Any]]:
    window = definition.get("window")
    if not window:
        return []
    return window if isinstance(window, list) else [window]


def _said(value: Any) -> bool:
    return value not in (None, "", 0, False, [], {})


def print_plan(printer: Printer, plan: dict[str, Any]) -> None:
    foreseen = plan["forecast"]
    facts: dict[str, Any] = {
        "name": plan["name"],
        "kind": plan["kind"],
        "phones": f"{plan['takes']} of {plan['total']} get their turn",
        "bytes": byte_size(plan["bytes"]) if plan["bytes"] else None,
        "starts": moment(plan["starts_at"]),
        "first phone": moment(plan["opens_at"]),
        "ends": f"{moment(foreseen['ends_at'])}, after {lasting(foreseen['seconds'])}",
        "pace": f"{foreseen['rate']:.1f} phones a minute, {_source(plan)}",
        "approval": "a second person's is needed" if plan["needs_approval"] else None,
    }
    printer.facts(facts)
    printer.table(
        ("WAVE", "PHONES", "GET IT", "BYTES", "FROM", "TO", "LASTS"),
        (
            (
                number,
                wave["phones"],
                wave["takes"],
                byte_size(wave["bytes"]) if wave["bytes"] else "",
                moment(wave["starts_at"]),
                moment(wave["ends_at"]),
                lasting(wave["seconds"]),
            )
            for number, wave in enumerate(plan["waves"], 1)
        ),
    )
    apart = [
        ("offline now", plan["offline"]),
        ("time zone not known", plan["zone_unknown"]),
        ("no window ever opens", plan["never_open"]),
        *((f"refused, {one['why']}: {one['text']}", one) for one in plan["refused"]),
    ]
    rows = [(some["phones"], why, _named(some)) for why, some in apart if some["phones"]]
    if rows:
        printer.table(("PHONES", "", "SUCH AS"), rows)
    if plan["sites"]:
        more = plan["sites_count"] - len(plan["sites"])
        sites = [(one["site"] or "not known", one["phones"]) for one in plan["sites"]]
        printer.table(("SITE", "PHONES"), sites)
        if more:
            printer.note(f"and {more} smaller sites")
    for remark in plan["remarks"]:
        printer.note(remark)


def _source(plan: dict[str, Any]) -> str:
    return f"as in the rollout {plan['speed_of']}" if plan["speed_of"] else "as is usual"


def _named(some: dict[str, Any]) -> str:
    return ", ".join(some["devices"][:3]) + (" …" if some["phones"] > 3 else "")


def time_left(rollout: dict[str, Any], now: float) -> str:
    """`ends 22:14:03, in 12 min`; "" where nothing is foreseen."""
    foreseen = rollout["forecast"]
    if not foreseen or not foreseen["ends_at"]:
        return ""
    left = datetime.fromisoformat(foreseen["ends_at"]).timestamp() - now
    return f"ends {moment(foreseen['ends_at'])}, in {lasting(max(0.0, left))}"
