"""A dry run: what a change of configuration would come to, phone by phone, without touching any.

Phones are looked at a few at a time, so that the memory that it takes and the time for which it keeps others
waiting do not grow with the fleet.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from acs.datamodel.keys import Catalogue
from acs.fleet.identity import device_key
from acs.fleet.layers import FLEET, group_layer, model_layer
from acs.fleet.presence import State
from acs.fleet.profile import ModelProfile
from acs.fleet.selector import printing
from acs.fleet.selector.expressions import Comparison, Everything, Expression, OneOf, Subject
from acs.fleet.selector.parsing import Query
from acs.operations import configuration_targets, configuration_values, selectors
from acs.operations.configuration_plan_views import PlanRequest, PlanView, Tally
from acs.operations.configuration_targets import Target
from acs.operations.configuration_values import Warned
from acs.operations.errors import FieldError, Invalid
from acs.operations.planned_changes import Change, OwnLayers, Server, SharedLayer
from acs.operations.ports import Runner
from acs.store import configured
from acs.store import devices as store
from acs.store import presence as presence_store
from acs.store.devices import KnownDevice
from acs.store.layer_cache import LayerCache
from acs.store.shapes import Shapes

#: Phones found in one round trip, and compared before others get their turn: some ten milliseconds of work.
FOUND = 500
COMPARED = 20

#: In `layer`: each phone's own.
PHONE = "phone"

LAYERS = "fleet, model:NAME, group:NAME or phone"

_WHO = ("fleet", "model", "group", "devices", "select")


async def make(runner: Runner, server: Server, asked: PlanRequest, *, now: float) -> PlanView:
    """Raises Invalid for a request that says nothing to plan, NotFound for a group that does not exist.

    Values that would be refused are in the plan, which then is for the others.
    """
    query = _query(asked, server.catalogue)
    name = _layer_name(asked)
    shared = LayerCache()
    await runner.drive(shared.refresh())
    refused: list[FieldError] = []
    warnings: list[Warned] = []
    change: Change
    if name == PHONE:
        change = OwnLayers(server.catalogue, asked, shared, now, refused, warnings)
    else:
        target = await _target(runner, server.catalogue, name)
        change = SharedLayer(target, asked, shared, now, refused, warnings)
    blank = {key: configuration_values.text(value) for key, value in asked.values.items()}
    tally = Tally(blank, server.catalogue.secret, asked.sample)
    models: dict[str, ModelProfile] = {}
    up = await runner.run(presence_store.up())
    async for part in _phones(runner, server.shapes, query, now):
        affected = [known for known in part if change.holds_for(known)]
        for phone in await runner.drive(configured.load(affected, server.shapes, models)):
            online = phone.known.seen(now, up.since).state is not State.OFFLINE
            tally.add(phone.known.device.id, online, change.effects(phone, server, now))
    return PlanView(
        layer=name,
        select=printing.show(query.expression),
        accepted=not refused,
        refused=refused,
        warnings=warnings,
        **tally.counted(),
    )


# --- what is asked --------------------------------------------------------------------------------------


def _query(asked: PlanRequest, catalogue: Catalogue) -> Query:
    given = [name for name in _WHO if getattr(asked, name)]
    if len(given) != 1:
        allowed = "one of fleet, model, group, devices and select"
        raise Invalid.field("select", "does not say whose configuration", value=given, allowed=allowed)
    if asked.select:
        return selectors.read(asked.select, catalogue, field="select")
    expression: Expression = Everything()
    if asked.model:
        expression = Comparison(Subject("model"), "=", asked.model)
    elif asked.group:
        expression = Comparison(Subject("group"), "=", asked.group)
    elif asked.devices:
        expression = OneOf(Subject("id"), tuple(asked.devices))
    return Query(printing.show(expression), expression, {})


def _layer_name(asked: PlanRequest) -> str:
    if not asked.layer:
        if asked.fleet:
            return FLEET
        return model_layer(asked.model) if asked.model else group_layer(asked.group) if asked.group else PHONE
    kind, colon, name = asked.layer.partition(":")
    if asked.layer in (FLEET, PHONE) or (kind in ("model", "group") and colon and name):
        return asked.layer
    raise Invalid.field("layer", "is no layer", value=asked.layer, allowed=LAYERS)


async def _target(runner: Runner, catalogue: Catalogue, name: str) -> Target:
    kind, _, of = name.partition(":")
    if kind == "model":
        return configuration_targets.model(catalogue, of)
    if kind == "group":
        return await configuration_targets.group(runner, catalogue, of)
    return configuration_targets.fleet(catalogue)


# --- the phones -----------------------------------------------------------------------------------------


async def _phones(
    runner: Runner, shapes: Shapes, query: Query, now: float
) -> AsyncIterator[list[KnownDevice]]:
    """Those that are meant, a few at a time."""
    chosen = await selectors.prepared(runner, shapes, query, now=now, field="select")
    after: str | None = ""
    while after is not None:
        page = await runner.drive(chosen.page(after=after, limit=FOUND))
        after = page.next
        for start in range(0, len(page.ids), COMPARED):
            part = page.ids[start : start + COMPARED]
            found: list[KnownDevice | None] = await runner.run_all(store.get_many(map(device_key, part)))
            yield [known for known in found if known is not None]
