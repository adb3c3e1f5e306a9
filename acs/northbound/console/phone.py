"""One phone: who it is, what happened to it, what is under way, and what can be done to it."""

from __future__ import annotations

from typing import Any

from acs.fleet.attributes import EXTENSION
from acs.fleet.device import Learning
from acs.fleet.requests import DOWNLOAD_TYPES, UPLOAD_TYPES
from acs.fleet.task import OPEN_STATES
from acs.northbound.console import notices, pages
from acs.northbound.console.visits import Answer, Page, Visit, phone_path, redirect
from acs.northbound.waking import send_wake
from acs.operations import (
    bulk,
    configuration_targets,
    devices,
    files,
    groups,
    parameters,
    phone_table,
    rollout_finding,
    task_requests,
    tasks,
    timeline,
    wakes,
)
from acs.operations.actors import Role
from acs.operations.bulk import DEEDS, Deed
from acs.operations.devices import NotesRequest
from acs.operations.errors import Forbidden, Invalid, NotFound
from acs.operations.timeline import TimelinePage
from acs.store.devices import KnownDevice

pages.part("phone-story", "phone-state", "phone-tasks", "phone-parameters")

_STORY = 40

#: Seconds for which a page waits for the outcome of a connection request.
PATIENCE = 3.0

#: Parameters shown at once.
MOST_PARAMETERS = 500


async def find(visit: Visit) -> KnownDevice:
    return await devices.find(visit.runner, *visit.spellings("device"))


async def frame(visit: Visit, known: KnownDevice, tab: str) -> dict[str, Any]:
    """What all pages of one phone have on top."""
    row = await phone_table.of_phone(visit.runner, known, visit.now)
    return {"row": row, "tab": tab, "base": phone_path(known.device.id)}


async def _hidden(visit: Visit, story: TimelinePage) -> set[str]:
    """The rollouts of the story that are out of the visitor's sight: those of more phones than theirs."""
    if not visit.actor.select:
        return set()
    named = {str(entry.data["rollout"]) for entry in story.items if entry.data.get("rollout")}
    return {one for one in named if not await rollout_finding.is_seen(visit.runner, one)}


async def _show(visit: Visit) -> Answer:
    known = await find(visit)
    runner, services = visit.runner, visit.services
    context = await frame(visit, known, "story")
    if visit.part in ("", "phone-story"):
        before = visit.query.text("before")
        context["story"] = await timeline.page(runner, known, limit=_STORY, before=before)
        context["hidden"] = await _hidden(visit, context["story"])
        context["before"] = before
    if visit.part in ("", "phone-state"):
        context["details"] = await devices.show(runner, services.shapes, known, now=visit.now)
        context["ways"] = await wakes.of_device(runner, known, now=visit.now)
    if visit.part in ("", "phone-tasks"):
        every = await tasks.of_device(runner, known, states=frozenset())
        context["tasks"] = [one for one in every if one.state in OPEN_STATES] or every[:3]
        context["open_tasks"] = any(one.state in OPEN_STATES for one in every)
    if not visit.part:
        context["notes"] = known.notes
        context["every_group"] = (await groups.list_all(runner)).items
        context["learnt"] = known.device.learning is Learning.COMPLETE
    return pages.show(visit, "phone.html", **context)


# --- deeds ----------------------------------------------------------------------------------------------


async def _do(visit: Visit) -> Answer:
    """One of the deeds that can be done to many as well; dangerous ones are asked about."""
    known, form = await find(visit), visit.form()
    try:
        deed = Deed(form.text("deed"))
    except ValueError:
        raise Invalid.field("deed", "is none", value=form.text("deed"), allowed=list(DEEDS)) from None
    info, base, device_id = DEEDS[deed], phone_path(known.device.id), known.device.id
    if not visit.may(info.role):
        raise Forbidden(info.role, visit.actor.role)
    if deed is Deed.WAKE:
        return await _wake(visit, known)
    name = known.notes.label or known.device.serial_number or device_id
    if info.dangerous and not pages.confirmed(visit):
        one = await phone_table.of_phone(visit.runner, known, visit.now)
        facts = [("Phone", f"{name} ({one.model})"), ("State", one.state), ("Id", device_id)]
        effect = info.effect.replace("Each ", "The phone ", 1).replace(" of each", " of it")
        return pages.ask(
            visit,
            title=f"{info.title}: {name}",
            text=effect,
            button=f"{info.title} this phone",
            back=base,
            facts=facts,
        )
    services = visit.services
    done = await bulk.run(
        visit.runner,
        services.catalogue,
        deed,
        form.text("value"),
        [device_id],
        by=visit.actor.name,
        now=visit.now,
        randomness=services.randomness,
    )
    visit.tell(f"devices/{device_id}", new={"deed": str(deed), "value": form.text("value")})
    if done.failed:
        return notices.done(base, done.failed[device_id], "bad")
    if deed is Deed.FORGET:
        return notices.done("/phones", f"{name} is forgotten")
    waits = (
        " It is done in its next session." if deed in (Deed.REBOOT, Deed.FACTORY_RESET, Deed.APPLY) else ""
    )
    return notices.done(base, f"{info.title}: noted.{waits}")


async def _wake(visit: Visit, known: KnownDevice) -> Answer:
    view = await send_wake(
        visit.services, known.device.id, patience=PATIENCE, by=visit.actor.name, now=visit.now
    )
    visit.tell(f"devices/{known.device.id}", new={"outcome": view.outcome})
    kind = "good" if view.outcome == "accepted" else "note"
    return notices.done(phone_path(known.device.id), f"Connection request: {view.outcome}. {view.text}", kind)


async def _note(visit: Visit) -> Answer:
    known, form = await find(visit), visit.form()
    attributes: dict[str, str | None] = dict(known.notes.attributes)
    extension = form.text("extension")
    if extension != known.notes.attributes.get(EXTENSION, ""):
        attributes = {EXTENSION: extension or None}
    else:
        attributes = {}
    tags = form.text("tags").replace(",", " ").split()
    asked = NotesRequest(tags=tags, label=form.text("label"), attributes=attributes)
    before = known.notes
    after = await devices.note(visit.runner, known, asked, by=visit.actor.name, now=visit.now)
    await _move(visit, known, form.every("group"))
    visit.tell(
        f"devices/{known.device.id}",
        old={"tags": before.tags, "label": before.label, "groups": before.groups},
        new={"tags": after.tags, "label": after.label, "groups": form.every("group")},
    )
    return notices.done(phone_path(known.device.id), "Kept.")


async def _move(visit: Visit, known: KnownDevice, wanted: list[str]) -> None:
    """Into these groups and out of the others."""
    if "groups" not in visit.form():
        return
    target = await configuration_targets.phone(visit.runner, visit.services.catalogue, known.device.id)
    by, now = visit.actor.name, visit.now
    for name in wanted:
        if name not in known.notes.groups:
            await groups.add(visit.runner, target, name, by=by, now=now)
    for name in known.notes.groups:
        if name not in wanted:
            await groups.remove(visit.runner, target, name, by=by, now=now)


async def _cancel(visit: Visit) -> Answer:
    known = await find(visit)
    task = await tasks.get(visit.runner, visit.segment("task"))
    if task.device != known.device.id:
        raise NotFound("task", task.id)
    await tasks.cancel(visit.runner, task.id, by=visit.actor.name, now=visit.now)
    visit.tell(f"tasks/{task.id}", old={"state": task.state}, new={"state": "cancelled"})
    return notices.done(
        phone_path(known.device.id), f"{task.type.replace('_', ' ').capitalize()}: cancelled."
    )


async def _task(visit: Visit, known: KnownDevice, body: dict[str, Any], back: str) -> Answer:
    """Put a task down, and wake the phone where that is wished."""
    work, schedule = task_requests.read(body)
    made = await tasks.create(
        visit.runner,
        known,
        work,
        schedule,
        by=visit.actor.name,
        now=visit.now,
        randomness=visit.services.randomness,
    )
    visit.tell(f"devices/{known.device.id}", new=made.request | {"type": made.type})
    said = f"{made.type.replace('_', ' ').capitalize()}: put down for the phone's next session."
    if visit.form().text("wake"):
        view = await send_wake(
            visit.services, known.device.id, patience=PATIENCE, by=visit.actor.name, now=visit.now
        )
        said += f" Connection request: {view.outcome}."
    return notices.done(back, said)


# --- parameters -----------------------------------------------------------------------------------------


async def _parameters(visit: Visit) -> Answer:
    known = await find(visit)
    context = await frame(visit, known, "parameters")
    words = visit.query.text("find").casefold().split()
    every = await parameters.known(visit.runner, visit.services.shapes, known, prefix="")
    found = {
        name: one
        for name, one in every.items()
        if all(word in name.casefold() or word in (one.value or "").casefold() for word in words)
        and (one.value is not None or not name.endswith("."))
    }
    shown = dict(sorted(found.items())[:MOST_PARAMETERS])
    context |= {
        "parameters": shown,
        "found": len(found),
        "total": len(every),
        "find": visit.query.text("find"),
    }
    return pages.show(visit, "phone-parameters.html", **context)


async def _set_parameter(visit: Visit) -> Answer:
    known, form = await find(visit), visit.form()
    back = phone_path(known.device.id, "parameters")
    if form.text("deed") == "read":
        name = form.text("name") or known.device.root or "Device."
        return await _task(visit, known, {"type": "get_parameter_values", "names": [name]}, back)
    body = {"type": "set_parameter_values", "values": {form.text("name"): form.raw("value")}}
    return await _task(visit, known, body, back)


# --- files ----------------------------------------------------------------------------------------------


async def _files(visit: Visit) -> Answer:
    known = await find(visit)
    context = await frame(visit, known, "files")
    every, cursor = [], ""
    while True:
        page = await files.page(visit.runner, cursor=cursor, limit=1000)
        every += page.items
        if page.next is None:
            break
        cursor = page.next
    context |= {
        "sent": [one for one in every if one.device == known.device.id],
        "stored": [one for one in every if not one.device and not visit.actor.select],
        "upload_types": UPLOAD_TYPES,
        "download_types": DOWNLOAD_TYPES,
    }
    return pages.show(visit, "phone-files.html", **context)


async def _transfer(visit: Visit) -> Answer:
    known, form = await find(visit), visit.form()
    back = phone_path(known.device.id, "files")
    if form.text("deed") == "upload":
        return await _task(visit, known, {"type": "upload", "file_type": form.text("file_type")}, back)
    name = form.text("file")
    file = files.view(await files.get(visit.runner, name))
    if not pages.confirmed(visit):
        facts = [("File", file.name), ("Type", file.file_type), ("Version", file.version or "not told")]
        facts += [("For", file.model or "any model"), ("Phone", f"{known.device.serial_number}")]
        return pages.ask(
            visit,
            title=f"Send {file.name} to this phone",
            text="The phone fetches the file in its next session and uses it; for firmware it reboots, "
            "and success is proved by the version it then shows.",
            button="Send it",
            back=back,
            facts=facts,
        )
    body: dict[str, Any] = {"type": "download", "file": name}
    if form.text("force"):
        body["force"] = True
    return await _task(visit, known, body, back)


async def _old_address(visit: Visit) -> Answer:
    """A slash at the end leads to the page as well."""
    return redirect(phone_path((await find(visit)).device.id))


PAGES = (
    Page(method="GET", path="/phones/{device}", handle=_show, limited=True),
    Page(method="GET", path="/phones/{device}/", handle=_old_address, limited=True),
    Page(
        method="POST",
        path="/phones/{device}/do",
        handle=_do,
        role=Role.OPERATOR,
        deed="devices.do",
        limited=True,
    ),
    Page(
        method="POST",
        path="/phones/{device}/notes",
        handle=_note,
        role=Role.OPERATOR,
        deed="devices.note",
        limited=True,
    ),
    Page(
        method="POST",
        path="/phones/{device}/tasks/{task}/cancel",
        handle=_cancel,
        role=Role.OPERATOR,
        deed="tasks.cancel",
        limited=True,
    ),
    Page(method="GET", path="/phones/{device}/parameters", handle=_parameters, limited=True),
    Page(
        method="POST",
        path="/phones/{device}/parameters",
        handle=_set_parameter,
        role=Role.OPERATOR,
        deed="tasks.create",
        limited=True,
    ),
    Page(method="GET", path="/phones/{device}/files", handle=_files, limited=True),
    Page(
        method="POST",
        path="/phones/{device}/files",
        handle=_transfer,
        role=Role.OPERATOR,
        deed="tasks.create",
        limited=True,
    ),
)
