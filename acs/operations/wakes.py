"""The wake queue as operators use it: many phones at once, what is in it, and what worked with each phone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from acs.datamodel.keys import Catalogue
from acs.fleet import waking
from acs.fleet.identity import device_key
from acs.operations import limits, selectors
from acs.operations.errors import Invalid
from acs.operations.ports import Runner, moment
from acs.operations.wake import WakeView, wake_view
from acs.store import devices, wakes
from acs.store.devices import KnownDevice
from acs.store.shapes import Shapes
from acs.store.wakes import Waiting

#: Device ids in one request, and of a selector in one page.
MOST = 10_000
PAGE = 1_000


class WakeRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Either `devices` or `select`."""

    devices: Annotated[list[str], Meta(min_length=1, max_length=MOST, description="device ids")] | None = None
    select: Annotated[str, Meta(min_length=1, description="a selector")] | None = None


class Queued(Struct, frozen=True):
    """`queued` are new in the queue; `waiting` were in it already and are asked soon as well."""

    queued: int
    waiting: int
    #: ids of no known device
    unknown: list[str]


class WaitingView(Struct, frozen=True):
    """A phone in the queue. `due` is when it is tried next; of one `under_way`, when that is given up."""

    device: str
    due: datetime | None
    under_way: bool
    attempts: int
    asked_at: datetime | None
    by: str


class QueueView(Struct, frozen=True):
    """`total` counts all phones in the queue, `items` are the next ones; `stun` what the UDP port counted."""

    total: int
    under_way: int
    items: list[WaitingView]
    stun: dict[str, int]


class Cleared(Struct, frozen=True):
    removed: int


class AttemptView(Struct, frozen=True):
    """One connection request. `came_after` is how many seconds later the Inform came, null for none."""

    at: datetime | None
    way: str
    outcome: str
    text: str
    came_after: float | None


class WakeHistory(Struct, frozen=True):
    """How a phone is woken. `ways` are those to be tried, the first one first."""

    last: WakeView | None
    waiting: WaitingView | None
    ways: list[str]
    url: str
    #: where it takes requests by UDP: as its STUN binding shows, and as it says itself
    udp_binding: str
    udp_address: str
    nat_detected: bool
    #: who set its STUN server: acs, operator, refused, or "" where nobody has
    stun: str
    next_inform: datetime | None
    items: list[AttemptView]


async def enqueue(
    runner: Runner, shapes: Shapes, catalogue: Catalogue, asked: WakeRequest, *, by: str, now: float
) -> Queued:
    """Put phones into the wake queue; a phone is in it once, however often it is asked for."""
    if (asked.devices is None) == (asked.select is None):
        neither = asked.devices is None
        message = "is required, or select" if neither else "and select do not go together"
        raise Invalid.field("devices", message, value=None, allowed="one of devices and select")
    if asked.select is not None:
        return await _enqueue_selected(runner, shapes, catalogue, asked.select, by=by, now=now)
    ids = list(dict.fromkeys(asked.devices or ()))
    there = await runner.run(devices.are_known(ids))
    seen = await limits.visible(runner, ids)
    known = [exists and one in seen for one, exists in zip(ids, there, strict=True)]
    found = [one for one, exists in zip(ids, known, strict=True) if exists and one in seen]
    taken = set(found)
    unknown = [one for one in ids if one not in taken]
    if not found:
        raise Invalid.field("devices", "names no known device", value=unknown[:10], allowed="device ids")
    new = await runner.drive(wakes.enqueue(found, by=by, now=now))
    return Queued(new, len(found) - new, unknown)


async def _enqueue_selected(
    runner: Runner, shapes: Shapes, catalogue: Catalogue, select: str, *, by: str, now: float
) -> Queued:
    """Page by page: the first phones are being woken while the last are still looked for."""
    query = selectors.read(select, catalogue, field="select")
    chosen = await selectors.prepared(runner, shapes, query, now=now, field="select")
    queued = waiting = 0
    after: str | None = ""
    while after is not None:
        page = await runner.drive(chosen.page(after=after, limit=PAGE))
        if page.ids:
            new = await runner.drive(wakes.enqueue(page.ids, by=by, now=now))
            queued, waiting = queued + new, waiting + len(page.ids) - new
        after = page.next
    return Queued(queued, waiting, [])


async def queue(runner: Runner, *, limit: int, now: float) -> QueueView:
    """Of a limited caller's queue, its own phones: what the STUN server counted is not told."""
    if limits.is_limited(runner):
        own = await limits.every(runner)
        overview = await runner.drive(wakes.overview_of(own, limit=limit, now=now))
    else:
        overview = await runner.drive(wakes.overview(limit=limit, now=now))
    return QueueView(
        overview.total, overview.under_way, [_waiting(one) for one in overview.items], overview.counts
    )


async def clear(runner: Runner) -> Cleared:
    """Take everybody out of the queue, as far as the caller may see them."""
    if limits.is_limited(runner):
        return Cleared(sum(await runner.run_all(wakes.clear_of(await limits.every(runner)))))
    return Cleared(await runner.run(wakes.clear()))


async def of_device(runner: Runner, known: KnownDevice, *, now: float) -> WakeHistory:
    device = known.device
    key = device_key(device.id)
    history = await runner.run(wakes.history(key))
    binding = await runner.run(wakes.binding(key))
    waiting = await runner.drive(wakes.waiting(device.id, now))
    udp = bool(binding is not None or device.udp_address)
    return WakeHistory(
        last=wake_view(known.wake),
        waiting=_waiting(waiting) if waiting is not None else None,
        ways=[str(way) for way in waking.ways(device, udp=udp, history=history)],
        url=device.connection_request_url,
        udp_binding=binding.address if binding is not None else "",
        udp_address=device.udp_address,
        nat_detected=device.nat_detected,
        stun=device.stun.origin,
        next_inform=moment(waking.next_inform(device, known.last_inform)),
        items=[
            AttemptView(moment(one.at), one.way, one.outcome, one.text, one.came_after) for one in history
        ],
    )


def _waiting(one: Waiting) -> WaitingView:
    job = one.job
    return WaitingView(
        job.device_id, moment(one.due_at), one.under_way, job.attempts, moment(job.asked_at), job.by
    )
