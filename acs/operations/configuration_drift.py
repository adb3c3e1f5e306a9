"""What of its desired configuration a phone is not known to have; a new look at it; proof by upload."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from acs.datamodel.keys import Catalogue
from acs.fleet import methods
from acs.fleet.changes import TimelineEntry
from acs.fleet.convergence import standing
from acs.fleet.convergence.drift import UPLOAD, Comparison, Difference, compare
from acs.fleet.convergence.state import Settled
from acs.fleet.convergence.when import under_way
from acs.fleet.convergence.wish import Wish
from acs.fleet.convergence.wishing import wish_of
from acs.fleet.daily_window import DailyWindow
from acs.fleet.device import Learning, OperatorNotes
from acs.fleet.identity import device_key
from acs.fleet.layers import BLANK, EMPTY
from acs.fleet.selector.parsing import Query
from acs.fleet.task import UploadWork
from acs.operations import configuration, selectors, tasks
from acs.operations.configuration_targets import Target
from acs.operations.errors import Conflict, NotFound
from acs.operations.parameters import with_inform
from acs.operations.ports import Runner, moment
from acs.operations.task_requests import Schedule
from acs.operations.tasks import TaskView
from acs.operations.wake import WakeView
from acs.store import configured, notes, timeline
from acs.store import devices as devices_store
from acs.store import tasks as tasks_store
from acs.store.configured import ConfiguredPhone
from acs.store.devices import KnownDevice
from acs.store.shapes import Shapes

#: How a pass ends that leaves something out.
_LEFT_OUT = frozenset({Settled.DEFERRED, Settled.DIFFERS})

#: Records read in one round trip, and for one page of phones.
_READ = 500
_BUDGET = 10_000


class ApplyRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`now`: the phone may reboot for its configuration, outside the window too."""

    now: Annotated[bool, Meta(description="it may reboot for it, outside the window too")] = False


class DriftItem(Struct, frozen=True):
    """A key whose desired value is not known to be on the phone; secrets are blanked.

    `carrier` is parameter or file, null for a value that the phone cannot have; `carrier_why` says why it
    goes that way, and `why` why it is in its `state`: due, waits, under_way, refused or unresolved.
    """

    key: str
    desired: str
    #: null where nothing is known
    known: str | None
    layer: str
    carrier: str | None
    path: str | None
    carrier_why: str
    reboots: bool
    state: str
    why: str


class DriftView(Struct, frozen=True):
    """`state`: none, unknown, converged, due, deferred or differs; see docs/configuration.md."""

    state: str
    #: how many keys are desired
    desired: int
    items: list[DriftItem]
    #: when a session last came to the end of it
    checked_at: datetime | None
    #: when an uploaded configuration was last read
    uploaded_at: datetime | None
    #: when a phone that has to reboot for it may, null for never; in the past for now
    reboots_at: datetime | None


class DriftingPhone(Struct, frozen=True):
    """`state`: how its last pass ended: deferred, differs. `problems`: key to why it is not on the phone."""

    id: str
    state: str
    settled_at: datetime | None
    #: it may have changed since, and is looked at again in its next session
    stale: bool
    problems: dict[str, str]


class DriftPage(Struct, frozen=True):
    """A page may be short, or empty: the list ends where `next` is null."""

    items: list[DriftingPhone]
    next: str | None


class ApplyView(Struct, frozen=True):
    at: datetime | None
    now: bool
    #: with wake=1: how the connection request went
    wake: WakeView | UnsetType = UNSET


def called(target: Target) -> KnownDevice:
    """The phone itself. Raises Conflict for one that is only awaited."""
    if target.known is None:
        raise Conflict(f"{target.place.name} has not called yet, so nothing is known of it.")
    return target.known


async def show(
    runner: Runner,
    shapes: Shapes,
    catalogue: Catalogue,
    window: DailyWindow | None,
    target: Target,
    *,
    now: float,
) -> DriftView:
    """Raises Conflict for a phone that is only awaited."""
    known = called(target)
    phone, wish, compared = await _compared(runner, shapes, catalogue, window, target, known, now)
    learnt = known.device.learning is Learning.COMPLETE
    stands = standing.standing(compared, desired=bool(wish.mark), learnt=learnt)
    uploaded = phone.keys.get(UPLOAD)
    return DriftView(
        state=stands,
        desired=len(wish.desired.effective) + len(wish.desired.unresolved),
        items=[item(one, wish) for one in compared.differences],
        checked_at=moment(known.device.config.settled_at),
        uploaded_at=moment(uploaded.at) if uploaded is not None else None,
        reboots_at=moment(now if wish.reboots_at == 0 else wish.reboots_at or 0),
    )


async def page(
    runner: Runner, shapes: Shapes, query: Query, *, cursor: str, limit: int, now: float
) -> DriftPage:
    """Those of the phones a selector means whose last pass left something out, in order of their ids; by
    their records alone, some thousand of which are looked at for one page. Raises Invalid."""
    chosen = await selectors.prepared(runner, shapes, query, now=now, field="q")
    found: list[DriftingPhone] = []
    place, looked = cursor, 0
    while looked < _BUDGET:
        part = await runner.drive(chosen.page(after=place, limit=_READ))
        known: list[KnownDevice | None]
        known = await runner.run_all(devices_store.get_many(map(device_key, part.ids)))
        for one in known:
            if one is None or one.device.config.settled not in _LEFT_OUT:
                continue
            if len(found) == limit:
                return DriftPage(found, found[-1].id)
            state = one.device.config
            found.append(
                DriftingPhone(
                    one.device.id, state.settled, moment(state.settled_at), state.stale, state.problems
                )
            )
        if part.next is None:
            return DriftPage(found, None)
        place, looked = part.next, looked + len(part.ids)
    return DriftPage(found, place)


async def _compared(
    runner: Runner,
    shapes: Shapes,
    catalogue: Catalogue,
    window: DailyWindow | None,
    target: Target,
    known: KnownDevice,
    now: float,
) -> tuple[ConfiguredPhone, Wish, Comparison]:
    [phone] = await runner.drive(configured.load([known], shapes, {}))
    device, open_tasks = known.device, await runner.run(tasks_store.list_all(device_key(known.device.id)))
    every, _ = await configuration.desired(runner, target, phone.own or EMPTY)
    laid = [named for named in every if named.layer.values]
    wish = wish_of(laid, device, known.notes, phone.keys, catalogue=catalogue, window=window, now=now)
    compared = compare(
        wish,
        with_inform(phone.tree, device),
        phone.profile,
        standing.next_state(device.config, wish.mark),
        now=now,
        under_way=under_way(open_tasks),
    )
    return phone, wish, compared


def item(one: Difference, wish: Wish) -> DriftItem:
    secret = wish.secret(one.key)
    carrier = one.carrier
    return DriftItem(
        key=one.key,
        desired=BLANK if secret and one.desired else one.desired,
        known=BLANK if secret and one.known else one.known,
        layer=one.layer,
        carrier=carrier.kind if carrier is not None else None,
        path=carrier.path or None if carrier is not None else None,
        carrier_why=carrier.why if carrier is not None else "",
        reboots=one.reboots,
        state=one.state,
        why=one.why,
    )


async def apply(runner: Runner, target: Target, asked: ApplyRequest, *, by: str, now: float) -> ApplyView:
    """Have the phone's next session look at its configuration again: what it refused is tried anew, and with
    `now` it may reboot. Raises Conflict for a phone that is only awaited, NotFound for one that is gone."""
    device_id = called(target).device.id

    def changed(before: OperatorNotes) -> OperatorNotes:
        return structs.replace(before, apply_at=now, apply_now=asked.now)

    if await runner.drive(notes.change(device_id, changed)) is None:
        raise NotFound("device", device_id)
    may = "; the phone may reboot for it" if asked.now else ""
    entry = TimelineEntry(now, "config", f"{by} asked for the configuration to be applied{may}", {"by": by})
    await runner.run(timeline.push(device_key(device_id), [entry]))
    return ApplyView(moment(now), asked.now)


async def verify(
    runner: Runner,
    shapes: Shapes,
    target: Target,
    *,
    by: str,
    now: float,
    randomness: Callable[[int], bytes],
) -> TaskView:
    """Have the phone upload its configuration, which is then compared. Raises Conflict where it cannot."""
    known = called(target)
    [phone] = await runner.drive(configured.load([known], shapes, {}))
    if not methods.may_know("Upload", known.device, phone.profile):
        listed = ", ".join(methods.of_phone(known.device, phone.profile))
        raise Conflict(
            f"{known.device.id} knows no Upload (it said that it knows {listed}), so it cannot "
            "show its configuration; what has a parameter is read back all the same."
        )
    return await tasks.create(runner, known, UploadWork(), Schedule(), by=by, now=now, randomness=randomness)
