"""What is known of the keys on each phone: key by key, so that writers need not know of each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.msgpack import Decoder

from acs.fleet.known_keys import KnownKey
from acs.store import codec, keyspace
from acs.store.calls import Call, nothing

_decode = Decoder(KnownKey).decode


def get(key: str) -> Call[dict[str, KnownKey]]:
    """All that is known of the device with this key."""
    return at(keyspace.device_prefix(key))


def put(key: str, known: Mapping[str, KnownKey]) -> list[Call[None]]:
    """Keep these, over what was known of the same keys; no call where there are none."""
    return put_at(keyspace.device_prefix(key), known)


def forget(key: str, names: Iterable[str] | None = None) -> list[Call[None]]:
    """Know no more of these keys; of none at all for None, as after a reset."""
    record = keyspace.device_prefix(key) + keyspace.KNOWN_KEYS
    if names is None:
        return [Call(("DEL", record), nothing)]
    gone = tuple(names)
    return [Call(("HDEL", record, *gone), nothing)] if gone else []


def at(prefix: bytes) -> Call[dict[str, KnownKey]]:
    """The same by the prefix of a phone's keys: a device's, or one's that only its MAC address tells."""
    return Call(("HGETALL", prefix + keyspace.KNOWN_KEYS), decode)


def put_at(prefix: bytes, known: Mapping[str, KnownKey]) -> list[Call[None]]:
    if not known:
        return []
    fields = [part for name, one in known.items() for part in (name, codec.encode(one))]
    return [Call(("HSET", prefix + keyspace.KNOWN_KEYS, *fields), nothing)]


def decode(answer: list[bytes]) -> dict[str, KnownKey]:
    """From the flat list of fields and values."""
    pairs = zip(answer[::2], answer[1::2], strict=True)
    return {name.decode(): _decode(value) for name, value in pairs}
