"""Phones that are expected and have not called yet, by MAC address: what is to be theirs when they do.

A phone that calls for the first time first says which MAC address it has, then asks what waits for that. Who
puts something down for a MAC address does the two in the other order, so that one of them sees the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct, structs
from msgspec.msgpack import Decoder

from acs.fleet.changes import TimelineEntry
from acs.fleet.device import OperatorNotes
from acs.fleet.identity import device_key
from acs.fleet.layers import Layer
from acs.store import codec, groups, indexes, keyspace, layers, swap
from acs.store.calls import Call, Steps, nothing, script, scripted, truth
from acs.store.notes import NO_NOTES

_ADOPT = script("adopt")
_FORGET_MAC = script("forget_mac")


class AwaitedPhone(Struct, frozen=True, array_like=True):
    mac: str
    groups: tuple[str, ...] = ()
    attributes: dict[str, str] = {}
    at: float = 0
    by: str = ""
    tags: tuple[str, ...] = ()
    label: str = ""


class AwaitedPage(Struct, frozen=True):
    phones: tuple[AwaitedPhone, ...]
    next: str | None
    total: int


class Adopted(Struct, frozen=True):
    """What a phone found waiting for it, and what it has now."""

    phone: AwaitedPhone
    notes: OperatorNotes
    layer: Layer | None

    def entry(self, now: float) -> TimelineEntry:
        """The line for the device's timeline."""
        phone, said = self.phone, []
        if phone.groups:
            said.append(f"groups {', '.join(phone.groups)}")
        if phone.attributes:
            said.append(f"attributes {', '.join(sorted(phone.attributes))}")
        if phone.tags:
            said.append(f"tags {', '.join(phone.tags)}")
        if phone.label:
            said.append(f"label {phone.label}")
        if self.layer is not None and self.layer.values:
            count = len(self.layer.values)
            said.append(f"{count} key{'' if count == 1 else 's'} of its own")
        text = f"Awaited as {phone.mac} by {phone.by}: {'; '.join(said) or 'nothing else was known'}"
        return TimelineEntry(now, "device", text, {"mac": phone.mac, "by": phone.by})


_decode = Decoder(AwaitedPhone).decode


def get(mac: str) -> Call[AwaitedPhone | None]:
    return Call(("GET", keyspace.awaited_record(mac)), _decode_stored)


def page(*, after: str = "", limit: int) -> Steps[AwaitedPage]:
    """The next `limit` awaited phones behind this MAC address."""
    start = f"({after}" if after else "-"
    found: list[bytes]
    found, total = yield [
        Call(("ZRANGEBYLEX", keyspace.AWAITED, start, "+", "LIMIT", 0, limit), list),
        Call(("ZCARD", keyspace.AWAITED), int),
    ]
    phones = yield [get(mac.decode()) for mac in found]
    following = found[-1].decode() if len(found) == limit else None
    return AwaitedPage(tuple(phone for phone in phones if phone is not None), following, total)


def expect(mac: str) -> list[Call[Any]]:
    """Put the MAC address on the list of awaited phones; `change` then writes its record."""
    return [Call(("ZADD", keyspace.AWAITED, 0, mac), nothing)]


def change(
    mac: str, changed: Callable[[AwaitedPhone], AwaitedPhone], *, known: bool
) -> Steps[AwaitedPhone | None]:
    """Change what waits for this MAC address; with `known`, only if something does: else None."""
    record = keyspace.awaited_record(mac)

    def decode(stored: bytes | None) -> AwaitedPhone:
        return AwaitedPhone(mac) if stored is None else _decode(stored)

    owner = record if known else keyspace.AWAITED
    return swap.change(record, owner, decode, changed)


def forget(mac: str) -> Steps[bool]:
    """Await this phone no longer; False where it was not awaited."""
    phone: AwaitedPhone | None
    [phone] = yield [get(mac)]
    member = groups.awaited_member(mac)
    leaving = [groups.leave(name, member) for name in (phone.groups if phone else ())]
    *_, dropped, listed = yield [*leaving, _drop(mac), Call(("ZREM", keyspace.AWAITED, mac), truth)]
    return bool(dropped or listed)


def device_at(mac: str) -> Call[str]:
    """The id of the device that has this MAC address, "" for none."""
    return Call(("HGET", keyspace.MACS, mac), lambda found: found.decode() if found else "")


def forget_mac(mac: str, device_id: str) -> Call[None]:
    """The device has gone; nothing where another device has the address by now."""
    return scripted(_FORGET_MAC, (keyspace.MACS,), (mac, device_id), nothing)


def meet(mac: str, device_id: str) -> Steps[Adopted | None]:
    """The device with this MAC address calls: remember that, and give it all that waited for it.

    May be repeated after a crash at any point. None where nothing waited: that costs one round trip.
    """
    awaited = layers.of_awaited(mac)
    prefix = keyspace.device_prefix(device_key(device_id))
    phone: AwaitedPhone | None
    _, phone, layer, versions, stored = yield [
        Call(("HSET", keyspace.MACS, mac, device_id), nothing),
        get(mac),
        Call(("GET", awaited.layer), lambda found: found),
        Call(("LRANGE", awaited.history, 0, -1), list),
        Call(("GET", prefix + keyspace.NOTES), lambda found: found),
    ]
    if phone is None:
        return None
    joined = yield [groups.join(name, device_id) for name in phone.groups]
    names = {name for name, there in zip(phone.groups, joined, strict=True) if there}
    before = NO_NOTES if stored is None else codec.decode_notes(stored)
    notes = structs.replace(
        before,
        groups=tuple(sorted(names.union(before.groups))),
        attributes={**before.attributes, **phone.attributes},
        tags=tuple(dict.fromkeys((*before.tags, *phone.tags))),
        label=phone.label or before.label,
    )
    own = (prefix + keyspace.NOTES, prefix + keyspace.LAYER, prefix + keyspace.LAYER_HISTORY)
    arguments = (codec.encode(notes), layer or b"", *reversed(versions))
    index = (indexes.put_notes(device_id, notes),)
    [held] = yield [scripted(_ADOPT, own, arguments, layers.decode, index)]
    yield [
        *(groups.leave(name, groups.awaited_member(mac)) for name in phone.groups),
        _drop(mac),
        Call(("ZREM", keyspace.AWAITED, mac), nothing),
    ]
    return Adopted(phone, notes, held)


def _drop(mac: str) -> Call[bool]:
    place = layers.of_awaited(mac)
    return Call(("DEL", place.owner, place.layer, place.history), truth)


def _decode_stored(stored: bytes | None) -> AwaitedPhone | None:
    return None if stored is None else _decode(stored)
