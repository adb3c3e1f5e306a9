"""Lines that all servers on one Redis share: room on them is taken before bytes are sent.

A line is no more than the time at which it is free again. Redis' own clock counts, so that machines whose
clocks differ agree; a server that dies with room it has taken leaves a gap of that length, and nothing else.
"""

from __future__ import annotations

from typing import Any

from acs.store import keyspace
from acs.store.calls import Call, script, scripted

_TAKE = script("take_line")

#: Microseconds that a line may have stood idle and be made up for: timers are late now and then.
_MADE_UP = 100_000


def take(line: str, size: int, rate: int) -> Call[float]:
    """Take room for `size` bytes on a line of `rate` bytes a second; the seconds until they may go.

    `line` is a rollout's id, "" for the line of all file servers.
    """

    def decode(answer: Any) -> float:
        return int(answer) / 1e6

    return scripted(_TAKE, (keyspace.line(line),), (size, rate, _MADE_UP), decode)
