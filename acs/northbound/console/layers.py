"""Configuration: the layers, each with its form and versions, and a change: tried dry, then written."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from acs.northbound.console import layer_editor, notices, pages, phone
from acs.northbound.console.layer_editor import State
from acs.northbound.console.templating import link, plural
from acs.northbound.console.visits import Answer, Page, Visit, phone_path
from acs.operations import (
    configuration,
    configuration_drift,
    configuration_history,
    configuration_plan,
    configuration_targets,
    fleet_models,
    groups,
    validation,
)
from acs.operations.actors import Role
from acs.operations.configuration import Expected
from acs.operations.configuration_drift import DriftView
from acs.operations.configuration_plan_views import PlanRequest, PlanView
from acs.operations.configuration_targets import Target
from acs.operations.configuration_views import ConfigRequest, LayerView, PhoneConfigView, RevertRequest
from acs.operations.errors import Conflict, FieldError, Forbidden, Invalid
from acs.operations.planned_changes import Server

#: Versions on one page.
_VERSIONS = 50

FLEET = "fleet"


class Place(Struct, frozen=True):
    """A layer, where its pages are, and the least role that may write it."""

    target: Target
    title: str
    path: str
    role: Role
    #: fields of a plan that name the layer
    plan: dict[str, Any]
    device: str = ""


async def _place(visit: Visit, name: str) -> Place:
    """The layer of this name: fleet, model:NAME or group:NAME. Raises NotFound, Invalid."""
    catalogue = visit.services.catalogue
    kind, _, of = name.partition(":")
    path = link(f"/configuration/{kind}", name=of) if of else "/configuration/fleet"
    if kind == FLEET and not of:
        return Place(
            configuration_targets.fleet(catalogue), "All phones", path, Role.ENGINEER, {"fleet": True}
        )
    if kind == "model":
        target = configuration_targets.model(catalogue, of)
        return Place(target, f"Model {of}", path, Role.ENGINEER, {"model": of})
    if kind == "group":
        target = await configuration_targets.group(visit.runner, catalogue, of)
        return Place(target, f"Group {of}", path, Role.ENGINEER, {"group": of})
    raise Invalid.field("layer", "is none", value=name, allowed="fleet, model or group")


async def _place_of(visit: Visit) -> Place:
    """The layer that the path names: a phone's, or a shared one."""
    if visit.path.startswith("/phones/"):
        known = await phone.find(visit)
        device_id = known.device.id
        target = await configuration_targets.phone(visit.runner, visit.services.catalogue, device_id)
        path = phone_path(device_id, "configuration")
        title = known.notes.label or known.device.serial_number
        return Place(target, title, path, Role.OPERATOR, {"devices": [device_id]}, device_id)
    kind = visit.segment("kind")
    return await _place(visit, f"{kind}:{visit.query.text('name')}" if kind != FLEET else FLEET)


# --- the list -------------------------------------------------------------------------------------------


async def _list(visit: Visit) -> Answer:
    models = list(await fleet_models.counts(visit.runner))
    made = await groups.list_all(visit.runner)
    names = [
        FLEET,
        *(f"model:{model}" for model in models if configuration_targets.may_be_model(model)),
        *(f"group:{one.name}" for one in made.items),
    ]
    rows = []
    for name in names:
        place = await _place(visit, name)
        rows.append((place, await configuration.show(visit.runner, place.target)))
    return pages.show(visit, "configuration.html", rows=rows)


# --- one layer ------------------------------------------------------------------------------------------


async def _edit(
    visit: Visit,
    place: Place | None = None,
    *,
    faults: list[FieldError] | None = None,
    given: dict[str, str] | None = None,
    plan: PlanView | None = None,
    carried: list[tuple[str, str]] | None = None,
) -> Answer:
    place = place or await _place_of(visit)
    layer = await configuration.show(visit.runner, place.target)
    drift = await _drift(visit, place)
    state = State(
        own=layer.values,
        effective=layer.effective if isinstance(layer, PhoneConfigView) else {},
        drift={one.key: one for one in drift.items} if drift is not None else {},
        faults=layer_editor.by_key(faults or []),
        given=given or {},
    )
    query = visit.query
    made = layer_editor.editor(
        place.target.catalogue,
        state,
        feature=query.text("feature"),
        find=query.text("find"),
        numbers=query.beginning("index."),
    )
    context: dict[str, Any] = {
        "place": place,
        "layer": layer,
        "editor": made,
        "drift": drift,
        "find": query.text("find"),
        "faults": faults or [],
        "known_keys": {one.name for one in made.settings},
        "plan": plan,
        "carried": carried or [],
        "here": visit.here,
    }
    if place.device:
        known = await phone.find(visit)
        context |= await phone.frame(visit, known, "configuration")
    template = "phone-configuration.html" if place.device else "layer.html"
    return pages.show(visit, template, status=422 if faults else 200, **context)


async def _drift(visit: Visit, place: Place) -> DriftView | None:
    if not place.device:
        return None
    services = visit.services
    try:
        return await configuration_drift.show(
            visit.runner,
            services.shapes,
            services.catalogue,
            services.config_window,
            place.target,
            now=visit.now,
        )
    except Conflict:
        return None  # it has not called yet


async def _write(visit: Visit) -> Answer:
    """The changed fields: a dry run first where phones share the layer, or where it is asked for."""
    form, place = visit.form(), await _place_of(visit)
    if not visit.may(place.role):
        raise Forbidden(place.role, visit.actor.role)
    changed = layer_editor.changes(form)
    if not changed:
        return notices.done(visit.here, "Nothing was changed in the form.", "note")
    now = bool(form.text("now"))
    given = {
        name: "" if value is None else value or layer_editor.QUOTED_BLANK for name, value in changed.items()
    }
    if not pages.confirmed(visit) and (form.text("deed") == "plan" or not place.device):
        plan = await _plan(visit, place, changed, now)
        carried = [pair for pair in form.pairs if pair[0] not in ("csrf", "deed", "confirmed")]
        return await _edit(visit, place, faults=plan.refused, given=given, plan=plan, carried=carried)
    asked = validation.read(ConfigRequest, {"values": changed, "reason": form.text("reason"), "now": now})
    before = await configuration.show(visit.runner, place.target)
    version = form.text("version")
    expected = Expected(frozenset({int(version)}) if version.isdecimal() else None)
    try:
        after = await configuration.write(
            visit.runner,
            place.target,
            asked,
            replace=False,
            expected=expected,
            by=visit.actor.name,
            now=visit.now,
        )
    except Invalid as error:
        return await _edit(visit, place, faults=error.errors, given=given)
    _tell(visit, place, changed, before, after)
    said = f"Version {after.version}: {plural(len(changed), 'key')} changed."
    warned = after.warnings if isinstance(after.warnings, list) else []
    if warned:
        said += f" But: {warned[0].key} {warned[0].message}."
    return notices.done(visit.here, said, "note" if warned else "good")


def _tell(
    visit: Visit, place: Place, changed: dict[str, str | None], before: LayerView, after: LayerView
) -> None:
    old = {key: before.values.get(key) for key in changed}
    new = {key: after.values.get(key) for key in changed}
    visit.tell(f"config/{place.target.place.name}", old=old, new=new)


async def _plan(visit: Visit, place: Place, changed: dict[str, str | None], now: bool) -> PlanView:
    services = visit.services
    asked = validation.read(PlanRequest, {"values": changed, "now": now, **place.plan})
    server = Server(services.shapes, services.catalogue, services.config_window)
    return await configuration_plan.make(visit.runner, server, asked, now=visit.now)


# --- versions -------------------------------------------------------------------------------------------


async def _history(visit: Visit) -> Answer:
    place = await _place_of(visit)
    older, newer = visit.query.text("from"), visit.query.text("to")
    page = await configuration_history.page(
        visit.runner, place.target, limit=_VERSIONS, cursor=visit.query.text("cursor")
    )
    compared = None
    if older.isdecimal() and newer.isdecimal():
        compared = await configuration_history.compare(
            visit.runner, place.target, older=int(older), newer=int(newer)
        )
    layer = await configuration.show(visit.runner, place.target)
    context: dict[str, Any] = {
        "place": place,
        "history": page,
        "compared": compared,
        "layer": layer,
        "history_path": visit.path,
    }
    return pages.show(visit, "layer-history.html", **context)


async def _revert(visit: Visit) -> Answer:
    form, place = visit.form(), await _place_of(visit)
    if not visit.may(place.role):
        raise Forbidden(place.role, visit.actor.role)
    layer = await configuration.show(visit.runner, place.target)
    number = form.text("number")
    asked = validation.read(RevertRequest, {"version": number}, strict=False)
    compared = await configuration_history.compare(
        visit.runner, place.target, older=layer.version, newer=asked.version
    )
    if not pages.confirmed(visit):
        facts = [(key, f"{_shown(old)} → {_shown(new)}") for key, (old, new) in compared.changes.items()]
        return pages.ask(
            visit,
            title=f"{place.title}: back to version {asked.version}",
            text="A new version is written with the values of the earlier one. Phones get them in their next "
            "sessions.",
            button=f"Back to version {asked.version}",
            back=visit.here,
            facts=facts or [("Changes", "none: both are the same")],
        )
    after = await configuration.revert(
        visit.runner,
        place.target,
        asked,
        expected=Expected(frozenset({layer.version})),
        by=visit.actor.name,
        now=visit.now,
    )
    visit.tell(
        f"config/{place.target.place.name}", old={"version": layer.version}, new={"version": asked.version}
    )
    return notices.done(visit.here, f"Version {after.version} has the values of version {asked.version}.")


def _shown(value: str | None) -> str:
    return "not set" if value is None else value or "blank"


PAGES = (
    Page(method="GET", path="/configuration", handle=_list),
    Page(method="GET", path="/configuration/{kind}", handle=_edit),
    Page(
        method="POST", path="/configuration/{kind}", handle=_write, role=Role.OPERATOR, deed="config.change"
    ),
    Page(method="GET", path="/configuration/{kind}/history", handle=_history),
    Page(
        method="POST",
        path="/configuration/{kind}/history",
        handle=_revert,
        role=Role.OPERATOR,
        deed="config.revert",
    ),
    Page(method="GET", path="/phones/{device}/configuration", handle=_edit, limited=True),
    Page(
        method="POST",
        path="/phones/{device}/configuration",
        handle=_write,
        role=Role.OPERATOR,
        deed="devices.config.change",
        limited=True,
    ),
    Page(method="GET", path="/phones/{device}/configuration/history", handle=_history, limited=True),
    Page(
        method="POST",
        path="/phones/{device}/configuration/history",
        handle=_revert,
        role=Role.OPERATOR,
        deed="devices.config.revert",
        limited=True,
    ),
)
