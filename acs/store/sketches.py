"""Rollouts that somebody is still filling in, by their ids; each is forgotten in the end."""

from __future__ import annotations

from msgspec import Struct
from msgspec.msgpack import Decoder

from acs.store import codec, keyspace
from acs.store.calls import Call, nothing


class Sketch(Struct, frozen=True, array_like=True):
    """The fields of a form as they were filled in, and by whom."""

    by: str
    fields: tuple[tuple[str, str], ...]


_decode = Decoder(Sketch).decode


def put(identifier: str, sketch: Sketch, *, life: int) -> Call[None]:
    """Keep it for so many seconds from now."""
    return Call(("SET", keyspace.rollout_sketch(identifier), codec.encode(sketch), "EX", life), nothing)


def get(identifier: str) -> Call[Sketch | None]:
    return Call(
        ("GET", keyspace.rollout_sketch(identifier)),
        lambda found: None if found is None else _decode(found),
    )


def delete(identifier: str) -> Call[None]:
    return Call(("DEL", keyspace.rollout_sketch(identifier)), nothing)
