"""Which open sessions lost their connection, by the address they came from: for phones that return no cookie
and open a connection for each message, and so come to any process with nothing to know them by."""

from __future__ import annotations

from typing import Any

from acs.store import keyspace
from acs.store.calls import Call, nothing

#: Seconds for which an address is remembered after the last of its connections was lost.
TTL = 120


def remember(peer: str, sid: str) -> tuple[Call[Any], ...]:
    """The session's phone is at this address, on no connection."""
    key = keyspace.peer_sessions(peer)
    return (Call(("SADD", key, sid), nothing), Call(("EXPIRE", key, TTL), nothing))


def forget(peer: str, sid: str) -> Call[None]:
    """The session is over."""
    return Call(("SREM", keyspace.peer_sessions(peer), sid), nothing)


def sessions_at(peer: str) -> Call[list[str]]:
    """The sids remembered for an address; some of them may be over."""
    return Call(("SMEMBERS", keyspace.peer_sessions(peer)), lambda answer: [sid.decode() for sid in answer])
