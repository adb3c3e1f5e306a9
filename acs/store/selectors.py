"""Saved selectors, by name."""

from __future__ import annotations

from msgspec import Struct
from msgspec.msgpack import Decoder

from acs.fleet.selector import references
from acs.fleet.selector.expressions import Expression
from acs.fleet.selector.parsing import Query, parse
from acs.store import codec, keyspace
from acs.store.calls import Call, Steps, nothing, truth


class SavedSelector(Struct, frozen=True, array_like=True):
    """`select` is the text as it was written."""

    name: str
    select: str
    description: str = ""
    at: float = 0
    by: str = ""


_decode = Decoder(SavedSelector).decode


def get(name: str) -> Call[SavedSelector | None]:
    return Call(("HGET", keyspace.SELECTORS, name), lambda found: _decode(found) if found else None)


def list_all() -> Call[list[SavedSelector]]:
    """All of them, by name."""
    return Call(
        ("HVALS", keyspace.SELECTORS),
        lambda found: sorted(map(_decode, found), key=lambda one: one.name),
    )


def create(selector: SavedSelector) -> Call[bool]:
    """False where there is one of this name."""
    return Call(("HSETNX", keyspace.SELECTORS, selector.name, codec.encode(selector)), truth)


def put(selector: SavedSelector) -> Call[None]:
    """Keep it, in place of the one of its name if there is one."""
    return Call(("HSET", keyspace.SELECTORS, selector.name, codec.encode(selector)), nothing)


def delete(name: str) -> Call[bool]:
    """False where there was none."""
    return Call(("HDEL", keyspace.SELECTORS, name), truth)


def used_by(query: Query) -> Steps[dict[str, Expression]]:
    """The saved selectors that a query uses, itself or through others, as far as there are any."""
    found: dict[str, Expression] = {}
    missing = set(query.references)
    asked: set[str] = set()
    while missing:
        asked |= missing
        stored = yield [get(name) for name in sorted(missing)]
        new = {one.name: parse(one.select).expression for one in stored if one is not None}
        found.update(new)
        missing = {name for expression in new.values() for name in references.names(expression)} - asked
    return found
