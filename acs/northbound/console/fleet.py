"""The first page: how the fleet is, in numbers that each lead to their list."""

from __future__ import annotations

from typing import Any

from acs.fleet.rollout.rollout import State
from acs.northbound.console import pages, rollout_words, rollouts
from acs.northbound.console.charts import MOST_POINTS, Series, over_time
from acs.northbound.console.templating import quoted
from acs.northbound.console.visits import Answer, Page, Visit
from acs.operations import alerts, events, fleet_models, limits, presence, selectors
from acs.operations import rollouts as rollout_operations
from acs.operations.presence import FleetPresence, MinuteView
from acs.operations.selectors import TryRequest

#: Kinds of events that tell of something wrong.
FAULTS = ",".join(
    (
        "fault_repeated",
        "registration_lost",
        "reboot_unasked",
        "flapping",
        "site_offline",
        "rollout_halted",
        "config_*",
        "wake_*",
    )
)

#: How far back the drawings go, in hours, and what is asked for when nobody says.
HOURS = (1, 3, 12, 48)
USUAL_HOURS = 3

_SHOWN = 8

#: Rollouts that are named: those that run, or stand still until somebody decides.
_ROLLOUTS = 5
_IN_HAND = frozenset({State.RUNNING, State.PAUSED, State.HALTED})

pages.part("fleet-numbers", "fleet-charts", "fleet-news", "fleet-rollouts")


async def _show(visit: Visit) -> Answer:
    asked = visit.query.text("hours")
    hours = int(asked) if asked.isdecimal() and int(asked) in HOURS else USUAL_HOURS
    context: dict[str, Any] = {"hours": hours, "choices": HOURS, "limited": limits.is_limited(visit.runner)}
    if visit.part in ("", "fleet-numbers"):
        context["counts"] = await _counts(visit)
    if visit.part in ("", "fleet-charts") and not context["limited"]:
        found = await presence.show(visit.runner, minutes=hours * 60, now=visit.now)
        context |= _drawings(found)
    if visit.part in ("", "fleet-news"):
        context |= await _news(visit)
    if visit.part in ("", "fleet-rollouts"):
        in_hand, more = await rollout_operations.in_states(
            visit.runner, _IN_HAND, limit=_ROLLOUTS, now=visit.now
        )
        context["in_hand"] = [(one, rollouts.progress_of(one)) for one in in_hand]
        context |= {"more_in_hand": more is not None, "words": rollout_words}
    if not visit.part:
        context["models"] = await fleet_models.counts(visit.runner)
    return pages.show(visit, "fleet.html", **context)


async def _counts(visit: Visit) -> dict[str, int]:
    """How many phones are in which state, of those that the visitor may see."""
    if not limits.is_limited(visit.runner):
        found = await presence.show(visit.runner, minutes=2, now=visit.now)
        whole = [minute.informs for minute in found.minutes[:1]]
        return {
            "total": found.total,
            "online": found.online,
            "late": found.late,
            "offline": found.offline,
            "informs": sum(whole),
        }
    counts = {}
    for name, select in (("total", "all"), ("online", "online"), ("late", "late"), ("offline", "offline")):
        tried = await selectors.attempt(
            visit.runner,
            visit.services.shapes,
            visit.services.catalogue,
            TryRequest(select, 0),
            now=visit.now,
        )
        counts[name] = tried.total
    return {**counts, "informs": -1}


async def _news(visit: Visit) -> dict[str, Any]:
    happened = await events.page(visit.runner, since="", kind=FAULTS, device="", limit=_SHOWN)
    limited = limits.is_limited(visit.runner)
    still_open = await alerts.list_all(visit.runner, state="open", limit=_SHOWN) if not limited else None
    return {
        "alerts": still_open.items if still_open is not None else [],
        "faults": happened.items[::-1],
    }


def _drawings(found: FleetPresence) -> dict[str, Any]:
    step = max(1, -(-len(found.minutes) // MOST_POINTS))
    chunks = [found.minutes[at : at + step] for at in range(0, len(found.minutes) - 1, step)]
    moments = [chunk[-1].at for chunk in chunks]
    states = over_time(
        moments,
        [
            Series("online", "--chart-1", [_last(chunk, "online") for chunk in chunks]),
            Series("late", "--chart-2", [_last(chunk, "late") for chunk in chunks]),
            Series("offline", "--chart-3", [_last(chunk, "offline") for chunk in chunks]),
        ],
        stacked=True,
    )
    informs = [sum(minute.informs for minute in chunk) / len(chunk) for chunk in chunks]
    return {
        "states": states,
        "informs": over_time(moments, [Series("Informs a minute", "--chart-4", informs)], stacked=False),
        "counted": any(minute.online is not None for minute in found.minutes),
    }


def _last(chunk: list[MinuteView], state: str) -> int | None:
    counted = [getattr(minute, state) for minute in chunk if getattr(minute, state) is not None]
    return counted[-1] if counted else None


def phones_with(model: str, firmware: str = "") -> str:
    """The selector for a model, or a model with a firmware."""
    only = f"model = {quoted(model)}"
    return f"{only} and firmware = {quoted(firmware)}" if firmware else only


PAGES = (Page(method="GET", path="/", handle=_show, limited=True),)
