"""Records to bytes and back. Everything is msgpack by msgspec; what a script must compare stands in front.

A stored session begins with its sid (32 hex digits) and seq (8 digits), so that a script can tell whose it
is and how new without understanding the rest. A finished task is compressed where that pays; compressed
data begins with 0x78, which no msgpack map does.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from acs.cwmp.session import Session
from acs.fleet.changes import TimelineEntry
from acs.fleet.device import Device, OperatorNotes, WakeRecord
from acs.fleet.learning import LearningState
from acs.fleet.presence import Presence
from acs.fleet.task import Task
from acs.store.keyspace import STAMP_FIELD

#: Finished tasks from this size on are compressed: below it the gain is less than the cost of looking.
COMPRESS_FROM = 1024

_PREFIX = 40
_ZLIB_FIRST_BYTE = 0x78

encode = Encoder().encode
decode_device = Decoder(Device).decode
decode_notes = Decoder(OperatorNotes).decode
decode_wake = Decoder(WakeRecord).decode
decode_learning = Decoder(LearningState).decode
decode_presence = Decoder(Presence).decode
decode_task = Decoder(Task).decode
_decode_session = Decoder(Session).decode


class _Line(Struct, frozen=True, array_like=True):
    """A timeline entry as it is stored: without the names of its fields."""

    at: float
    kind: str
    text: str
    data: dict[str, Any] = {}


_decode_line = Decoder(_Line).decode


def session_prefix(sid: str, seq: int) -> bytes:
    """What the stored value of this session begins with."""
    return b"%b%08d" % (sid.encode(), seq)


def encode_session(session: Session) -> bytes:
    return session_prefix(session.sid, session.seq) + encode(session)


def decode_session(stored: bytes) -> Session:
    return _decode_session(memoryview(stored)[_PREFIX:])


def encode_finished(task: Task) -> bytes:
    packed = encode(task)
    return zlib.compress(packed, 9) if len(packed) >= COMPRESS_FROM else packed


def decode_finished(stored: bytes) -> Task:
    return decode_task(zlib.decompress(stored) if stored[0] == _ZLIB_FIRST_BYTE else stored)


def encode_entry(entry: TimelineEntry) -> bytes:
    return encode(_Line(entry.at, entry.kind, entry.text, entry.data))


def decode_entry(stored: bytes) -> TimelineEntry:
    line = _decode_line(stored)
    return TimelineEntry(line.at, line.kind, line.text, line.data)


def decode_open_tasks(flat: Sequence[bytes]) -> tuple[str, tuple[Task, ...]]:
    """The stamp and the open tasks from the flat list of fields and values of their hash."""
    if not flat:
        return "", ()
    stamp = ""
    tasks = []
    for place in range(0, len(flat), 2):
        if flat[place] == STAMP_FIELD:
            stamp = flat[place + 1].decode()
        else:
            tasks.append(decode_task(flat[place + 1]))
    return stamp, tuple(tasks)
