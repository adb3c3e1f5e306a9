"""Phones join and leave groups: the group's list and the phone's own record, in the order that bears a crash.

A phone is a device id, or the MAC address of one that is awaited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from msgspec import structs

from acs.fleet.device import OperatorNotes
from acs.store import awaited, groups, notes
from acs.store.awaited import AwaitedPhone
from acs.store.calls import Steps
from acs.store.together import together

#: Members that a group lets go of in one go when it is deleted.
BATCH = 200


def join(group: str, device_id: str) -> Steps[Literal["joined", "no group", "no device"]]:
    [there] = yield [groups.join(group, device_id)]
    if not there:
        return "no group"
    changed = yield from notes.change(device_id, _in(group))
    if changed is not None:
        return "joined"
    yield [groups.leave(group, device_id)]
    return "no device"


def leave(group: str, device_id: str) -> Steps[bool]:
    """False where it was no member."""
    yield from notes.change(device_id, _not_in(group))
    [listed] = yield [groups.leave(group, device_id)]
    return bool(listed)


def join_awaited(group: str, mac: str) -> Steps[Literal["joined", "no group", "no device"]]:
    member = groups.awaited_member(mac)
    [there] = yield [groups.join(group, member)]
    if not there:
        return "no group"
    changed = yield from awaited.change(mac, lambda phone: with_group(phone, group), known=True)
    if changed is not None:
        return "joined"
    yield [groups.leave(group, member)]
    return "no device"


def leave_awaited(group: str, mac: str) -> Steps[bool]:
    yield from awaited.change(mac, lambda phone: without_group(phone, group), known=True)
    [listed] = yield [groups.leave(group, groups.awaited_member(mac))]
    return bool(listed)


def delete_group(name: str) -> Steps[bool]:
    """Let all members go, then forget the group with its layer; False where there is no such group."""
    while True:
        page: groups.MemberPage = yield from groups.members(name, limit=BATCH)
        if page.members:
            yield from together([_leave_any(name, member) for member in page.members])
            continue
        [outcome] = yield [groups.delete(name)]
        if outcome != "has members":
            return bool(outcome == "deleted")


def _leave_any(group: str, member: str) -> Steps[bool]:
    if member.startswith(groups.AWAITED_MARK):
        return leave_awaited(group, member.removeprefix(groups.AWAITED_MARK))
    return leave(group, member)


def with_group(phone: AwaitedPhone, group: str) -> AwaitedPhone:
    return structs.replace(phone, groups=_sorted({*phone.groups, group}))


def without_group(phone: AwaitedPhone, group: str) -> AwaitedPhone:
    return structs.replace(phone, groups=_sorted(set(phone.groups) - {group}))


def _in(group: str) -> Callable[[OperatorNotes], OperatorNotes]:
    return lambda before: structs.replace(before, groups=_sorted({*before.groups, group}))


def _not_in(group: str) -> Callable[[OperatorNotes], OperatorNotes]:
    return lambda before: structs.replace(before, groups=_sorted(set(before.groups) - {group}))


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))
