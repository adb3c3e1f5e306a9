"""What a list of phones says, put down phone by phone: at the phones that are known, for the others till they
call.

Each phone's line is written whole; a list that was broken off may simply be imported again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from msgspec import Struct, structs

from acs.fleet.device import OperatorNotes
from acs.store import awaited, groups, notes
from acs.store.awaited import AwaitedPhone
from acs.store.calls import Steps
from acs.store.together import together

Said = TypeVar("Said", OperatorNotes, AwaitedPhone)


class Listed(Struct, frozen=True):
    """One line. None leaves the phone's groups, tags or label; attributes that are empty are removed."""

    mac: str
    groups: tuple[str, ...] | None
    attributes: dict[str, str]
    tags: tuple[str, ...] | None = None
    label: str | None = None


class Imported(Struct, frozen=True):
    """`device` is the id of the phone that was known, "" for one that is awaited."""

    device: str
    changed: bool


def import_all(listed: Sequence[Listed], *, by: str, now: float) -> Steps[list[Imported]]:
    """One batch of lines, whose groups exist."""
    known = yield [awaited.device_at(one.mac) for one in listed]
    steps = [
        _known(one, device_id, by, now) if device_id else _awaited(one, by, now)
        for one, device_id in zip(listed, known, strict=True)
    ]
    return (yield from together(steps))


def compare_all(listed: Sequence[Listed]) -> Steps[list[Imported]]:
    """What `import_all` would come to; nothing is written."""
    known = yield [awaited.device_at(one.mac) for one in listed]
    present = yield [
        notes.get(device_id) if device_id else awaited.get(one.mac)
        for one, device_id in zip(listed, known, strict=True)
    ]
    return [
        Imported(device_id, found is None or _applied(found, one) != found)
        for one, device_id, found in zip(listed, known, present, strict=True)
    ]


def _known(one: Listed, device_id: str, by: str, now: float) -> Steps[Imported]:
    yield [groups.join(name, device_id) for name in one.groups or ()]
    before = OperatorNotes()

    def changed(found: OperatorNotes) -> OperatorNotes:
        nonlocal before
        before = found
        return _applied(found, one)

    after = yield from notes.change(device_id, changed)
    if after is None:  # forgotten a moment ago: the phone will come anew
        yield [groups.leave(name, device_id) for name in one.groups or ()]
        return (yield from _awaited(one, by, now))
    yield [groups.leave(name, device_id) for name in before.groups if name not in after.groups]
    return Imported(device_id, after != before)


def _awaited(one: Listed, by: str, now: float) -> Steps[Imported]:
    member = groups.awaited_member(one.mac)
    yield [*awaited.expect(one.mac), *(groups.join(name, member) for name in one.groups or ())]
    before = AwaitedPhone(one.mac)

    def changed(found: AwaitedPhone) -> AwaitedPhone:
        nonlocal before
        before = found
        applied = _applied(found, one)
        return found if found.at and applied == found else structs.replace(applied, at=now, by=by)

    after = yield from awaited.change(one.mac, changed, known=False)
    gone = [name for name in before.groups if after is None or name not in after.groups]
    device_id, *_ = yield [awaited.device_at(one.mac), *(groups.leave(name, member) for name in gone)]
    if device_id:  # it called meanwhile, and may not have seen what waits
        yield from awaited.meet(one.mac, device_id)
    return Imported(device_id, after != before)


def _applied(found: Said, one: Listed) -> Said:
    """What was said of the phone before, with what its line says."""
    return structs.replace(
        found,
        groups=found.groups if one.groups is None else one.groups,
        attributes=_merged(found.attributes, one.attributes),
        tags=found.tags if one.tags is None else one.tags,
        label=found.label if one.label is None else one.label,
    )


def _merged(known: dict[str, str], given: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in sorted({**known, **given}.items()) if value}
