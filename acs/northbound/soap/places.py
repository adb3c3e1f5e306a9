"""How many calls are under way at once: all together, of one actor, and of those that only wait.

A call that waits for a phone holds a thread for up to a minute. Such calls never have all threads, nor all of
their share for one actor, so that others are answered meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from acs.operations.actors import Actor
from acs.operations.errors import TooMany

#: Threads that work at calls, and those of them that may wait, for all actors and for one.
THREADS = 24
WAITING = 16
WAITING_OF_ONE = 8

#: Calls at hand, those in the queue for a thread too, for all actors and for one.
CALLS = 200
CALLS_OF_ONE = 60

_SOON = 5


class Places:
    """Counts; may be used from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._calls: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()

    def enter(self, actor: Actor) -> None:
        """A call begins. Raises TooMany."""
        self._add(self._calls, actor, CALLS, CALLS_OF_ONE, "calls are under way")

    def leave(self, actor: Actor) -> None:
        self._remove(self._calls, actor)

    @contextmanager
    def waiting(self, actor: Actor) -> Iterator[None]:
        """While an operation waits. Raises TooMany."""
        self._add(self._waiting, actor, WAITING, WAITING_OF_ONE, "calls wait for a phone or a plan")
        try:
            yield
        finally:
            self._remove(self._waiting, actor)

    def _add(self, counts: Counter[str], actor: Actor, most: int, of_one: int, what: str) -> None:
        with self._lock:
            if counts.total() >= most or counts[actor.key] >= of_one:
                raise TooMany(f"Too many {what} at once: {of_one} of one caller, {most} in all.", _SOON)
            counts[actor.key] += 1

    def _remove(self, counts: Counter[str], actor: Actor) -> None:
        with self._lock:
            counts[actor.key] -= 1
            if not counts[actor.key]:
                del counts[actor.key]
