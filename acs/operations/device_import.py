"""Importing a list of phones, known and to come: attributes and groups by MAC address; who is awaited."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from twisted.internet.threads import deferToThread

from acs.fleet.attributes import read_mac
from acs.fleet.changes import TimelineEntry
from acs.fleet.identity import device_key
from acs.operations import attributes, phone_lists
from acs.operations.errors import Invalid, NotFound
from acs.operations.groups import MOST_GROUPS
from acs.operations.phone_lists import GROUP, PhoneList
from acs.operations.ports import Runner, moment
from acs.store import awaited, groups, importing, timeline
from acs.store.importing import Imported, Listed

#: Phones that share their round trips.
BATCH = 200


class ImportView(Struct, frozen=True):
    """How many phones the list has: those that are known, and those that are awaited now."""

    phones: int
    known: int
    awaited: int
    #: for how many anything is new
    changed: int


class AwaitedView(Struct, frozen=True):
    mac: str
    groups: list[str]
    attributes: dict[str, str]
    tags: list[str]
    label: str
    at: datetime | None
    by: str


class AwaitedPage(Struct, frozen=True):
    items: list[AwaitedView]
    next: str | None
    total: int


async def import_list(
    runner: Runner, content: bytes, *, by: str, now: float, dry_run: bool = False
) -> ImportView:
    """Take a whole list, or raise Invalid with every line that is wrong and take nothing. With `dry_run`
    only say what would come of it."""
    found = await deferToThread(phone_lists.read, content)  # half a second for 100,000 phones
    await _check_groups(runner, found)
    if found.faults:
        raise Invalid(sorted(found.faults, key=lambda fault: fault.line))
    listed = list(found.lines.values())
    done: list[Imported] = []
    for start in range(0, len(listed), BATCH):
        batch = listed[start : start + BATCH]
        if dry_run:
            done += await runner.drive(importing.compare_all(batch))
            continue
        imported = await runner.drive(importing.import_all(batch, by=by, now=now))
        await runner.run_all(
            [
                timeline.push(device_key(one.device), [_entry(line, by, now)])
                for line, one in zip(batch, imported, strict=True)
                if one.device and one.changed
            ]
        )
        done += imported
    known = sum(bool(one.device) for one in done)
    return ImportView(len(done), known, len(done) - known, sum(one.changed for one in done))


async def awaited_page(runner: Runner, *, cursor: str, limit: int) -> AwaitedPage:
    """The phones that have not called yet, by MAC address."""
    page = await runner.drive(awaited.page(after=cursor, limit=limit))
    items = [
        AwaitedView(
            mac=phone.mac,
            groups=list(phone.groups),
            attributes=attributes.shown(phone.attributes),
            tags=list(phone.tags),
            label=phone.label,
            at=moment(phone.at),
            by=phone.by,
        )
        for phone in page.phones
    ]
    return AwaitedPage(items, page.next, page.total)


async def forget_awaited(runner: Runner, name: str) -> None:
    """Drop all that was kept for a phone that has not called. Raises NotFound."""
    mac = read_mac(name)
    if not mac or not await runner.drive(awaited.forget(mac)):
        raise NotFound("awaited phone", name)


async def _check_groups(runner: Runner, found: PhoneList) -> None:
    names = found.group_names
    there = {group.name for group in await runner.run(groups.get_many(names))} if names else set()
    for number, listed in found.lines.items():
        for name in listed.groups or ():
            if name not in there:
                found.blame(number, GROUP, "does not exist", name, "a group made before")
        if len(listed.groups or ()) > MOST_GROUPS:
            found.blame(
                number, GROUP, "too many", " ".join(listed.groups or ()), f"{MOST_GROUPS} groups at most"
            )


def _entry(listed: Listed, by: str, now: float) -> TimelineEntry:
    said = []
    if listed.groups is not None:
        said.append(f"groups: {', '.join(listed.groups) or 'none'}")
    if listed.tags is not None:
        said.append(f"tags: {', '.join(listed.tags) or 'none'}")
    if listed.label is not None:
        said.append(f"label: {listed.label or 'none'}")
    if listed.attributes:
        said.append(f"attributes: {attributes.spoken(listed.attributes)}")
    return TimelineEntry(now, "device", f"Imported by {by}: {'; '.join(said) or 'nothing'}", {"by": by})
