"""Sorted sets by time: what there is, newest first; and what is due, taken by one for a while."""

from __future__ import annotations

from acs.store.calls import Call, Steps, nothing, script, scripted, truth

_CLAIM = script("claim_due")
_PUT_BACK = script("put_back_due")


def newest_first(key: bytes, *, after: str, limit: int) -> Steps[list[str]]:
    """The ids behind this one; the first ones where it is none of them, or empty."""
    start = 0
    if after:
        [rank] = yield [Call(("ZREVRANK", key, after), lambda found: found)]
        start = 0 if rank is None else rank + 1
    parts = ("ZREVRANGE", key, start, start + limit - 1)
    [found] = yield [Call(parts, lambda answer: [one.decode() for one in answer])]
    return list(found)


def due_at(key: bytes, identifier: str, at: float) -> Call[None]:
    """It is due then, or before."""
    return Call(("ZADD", key, "LT", at, identifier), nothing)


def claim(key: bytes, *, now: float, until: float, limit: int) -> Call[list[str]]:
    """Take what is due: nobody else gets it before `until`."""
    return scripted(_CLAIM, (key,), (now, until, limit), lambda answer: [one.decode() for one in answer])


def put_back(key: bytes, identifier: str, *, taken_until: float, next_at: float) -> Call[bool]:
    """Say when it is due next, 0 for never; False where it is due again already."""
    return scripted(_PUT_BACK, (key,), (identifier, taken_until, next_at or ""), truth)
