"""Alerts: what wants attention, until the server finds it over or somebody closes it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from acs.fleet.alert import Alert
from acs.operations import limits
from acs.operations.errors import Conflict, NotFound
from acs.operations.ports import Runner, moment
from acs.store import alerts as store
from acs.store import sites

State = Literal["open", "closed", "all"]


class AlertView(Struct, frozen=True):
    """`site` is a tag or a network; `phones` how many of it are, or were, missing."""

    id: str
    kind: str
    state: str
    site: str
    phones: int
    since: datetime | None
    opened_at: datetime | None
    closed_at: datetime | None
    closed_by: str


class AlertList(Struct, frozen=True):
    """The open ones first, each newest first."""

    items: list[AlertView]


async def list_all(runner: Runner, *, state: State, limit: int) -> AlertList:
    """A limited caller sees those of sites all of whose phones are its own."""
    found: list[Alert] = []
    if state != "closed":
        still_open = await runner.run(store.all_open())
        found += still_open
    if state != "open":
        over = await runner.run(store.closed(store.CAP if limits.is_limited(runner) else limit))
        found += over
    found = await _visible(runner, found)
    return AlertList([_view(alert) for alert in found[:limit]])


async def close(runner: Runner, name: str, *, by: str, now: float) -> AlertView:
    """Close it although it is not over. It is opened again should the site stay cut off and lose more phones.
    Raises NotFound, and Conflict for one that is closed."""
    for alert in await _visible(runner, await runner.run(store.all_open())):
        if alert.id == name:
            if await runner.run(store.close(alert, now, by)):
                break
            raise Conflict(f"The alert {name} has just changed; look again.")
    for alert in await _visible(runner, await runner.run(store.closed(store.CAP))):
        if alert.id == name:
            if alert.closed_at == now:
                return _view(alert)
            raise Conflict(f"The alert {name} was closed by {alert.closed_by}.")
    raise NotFound("alert", name)


async def _visible(runner: Runner, found: list[Alert]) -> list[Alert]:
    """An alert tells how many phones of its site are missing, so it is whose all of them are."""
    if not limits.is_limited(runner):
        return found
    own = set()
    for name in {alert.site for alert in found}:
        ids = await runner.run(sites.phones(name))
        if ids and await limits.visible(runner, ids) == set(ids):
            own.add(name)
    return [alert for alert in found if alert.site in own]


def _view(alert: Alert) -> AlertView:
    return AlertView(
        alert.id,
        alert.kind,
        "closed" if alert.closed_at else "open",
        alert.site,
        alert.phones,
        moment(alert.since),
        moment(alert.opened_at),
        moment(alert.closed_at),
        alert.closed_by,
    )
