"""The Trace tab of a phone: record its next sessions, read them as a conversation, play them again."""

from __future__ import annotations

from typing import Any

from acs.fleet.trace.records import LONGEST_ORDER
from acs.northbound.console import notices, pages
from acs.northbound.console.phone import PATIENCE, find, frame
from acs.northbound.console.templating import plural, stamp
from acs.northbound.console.visits import Answer, Page, Visit, phone_path
from acs.northbound.waking import send_wake
from acs.operations import traces, validation
from acs.operations.actors import Role
from acs.operations.errors import Conflict, Invalid
from acs.operations.traces import TraceRequest
from acs.store.devices import KnownDevice

pages.part("phone-traces", "phone-trace")

#: Seconds of an hour, which the form counts in.
_HOUR = 3600


async def _list(visit: Visit, **more: Any) -> Answer:
    known = await find(visit)
    context = await frame(visit, known, "trace")
    context["found"] = await traces.list_all(visit.runner, known, now=visit.now)
    context |= {"faults": [], "given": {"sessions": "1", "hours": "24"}, **more}
    return pages.show(visit, "phone-traces.html", **context)


async def _order(visit: Visit) -> Answer:
    known, form = await find(visit), visit.form()
    back = phone_path(known.device.id, "traces")
    who = f"devices/{known.device.id}/traces"
    if form.text("deed") == "stop":
        await traces.disarm(visit.runner, known, by=visit.actor.name, now=visit.now)
        visit.tell(who, old={"armed": True}, new={"armed": False})
        return notices.done(back, "No session is recorded any more. What is recorded stays.")
    given = {"sessions": form.text("sessions"), "hours": form.text("hours")}
    try:
        asked = _read(given)
    except Invalid as error:
        return await _list(visit, status=422, faults=error.errors, given=given)
    armed = await traces.arm(visit.runner, known, asked, by=visit.actor.name, now=visit.now)
    visit.tell(who, new={"sessions": asked.sessions, "expires_in": asked.expires_in})
    count = "The next session is" if armed.sessions == 1 else f"The next {armed.sessions} sessions are"
    said = f"{count} recorded."
    if form.text("wake"):
        woken = await send_wake(
            visit.services, known.device.id, patience=PATIENCE, by=visit.actor.name, now=visit.now
        )
        said += f" Connection request: {woken.outcome}."
    return notices.done(back, said)


def _read(given: dict[str, str]) -> TraceRequest:
    hours = given["hours"]
    if not hours.isdecimal() or not 1 <= int(hours) <= LONGEST_ORDER // _HOUR:
        allowed = f"a whole number from 1 to {LONGEST_ORDER // _HOUR}"
        raise Invalid.field("hours", "is no number of hours", value=hours, allowed=allowed)
    body = {"sessions": given["sessions"], "expires_in": int(hours) * _HOUR}
    return validation.read(TraceRequest, body, strict=False)


async def _show(visit: Visit) -> Answer:
    known = await find(visit)
    context = await frame(visit, known, "trace")
    context["trace"] = await traces.show(visit.runner, known, visit.segment("trace"))
    return pages.show(visit, "phone-trace.html", **context)


async def _replay(visit: Visit) -> Answer:
    known, trace = await find(visit), visit.segment("trace")
    try:
        replay = await traces.replay(visit.runner, visit.services.replay, known, trace)
    except Conflict as error:
        return notices.done(_place(known, trace), str(error), "note")
    context = await frame(visit, known, "trace")
    return pages.show(visit, "phone-replay.html", replay=replay, **context)


async def _delete(visit: Visit) -> Answer:
    known, trace = await find(visit), visit.segment("trace")
    if not pages.confirmed(visit):
        view = await traces.show(visit.runner, known, trace)
        facts = [("Session", stamp(view.started_at)), ("Events", ", ".join(view.events) or "none")]
        facts.append(("Messages", plural(len(view.messages), "message")))
        return pages.ask(
            visit,
            title="Drop this trace",
            text="The recorded messages are gone then. Nothing changes for the phone.",
            button="Drop it",
            back=_place(known, trace),
            facts=facts,
        )
    await traces.delete(visit.runner, known, trace)
    visit.tell(f"devices/{known.device.id}/traces/{trace}", old={"id": trace})
    return notices.done(phone_path(known.device.id, "traces"), "The trace is dropped.")


def _place(known: KnownDevice, trace: str) -> str:
    return phone_path(known.device.id, "traces", trace)


_TRACES = "/phones/{device}/traces"
_TRACE = _TRACES + "/{trace}"

PAGES = (
    Page(method="GET", path=_TRACES, handle=_list, limited=True),
    Page(
        method="POST",
        path=_TRACES,
        handle=_order,
        role=Role.OPERATOR,
        deed="devices.traces.create",
        limited=True,
    ),
    Page(method="GET", path=_TRACE, handle=_show, limited=True),
    Page(method="GET", path=_TRACE + "/replay", handle=_replay, role=Role.OPERATOR, limited=True),
    Page(
        method="POST",
        path=_TRACE + "/delete",
        handle=_delete,
        role=Role.OPERATOR,
        deed="devices.traces.delete",
        limited=True,
    ),
)
