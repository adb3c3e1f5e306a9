"""Groups, and who is in them.

A group's members are on a list, to be counted and paged; each member's record names its groups as well, so
that a session knows them without asking. The list comes first when a phone joins and last when it leaves: a
crash in between leaves an entry too many on the list, never a phone with a group that does not know it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from msgspec import Struct
from msgspec.msgpack import Decoder

from acs.fleet.layers import Group, group_layer
from acs.store import codec, keyspace
from acs.store.calls import Call, Part, Steps, script, scripted, truth
from acs.store.errors import StoreConflict
from acs.store.swap import MOST_TRIES

_CREATE = script("create_group", using=("tell_change",))
_CHANGE = script("change_group", using=("tell_change",))
_DELETE = script("delete_group", using=("tell_change",))
_JOIN = script("join_group")

#: What stands before the MAC address of an awaited phone on the list of members: behind all device ids.
AWAITED_MARK = "~"

decode_group = Decoder(Group).decode


class MemberPage(Struct, frozen=True):
    """Device ids in lexical order, then MAC addresses of awaited phones behind `AWAITED_MARK`."""

    members: tuple[str, ...]
    next: str | None
    total: int


def awaited_member(mac: str) -> str:
    return AWAITED_MARK + mac


def create(group: Group) -> Call[bool]:
    """False where there is one of this name."""
    arguments = (group.name, codec.encode(group), group_layer(group.name), keyspace.CONFIG_CHANNEL)
    keys = (keyspace.GROUPS, keyspace.EPOCH, keyspace.CHANGED_LAYERS)
    return scripted(_CREATE, keys, arguments, truth)


def get(name: str) -> Call[Group | None]:
    return Call(("HGET", keyspace.GROUPS, name), lambda stored: decode_group(stored) if stored else None)


def get_many(names: tuple[str, ...]) -> Call[list[Group]]:
    """The groups of these names that there are."""
    return Call(
        ("HMGET", keyspace.GROUPS, *(names or ("",))),
        lambda found: [decode_group(one) for one in found if one],
    )


def list_all() -> Call[list[Group]]:
    """All groups, by name."""
    return Call(
        ("HVALS", keyspace.GROUPS), lambda found: sorted(map(decode_group, found), key=lambda one: one.name)
    )


def change(name: str, changed: Callable[[Group], Group]) -> Steps[Group | None]:
    """Change a group's record; gives the new one, None where there is no such group. Raises StoreConflict."""
    keys = (keyspace.GROUPS, keyspace.EPOCH, keyspace.CHANGED_LAYERS)
    for _ in range(MOST_TRIES):
        stored: bytes | None
        [stored] = yield [Call(("HGET", keyspace.GROUPS, name), lambda found: found)]
        if stored is None:
            return None
        before = decode_group(stored)
        after = changed(before)
        if after == before:
            return before
        arguments = (name, stored, codec.encode(after), group_layer(name), keyspace.CONFIG_CHANNEL)
        [written] = yield [scripted(_CHANGE, keys, arguments, truth)]
        if written:
            return after
    raise StoreConflict(f"others change the group {name} all the time; try again")


def delete(name: str) -> Call[Literal["deleted", "none", "has members"]]:
    """Forget a group without members, and its layer."""
    layer = group_layer(name)
    keys = (
        keyspace.GROUPS,
        keyspace.EPOCH,
        keyspace.CHANGED_LAYERS,
        keyspace.group_members(name),
        keyspace.shared_layer(layer),
        keyspace.shared_layer_history(layer),
    )
    return scripted(_DELETE, keys, (name, layer, keyspace.CONFIG_CHANNEL), _decode_deleted)


def count(name: str) -> Call[int]:
    return Call(("ZCARD", keyspace.group_members(name)), int)


def members(name: str, *, after: str = "", limit: int) -> Steps[MemberPage]:
    """The next `limit` members behind `after`."""
    start = f"({after}" if after else "-"
    found: list[bytes]
    found, total = yield [
        Call(("ZRANGEBYLEX", keyspace.group_members(name), start, "+", "LIMIT", 0, limit), list),
        count(name),
    ]
    listed = tuple(one.decode() for one in found)
    return MemberPage(listed, listed[-1] if len(listed) == limit else None, total)


def are_members(name: str, device_ids: Sequence[str]) -> Call[list[bool]]:
    """Whether each of these, at least one, is in the group."""
    parts: tuple[Part, ...] = ("ZMSCORE", keyspace.group_members(name), *device_ids)
    return Call(parts, lambda answer: [score is not None for score in answer])


def join(name: str, member: str) -> Call[bool]:
    """Put a member on the group's list; False where there is no such group."""
    return scripted(_JOIN, (keyspace.GROUPS, keyspace.group_members(name)), (name, member), truth)


def leave(name: str, member: str) -> Call[bool]:
    """Take a member off the group's list; False where it was not on it."""
    return Call(("ZREM", keyspace.group_members(name), member), truth)


def _decode_deleted(answer: Any) -> Literal["deleted", "none", "has members"]:
    if answer == 1:
        return "deleted"
    return "none" if answer == 0 else "has members"
