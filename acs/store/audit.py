"""The audit: an append-only stream of who changed what. Entries never change; age and number remove them."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.msgpack import Decoder

from acs.store import codec, keyspace
from acs.store.calls import Call, nothing

#: About so many entries are kept at most: 300 MB.
CAP = 1_000_000


class AuditEntry(Struct, frozen=True, array_like=True):
    """`what` is the operation, `on` its object; `old` and `new` what it changed, secrets blanked.

    `kind` is how the actor came: token, user, local. `outcome` is "done", or why it was refused.
    """

    at: float
    actor: str
    kind: str
    address: str
    what: str
    on: str
    outcome: str = "done"
    old: Any = None
    new: Any = None
    request: str = ""


class Kept(Struct, frozen=True):
    """An entry and its place in the stream, which is its id."""

    place: str
    entry: AuditEntry


_decode = Decoder(AuditEntry).decode


def append(entry: AuditEntry) -> Call[str]:
    """Gives its id."""
    return Call(
        ("XADD", keyspace.AUDIT, "MAXLEN", "~", CAP, "*", "e", codec.encode(entry)),
        lambda place: str(place.decode()),
    )


def newest(*, before: str, since: float, until: float, limit: int) -> Call[list[Kept]]:
    """The entries of this time, newest first, those before this place ("" for all)."""
    end = f"({before}" if before else (f"{int(until * 1000)}" if until else "+")
    start = f"{int(since * 1000)}" if since else "-"
    return Call(("XREVRANGE", keyspace.AUDIT, end, start, "COUNT", limit), _read)


def drop_older(before: float) -> Call[None]:
    """Let go of what is older than this, in whole pieces of the stream."""
    return Call(("XTRIM", keyspace.AUDIT, "MINID", "~", int(before * 1000)), nothing)


def _read(answer: list[tuple[bytes, list[bytes]]]) -> list[Kept]:
    return [Kept(place.decode(), _decode(fields[1])) for place, fields in answer]
