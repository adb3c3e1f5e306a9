"""Approvals of rollouts, in the order in which they were given."""

from __future__ import annotations

from msgspec.msgpack import Decoder

from acs.fleet.rollout.approval import Approval
from acs.store import codec, keyspace
from acs.store.calls import Call, nothing

#: Seconds for which they are kept after the last one.
LIFE = 90 * 86_400

_decode = Decoder(Approval).decode


def of(rollout: str) -> Call[list[Approval]]:
    return Call(("LRANGE", keyspace.approvals(rollout), 0, -1), lambda found: [_decode(one) for one in found])


def add(rollout: str, approval: Approval) -> list[Call[None]]:
    key = keyspace.approvals(rollout)
    return [
        Call(("RPUSH", key, codec.encode(approval)), nothing),
        Call(("EXPIRE", key, LIFE), nothing),
    ]
