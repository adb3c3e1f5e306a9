"""Whether something has changed since one looked: a mark for each topic, which is another when it has.

Topics: `fleet` (presence and Informs), `events`, `alerts`, `phones` (a phone came or went), `phone:ID`,
`rollouts` (any of the newest), `rollout:ID`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import Any

import msgspec

from acs.fleet.identity import device_key
from acs.operations.ports import Runner
from acs.store import alerts, devices, events, presence, rollouts, tasks, timeline, traces
from acs.store.calls import Call

#: Seconds between two looks at a topic.
PAUSES = {
    "fleet": 3.0,
    "events": 2.0,
    "alerts": 3.0,
    "phones": 1.0,
    "phone": 1.0,
    "minute": 30.0,
    "rollouts": 2.0,
    "rollout": 1.0,
}

#: Rollouts that are looked at for the topic of them all.
_ROLLOUTS = 50


def family(topic: str) -> str:
    """`phone` of `phone:ID`."""
    return topic.partition(":")[0]


def is_topic(topic: str) -> bool:
    name, _, rest = topic.partition(":")
    return name in PAUSES and bool(rest) == (name in ("phone", "rollout"))


async def mark(runner: Runner, topic: str, *, now: float) -> str:
    """The mark of a topic as it stands."""
    name, _, rest = topic.partition(":")
    found: Any
    match name:
        case "fleet":
            minute = int(now // 60)
            found = await runner.run_all([*presence.totals(), *presence.minutes(minute - 1, minute)])
        case "events":
            found = [kept.place for kept in await runner.run(events.before("", 1))]
        case "alerts":
            found = await runner.run(alerts.all_open())
        case "phones":
            found = await runner.run(devices.count())
        case "phone":
            key = device_key(rest)
            found = await runner.run_all(
                [
                    devices.get(key),
                    tasks.list_all(key),
                    timeline.read(key, limit=1, before=float("inf")),
                    traces.every(key),
                ]
            )
        case "rollouts":
            listed = await runner.drive(rollouts.ids(limit=_ROLLOUTS))
            found = await runner.run_all([call for one in listed for call in _of_rollout(one)])
        case "rollout":
            found = await runner.run_all(_of_rollout(rest))
        case _:
            found = int(now // PAUSES[name])
    return blake2b(msgspec.msgpack.encode(found, enc_hook=str), digest_size=8).hexdigest()


def _of_rollout(identifier: str) -> list[Call[Any]]:
    return [rollouts.get(identifier), rollouts.counts(identifier)]


#: Gives the mark of a topic.
Mark = Callable[[str], Awaitable[str]]
