"""Rules, webhooks, and calls of them on their way: all in one slot."""

from __future__ import annotations

from typing import Any

from msgspec import structs
from msgspec.msgpack import Decoder

from acs.fleet.hook import Delivery, Rule, Webhook
from acs.store import codec, keyspace
from acs.store.calls import Call, nothing, script, scripted, truth

#: Deliveries kept that were given up; of more, any one is dropped.
MOST_DEAD = 1000

_ADD = script("add_delivery")
_CLAIM = script("claim_delivery")
_END = script("end_delivery")

_rule = Decoder(Rule).decode
_webhook = Decoder(Webhook).decode
_delivery = Decoder(Delivery).decode

_KEYS = (keyspace.DELIVERIES, keyspace.DELIVERIES_DUE, keyspace.DEAD_DELIVERIES)


# --- rules and webhooks -------------------------------------------------------------------------------------


def rules() -> Call[list[Rule]]:
    """All of them, by name."""
    return Call(("HVALS", keyspace.RULES), lambda f: sorted(map(_rule, f), key=lambda one: one.name))


def rule(name: str) -> Call[Rule | None]:
    return Call(("HGET", keyspace.RULES, name), lambda found: _rule(found) if found else None)


def put_rule(one: Rule) -> Call[None]:
    return Call(("HSET", keyspace.RULES, one.name, codec.encode(one)), nothing)


def delete_rule(name: str) -> Call[bool]:
    return Call(("HDEL", keyspace.RULES, name), truth)


def webhooks() -> Call[list[Webhook]]:
    """All of them, by name."""
    return Call(("HVALS", keyspace.WEBHOOKS), lambda f: sorted(map(_webhook, f), key=lambda one: one.name))


def webhook(name: str) -> Call[Webhook | None]:
    return Call(("HGET", keyspace.WEBHOOKS, name), lambda found: _webhook(found) if found else None)


def put_webhook(one: Webhook) -> Call[None]:
    return Call(("HSET", keyspace.WEBHOOKS, one.name, codec.encode(one)), nothing)


def delete_webhook(name: str) -> Call[bool]:
    return Call(("HDEL", keyspace.WEBHOOKS, name), truth)


# --- deliveries ---------------------------------------------------------------------------------------------


def add(one: Delivery) -> Call[bool]:
    """Have it made at once; False where it is on its way already."""
    return scripted(_ADD, _KEYS, (one.id, codec.encode(one), one.made_at), truth)


def due(now: float, limit: int) -> Call[list[tuple[str, float]]]:
    """The ids of those that are due, with since when."""

    def decode(answer: list[bytes]) -> list[tuple[str, float]]:
        return [(answer[place].decode(), float(answer[place + 1])) for place in range(0, len(answer), 2)]

    parts = ("ZRANGEBYSCORE", keyspace.DELIVERIES_DUE, "-inf", now, "WITHSCORES", "LIMIT", 0, limit)
    return Call(parts, decode)


def claim(name: str, found: float, until: float) -> Call[bool]:
    return scripted(_CLAIM, (keyspace.DELIVERIES_DUE,), (name, found, until), truth)


def get(name: str) -> Call[Delivery | None]:
    return Call(("HGET", keyspace.DELIVERIES, name), lambda found: _delivery(found) if found else None)


def done(one: Delivery) -> Call[bool]:
    return _end(one, "done", 0)


def failed(one: Delivery, again_at: float) -> list[Call[Any]]:
    """Keep why, and when it is to be tried again."""
    return [
        Call(("HSET", keyspace.DELIVERIES, one.id, codec.encode(one)), nothing),
        Call(("ZADD", keyspace.DELIVERIES_DUE, "XX", again_at, one.id), nothing),
    ]


def give_up(one: Delivery) -> Call[bool]:
    return _end(one, "dead", 0)


def dead() -> Call[list[Delivery]]:
    """Those that were given up, the last first."""
    return Call(
        ("HVALS", keyspace.DEAD_DELIVERIES),
        lambda found: sorted(map(_delivery, found), key=lambda one: -one.last_at),
    )


def dead_one(name: str) -> Call[Delivery | None]:
    return Call(("HGET", keyspace.DEAD_DELIVERIES, name), lambda found: _delivery(found) if found else None)


def resend(one: Delivery, now: float) -> Call[bool]:
    """Begin again with one that was given up; False where it is none any more."""
    return _end(structs.replace(one, attempts=0), "again", now)


def drop_dead(name: str) -> Call[bool]:
    return Call(("HDEL", keyspace.DEAD_DELIVERIES, name), truth)


def waiting() -> Call[int]:
    """How many are on their way."""
    return Call(("ZCARD", keyspace.DELIVERIES_DUE), int)


def _end(one: Delivery, how: str, at: float) -> Call[bool]:
    return scripted(_END, _KEYS, (one.id, how, codec.encode(one), at, MOST_DEAD), truth)
