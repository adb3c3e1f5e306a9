"""What was turned away at the doors: no SOAP, wrong credentials, a forged link. Capped, newest first."""

from __future__ import annotations

from msgspec import Struct
from msgspec.msgpack import Decoder

from acs.store import codec, keyspace
from acs.store.calls import Call, nothing, script, scripted

#: Refusals kept: enough to see a pattern, no more than about 100 KB whatever knocks.
CAP = 300

#: Bytes of what came that are kept with a refusal.
EXCERPT = 200

_PUSH = script("push_capped")


class Refusal(Struct, frozen=True, array_like=True):
    """`at` in seconds since the epoch; `door` names the listener or rule, such as `cwmp` or `files`."""

    at: float
    ip: str
    reason: str
    excerpt: bytes = b""
    door: str = ""


_decode = Decoder(Refusal).decode


def push(refusal: Refusal) -> Call[None]:
    """Record a refusal; the excerpt is cut to `EXCERPT` bytes, the reason to as many characters."""
    cut = Refusal(
        refusal.at,
        refusal.ip,
        refusal.reason[:EXCERPT],
        bytes(refusal.excerpt[:EXCERPT]),
        refusal.door,
    )
    return scripted(_PUSH, (keyspace.REFUSALS,), (CAP, codec.encode(cut)), nothing)


def read(limit: int = CAP) -> Call[list[Refusal]]:
    """The newest refusals, newest first."""
    return Call(
        ("LRANGE", keyspace.REFUSALS, 0, limit - 1), lambda answer: [_decode(stored) for stored in answer]
    )
