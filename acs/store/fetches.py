"""Provisioning files that phones fetched, also phones that have never called: those are kept by MAC address.

Of a stranger the last fetches, its lines for a timeline and what is known of its keys wait under its MAC
address until it calls, for `STRANGER_LIFE` at most; of `MOST_STRANGERS` the one that was here longest ago is
forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.msgpack import Decoder

from acs.fleet.changes import TimelineEntry
from acs.fleet.device import Device, OperatorNotes
from acs.fleet.identity import device_key
from acs.fleet.known_keys import KnownKey
from acs.fleet.layers import Layer
from acs.store import awaited, codec, keyspace, known_keys, layers, timeline
from acs.store.awaited import AwaitedPhone
from acs.store.calls import Call, Steps, nothing, script, scripted
from acs.store.notes import NO_NOTES

#: Seconds for which a fetch of a stranger is kept.
STRANGER_LIFE = 30 * 86400

#: Strangers that are kept; about 2 KB each.
MOST_STRANGERS = 20_000

#: Lines of a stranger's timeline.
STRANGER_LINES = 20

_PUSH = script("push_capped")


class Fetch(Struct, frozen=True, array_like=True):
    """The last time a file was fetched; `at` 0 for never."""

    etag: str = ""
    at: float = 0
    ip: str = ""


class Fetches(Struct, frozen=True, array_like=True):
    """What a phone fetched last: of its model's common file, and of its own."""

    common: Fetch = Fetch()
    own: Fetch = Fetch()


class Asking(Struct, frozen=True):
    """What is known of the phone with a MAC address: the `device` it is, or that it is `awaited`."""

    mac: str
    device: Device | None
    notes: OperatorNotes
    layer: Layer | None
    awaited: AwaitedPhone | None
    fetches: Fetches

    @property
    def prefix(self) -> bytes:
        """What the keys begin with under which this phone is kept."""
        if self.device is not None:
            return keyspace.device_prefix(device_key(self.device.id))
        return keyspace.awaited_prefix(self.mac)


NO_FETCHES = Fetches()
_decode = Decoder(Fetches).decode


def who(mac: str) -> Steps[Asking]:
    """The phone with this MAC address. One round trip for a stranger, two for a device."""
    waiting = keyspace.awaited_prefix(mac)
    device_id: str
    phone: AwaitedPhone | None
    device_id, phone, (layer, fetched) = yield [
        awaited.device_at(mac),
        awaited.get(mac),
        Call(("MGET", waiting + keyspace.LAYER, waiting + keyspace.FETCHES), tuple),
    ]
    if device_id:
        prefix = keyspace.device_prefix(device_key(device_id))
        names = (keyspace.DEVICE, keyspace.NOTES, keyspace.LAYER, keyspace.FETCHES)
        [(device, notes, own, fetches)] = yield [Call(("MGET", *(prefix + name for name in names)), tuple)]
        if device is not None:
            return Asking(
                mac,
                codec.decode_device(device),
                NO_NOTES if notes is None else codec.decode_notes(notes),
                layers.decode(own),
                None,
                _fetches(fetches),
            )
    return Asking(mac, None, NO_NOTES, layers.decode(layer), phone, _fetches(fetched))


def record(
    asking: Asking, fetches: Fetches, entry: TimelineEntry, known: Mapping[str, KnownKey]
) -> Steps[None]:
    """Keep a fetch, its line and what it proves."""
    prefix = asking.prefix
    kept: list[Call[Any]] = [
        Call(("SET", prefix + keyspace.FETCHES, codec.encode(fetches)), nothing),
        *known_keys.put_at(prefix, known),
    ]
    if asking.device is not None:
        yield [timeline.push(device_key(asking.device.id), (entry,)), *kept]
        return
    lines = prefix + keyspace.TIMELINE
    expiring = [prefix + keyspace.FETCHES, prefix + keyspace.KNOWN_KEYS, lines]
    *_, strangers = yield [
        Call(("ZADD", keyspace.STRANGERS, entry.at, asking.mac), nothing),
        scripted(_PUSH, (lines,), (STRANGER_LINES, codec.encode_entry(entry)), nothing),
        *kept,
        *(Call(("EXPIRE", key, STRANGER_LIFE), nothing) for key in expiring),
        Call(("ZCARD", keyspace.STRANGERS), int),
    ]
    if strangers > MOST_STRANGERS:
        surplus = strangers - MOST_STRANGERS
        [oldest] = yield [Call(("ZPOPMIN", keyspace.STRANGERS, surplus), lambda answer: answer[::2])]
        yield [_forget(mac.decode()) for mac in oldest]


def adopt(mac: str, device_id: str) -> Steps[None]:
    """The stranger with this MAC address has called, as this device: what it fetched is the device's.

    To be done before the device's own first lines are written. May be repeated after a crash.
    """
    before = keyspace.awaited_prefix(mac)
    after = keyspace.device_prefix(device_key(device_id))
    lines: list[bytes]
    lines, known, fetched = yield [
        Call(("LRANGE", before + keyspace.TIMELINE, 0, -1), list),
        known_keys.at(before),
        Call(("GET", before + keyspace.FETCHES), lambda found: found),
    ]
    if fetched is None:
        return
    pushed = scripted(_PUSH, (after + keyspace.TIMELINE,), (timeline.CAP, *reversed(lines)), nothing)
    yield [
        *([pushed] if lines else []),
        *known_keys.put_at(after, known),
        Call(("SET", after + keyspace.FETCHES, fetched), nothing),
    ]
    yield [_forget(mac), Call(("ZREM", keyspace.STRANGERS, mac), nothing)]


def _forget(mac: str) -> Call[None]:
    prefix = keyspace.awaited_prefix(mac)
    suffixes = (keyspace.FETCHES, keyspace.KNOWN_KEYS, keyspace.TIMELINE)
    return Call(("DEL", *(prefix + suffix for suffix in suffixes)), nothing)


def _fetches(stored: bytes | None) -> Fetches:
    return NO_FETCHES if stored is None else _decode(stored)
