"""The table of phones as people look through it: a page at once, the count when there is time for it."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import datetime

from msgspec import Struct, structs

from acs.datamodel.keys import Catalogue
from acs.fleet.attributes import EXTENSION, mac_of
from acs.fleet.identity import device_key
from acs.fleet.selector.expressions import Everything
from acs.fleet.selector.parsing import Query
from acs.operations import limits, selectors
from acs.operations.ports import Runner, moment
from acs.store import devices as store
from acs.store import presence as presence_store
from acs.store.devices import KnownDevice
from acs.store.selection import Selection
from acs.store.shapes import Shapes

_CHUNK = 500


class PhoneRow(Struct, frozen=True):
    """A line of the table."""

    id: str
    mac: str
    serial: str
    model: str
    firmware: str
    hardware: str
    ip: str
    label: str
    extension: str
    tags: list[str]
    groups: list[str]
    state: str
    flapping: bool
    since: datetime | None
    last_inform: datetime | None
    #: how its desired configuration stood when a session last came to its end, "" for never
    config: str
    in_session: bool


class PhoneTable(Struct, frozen=True):
    """`total` is None where counting would take a look at every phone; `next` is None at the end."""

    rows: list[PhoneRow]
    next: str | None
    total: int | None


async def page(
    runner: Runner, shapes: Shapes, catalogue: Catalogue, *, q: str, cursor: str, limit: int, now: float
) -> PhoneTable:
    """The next phones that `q` means, in order of their ids. Raises Invalid, pointing at the character."""
    known, following, total = await _page(runner, shapes, catalogue, q, cursor, limit, now)
    up = await runner.run(presence_store.up())
    return PhoneTable([row(one, now, up.since) for one in known], following, total)


async def _page(
    runner: Runner, shapes: Shapes, catalogue: Catalogue, q: str, cursor: str, limit: int, now: float
) -> tuple[list[KnownDevice], str | None, int | None]:
    chosen = await _chosen(runner, shapes, catalogue, q, now)
    after = _read(cursor)
    if chosen is None:
        found = await runner.drive(store.page(cursor=after, limit=limit))
        return list(found.devices), _write(found.next), found.total
    known: list[KnownDevice] = []
    place: str | None = after
    while place is not None and len(known) < limit:
        page = await runner.drive(chosen.page(after=place, limit=limit - len(known)))
        records = await runner.run_all(store.get_many(map(device_key, page.ids)))
        known += [one for one in records if one is not None]
        place = page.next
    total = chosen.known_total
    if place is None and not after:
        total = len(known)
    return known, _write(place), total


async def count(runner: Runner, shapes: Shapes, catalogue: Catalogue, *, q: str, now: float) -> int:
    """How many phones `q` means. Raises Invalid."""
    chosen = await _chosen(runner, shapes, catalogue, q, now)
    if chosen is None:
        return await runner.run(store.count())
    return await runner.drive(chosen.count())


async def every(
    runner: Runner, shapes: Shapes, catalogue: Catalogue, *, q: str, now: float
) -> AsyncIterator[list[PhoneRow]]:
    """All phones that `q` means, some hundred at a time. Raises Invalid."""
    up = await runner.run(presence_store.up())
    async for known in every_known(runner, shapes, catalogue, q=q, now=now):
        yield [row(one, now, up.since) for one in known]


async def every_known(
    runner: Runner, shapes: Shapes, catalogue: Catalogue, *, q: str, now: float
) -> AsyncIterator[list[KnownDevice]]:
    """The same as they are kept."""
    cursor: str | None = ""
    while cursor is not None:
        known, cursor, _ = await _page(runner, shapes, catalogue, q, cursor, _CHUNK, now)
        yield known


async def ids(runner: Runner, shapes: Shapes, catalogue: Catalogue, *, q: str, now: float) -> list[str]:
    """The ids of all phones that `q` means. Raises Invalid."""
    query = selectors.read(q.strip() or "all", catalogue, field="q")
    chosen = await selectors.prepared(runner, shapes, query, now=now, field="q")
    return await runner.drive(chosen.every())


async def _chosen(
    runner: Runner, shapes: Shapes, catalogue: Catalogue, q: str, now: float
) -> Selection | None:
    """None for all phones."""
    query: Query | None = selectors.read(q, catalogue, field="q") if q.strip() else None
    if query is None or isinstance(query.expression, Everything):
        query = limits.everything(runner)
    if query is None:
        return None
    return await selectors.prepared(runner, shapes, query, now=now, field="q")


async def of_phone(runner: Runner, known: KnownDevice, now: float) -> PhoneRow:
    """The line of one phone."""
    up = await runner.run(presence_store.up())
    return row(known, now, up.since)


def row(known: KnownDevice, now: float, up_since: float) -> PhoneRow:
    """:param up_since: when servers were there again after none was."""
    device = structs.replace(known.device, last_inform=known.last_inform)
    seen = known.seen(now, up_since)
    return PhoneRow(
        id=device.id,
        mac=mac_of(device),
        serial=device.serial_number,
        model=device.product_class,
        firmware=device.software_version,
        hardware=device.hardware_version,
        ip=device.ip,
        label=known.notes.label,
        extension=known.notes.attributes.get(EXTENSION, ""),
        tags=list(known.notes.tags),
        groups=list(known.notes.groups),
        state=str(seen.state),
        flapping=seen.flapping,
        since=moment(seen.since),
        last_inform=moment(known.last_inform),
        config=str(device.config.settled),
        in_session=known.session is not None,
    )


def _write(place: str | None) -> str | None:
    return None if place is None else base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _read(cursor: str) -> str:
    """A cursor that is none of ours begins anew."""
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        return ""
