"""One deed for many phones at once: what it would do, to how many, and then the doing.

For so many that it should go in waves, with stop rules, there are rollouts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum

from msgspec import Struct

from acs.datamodel.keys import Catalogue
from acs.fleet.identity import device_key
from acs.fleet.task import FactoryResetWork, RebootWork, Work
from acs.operations import configuration_drift, configuration_targets, devices, groups, limits, tasks
from acs.operations.actors import Role
from acs.operations.configuration_drift import ApplyRequest
from acs.operations.devices import NotesRequest
from acs.operations.errors import Invalid, OperationError
from acs.operations.phone_table import row
from acs.operations.ports import Runner
from acs.operations.task_requests import Schedule
from acs.store import devices as store
from acs.store import presence, wakes
from acs.store.devices import KnownDevice

#: Phones that one request may touch. Waking is only queueing, and may be for all.
MOST = 5000

_CHUNK = 500


class Deed(StrEnum):
    WAKE = "wake"
    REBOOT = "reboot"
    FACTORY_RESET = "factory_reset"
    APPLY = "apply"
    ADD_TAG = "add_tag"
    REMOVE_TAG = "remove_tag"
    JOIN = "join"
    LEAVE = "leave"
    FORGET = "forget"


class DeedInfo(Struct, frozen=True):
    """`title` is what a button says, `effect` what happens to each phone; `value` what has to be given."""

    title: str
    effect: str
    role: Role
    value: str = ""
    dangerous: bool = False


DEEDS = {
    Deed.WAKE: DeedInfo(
        "Wake", "Each gets a connection request and calls at once, where it can be reached.", Role.OPERATOR
    ),
    Deed.APPLY: DeedInfo(
        "Apply configuration",
        "Each looks at its desired configuration again in its next session. None reboots for it outside "
        "its window.",
        Role.OPERATOR,
    ),
    Deed.REBOOT: DeedInfo(
        "Reboot",
        "Each reboots in its next session; a phone in a call waits for its end where the model can tell.",
        Role.OPERATOR,
        dangerous=True,
    ),
    Deed.ADD_TAG: DeedInfo("Add tag", "Each gets the tag.", Role.OPERATOR, "tag"),
    Deed.REMOVE_TAG: DeedInfo("Remove tag", "Each loses the tag, where it has it.", Role.OPERATOR, "tag"),
    Deed.JOIN: DeedInfo(
        "Put into group", "Each gets the group's configuration in its next session.", Role.OPERATOR, "group"
    ),
    Deed.LEAVE: DeedInfo(
        "Take out of group",
        "Each loses the group's configuration in its next session.",
        Role.OPERATOR,
        "group",
    ),
    Deed.FACTORY_RESET: DeedInfo(
        "Factory reset",
        "Each forgets all of its settings, accounts and call lists, and reboots. This cannot be taken back. "
        "A phone whose settings led it to this server may not find it again.",
        Role.ENGINEER,
        dangerous=True,
    ),
    Deed.FORGET: DeedInfo(
        "Forget",
        "The server drops all that it knows of each: tags, configuration of its own, tasks, timeline. A "
        "phone that still calls comes back as a new one.",
        Role.ENGINEER,
        dangerous=True,
    ),
}


class BulkPlan(Struct, frozen=True):
    """What would be touched: how many phones, in which state, of which models, and the first of them."""

    ids: list[str]
    states: dict[str, int]
    models: dict[str, int]
    first: list[str]


class BulkDone(Struct, frozen=True):
    """`failed` has why it was not done, by phone."""

    done: int
    failed: dict[str, str]


async def plan(runner: Runner, deed: Deed, value: str, ids: list[str], *, now: float) -> BulkPlan:
    """The dry run. Raises Invalid where it cannot be done as asked."""
    wanted = DEEDS[deed].value
    if wanted and not value:
        raise Invalid.field(wanted, "is required", allowed=f"the name of a {wanted}")
    if wanted == "tag":
        devices.check_notes(NotesRequest(tags=[value]))
    if wanted == "group":
        await groups.show(runner, value)
    seen = await limits.visible(runner, ids)
    ids = [one for one in ids if one in seen]
    if not ids:
        raise Invalid.field("phones", "none is selected", allowed="at least one phone")
    if deed is not Deed.WAKE and len(ids) > MOST:
        raise Invalid.field(
            "phones",
            "are too many at once",
            value=len(ids),
            allowed=f"{MOST} at most; a rollout takes more",
        )
    states: dict[str, int] = {}
    models: dict[str, int] = {}
    up = await runner.run(presence.up())
    for known in await _known(runner, ids[:MOST]):
        one = row(known, now, up.since)
        states[one.state] = states.get(one.state, 0) + 1
        models[one.model] = models.get(one.model, 0) + 1
    return BulkPlan(ids, states, dict(sorted(models.items(), key=lambda item: -item[1])), ids[:50])


async def run(
    runner: Runner,
    catalogue: Catalogue,
    deed: Deed,
    value: str,
    ids: list[str],
    *,
    by: str,
    now: float,
    randomness: Callable[[int], bytes],
) -> BulkDone:
    """Do it to each; one that fails does not keep the others from it."""
    if deed is Deed.WAKE:
        await runner.drive(wakes.enqueue(ids, by=by, now=now))
        return BulkDone(len(ids), {})
    failed: dict[str, str] = {}
    done = 0
    for known in await _known(runner, ids):
        try:
            await _do(runner, catalogue, deed, value, known, by=by, now=now, randomness=randomness)
            done += 1
        except OperationError as error:
            failed[known.device.id] = str(error)
    return BulkDone(done, failed)


async def _do(
    runner: Runner,
    catalogue: Catalogue,
    deed: Deed,
    value: str,
    known: KnownDevice,
    *,
    by: str,
    now: float,
    randomness: Callable[[int], bytes],
) -> None:
    def task(work: Work) -> Awaitable[object]:
        return tasks.create(runner, known, work, Schedule(), by=by, now=now, randomness=randomness)

    tags = list(known.notes.tags)
    match deed:
        case Deed.REBOOT:
            await task(RebootWork())
        case Deed.FACTORY_RESET:
            await task(FactoryResetWork())
        case Deed.ADD_TAG if value not in tags:
            await devices.note(runner, known, NotesRequest(tags=[*tags, value]), by=by, now=now)
        case Deed.REMOVE_TAG if value in tags:
            tags.remove(value)
            await devices.note(runner, known, NotesRequest(tags=tags), by=by, now=now)
        case Deed.FORGET:
            await devices.forget(runner, known.device.id)
        case Deed.JOIN | Deed.LEAVE | Deed.APPLY:
            target = await configuration_targets.phone(runner, catalogue, known.device.id)
            if deed is Deed.APPLY:
                await configuration_drift.apply(runner, target, ApplyRequest(), by=by, now=now)
            elif deed is Deed.JOIN:
                await groups.add(runner, target, value, by=by, now=now)
            elif value in known.notes.groups:
                await groups.remove(runner, target, value, by=by, now=now)


async def _known(runner: Runner, ids: list[str]) -> list[KnownDevice]:
    found: list[KnownDevice] = []
    for start in range(0, len(ids), _CHUNK):
        keys = map(device_key, ids[start : start + _CHUNK])
        found += [one for one in await runner.run_all(store.get_many(keys)) if one is not None]
    return found
