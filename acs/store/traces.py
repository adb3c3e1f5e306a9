"""Recorded sessions: which of a phone's are to be recorded, and those that are.

The order stands in the phone's notes, which every session reads anyway, so that a phone whose sessions are
not recorded costs nothing. Of a recorded session the index has a line; its messages are a list, the first
entry of which is how things stood when it began.
"""

from __future__ import annotations

import zlib
from typing import Any

from msgspec import Struct, ValidationError, structs
from msgspec.msgpack import Decoder

from acs.fleet.device import OperatorNotes, TraceOrder
from acs.fleet.identity import device_key
from acs.fleet.trace.records import (
    KEPT,
    LIFE,
    MOST_MESSAGES,
    MOST_REFUSED,
    TRACE_LIMIT,
    Trace,
    TraceMessage,
    TraceStart,
)
from acs.store import codec, keyspace, notes
from acs.store.calls import Call, Steps, nothing, script, scripted, truth

_APPEND = script("append_trace")

#: Follows a trace's id in the field that holds its bytes.
_BYTES = b"."

_decode_trace = Decoder(Trace).decode
_decode_start = Decoder(TraceStart).decode
_decode_message = Decoder(TraceMessage).decode


class KeptTrace(Struct, frozen=True):
    """A recorded session, and the bytes of the bodies that are kept of it."""

    trace: Trace
    size: int


class Recorded(Struct, frozen=True):
    """All of a recorded session."""

    start: TraceStart
    messages: tuple[TraceMessage, ...]


def order(device_id: str, wanted: TraceOrder | None) -> Steps[OperatorNotes | None]:
    """Have sessions of this device recorded, in place of what was ordered before; None: no longer.

    Gives its notes, None where there is no such device.
    """
    return (yield from notes.change(device_id, lambda before: structs.replace(before, trace=wanted)))


def take(device_id: str, *, now: float, refused: bool = False) -> Steps[bool]:
    """Whether a session of this device, or a login that was refused, is to be recorded. If so, it is counted;
    an order that is used up is gone."""
    taken = False

    def counted(before: OperatorNotes) -> OperatorNotes:
        nonlocal taken
        order = before.trace
        taken = order is not None and order.sessions > 0 and order.until > now
        if order is None:
            return before
        if not taken:
            return structs.replace(before, trace=None)
        if refused:
            taken = order.refused < MOST_REFUSED
            after = structs.replace(order, refused=min(order.refused + 1, MOST_REFUSED))
            return structs.replace(before, trace=after)
        left = order.sessions - 1
        return structs.replace(before, trace=structs.replace(order, sessions=left) if left else None)

    after = yield from notes.change(device_id, counted)
    return taken and after is not None


def begin(device_id: str, trace: Trace, start: TraceStart) -> Steps[None]:
    """Begin to keep a session. The oldest make room, and those whose time is over."""
    key = device_key(device_id)
    index, messages = _index(key), _messages(key, trace.id)
    kept: list[KeptTrace]
    [kept] = yield [every(key)]
    fresh = [one.trace.id for one in kept if one.trace.started_at > trace.started_at - LIFE]
    gone = {one.trace.id for one in kept} - set(fresh[: KEPT - 1])
    calls: list[Call[Any]] = [delete(key, identifier) for identifier in sorted(gone)]
    calls += [
        Call(("HSET", index, trace.id, codec.encode(trace)), nothing),
        Call(("EXPIRE", index, LIFE), nothing),
        Call(("RPUSH", messages, _packed(start)), nothing),
        Call(("EXPIRE", messages, LIFE), nothing),
    ]
    yield calls


def append(key: str, trace: str, message: TraceMessage) -> Call[bool]:
    """One more message of a session; without its body where the trace is full, which is then False."""
    stub = structs.replace(message, body=b"", missing=message.missing or "left out: the trace is full")
    arguments = (trace, trace.encode() + _BYTES, _packed(message), _packed(stub), len(message.body))
    return scripted(
        _APPEND, (_index(key), _messages(key, trace)), (*arguments, TRACE_LIMIT, MOST_MESSAGES), truth
    )


def end(key: str, trace: str, outcome: str, *, at: float) -> Steps[None]:
    """The session is over. The first word counts: a process that still holds a session which went on in
    another one finds it superseded, at the phone's next Inform."""
    found: bytes | None
    [found] = yield [Call(("HGET", _index(key), trace), lambda stored: stored)]
    if found is not None and not _decode_trace(found).outcome:
        over = structs.replace(_decode_trace(found), outcome=outcome, ended_at=at)
        yield [Call(("HSET", _index(key), trace, codec.encode(over)), nothing)]


def every(key: str) -> Call[list[KeptTrace]]:
    """The recorded sessions of the device with this key, newest first."""

    def decode(answer: list[bytes]) -> list[KeptTrace]:
        fields = dict(zip(answer[::2], answer[1::2], strict=True))
        found = [
            KeptTrace(_decode_trace(value), int(fields.get(name + _BYTES, b"0")))
            for name, value in fields.items()
            if not name.endswith(_BYTES)
        ]
        return sorted(found, key=lambda one: (-one.trace.started_at, one.trace.id))

    return Call(("HGETALL", _index(key)), decode)


def read(key: str, trace: str) -> Call[Recorded | None]:
    """All of one recorded session; None where there is none, or its time is over.

    Processes that take turns with a session send what they record without waiting for each other, so that the
    order in which it came here is not the one in which it was said.
    """

    def decode(answer: list[bytes]) -> Recorded | None:
        if not answer:
            return None
        start, *messages = map(zlib.decompress, answer)
        said = sorted(map(_decode_message, messages), key=lambda one: one.at)
        return Recorded(_start(start), tuple(said))

    return Call(("LRANGE", _messages(key, trace), 0, -1), decode)


def _start(stored: bytes) -> TraceStart:
    """How things stood; nothing, where a version of this server wrote it whose records are no longer known.
    What was said can be read all the same."""
    try:
        return _decode_start(stored)
    except ValidationError:
        return TraceStart(sid="")


def delete(key: str, trace: str) -> Call[bool]:
    """Drop one; False where there was none. What still comes of that session is not kept."""
    drop = Call[Any](("DEL", _messages(key, trace)), nothing)
    return Call(("HDEL", _index(key), trace, trace.encode() + _BYTES), truth, first=(drop,))


def _index(key: str) -> bytes:
    return keyspace.device_prefix(key) + keyspace.TRACES


def _messages(key: str, trace: str) -> bytes:
    return keyspace.device_prefix(key) + keyspace.TRACE + trace.encode()


def _packed(record: Struct) -> bytes:
    return zlib.compress(codec.encode(record), 1)
