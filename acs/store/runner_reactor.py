"""Runs store calls on the reactor: many callers, one connection, answers as Deferreds.

Redis answers in the order it is asked, so a queue of those who wait is all the bookkeeping there is. What
is asked within one turn of the reactor leaves in one write, and what Redis answers to it mostly comes in
one read; a call costs a fraction of what a client does that takes a connection for each.

`_serve` connects, and connects again. Once redis-py has logged in, a `_Wire` takes its connection over, and
`_talk` watches that answers keep coming. When a connection breaks, the calls in flight fail with
`StoreUnavailable`, because nobody knows whether Redis still executed them. Calls made while there is no
connection wait for `GRACE` seconds after the loss, so that a Redis that restarts or fails over is hardly
noticed; from then on calls fail at once until it is back.

Needs Twisted's asyncio reactor (with any asyncio event loop): redis-py's asyncio connection does the
talking, so that passwords, TLS and database numbers are the library's business.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Sequence
from time import monotonic
from typing import Any, TypeVar

import structlog
from hiredis import Reader, pack_command
from redis.asyncio.connection import ConnectionPool
from redis.exceptions import NoScriptError, ReadOnlyError, RedisError, ResponseError
from twisted.internet.defer import Deferred, fail, inlineCallbacks, succeed

from acs.store.calls import SCRIPTS, Call, Script, Steps, in_order, nothing
from acs.store.errors import StoreRefused, StoreUnavailable, without_password

T = TypeVar("T")

#: Seconds after the loss of a connection in which calls still wait for the next one.
GRACE = 1.0

#: Seconds between two attempts to connect: the first, doubled each time up to the last.
FIRST_DELAY = 0.1
LONGEST_DELAY = 2.0

#: Seconds to wait for a connection to be made.
CONNECT_TIMEOUT = 5.0

#: A connection on which the oldest call got no answer for this many seconds is given up (at the latest after
#: twice as many): Redis hangs, or the network swallows what is sent.
ANSWER_TIMEOUT = 10.0

_log = structlog.get_logger("acs.store")

#: A call that was sent, and who gets its answer, decoded, or its failure.
_Waiting = tuple[Call[Any], Callable[[Any], None], Callable[[Exception], None]]

#: redis-py's asyncio connection: its methods carry no types.
_Connection = Any

#: Its stub says that it takes a tuple of one part.
_pack_parts: Any = pack_command


class ReactorRunner:
    """One Redis (`redis://`, `rediss://` or `unix://`), for as many callers as there are.

    `on_lost` is called with a sentence when the connection is lost, `on_back` when there is one again.
    `timed` is told how many seconds a round trip took; of those that overlap, of the first.
    `loop` is the asyncio event loop to live on, by default the one that the reactor runs."""

    def __init__(
        self,
        url: str,
        *,
        on_lost: Callable[[str], None] | None = None,
        on_back: Callable[[], None] | None = None,
        timed: Callable[[float], None] | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._shown = without_password(url)
        self._pool: Any = ConnectionPool.from_url(
            url, protocol=2, socket_timeout=None, socket_connect_timeout=CONNECT_TIMEOUT
        )
        self._on_lost = on_lost
        self._on_back = on_back
        self._timed = timed
        #: the call whose round trip is being timed, and when it was sent
        self._timing: _Waiting | None = None
        self._sent_at = 0.0
        #: sent and not answered, in order
        self._waiting: deque[_Waiting] = deque()
        #: asked and not sent, in order
        self._unsent: list[_Waiting] = []
        #: where calls go while there is a connection
        self._wire: asyncio.WriteTransport | None = None
        self._loop = loop
        self._begin: Any = None
        self._task: asyncio.Task[None] | None = None
        self._connected = False
        self._accepting = False
        self._grace: asyncio.TimerHandle | None = None
        self._reason = "not started"
        self._started: Deferred[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether there is a connection to Redis now."""
        return self._connected

    def start(self) -> Deferred[None]:
        """Connect. Fails with `StoreUnavailable` when the first attempt does; goes on trying until `stop`.

        Calls made meanwhile wait.
        """
        self._accepting = True
        started: Deferred[None] = Deferred()
        self._started = started
        # In a turn of its own: a start-up trigger of the reactor runs before its loop does.
        if self._loop is not None:
            self._begin = self._loop.call_soon(self._begin_to_serve)
        else:
            # Importing the reactor installs one, which is for the program to choose: not at import.
            from twisted.internet import reactor

            clock: Any = reactor
            self._begin = clock.callLater(0, self._begin_to_serve)
        return started

    def _begin_to_serve(self) -> None:
        self._begin = None
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._serve())

    def stop(self) -> Deferred[None]:
        """Close the connection; calls in flight fail."""
        stopped: Deferred[None] = Deferred()
        self._refuse("the server is stopping")
        if self._begin is not None:
            self._begin.cancel()
        task, self._task = self._task, None
        if task is None:
            return succeed(None)

        def ended(_: asyncio.Task[None]) -> None:
            self._fail_in_flight()
            stopped.callback(None)

        task.add_done_callback(ended)
        task.cancel()
        return stopped

    def run(self, call: Call[T]) -> Deferred[T]:
        """The answer of one call. Fails with `StoreUnavailable` or `StoreRefused`."""
        if call.first:
            return self.run_all((call,)).addCallback(_only)
        if not self._accepting:
            return fail(self._unavailable())
        answer: Deferred[T] = Deferred()
        self._enqueue((call, answer.callback, answer.errback))
        return answer

    def run_all(self, calls: Sequence[Call[Any]]) -> Deferred[list[Any]]:
        """The answers of all calls, in order, in one round trip.

        All are executed, even if one of them is refused; the first refusal is the failure.
        """
        commands, places = in_order(calls)
        if not commands:
            return succeed([])
        if not self._accepting:
            return fail(self._unavailable())
        batch = _Batch(len(commands))
        for place, call in enumerate(commands):
            self._enqueue((call, batch.answered(place), batch.failed))
        if len(places) < len(commands):
            batch.done.addCallback(lambda answers: [answers[place] for place in places])
        return batch.done

    @inlineCallbacks
    def drive(self, steps: Steps[T]) -> Generator[Deferred[list[Any]], list[Any], T]:
        """Run calls that depend on each other to their end; a Deferred of the result."""
        try:
            calls = next(steps)
            while True:
                answers = yield self.run_all(calls)
                calls = steps.send(answers)
        except StopIteration as end:
            result: T = end.value
            return result

    # --- asking and being answered ----------------------------------------------------------------------

    def _enqueue(self, waiting: _Waiting) -> None:
        if not self._unsent and self._wire is not None and self._loop is not None:
            self._loop.call_soon(self._send)
        self._unsent.append(waiting)

    def _send(self) -> None:
        """Send what was asked since the last time, in one write. What is asked on a connection that has just
        closed waits for the next one."""
        if self._wire is not None and self._unsent and not self._wire.is_closing():
            self._wire.write(b"".join([_pack(call) for call, _, _ in self._unsent]))
            if self._timing is None and self._timed is not None:
                self._timing, self._sent_at = self._unsent[-1], monotonic()
            self._waiting.extend(self._unsent)
            self._unsent.clear()

    def _take(self, answer: Any) -> None:
        if not self._waiting:
            raise RedisError("an answer came that nobody asked for")
        waiting = self._waiting.popleft()
        if waiting is self._timing:
            self._timing = None
            if self._timed is not None:
                self._timed(monotonic() - self._sent_at)
        if isinstance(answer, ResponseError):
            self._refused(waiting, answer)
        else:
            _answered(waiting, answer)

    def _refused(self, refused: _Waiting, error: ResponseError) -> None:
        call, _, on_failure = refused
        if isinstance(error, NoScriptError) and call.script is not None:
            # Redis lost its scripts without losing us (SCRIPT FLUSH): load this one and ask once more.
            script, call = call.script, Call(call.parts, call.decode)
            self._enqueue((_load(script), nothing, nothing))
            self._enqueue((call, refused[1], on_failure))
        elif isinstance(error, ReadOnlyError):
            # The primary we talk to became a replica: whoever answers at the URL now may be the new one.
            on_failure(StoreUnavailable(f"Redis at {self._shown} does not take writes: {error}"))
            raise error
        else:
            on_failure(StoreRefused(f"Redis refused: {error}"))

    async def _watch(self) -> None:
        oldest: _Waiting | None = None
        while True:
            await asyncio.sleep(ANSWER_TIMEOUT)
            if self._waiting and self._waiting[0] is oldest:
                raise RedisError(f"no answer for {ANSWER_TIMEOUT:g} seconds")
            oldest = self._waiting[0] if self._waiting else None

    # --- connections ------------------------------------------------------------------------------------

    async def _serve(self) -> None:
        delay = FIRST_DELAY
        while True:
            connection: _Connection = self._pool.make_connection()
            try:
                await self._connect(connection)
                delay = FIRST_DELAY
                await self._talk(connection)
            except (RedisError, OSError) as error:
                self._lost(str(error))
            finally:
                self._connected = False
                await _hang_up(connection)
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)

    async def _connect(self, connection: _Connection) -> None:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            await connection.connect()
            connection.socket_timeout = None  # a URL may set one; ours is `ANSWER_TIMEOUT`, without timers
            loads = b"".join(_pack(_load(script)) for script in SCRIPTS.values())
            await connection.send_packed_command(loads, check_health=False)
            for _ in SCRIPTS:
                await connection.read_response()
        self._connected = self._accepting = True
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None
        started, self._started = self._started, None
        if started is not None:
            started.callback(None)
        elif self._on_back is not None:
            self._on_back()
        _log.info("redis connected", url=self._shown)

    async def _talk(self, connection: _Connection) -> None:
        """Carry calls and answers until the connection breaks or falls silent."""
        wire = _Wire(self._take)
        transport = connection._writer.transport  # redis-py has no public name for it
        transport.set_protocol(wire)
        self._wire = transport
        self._send()
        watch = asyncio.ensure_future(self._watch())
        try:
            done, _ = await asyncio.wait((wire.over, watch), return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
        finally:
            self._wire = None
            wire.over.cancel()
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    def _lost(self, reason: str) -> None:
        was_connected = self._connected
        self._connected = False
        self._reason = reason
        self._fail_in_flight()
        started, self._started = self._started, None
        if started is not None:
            self._refuse(reason)
            started.errback(self._unavailable())
        elif was_connected:
            _log.warning("redis lost", url=self._shown, reason=reason)
            assert self._loop is not None
            self._grace = self._loop.call_later(GRACE, self._refuse, reason)
            if self._on_lost is not None:
                self._on_lost(reason)

    def _fail_in_flight(self) -> None:
        in_flight, self._waiting = self._waiting, deque()
        self._timing = None
        for _, _, on_failure in in_flight:
            on_failure(self._unavailable())

    def _refuse(self, reason: str) -> None:
        """From now on calls fail at once; so do those that waited for a connection."""
        self._accepting = False
        self._reason = reason
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None
        unsent, self._unsent = self._unsent, []
        for _, _, on_failure in unsent:
            on_failure(self._unavailable())

    def _unavailable(self) -> StoreUnavailable:
        return StoreUnavailable(f"Redis at {self._shown} cannot be reached: {self._reason}")


class _Wire(asyncio.Protocol):
    """Gives each answer to `take`. What that raises, a broken connection and nonsense in it end `over`."""

    def __init__(self, take: Callable[[Any], None]) -> None:
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._take = take
        self._reader = Reader(replyError=_reply_error)

    def data_received(self, data: bytes) -> None:
        try:
            self._reader.feed(data)
            while not self.over.done() and (answer := self._reader.gets()) is not False:
                self._take(answer)
        except Exception as error:  # noqa: BLE001 - `_serve` tells apart what a connection dies of
            self._end(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc or ConnectionError("Redis closed the connection"))

    def _end(self, error: Exception) -> None:
        if not self.over.done():
            self.over.set_exception(error)


class _Batch:
    """Gathers the answers of several calls."""

    def __init__(self, size: int) -> None:
        self.done: Deferred[list[Any]] = Deferred()
        self._answers: list[Any] = [None] * size
        self._missing = size
        self._failure: Exception | None = None

    def answered(self, place: int) -> Callable[[Any], None]:
        def put(answer: Any) -> None:
            self._answers[place] = answer
            self._count()

        return put

    def failed(self, failure: Exception) -> None:
        self._failure = self._failure or failure
        self._count()

    def _count(self) -> None:
        self._missing -= 1
        if self._missing == 0:
            if self._failure is not None:
                self.done.errback(self._failure)
            else:
                self.done.callback(self._answers)


def _answered(answered: _Waiting, answer: Any) -> None:
    call, on_answer, on_failure = answered
    try:
        decoded = call.decode(answer)
    except Exception as error:  # noqa: BLE001 - what is stored cannot be read: that is its reader's trouble
        on_failure(error)
    else:
        on_answer(decoded)


def _reply_error(text: str) -> ResponseError:
    """The errors that are more than a refusal have kinds of their own."""
    kind, _, reason = text.partition(" ")
    return {"NOSCRIPT": NoScriptError, "READONLY": ReadOnlyError}.get(kind, ResponseError)(
        reason if kind == "ERR" else text
    )


def _pack(call: Call[Any]) -> bytes:
    packed: bytes = _pack_parts(call.parts)
    return packed


def _only(answers: list[Any]) -> Any:
    return answers[0]


def _load(script: Script) -> Call[None]:
    return Call(("SCRIPT", "LOAD", script.text), nothing)


async def _hang_up(connection: _Connection) -> None:
    try:
        await connection.disconnect(nowait=True)
    except (RedisError, OSError) as error:
        _log.debug("redis connection did not close cleanly", error=str(error))
