"""When to look at which phone, who is missing, who is back, and how many Informs came each minute.

Servers note signs of life in batches; the presence job alone judges phones. All of it is in one slot but the
record of a phone and the sets that selectors use. What a crash loses here is found again: a phone that is
looked at too early is judged by its own record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from acs.fleet.identity import device_key
from acs.fleet.presence import Presence, State
from acs.store import codec, keyspace
from acs.store.calls import Call, Part, nothing, script, scripted, truth

#: Seconds for which the counts of a minute are kept: two days.
COUNTS_LIFE = 2 * 86400

#: After so many seconds without a word from any server it is the servers that were away, not the phones.
OUTAGE = 20.0

_HEARD = script("presence_heard")
_LOOKED = script("presence_looked")
_BACK = script("presence_back")
_SETTLED = script("presence_settled")

_STATES = (State.LATE, State.OFFLINE)


class Sign(Struct, frozen=True):
    """A sign of life: of whom, when, and when the phone will be late if nothing follows."""

    key: str
    at: float
    late_at: float


class Up(Struct, frozen=True):
    """Since when servers have been there without a gap, and when one said so last; 0 for never. `looked`:
    when the presence job has last been round, so that what selectors use was up to date."""

    since: float
    last: float
    looked: float


class Minute(Struct, frozen=True):
    """`phones` is how many there were in each state, where the presence job has looked."""

    at: float
    informs: int
    phones: dict[str, int]
    events: dict[str, int]


def heard(signs: Sequence[Sign], *, informs: int, now: float) -> Call[None]:
    """Note these signs of life, `informs` of which were Informs, and that a server is up."""
    keys = (
        keyspace.PRESENCE_DUE,
        keyspace.PRESENCE_HEARD,
        keyspace.PRESENCE_MISSING,
        keyspace.PRESENCE_BACK,
        keyspace.PRESENCE_UP,
        keyspace.presence_minute(int(now // 60)),
    )
    arguments: list[Part] = [now, OUTAGE, COUNTS_LIFE, informs]
    for sign in signs:
        arguments += (sign.key, sign.late_at, sign.at)
    return scripted(_HEARD, keys, arguments, nothing)


def up() -> Call[Up]:
    def decode(answer: list[bytes | None]) -> Up:
        since, last, looked = (float(told or 0) for told in answer)
        return Up(since, last, looked)

    return Call(("HMGET", keyspace.PRESENCE_UP, "since", "last", "looked"), decode)


# --- the presence job ---------------------------------------------------------------------------------------


def to_look_at(now: float, limit: int) -> Call[list[tuple[str, float]]]:
    """The phones whose time has come, the longest overdue first, with that time."""
    return Call(
        ("ZRANGEBYSCORE", keyspace.PRESENCE_DUE, "-inf", now, "WITHSCORES", "LIMIT", 0, limit), _scored
    )


def looked(key: str, found: float, again: float, late_since: float) -> Call[bool]:
    """`again` 0: only a sign of life brings it up again. `late_since` 0: it is not missing."""
    arguments = (key, found, again or "", late_since or "")
    return scripted(_LOOKED, (keyspace.PRESENCE_DUE, keyspace.PRESENCE_MISSING), arguments, truth)


def back(limit: int) -> Call[list[tuple[str, float]]]:
    """Missing phones that gave a sign of life, with its time."""
    return Call(("ZRANGE", keyspace.PRESENCE_BACK, 0, limit - 1, "WITHSCORES"), _scored)


def note_back(key: str, at: float) -> Call[None]:
    """A phone that is missing gave a sign of life after all; of one that is not, this says nothing."""
    return scripted(_BACK, (keyspace.PRESENCE_MISSING, keyspace.PRESENCE_BACK), (key, at), nothing)


def settled(key: str, at: float) -> Call[None]:
    """A phone that is back is no longer missing."""
    return scripted(_SETTLED, (keyspace.PRESENCE_MISSING, keyspace.PRESENCE_BACK), (key, at), nothing)


def last_heard(keys: Sequence[str]) -> Call[list[float]]:
    """When each was heard last, 0 for never."""
    return _scores(keyspace.PRESENCE_HEARD, keys)


def missing_since(keys: Sequence[str]) -> Call[list[float]]:
    """When each became late, 0 for those that are there."""
    return _scores(keyspace.PRESENCE_MISSING, keys)


def due(keys: Sequence[str]) -> Call[list[float]]:
    """When each is to be looked at, 0 for never."""
    return _scores(keyspace.PRESENCE_DUE, keys)


def looked_now(now: float) -> Call[None]:
    """The presence job has been round."""
    return Call(("HSET", keyspace.PRESENCE_UP, "looked", now), nothing)


def states(ids: Sequence[bytes]) -> list[Call[list[bytes | None]]]:
    """Two calls for `read_states`."""
    return [Call(("ZMSCORE", keyspace.phones_in_state(state), *ids), list) for state in _STATES]


def read_states(late: Sequence[object], offline: Sequence[object]) -> list[str]:
    """The state of each phone."""
    return [
        State.OFFLINE if gone is not None else State.LATE if is_late is not None else State.ONLINE
        for is_late, gone in zip(late, offline, strict=True)
    ]


def put(device_id: str, presence: Presence) -> list[Call[Any]]:
    """Keep what is known of a phone, and the sets that selectors use; the record comes last."""
    calls: list[Call[Any]] = []
    for state in _STATES:
        where = keyspace.phones_in_state(state)
        parts = ("ZADD", where, 0, device_id) if presence.state is state else ("ZREM", where, device_id)
        calls.append(Call(parts, nothing))
    record = keyspace.device_prefix(device_key(device_id)) + keyspace.PRESENCE
    calls.append(Call(("SET", record, codec.encode(presence)), nothing))
    return calls


def add_unknown(keys: Iterable[tuple[str, float]]) -> list[Call[int]]:
    """Have phones looked at that nobody would look at: and when. Those that are known stay as they are."""
    pairs = list(keys)
    flat = [part for key, look_at in pairs for part in (look_at, key)]
    return [Call(("ZADD", keyspace.PRESENCE_DUE, "NX", *flat), int)] if flat else []


def forget(device_id: str) -> list[Call[Any]]:
    key = device_key(device_id)
    zsets = (
        keyspace.PRESENCE_DUE,
        keyspace.PRESENCE_HEARD,
        keyspace.PRESENCE_MISSING,
        keyspace.PRESENCE_BACK,
    )
    calls: list[Call[Any]] = [Call(("ZREM", zset, key), nothing) for zset in zsets]
    return calls + [Call(("ZREM", keyspace.phones_in_state(state), device_id), nothing) for state in _STATES]


def forget_key(key: str) -> list[Call[Any]]:
    """The same of a phone of which nothing but the key is left."""
    zsets = (keyspace.PRESENCE_DUE, keyspace.PRESENCE_MISSING, keyspace.PRESENCE_BACK)
    return [Call(("ZREM", zset, key), nothing) for zset in (*zsets, keyspace.PRESENCE_HEARD)]


# --- counts -------------------------------------------------------------------------------------------------


def totals() -> list[Call[int]]:
    """How many phones there are, are late, are offline."""
    keys = (keyspace.DEVICES, *map(keyspace.phones_in_state, _STATES))
    return [Call(("ZCARD", key), int) for key in keys]


def count_minute(now: float, everyone: int, late: int, offline: int) -> list[Call[Any]]:
    """Keep how many there are in this minute; the last word of a minute counts."""
    key = keyspace.presence_minute(int(now // 60))
    online = max(0, everyone - late - offline)
    counts = ("online", online, "late", late, "offline", offline)
    return [Call(("HSET", key, *counts), nothing), Call(("EXPIRE", key, COUNTS_LIFE), nothing)]


def minutes(first: int, last: int) -> list[Call[dict[bytes, bytes]]]:
    """Two calls a minute (since the epoch), for `read_minute`."""
    return [
        Call(("HGETALL", key), _pairs)
        for minute in range(first, last + 1)
        for key in (keyspace.presence_minute(minute), keyspace.event_minute(minute))
    ]


def read_minute(minute: int, counted: dict[bytes, bytes], events: dict[bytes, bytes]) -> Minute:
    counts = {name.decode(): int(value) for name, value in counted.items()}
    informs = counts.pop("informs", 0)
    return Minute(minute * 60.0, informs, counts, {k.decode(): int(v) for k, v in events.items()})


# --- answers ------------------------------------------------------------------------------------------------


def _scored(answer: list[bytes]) -> list[tuple[str, float]]:
    return [(answer[place].decode(), float(answer[place + 1])) for place in range(0, len(answer), 2)]


def _scores(zset: bytes, keys: Sequence[str]) -> Call[list[float]]:
    if not keys:
        raise ValueError("scores of nobody")
    return Call(("ZMSCORE", zset, *keys), lambda answer: [float(score or 0) for score in answer])


def _pairs(answer: list[bytes]) -> dict[bytes, bytes]:
    return dict(zip(answer[::2], answer[1::2], strict=True))
