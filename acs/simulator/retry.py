"""How long a CPE waits before it tries a failed session again.

The table of TR-069: 5 to 10 s before the first retry, each later range starting at the one before times the
multiplier, up to 2560 to 5120 s from the tenth on (with the defaults of CWMPRetryMinimumWaitInterval, 5 s,
and CWMPRetryIntervalMultiplier, 2000 thousandths).
"""

from __future__ import annotations

#: From this retry on the range grows no more.
LAST_STEP = 10


def wait_range(retry_count: int, minimum: float = 5, multiplier: float = 2000) -> tuple[float, float]:
    """The shortest and the longest wait before this retry, in seconds. `multiplier` is in thousandths."""
    factor = multiplier / 1000
    shortest = minimum * factor ** (min(max(retry_count, 1), LAST_STEP) - 1)
    return shortest, shortest * factor


def wait(retry_count: int, draw: float, minimum: float = 5, multiplier: float = 2000) -> float:
    """The wait before this retry in seconds; `draw` is a random number from 0 to 1."""
    shortest, longest = wait_range(retry_count, minimum, multiplier)
    return shortest + (longest - shortest) * draw
