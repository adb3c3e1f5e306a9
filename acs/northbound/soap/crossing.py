"""From a thread to the reactor and back: an operation is begun there, and its end awaited here.

Never without a limit of time, and never across the end of the server: `close` ends whatever is under way, so
that no thread waits for a reactor that is gone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswer
from threading import Lock
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, ensureDeferred

from acs.operations.errors import Unavailable

T = TypeVar("T")

#: Seconds that the reactor gets beyond the limit, before the thread gives up by itself.
_GRACE = 10.0


class Crossing:
    """`seconds` is what an operation may take."""

    def __init__(self, reactor: Any, *, seconds: float) -> None:
        self._reactor = reactor
        self._seconds = seconds
        self._lock = Lock()
        self._under_way: set[Future[Any]] = set()
        self._closed = False

    def run(self, begin: Callable[[], Awaitable[T]]) -> T:
        """Called in a thread; raises what the operation raises, or Unavailable."""
        waiting: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise _stopping()
            self._under_way.add(waiting)
        try:
            self._reactor.callFromThread(self._begin, begin, waiting)
            return waiting.result(self._seconds + _GRACE)
        except NoAnswer:
            raise _too_long(self._seconds) from None
        finally:
            with self._lock:
                self._under_way.discard(waiting)

    def close(self) -> None:
        """Called on the reactor: end all that is under way, and begin nothing any more."""
        with self._lock:
            self._closed = True
            left = list(self._under_way)
        for waiting in left:
            _fail(waiting, _stopping())

    def _begin(self, begin: Callable[[], Awaitable[T]], waiting: Future[T]) -> None:
        if waiting.done():
            return
        awaited: Any = begin()
        deferred: Deferred[T] = ensureDeferred(awaited)
        deferred.addTimeout(self._seconds, self._reactor, lambda _, seconds: _raise(_too_long(seconds)))

        def ended(value: T) -> None:
            if not waiting.done():
                waiting.set_result(value)

        deferred.addCallbacks(ended, lambda failure: _fail(waiting, failure.value))


def _fail(waiting: Future[Any], error: BaseException) -> None:
    if not waiting.done():
        waiting.set_exception(error)


def _raise(error: Exception) -> Any:
    raise error


def _stopping() -> Unavailable:
    return Unavailable("The server is stopping; ask again shortly.")


def _too_long(seconds: float) -> Unavailable:
    return Unavailable(f"This took longer than {seconds:g} seconds, and was given up.", retry_after=30)
