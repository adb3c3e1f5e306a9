"""Devices: one, many, a page of all, those that match a search; notes, wake records; deletion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from acs.cwmp.session import Session
from acs.fleet.attributes import mac_of
from acs.fleet.device import Device, OperatorNotes, WakeRecord
from acs.fleet.identity import device_key
from acs.fleet.presence import Presence, Seen, seen
from acs.store import awaited, codec, groups, indexes, keyspace, presence
from acs.store.calls import Call, Part, Steps, nothing, script, scripted, truth

#: Devices looked at in one round trip of a search: about 0.5 MB of records, a few milliseconds of work.
SEARCH_CHUNK = 500

#: Devices looked at before a search hands back what it has, with a cursor to go on from.
SEARCH_BUDGET = 50_000

_DELETE = script("delete_device")
_NO_NOTES = OperatorNotes()


class KnownDevice(Struct, frozen=True):
    """All that is kept of one device in one place, without its parameters, tasks and timeline."""

    device: Device
    notes: OperatorNotes
    wake: WakeRecord | None
    #: the session it is in now, None for none
    session: Session | None
    #: None for a phone that was never missing
    presence: Presence | None = None

    @property
    def last_inform(self) -> float:
        """When its last Inform came; the record itself may wait for the session's end to say so."""
        return max(self.device.last_inform, self.session.opened_at if self.session else 0)

    def seen(self, now: float, up_since: float = 0) -> Seen:
        """Its presence at this moment (`acs.fleet.presence.seen`)."""
        return seen(self.device, self.presence, self.last_inform, now, up_since)


class Page(Struct, frozen=True):
    """Devices in lexical order of their ids. `next` is the cursor to go on with, None at the end.

    `total` counts all devices; of a search, all that match, or None while that is not known.
    """

    devices: tuple[KnownDevice, ...]
    next: str | None
    total: int | None


def get(key: str) -> Call[KnownDevice | None]:
    """The device with this key, None when there is none."""
    prefix = keyspace.device_prefix(key)
    return Call(("MGET", *_record_keys(prefix)), _decode_known)


def get_many(keys: Iterable[str]) -> list[Call[KnownDevice | None]]:
    """One call each, for `run_all`: devices live in different cluster slots."""
    return [get(key) for key in keys]


def register(device_id: str) -> Call[bool]:
    """Put a device into the index; True if it is new there."""
    return Call(("ZADD", keyspace.DEVICES, "NX", 0, device_id), truth)


def ids(*, after: str = "", prefix: str = "", limit: int) -> Call[list[str]]:
    """The next device ids behind `after`, in lexical order, of those that begin with `prefix`."""
    start = f"({after}" if after and after >= prefix else f"[{prefix}"
    end: bytes = b"(" + prefix.encode() + b"\xff" if prefix else b"+"
    if start == "[":
        start = "-"
    parts = ("ZRANGEBYLEX", keyspace.DEVICES, start, end, "LIMIT", 0, limit)
    return Call(parts, lambda answer: [member.decode() for member in answer])


def are_known(device_ids: Sequence[str]) -> Call[list[bool]]:
    """Whether each of these ids, at least one, is in the index."""
    parts: tuple[Part, ...] = ("ZMSCORE", keyspace.DEVICES, *device_ids)
    return Call(parts, lambda answer: [score is not None for score in answer])


def count() -> Call[int]:
    return Call(("ZCARD", keyspace.DEVICES), int)


def page(*, cursor: str = "", limit: int) -> Steps[Page]:
    """The next `limit` devices behind the cursor; an id without a record is passed over."""
    found: list[str]
    found, total = yield [ids(after=cursor, limit=limit), count()]
    known = yield get_many(map(device_key, found))
    following = found[-1] if len(found) == limit else None
    return Page(tuple(one for one in known if one is not None), following, total)


def search(q: str, *, cursor: str = "", limit: int) -> Steps[Page]:
    """Devices whose id, address, tags, label, software version or product class contain `q`, in either case.

    A `q` that is an id gives that device alone. Else the ids that begin with `q` come first, which is quick
    in a fleet of any size, then all others; the cursor says how far that went and means nothing elsewhere.
    A page may be short, even empty, with a cursor to go on: one call looks at `SEARCH_BUDGET` devices at
    most.
    """
    if not cursor:
        known: KnownDevice | None
        [known] = yield [get(device_key(q))]
        if known is not None and known.device.id == q:
            return Page((known,), None, 1)
    phase, _, after = cursor.partition(":")
    hits: list[KnownDevice] = []
    if phase in ("", "prefix"):
        hits, following = yield from _beginning_with(q, after, limit)
        if following is not None:
            return Page(tuple(hits), f"prefix:{following}", None)
        after = ""
        if len(hits) == limit:
            return Page(tuple(hits), "rest:", None)
    more, following = yield from _containing(q, after, limit - len(hits))
    hits += more
    whole = following is None and not cursor
    return Page(tuple(hits), None if following is None else f"rest:{following}", len(hits) if whole else None)


def _beginning_with(q: str, after: str, limit: int) -> Steps[tuple[list[KnownDevice], str | None]]:
    found: list[str]
    [found] = yield [ids(after=after, prefix=q, limit=limit)]
    known = yield get_many(map(device_key, found))
    hits = [one for one in known if one is not None]
    return hits, found[-1] if len(found) == limit else None


def _containing(q: str, after: str, limit: int) -> Steps[tuple[list[KnownDevice], str | None]]:
    needle = q.lower()
    hits: list[KnownDevice] = []
    for _ in range(SEARCH_BUDGET // SEARCH_CHUNK):
        found: list[str]
        [found] = yield [ids(after=after, limit=SEARCH_CHUNK)]
        others = [one for one in found if not one.startswith(q)]
        records = yield [_raw(one) for one in others]
        for one, record in zip(others, records, strict=True):
            if not _may_match(one, record, needle):
                continue
            known = _decode_known(record)
            if known is not None and _matches(known, needle):
                hits.append(known)
                if len(hits) == limit:
                    return hits, one
        if len(found) < SEARCH_CHUNK:
            return hits, None
        after = found[-1]
    return hits, after


def _raw(device_id: str) -> Call[list[bytes | None]]:
    return Call(("MGET", *_record_keys(keyspace.device_prefix(device_key(device_id)))), lambda answer: answer)


def _may_match(device_id: str, record: Sequence[bytes | None], needle: str) -> bool:
    """A look at the bytes, many times cheaper than decoding the records that do not match."""
    device, notes = record[0], record[1]
    if device is None:
        return False
    if not needle.isascii():
        return True  # bytes know no other case than that of ASCII letters
    sought = needle.encode()
    return sought in device.lower() or (notes is not None and sought in notes.lower())


def _matches(known: KnownDevice, needle: str) -> bool:
    device, notes = known.device, known.notes
    texts = (device.id, device.ip, notes.label, device.software_version, device.product_class, *notes.tags)
    return any(needle in text.lower() for text in texts)


def put_wake(key: str, wake: WakeRecord) -> Call[None]:
    return Call(("SET", keyspace.device_prefix(key) + keyspace.WAKE, codec.encode(wake)), nothing)


def delete(device_id: str) -> Steps[bool]:
    """Forget a device with all that is kept of it; False where there was nothing.

    A session it may be in is superseded; the phone is as good as new at its next Inform.
    """
    prefix = keyspace.device_prefix(device_key(device_id))
    known: KnownDevice | None
    [known] = yield [get(device_key(device_id))]
    lists = (keyspace.FINISHED_TASKS, keyspace.TRACES)
    others = [prefix + suffix for suffix in keyspace.DEVICE_SUFFIXES if suffix not in lists]
    forget = scripted(
        _DELETE,
        (*(prefix + suffix for suffix in lists), *others),
        (prefix + keyspace.FINISHED_TASK, prefix + keyspace.TRACE),
        truth,
    )
    unlist = Call(("ZREM", keyspace.DEVICES, device_id), truth)
    traces = _traces(known) if known is not None else ()
    unseen = presence.forget(device_id)
    existed, listed, *_ = yield [forget, unlist, *indexes.forget(device_id), *unseen, *traces]
    return bool(existed or listed)


def _traces(known: KnownDevice) -> list[Call[Any]]:
    """Takes the device out of all that names it elsewhere."""
    device = known.device
    leaving: list[Call[Any]] = [groups.leave(group, device.id) for group in known.notes.groups]
    return [*leaving, awaited.forget_mac(mac_of(device), device.id)]


def _record_keys(prefix: bytes) -> tuple[bytes, ...]:
    return (
        prefix + keyspace.DEVICE,
        prefix + keyspace.NOTES,
        prefix + keyspace.WAKE,
        prefix + keyspace.SESSION,
        prefix + keyspace.PRESENCE,
    )


def _decode_known(answer: Sequence[Any]) -> KnownDevice | None:
    device, notes, wake, session, seen = answer
    if device is None:
        return None
    return KnownDevice(
        codec.decode_device(device),
        _NO_NOTES if notes is None else codec.decode_notes(notes),
        None if wake is None else codec.decode_wake(wake),
        None if session is None else codec.decode_session(session),
        None if seen is None else codec.decode_presence(seen),
    )
