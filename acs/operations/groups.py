"""Groups of phones: made, listed, changed, deleted; who is in them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from acs.fleet.changes import TimelineEntry
from acs.fleet.desired import in_order
from acs.fleet.identity import device_key
from acs.fleet.layers import Group
from acs.fleet.selector.expressions import Comparison, Subject
from acs.fleet.selector.parsing import Query
from acs.operations import limits
from acs.operations.configuration_targets import Target
from acs.operations.errors import Conflict, Invalid, NotFound
from acs.operations.ports import Runner, moment
from acs.operations.selectors import NAME, NAMES, Name
from acs.store import groups as store
from acs.store import layers, membership, timeline

#: Groups that one phone may be in: they are looked at in every session.
MOST_GROUPS = 20

#: Members read in one round trip where not all of them may be shown.
_MEMBERS = 500

Order = Annotated[
    int,
    Meta(
        ge=-1000, le=1000, description="of a phone's groups, the one of the highest order has the last word"
    ),
]
Description = Annotated[str, Meta(max_length=200)]


class GroupRequest(Struct, frozen=True, forbid_unknown_fields=True):
    name: Name
    order: Order = 0
    description: Description = ""


class GroupChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays."""

    order: Order | UnsetType = UNSET
    description: Description | UnsetType = UNSET


class GroupView(Struct, frozen=True):
    name: str
    order: int
    description: str
    #: phones in it, awaited ones too
    members: int
    #: version of its configuration
    config_version: int
    created_at: datetime | None
    created_by: str


class GroupList(Struct, frozen=True):
    """In the order in which their layers are laid: the last has the last word."""

    items: list[GroupView]


class MemberView(Struct, frozen=True):
    """`id` is a device's, or the MAC address of a phone that is awaited."""

    id: str
    awaited: bool


class MemberPage(Struct, frozen=True):
    items: list[MemberView]
    next: str | None
    total: int


async def create(runner: Runner, asked: GroupRequest, *, by: str, now: float) -> GroupView:
    """Raises Invalid for a name that cannot be, Conflict for one that is taken."""
    if not NAME.fullmatch(asked.name):
        raise Invalid.field("name", "is no name of a group", value=asked.name, allowed=NAMES)
    _check_description(asked.description)
    group = Group(asked.name, asked.order, asked.description, now, by)
    if not await runner.run(store.create(group)):
        raise Conflict(f"There is a group {asked.name!r} already.")
    return _view(group, 0, 0)


async def list_all(runner: Runner) -> GroupList:
    """A limited caller sees those that one of its phones is in, with its own phones counted."""
    found = await runner.run(store.list_all())
    return GroupList(await _views(runner, in_order(found)))


async def show(runner: Runner, name: str) -> GroupView:
    """Raises NotFound."""
    group = await runner.run(store.get(name))
    views = await _views(runner, [group]) if group is not None else []
    if not views:
        raise NotFound("group", name)
    return views[0]


async def change(runner: Runner, name: str, asked: GroupChange) -> GroupView:
    """Raises NotFound."""
    if isinstance(asked.description, str):
        _check_description(asked.description)
    given = {field: value for field, value in structs.asdict(asked).items() if value is not UNSET}
    after = await runner.drive(store.change(name, lambda group: structs.replace(group, **given)))
    if after is None:
        raise NotFound("group", name)
    return await show(runner, name)


async def delete(runner: Runner, name: str) -> None:
    """Forget the group with its configuration; its phones stay, without it. Raises NotFound."""
    if not await runner.drive(membership.delete_group(name)):
        raise NotFound("group", name)


async def members(runner: Runner, name: str, *, cursor: str, limit: int) -> MemberPage:
    """Raises NotFound."""
    if await runner.run(store.get(name)) is None:
        raise NotFound("group", name)
    if limits.is_limited(runner):
        return await _own_members(runner, name, cursor=cursor, limit=limit)
    page = await runner.drive(store.members(name, after=cursor, limit=limit))
    items = [
        MemberView(member.removeprefix(store.AWAITED_MARK), member.startswith(store.AWAITED_MARK))
        for member in page.members
    ]
    return MemberPage(items, page.next, page.total)


async def _own_members(runner: Runner, name: str, *, cursor: str, limit: int) -> MemberPage:
    """Those that a limited caller may see; it is told of no phone that is awaited."""
    total = await _own(runner, name)
    if not total:
        raise NotFound("group", name)
    found: list[str] = []
    after: str | None = cursor
    while after is not None and len(found) <= limit:
        page = await runner.drive(store.members(name, after=after, limit=_MEMBERS))
        seen = await limits.visible(
            runner, [one for one in page.members if not one.startswith(store.AWAITED_MARK)]
        )
        found += [one for one in page.members if one in seen]
        after = page.next
    following = found[limit - 1] if len(found) > limit else None
    return MemberPage([MemberView(one, False) for one in found[:limit]], following, total)


async def _own(runner: Runner, name: str) -> int:
    """How many of a limited caller's phones are in the group."""
    return await limits.count(runner, Query(name, Comparison(Subject("group"), "=", name), {}))


async def add(runner: Runner, target: Target, group: str, *, by: str, now: float) -> None:
    """Put a phone into the group. Raises NotFound for either, Invalid for a phone of too many groups.

    A limited caller may do so with groups that it sees: what they bring, its phones have already.
    """
    if limits.is_limited(runner) and not await _own(runner, group):
        raise NotFound("group", group)
    if len({*target.groups, group}) > MOST_GROUPS:
        raise Invalid.field("group", "is one too many", value=group, allowed=f"{MOST_GROUPS} groups a phone")
    if target.known is not None:
        device_id = target.known.device.id
        outcome = await runner.drive(membership.join(group, device_id))
    else:
        assert target.phone is not None
        outcome = await runner.drive(membership.join_awaited(group, target.phone.mac))
    if outcome == "no group":
        raise NotFound("group", group)
    if outcome == "no device":
        raise target.gone()
    if group not in target.groups:
        await _tell(runner, target, f"Put into the group {group} by {by}", by, now)


async def remove(runner: Runner, target: Target, group: str, *, by: str, now: float) -> None:
    """Take a phone out of the group. Raises NotFound where it is not in it."""
    if target.known is not None:
        was = await runner.drive(membership.leave(group, target.known.device.id))
    else:
        assert target.phone is not None
        was = await runner.drive(membership.leave_awaited(group, target.phone.mac))
    if not was:
        raise NotFound(f"member of the group {group}:", target.place.name.partition(":")[2])
    await _tell(runner, target, f"Taken out of the group {group} by {by}", by, now)


async def _tell(runner: Runner, target: Target, text: str, by: str, now: float) -> None:
    if target.known is not None:
        entry = TimelineEntry(now, "device", text, {"by": by})
        await runner.run(timeline.push(device_key(target.known.device.id), [entry]))


async def _views(runner: Runner, found: list[Group]) -> list[GroupView]:
    if limits.is_limited(runner):
        counts = [await _own(runner, group.name) for group in found]
        found, counts = [one for one, own in zip(found, counts, strict=True) if own], [*filter(None, counts)]
    else:
        counts = await runner.run_all([store.count(group.name) for group in found])
    stand = await runner.run_all([layers.get(layers.of_group(group.name)) for group in found])
    return [
        _view(group, count, named.layer.version)
        for group, count, named in zip(found, counts, stand, strict=True)
    ]


def _view(group: Group, count: int, version: int) -> GroupView:
    return GroupView(
        name=group.name,
        order=group.order,
        description=group.description,
        members=count,
        config_version=version,
        created_at=moment(group.created_at),
        created_by=group.created_by,
    )


def _check_description(text: str) -> None:
    if not text.isprintable():
        raise Invalid.field("description", "has control characters", value=text, allowed="printable text")
