"""Counts within a window of time: calls of a token, wrong passwords."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from acs.store import keyspace
from acs.store.calls import Call, nothing, script, scripted

_COUNT = script("count_rate")
_TAKE_BACK = script("take_back_count")


class Counted(Struct, frozen=True):
    """How many there are in the window, this one among them, and the seconds until it ends."""

    count: int
    ends_in: int


def count(what: str, window: int) -> Call[Counted]:
    """One more of this, in a window of so many seconds that began with the first."""

    def decode(answer: Any) -> Counted:
        return Counted(int(answer[0]), max(1, int(answer[1])))

    return scripted(_COUNT, (keyspace.rate(what),), (window,), decode)


def take_back(what: str) -> Call[None]:
    """One less, because this one was none after all."""
    return scripted(_TAKE_BACK, (keyspace.rate(what),), (), nothing)


def forget(what: str) -> Call[None]:
    return Call(("DEL", keyspace.rate(what)), nothing)
