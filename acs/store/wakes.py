"""The wake queue: which phones are to be woken, when, and by which process just now.

A phone is in the queue once, however often it is asked for. Whoever claims it leases it: its place moves to
the lease's end, where another process finds it should this one die. All of the queue is one hash slot; what
is remembered of a phone (`history`, `binding`) is with the phone's own keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from secrets import token_hex
from typing import Any

from msgspec import Struct
from msgspec.msgpack import Decoder

from acs.fleet.waking import HISTORY, Attempt
from acs.store import codec, keyspace
from acs.store.calls import Call, Part, Steps, nothing, script, scripted, truth

#: Ids of one enqueueing script: a millisecond of Redis' time.
CHUNK = 500

#: Seconds for which a learnt binding is kept without being heard of again.
BINDING_LIFE = 86_400

_ENQUEUE = script("enqueue_wakes")
_CLAIM = script("claim_wakes")
_CLAIM_ONE = script("claim_wake")
_FINISH = script("finish_wake")
_PUSH = script("push_capped")

#: What a stored job begins with: its attempts (4 digits) and its mark (8 hex digits).
_PREFIX = 12


class _Asked(Struct, frozen=True, array_like=True):
    at: float
    by: str = ""


class Job(Struct, frozen=True):
    """One phone to be woken. `mark` tells this asking from an earlier one, `attempts` counts this one too."""

    device_id: str
    attempts: int
    mark: str
    asked_at: float
    by: str


class Claim(Struct, frozen=True):
    jobs: tuple[Job, ...]
    #: there may be more that is due, and the pace allows it
    more: bool


class Pace(Struct, frozen=True):
    """Limits that all server processes on one Redis keep together."""

    at_once: int = 100
    per_second: int = 100
    #: seconds between two connection requests of the queue to the same phone
    spacing: int = 10


class Waiting(Struct, frozen=True):
    """A phone in the queue; `due_at` is when it is tried next, or its present attempt given up."""

    job: Job
    due_at: float
    under_way: bool


class Overview(Struct, frozen=True):
    total: int
    under_way: int
    #: the next ones, in order
    items: tuple[Waiting, ...]
    #: of the STUN server: what was counted since ever, by name
    counts: dict[str, int]


class Binding(Struct, frozen=True, array_like=True):
    """Where a phone's binding with the STUN server leads, learnt from its binding requests."""

    address: str
    at: float


_decode_asked = Decoder(_Asked).decode
_decode_attempt = Decoder(Attempt).decode
_decode_binding = Decoder(Binding).decode


def enqueue(device_ids: Iterable[str], *, by: str, now: float) -> Steps[int]:
    """Put phones into the queue, to be woken soon; how many of them were not in it yet.

    One that waits for another attempt is asked now, and anew.
    """
    ids = list(device_ids)
    calls = [_enqueue(part, by, now) for part in _chunks(ids)]
    new: list[int] = yield calls
    return sum(new)


def _enqueue(ids: Sequence[str], by: str, now: float) -> Call[int]:
    mark = token_hex(4)
    return scripted(_ENQUEUE, _keys(), (now, mark.encode() + codec.encode(_Asked(now, by)), *ids), int)


def claim(pace: Pace, *, most: int, lease: float, now: float) -> Call[Claim]:
    """Lease the next phones that are due, as many as the pace allows, for so many seconds."""

    def decode(answer: list[Any]) -> Claim:
        flat = answer[1]
        jobs = (_job(flat[place], flat[place + 1]) for place in range(0, len(flat), 2))
        return Claim(tuple(jobs), bool(answer[0]))

    arguments = (now, most, pace.at_once, pace.per_second, pace.spacing, lease)
    return scripted(_CLAIM, _keys(), arguments, decode)


def claim_one(device_id: str, *, by: str, lease: float, now: float) -> Call[Job | None]:
    """Lease this phone now, as asked for anew, whatever the pace; None while an attempt is under way."""
    asked = token_hex(4).encode() + codec.encode(_Asked(now, by))
    return scripted(
        _CLAIM_ONE,
        _keys(),
        (now, lease, device_id, asked),
        lambda stored: None if stored is None else _job(device_id.encode(), stored),
    )


def sent(job: Job) -> Call[None]:
    """The request has left and only its effect is awaited: it makes room for the next phone."""
    return scripted(_FINISH, _keys(), (*_whose(job), b"sent"), nothing)


def finish(job: Job, *, again_at: float = 0) -> Call[bool]:
    """End this attempt; with `again_at` the phone stays in the queue until then.

    False when somebody else has taken the phone up meanwhile: then nothing is changed.
    """
    return scripted(_FINISH, _keys(), (*_whose(job), again_at or b"over"), truth)


def overview(*, limit: int, now: float) -> Steps[Overview]:
    total, leases, first, counts = yield [
        Call(("ZCARD", keyspace.WAKE_QUEUE), int),
        Call(("ZRANGEBYSCORE", keyspace.WAKES_UNDER_WAY, f"({now}", "+inf"), frozenset),
        Call(("ZRANGE", keyspace.WAKE_QUEUE, 0, limit - 1, "WITHSCORES"), _scored),
        Call(("HGETALL", keyspace.WAKE_COUNTS), _counts),
    ]
    jobs: list[bytes | None] = []
    if first:
        [jobs] = yield [Call(("HMGET", keyspace.WAKE_JOBS, *(name for name, _ in first)), list)]
    items = tuple(
        Waiting(_job(name, stored), due, name in leases)
        for (name, due), stored in zip(first, jobs, strict=True)
        if stored is not None
    )
    return Overview(total, len(leases), items, counts)


def overview_of(device_ids: Sequence[str], *, limit: int, now: float) -> Steps[Overview]:
    """The same of these phones alone, without what was counted of all."""
    leases: frozenset[bytes]
    due: list[list[float | None]]
    leases, *due = yield [
        Call(("ZRANGEBYSCORE", keyspace.WAKES_UNDER_WAY, f"({now}", "+inf"), frozenset),
        *(Call(("ZMSCORE", keyspace.WAKE_QUEUE, *part), _floats) for part in _chunks(device_ids)),
    ]
    scores = [score for part in due for score in part]
    queued = sorted((score, one) for one, score in zip(device_ids, scores, strict=True) if score is not None)
    first = queued[:limit]
    jobs: list[bytes | None] = []
    if first:
        [jobs] = yield [Call(("HMGET", keyspace.WAKE_JOBS, *(name for _, name in first)), list)]
    items = tuple(
        Waiting(_job(name.encode(), stored), at, name.encode() in leases)
        for (at, name), stored in zip(first, jobs, strict=True)
        if stored is not None
    )
    under_way = sum(one.encode() in leases for one in device_ids)
    return Overview(len(queued), under_way, items, {})


def waiting(device_id: str, now: float) -> Steps[Waiting | None]:
    """The phone's place in the queue, None where it is not in it."""
    due, leased, stored = yield [
        Call(("ZSCORE", keyspace.WAKE_QUEUE, device_id), _float),
        Call(("ZSCORE", keyspace.WAKES_UNDER_WAY, device_id), _float),
        Call(("HGET", keyspace.WAKE_JOBS, device_id), lambda stored: stored),
    ]
    if due is None or stored is None:
        return None
    return Waiting(_job(device_id.encode(), stored), due, leased is not None and leased > now)


def clear() -> Call[int]:
    """Take everybody out of the queue; how many there were. Attempts that are under way still end."""
    jobs = Call(("DEL", keyspace.WAKE_JOBS), nothing)
    return Call(("ZREMRANGEBYRANK", keyspace.WAKE_QUEUE, 0, -1), int, first=(jobs,))


def clear_of(device_ids: Sequence[str]) -> list[Call[int]]:
    """Take these out of the queue; how many of each part were in it."""
    return [
        Call(
            ("ZREM", keyspace.WAKE_QUEUE, *part),
            int,
            first=(Call(("HDEL", keyspace.WAKE_JOBS, *part), nothing),),
        )
        for part in _chunks(device_ids)
    ]


def remove(device_id: str) -> list[Call[Any]]:
    """Take one phone out, for instance because it is forgotten."""
    return [
        Call(("ZREM", keyspace.WAKE_QUEUE, device_id), nothing),
        Call(("HDEL", keyspace.WAKE_JOBS, device_id), nothing),
    ]


# --- what is remembered of a phone --------------------------------------------------------------------------


def push_attempts(key: str, attempts: Sequence[Attempt]) -> Call[None]:
    """Add to the phone's history, oldest first."""
    history_key = keyspace.device_prefix(key) + keyspace.WAKES
    return scripted(_PUSH, (history_key,), (HISTORY, *map(codec.encode, attempts)), nothing)


def history(key: str) -> Call[tuple[Attempt, ...]]:
    """The phone's last attempts, newest first."""
    return Call(
        ("LRANGE", keyspace.device_prefix(key) + keyspace.WAKES, 0, -1),
        lambda answer: tuple(map(_decode_attempt, answer)),
    )


def put_binding(key: str, binding: Binding) -> Call[None]:
    parts: tuple[Part, ...] = (
        "SET",
        keyspace.device_prefix(key) + keyspace.BINDING,
        codec.encode(binding),
        "EX",
        BINDING_LIFE,
    )
    return Call(parts, nothing)


def binding(key: str) -> Call[Binding | None]:
    return Call(
        ("GET", keyspace.device_prefix(key) + keyspace.BINDING),
        lambda stored: None if stored is None else _decode_binding(stored),
    )


def count(numbers: Mapping[str, int]) -> list[Call[None]]:
    """Add to what is counted of the STUN server."""
    return [
        Call(("HINCRBY", keyspace.WAKE_COUNTS, name, number), nothing) for name, number in numbers.items()
    ]


# --- reading ------------------------------------------------------------------------------------------------


def _chunks(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[place : place + CHUNK] for place in range(0, len(ids), CHUNK)]


def _keys() -> tuple[bytes, ...]:
    return (
        keyspace.WAKE_QUEUE,
        keyspace.WAKE_JOBS,
        keyspace.WAKES_UNDER_WAY,
        keyspace.WAKES_SENT,
        keyspace.WAKE_PACE,
    )


def _whose(job: Job) -> tuple[str, str]:
    return job.device_id, f"{job.attempts:04d}{job.mark}"


def _job(name: bytes, stored: bytes) -> Job:
    asked = _decode_asked(memoryview(stored)[_PREFIX:])
    return Job(name.decode(), int(stored[:4]), stored[4:_PREFIX].decode(), asked.at, asked.by)


def _scored(answer: list[bytes]) -> list[tuple[bytes, float]]:
    return [(answer[place], float(answer[place + 1])) for place in range(0, len(answer), 2)]


def _floats(answer: list[bytes | None]) -> list[float | None]:
    return [None if score is None else float(score) for score in answer]


def _counts(answer: list[bytes]) -> dict[str, int]:
    return {answer[place].decode(): int(answer[place + 1]) for place in range(0, len(answer), 2)}


def _float(answer: bytes | None) -> float | None:
    return None if answer is None else float(answer)
