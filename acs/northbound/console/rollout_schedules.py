"""Schedules: rollouts that are made again and again, or once at a set time."""

from __future__ import annotations

import re
from typing import Any

from acs.fleet.rollout.definition import Essentials, Kind
from acs.fleet.rollout.window import DAYS
from acs.northbound.console import notices, pages, rollout_words
from acs.northbound.console.templating import stamp
from acs.northbound.console.visits import Answer, Form, Page, Visit
from acs.northbound.rollout_desk import desk_for
from acs.operations import schedule_views, schedules, validation
from acs.operations.actors import Role
from acs.operations.errors import Invalid
from acs.operations.schedule_views import ScheduleView
from acs.operations.schedules import ScheduleChange, ScheduleRequest

_PAGE = 50

#: How often: what it is called, and the last three fields of its cron expression.
OFTEN = {
    "day": ("every day", "* * *"),
    "week": ("every week", "* * {day}"),
    "month": ("on the first of every month", "1 * *"),
}

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_USUAL = re.compile(r"(\d{1,2}) (\d{1,2}) (\*|1) \* (\*|[0-7])")


async def _list(visit: Visit) -> Answer:
    page = await schedule_views.list_all(visit.runner, cursor=visit.query.text("cursor"), limit=_PAGE)
    rows = [(one, what_of(one), in_words(one)) for one in page.items]
    return pages.show(visit, "schedules.html", rows=rows, following=page.next, total=page.total)


async def _show(visit: Visit) -> Answer:
    one = await _find(visit)
    context: dict[str, Any] = {
        "one": one,
        "what": what_of(one),
        "when": in_words(one),
        "words": rollout_words,
        "asked": rollout_words.definition({**one.what, "name": one.name}),
    }
    return pages.show(visit, "schedule.html", **context)


async def _find(visit: Visit) -> ScheduleView:
    return await schedule_views.show(visit.runner, visit.segment("schedule"), now=visit.now)


def what_of(one: ScheduleView) -> str:
    return rollout_words.what(rollout_words.definition({**one.what, "name": one.name}))


def in_words(one: ScheduleView) -> str:
    """When it runs: `every day at 02:30, Europe/Berlin`."""
    if one.at is not None:
        return f"once, {stamp(one.at)}"
    usual = _USUAL.fullmatch(one.cron or "")
    if usual is None:
        return f"{one.cron} ({one.zone})"
    clock = f"{int(usual[2]):02}:{int(usual[1]):02}, {one.zone}"
    if usual[3] == "1":
        return f"on the first of every month at {clock}" if usual[4] == "*" else f"{one.cron} ({one.zone})"
    if usual[4] == "*":
        return f"every day at {clock}"
    return f"every {DAYS[(int(usual[4]) - 1) % 7].capitalize()} at {clock}"


# --- making one -----------------------------------------------------------------------------------------


async def create(visit: Visit, given: Form, body: dict[str, Any]) -> ScheduleView:
    """A schedule of what a form says, as often as its last page says. Raises Invalid, Conflict."""
    what = {name: value for name, value in body.items() if name in Essentials.__struct_fields__}
    request: dict[str, Any] = {
        "name": body["name"],
        "what": what,
        "cron": _cron(given),
        "zone": given.text("again_zone") or "UTC",
    }
    if body["kind"] == Kind.BACKUP and given.text("keep"):
        text = given.text("keep")
        request["keep"] = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else text
    asked = validation.read(ScheduleRequest, request)
    return await schedules.create(desk_for(visit.services, visit.actor), asked)


def _cron(given: Form) -> str:
    often = given.text("often")
    if often not in OFTEN:
        return given.text("cron")
    clock = _CLOCK.fullmatch(given.text("again_time"))
    if clock is None:
        raise Invalid.field(
            "time", "is no time of day", value=given.text("again_time"), allowed="such as 02:30"
        )
    day = given.text("again_day")
    number = (DAYS.index(day) + 1) % 7 if day in DAYS else 1
    return f"{int(clock[2])} {int(clock[1])} " + OFTEN[often][1].format(day=number)


# --- steering -------------------------------------------------------------------------------------------


async def _enable(visit: Visit) -> Answer:
    return await _switch(visit, on=True)


async def _disable(visit: Visit) -> Answer:
    return await _switch(visit, on=False)


async def _switch(visit: Visit, *, on: bool) -> Answer:
    one = await _find(visit)
    desk = desk_for(visit.services, visit.actor)
    after = await schedules.change(desk, one.id, ScheduleChange(enabled=on))
    visit.tell(f"schedules/{one.id}", old={"enabled": one.enabled}, new={"enabled": after.enabled})
    said = f"{one.name} is off; nothing runs by it." if not on else f"{one.name} is on."
    return notices.done("/rollouts/schedules", said)


async def _remove(visit: Visit) -> Answer:
    one = await _find(visit)
    if not pages.confirmed(visit):
        return pages.ask(
            visit,
            title=f"Remove the schedule {one.name}",
            text="It runs no more and is forgotten. A rollout that it made goes on.",
            button="Remove the schedule",
            back="/rollouts/schedules",
            facts=[("What", what_of(one)), ("When", in_words(one)), ("Next", stamp(one.next_at))],
        )
    await schedules.delete(visit.runner, one.id)
    visit.tell(f"schedules/{one.id}", old={"name": one.name, "what": one.what})
    return notices.done("/rollouts/schedules", f"The schedule {one.name} is removed.")


async def _run(visit: Visit) -> Answer:
    one = await _find(visit)
    if not pages.confirmed(visit):
        return pages.ask(
            visit,
            title=f"Run now: {one.name}",
            text="Its rollout is made and begins now, beside its own times, which stay.",
            button="Run it now",
            back="/rollouts/schedules",
            facts=[("What", what_of(one)), ("Whom", str(one.what.get("select") or "all phones"))],
            dangerous=False,
        )
    made = await schedules.run(desk_for(visit.services, visit.actor), one.id)
    visit.tell(f"schedules/{one.id}/run", new={"rollout": made.id})
    return notices.done(f"/rollouts/{made.id}", "It runs.")


def _post(verb: str, handle: Any, deed: str) -> Page:
    return Page(
        method="POST",
        path=f"/rollouts/schedules/{{schedule}}/{verb}",
        handle=handle,
        role=Role.ENGINEER,
        deed=deed,
        limited=True,
    )


PAGES = (
    Page(method="GET", path="/rollouts/schedules", handle=_list, limited=True),
    Page(method="GET", path="/rollouts/schedules/{schedule}", handle=_show, limited=True),
    _post("enable", _enable, "schedules.change"),
    _post("disable", _disable, "schedules.change"),
    _post("remove", _remove, "schedules.delete"),
    _post("run", _run, "schedules.run"),
)
