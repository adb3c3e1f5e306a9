"""Devices as operators see them: found, searched, looked at, noted upon, forgotten."""

from __future__ import annotations

import base64
import re
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from acs.datamodel.paths import is_object
from acs.fleet.attributes import read_mac
from acs.fleet.changes import TimelineEntry
from acs.fleet.device import ConnectionRequestLogin, OperatorNotes
from acs.fleet.identity import device_key
from acs.fleet.presence import State
from acs.fleet.selector.expressions import Text
from acs.fleet.selector.parsing import Query
from acs.fleet.site import site_name
from acs.operations import attributes, limits, parameters, selectors
from acs.operations.errors import FieldError, Invalid, NotFound
from acs.operations.ports import Runner, moment
from acs.operations.wake import WakeView, wake_view
from acs.store import devices as store
from acs.store import notes as notes_store
from acs.store import presence as presence_store
from acs.store import timeline
from acs.store.devices import KnownDevice
from acs.store.selection import Selection
from acs.store.shapes import Shapes

TAG = re.compile(r"[^\s,\x00-\x1f\x7f]{1,64}")
MAX_TAGS = 50
LONGEST_LABEL = 200


class DeviceSummary(Struct, frozen=True):
    """One line of a list."""

    id: str
    manufacturer: str
    oui: str
    product_class: str
    serial_number: str
    software_version: str
    hardware_version: str
    ip: str
    tags: list[str]
    label: str
    groups: list[str]
    online: bool
    last_inform: datetime | None
    #: event codes of the last Inform
    events: list[str]


class ConnectionRequestView(Struct, frozen=True):
    """How the phone is woken. `origin` says who chose the login: acs, operator, refused, or nobody ("").

    The password is never shown.
    """

    url: str
    username: str
    origin: str
    last: WakeView | None


class PresenceView(Struct, frozen=True):
    """Whether it is there: online, late or offline, since when, and when its next Inform should come."""

    state: str
    since: datetime | None
    next_inform_due: datetime | None
    #: it goes offline and comes back again and again
    flapping: bool
    #: the tag or network that it shares with the other phones at its place
    site: str


class LearningView(Struct, frozen=True):
    state: str
    learnt_at: datetime | None


class ConfigView(Struct, frozen=True):
    """How the last look at its desired configuration ended: converged, deferred or differs; null for never.

    `problems`: key to why it is not on the phone.
    """

    state: str | None
    settled_at: datetime | None
    problems: dict[str, str]


class DeviceDetails(DeviceSummary, frozen=True, kw_only=True):
    """Everything known but parameters, tasks and timeline."""

    root: str
    cwmp_namespace: str
    user_agent: str
    first_seen: datetime | None
    last_boot: datetime | None
    last_bootstrap: datetime | None
    informs: int
    #: seconds, 0 when unknown
    inform_interval: int
    parameter_key: str
    presence: PresenceView
    connection_request: ConnectionRequestView
    learning: LearningView
    config: ConfigView
    known_parameters: int
    in_session: bool
    #: what templates in configuration are filled with, beside what the phone itself tells
    attributes: dict[str, str]


class DevicePage(Struct, frozen=True):
    """`total` counts all devices, or all that match `q`; `next` is the cursor of the next page."""

    items: list[DeviceSummary]
    next: str | None
    total: int


class LoginRequest(Struct, frozen=True, forbid_unknown_fields=True):
    username: Annotated[str, Meta(min_length=1, max_length=256)]
    password: Annotated[str, Meta(max_length=256)]


class NotesRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays; null removes."""

    tags: list[str] | UnsetType | None = UNSET
    label: Annotated[str, Meta(max_length=LONGEST_LABEL)] | UnsetType | None = UNSET
    #: the login the phone takes on its connection-request server, where this server did not set it
    connection_request: LoginRequest | UnsetType | None = UNSET
    #: what templates are filled with; those left out stay, null removes
    attributes: dict[str, str | None] | UnsetType | None = UNSET


async def find(runner: Runner, *names: str) -> KnownDevice:
    """The device whose id is the first of these names that is one. Raises NotFound, also for one that the
    caller may not see."""
    for name in names:
        known = await runner.run(store.get(device_key(name)))
        if known is not None and known.device.id == name:
            await limits.require(runner, name, name=names[0])
            return known
    raise NotFound("device", names[0])


async def show(runner: Runner, shapes: Shapes, known: KnownDevice, *, now: float) -> DeviceDetails:
    """Everything but parameters, tasks and timeline. Costs two more round trips: to count
    the parameters, and for when servers came up."""
    device, notes = known.device, known.notes
    tree = await parameters.load(runner, shapes, device)
    up = await runner.run(presence_store.up())
    login = notes.connection_request if notes.connection_request.username else device.connection_request
    return DeviceDetails(
        **_facts(known, now, up.since),
        root=device.root,
        cwmp_namespace=device.namespace,
        user_agent=device.user_agent,
        first_seen=moment(device.first_seen),
        last_boot=moment(device.last_boot),
        last_bootstrap=moment(device.last_bootstrap),
        informs=device.informs,
        inform_interval=device.inform_interval,
        parameter_key=device.parameter_key,
        presence=_presence(known, now, up.since),
        connection_request=ConnectionRequestView(
            device.connection_request_url, login.username, login.origin, wake_view(known.wake)
        ),
        learning=LearningView(device.learning, moment(device.learnt_at)),
        config=ConfigView(
            device.config.settled or None, moment(device.config.settled_at), device.config.problems
        ),
        known_parameters=sum(not is_object(name) for name in tree),
        in_session=known.session is not None,
        attributes=attributes.shown(known.notes.attributes),
    )


async def page(
    runner: Runner, shapes: Shapes, *, query: Query | None, cursor: str, limit: int, now: float
) -> DevicePage:
    """The next `limit` devices: all in order of their ids, or those that a selector means.

    One bare word is a search, in the order of the search. With a selector, all of its phones are counted
    once, for the exact total; the cursor carries it on. Raises Invalid.
    """
    place = _read_cursor(cursor)
    narrow = limits.everything(runner)
    query = query or narrow
    up = await runner.run(presence_store.up())
    if query is None:
        found = await runner.drive(store.page(cursor=place.after, limit=limit))
        return DevicePage(
            [_summary(known, now, up.since) for known in found.devices],
            _write_cursor(_Place(found.next)) if found.next is not None else None,
            found.total or 0,
        )
    total = place.total
    if isinstance(query.expression, Text) and narrow is None:
        word = read_mac(query.expression.text) or query.expression.text
        hits, following = await _search(runner, word, place.after, limit)
        if total is None:
            total = len(hits) + await _count(runner, word, following)
    else:
        chosen = await selectors.prepared(runner, shapes, query, now=now, field="q")
        hits, following = await _select(runner, chosen, place.after, limit)
        if total is None:
            total = await runner.drive(chosen.count())
    seen = place.seen + len(hits)
    more = following is not None and seen < total  # the rest of the fleet may hold no more hits
    return DevicePage(
        [_summary(known, now, up.since) for known in hits],
        _write_cursor(_Place(following or "", total, seen)) if more else None,
        total,
    )


async def note(
    runner: Runner, known: KnownDevice, asked: NotesRequest, *, by: str, now: float
) -> OperatorNotes:
    """Change what operators say of the device. Raises Invalid for tags or labels that cannot be."""
    check_notes(asked)
    changes: dict[str, Any] = {}
    said = []
    if asked.tags is not UNSET:
        changes["tags"] = tuple(dict.fromkeys(asked.tags or ()))
        said.append(f"tags: {', '.join(changes['tags']) or 'none'}")
    if asked.label is not UNSET:
        changes["label"] = asked.label or ""
        said.append(f"label: {changes['label'] or 'none'}")
    if asked.connection_request is not UNSET:
        login = asked.connection_request
        wanted = ConnectionRequestLogin(login.username, login.password, "operator") if login else None
        changes["connection_request"] = wanted or ConnectionRequestLogin()
        said.append(f"connection-request login: {login.username if login else 'none'}")
    if asked.attributes is not UNSET:
        given = asked.attributes or {}
        said.append(f"attributes: {attributes.spoken(given) if asked.attributes else 'none'}")
    before = known.notes

    def changed(notes: OperatorNotes) -> OperatorNotes:
        nonlocal before
        before = notes
        if asked.attributes is not UNSET:
            kept = attributes.merged(notes.attributes, given) if asked.attributes is not None else {}
            notes = structs.replace(notes, attributes=kept)
        return structs.replace(notes, **changes)

    key = device_key(known.device.id)
    notes = await runner.drive(notes_store.change(known.device.id, changed))
    if notes is None:
        raise NotFound("device", known.device.id)
    if notes != before:
        entry = TimelineEntry(now, "device", f"{by} noted {'; '.join(said)}", {"by": by})
        await runner.run(timeline.push(key, [entry]))
    return notes


async def forget(runner: Runner, device_id: str) -> None:
    """Drop all that is kept of the device, tasks and timeline too; its next Inform makes it anew."""
    await runner.drive(store.delete(device_id))


def check_notes(asked: NotesRequest) -> None:
    """Raises Invalid."""
    faults = []
    if isinstance(asked.tags, list):
        if len(asked.tags) > MAX_TAGS:
            faults.append(
                FieldError("tags", "too many", value=len(asked.tags), allowed=f"at most {MAX_TAGS} tags")
            )
        faults += [
            FieldError(f"tags[{number}]", "is no tag", tag, "1 to 64 characters without blanks or commas")
            for number, tag in enumerate(asked.tags)
            if not TAG.fullmatch(tag)
        ]
    if isinstance(asked.attributes, dict):
        faults += attributes.check(asked.attributes)
    if isinstance(asked.label, str) and not asked.label.isprintable():
        faults.append(FieldError("label", "has control characters", asked.label, "printable text"))
    if faults:
        raise Invalid(faults)


def _summary(known: KnownDevice, now: float, up_since: float) -> DeviceSummary:
    return DeviceSummary(**_facts(known, now, up_since))


def _presence(known: KnownDevice, now: float, up_since: float) -> PresenceView:
    seen = known.seen(now, up_since)
    site = site_name(known.notes, known.device.ip)
    return PresenceView(seen.state, moment(seen.since), moment(seen.next_due), seen.flapping, site)


def _facts(known: KnownDevice, now: float, up_since: float) -> dict[str, Any]:
    # the session that is under way counts: the record itself may not have been written yet
    device = structs.replace(known.device, last_inform=known.last_inform)
    return {
        "id": device.id,
        "manufacturer": device.manufacturer,
        "oui": device.oui,
        "product_class": device.product_class,
        "serial_number": device.serial_number,
        "software_version": device.software_version,
        "hardware_version": device.hardware_version,
        "ip": device.ip,
        "tags": list(known.notes.tags),
        "label": known.notes.label,
        "groups": list(known.notes.groups),
        "online": known.seen(now, up_since).state is not State.OFFLINE,
        "last_inform": moment(device.last_inform),
        "events": list(device.events),
    }


# --- cursors and counting -------------------------------------------------------------------------------


class _Place(Struct, frozen=True, array_like=True):
    """Where a listing stands: the store's own cursor, and of a search all hits and those shown so far."""

    after: str = ""
    total: int | None = None
    seen: int = 0


def _write_cursor(place: _Place) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).decode().rstrip("=")


def _read_cursor(cursor: str) -> _Place:
    if not cursor:
        return _Place()
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.msgpack.decode(raw, type=_Place)
    except (ValueError, msgspec.DecodeError):
        raise Invalid.field(
            "cursor", "is none of this server's", value=cursor, allowed="the `next` of an earlier answer"
        ) from None


async def _search(runner: Runner, q: str, cursor: str, limit: int) -> tuple[list[KnownDevice], str | None]:
    """The next `limit` hits, however often the store's search hands back less, and where to go on."""
    hits: list[KnownDevice] = []
    following: str | None = cursor
    while following is not None and len(hits) < limit:
        found = await runner.drive(store.search(q, cursor=following, limit=limit - len(hits)))
        hits += found.devices
        following = found.next
    return hits, following


async def _select(
    runner: Runner, chosen: Selection, cursor: str, limit: int
) -> tuple[list[KnownDevice], str | None]:
    """As `_search`, for a selector."""
    hits: list[KnownDevice] = []
    following: str | None = cursor
    while following is not None and len(hits) < limit:
        found = await runner.drive(chosen.page(after=following, limit=limit - len(hits)))
        known = await runner.run_all(store.get_many(map(device_key, found.ids)))
        hits += [one for one in known if one is not None]
        following = found.next
    return hits, following


async def _count(runner: Runner, q: str, cursor: str | None) -> int:
    """How many hits there are behind the cursor."""
    count = 0
    while cursor is not None:
        found = await runner.drive(store.search(q, cursor=cursor, limit=1000))
        count += len(found.devices)
        cursor = found.next
    return count
