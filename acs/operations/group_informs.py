"""How often the phones of a group inform for the time being: more often than usual, until a time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct, structs

from acs.fleet.layers import Group
from acs.operations.errors import NotFound
from acs.operations.ports import Runner, moment
from acs.store import groups as store

#: Seconds for which it may hold: a week.
LONGEST = 604_800


class InformsRequest(Struct, frozen=True, forbid_unknown_fields=True, rename={"lasting": "for"}):
    """An interval in seconds, and for how many seconds from now it holds."""

    interval: Annotated[int, Meta(ge=5, le=86_400, description="seconds between two Informs of a phone")]
    lasting: Annotated[int, Meta(ge=1, le=LONGEST, description="seconds after which it is as before")] = 3600


class InformsView(Struct, frozen=True):
    """`interval` is null where the phones of the group inform as they usually do."""

    group: str
    interval: int | None
    until: datetime | None
    by: str


async def show(runner: Runner, name: str, *, now: float) -> InformsView:
    """Raises NotFound."""
    return _view(await runner.run(store.get(name)), name, now)


async def tighten(runner: Runner, name: str, asked: InformsRequest, *, by: str, now: float) -> InformsView:
    """Each phone hears of it in its next session, and at the end in another. Raises NotFound."""
    until = now + asked.lasting
    return await _change(runner, name, asked.interval, until, by, now)


async def loosen(runner: Runner, name: str, *, now: float) -> None:
    """End it before its time. Raises NotFound."""
    await _change(runner, name, 0, 0.0, "", now)


async def _change(runner: Runner, name: str, interval: int, until: float, by: str, now: float) -> InformsView:
    def changed(group: Group) -> Group:
        return structs.replace(group, inform_interval=interval, inform_until=until, inform_by=by)

    return _view(await runner.drive(store.change(name, changed)), name, now)


def _view(group: Group | None, name: str, now: float) -> InformsView:
    if group is None:
        raise NotFound("group", name)
    if now >= group.inform_until:
        return InformsView(name, None, None, "")
    return InformsView(name, group.inform_interval, moment(group.inform_until), group.inform_by)
