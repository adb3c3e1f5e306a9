"""Phones that fall silent: how long each is waited for, and what is written when it is given up.

The process that spoke last waits. One sweep a second looks at whose time is up; a timer for each session
would cost more than the session's other bookkeeping."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from acs.cwmp import session as sessions
from acs.cwmp.session import Event, Patience
from acs.southbound.http_messages import Connection
from acs.southbound.live_sessions import LiveSession, LiveSessions
from acs.southbound.session_counts import SessionCounts
from acs.southbound.session_endings import FAILED, SUPERSEDED, TIMED_OUT, SessionEndings
from acs.southbound.session_steps import SessionSteps
from acs.southbound.session_store import SessionStore, Superseded
from acs.store.errors import StoreError

log = structlog.get_logger("acs.sessions")

#: Seconds after a connection was lost until what is still unwritten of its session is written (quirk 25).
LOST_GRACE = 3.0

#: Seconds between two looks at whose time is up.
TICK = 1.0


class Silence:
    """:param clock: the reactor, for time-outs.
    :param now: seconds since the epoch.
    """

    def __init__(
        self,
        lives: LiveSessions,
        store: SessionStore,
        steps: SessionSteps,
        endings: SessionEndings,
        counts: SessionCounts,
        *,
        clock: Any,
        now: Callable[[], float],
        patience: Patience,
        tick: float,
        lost_grace: float,
    ) -> None:
        self._lives = lives
        self._store = store
        self._steps = steps
        self._endings = endings
        self._counts = counts
        self._clock = clock
        self._now = now
        self._patience = patience
        self._lost_grace = lost_grace
        self._tick = tick
        self._sweep = LoopingCall(self._look_round)
        self._sweep.clock = clock

    def start(self) -> None:
        self._sweep.start(self._tick, now=False)

    async def stop(self) -> None:
        """Write what is still unwritten. The sessions stay open: another process may go on with them."""
        if self._sweep.running:
            self._sweep.stop()
        for live in self._lives:
            await self._write_pending(live)

    def speaks_on(self, live: LiveSession, connection: Connection) -> None:
        """The session's last message came on this connection."""
        if live.connection is connection:
            return
        live.connection = connection
        first = "sid" not in connection.state
        connection.state["sid"] = live.session.sid
        if first:
            connection.on_lost(partial(self._connection_lost, connection))

    def wait_for(self, live: LiveSession) -> None:
        """It is the phone's turn now."""
        seconds = sessions.seconds_to_wait(live.session, self._patience)
        self._lives.wait(live, self._clock.seconds() + seconds)

    # --- lost connections ---------------------------------------------------------------------------------

    def _connection_lost(self, connection: Connection) -> None:
        """A phone may come back on another connection, to any process; what it said is written before long
        all the same."""
        live = self._lives.get(connection.state["sid"])
        if live is None or live.connection is not connection:
            return
        if not live.address_told:
            self._store.tell_address(live)
        if live.unwritten:
            self._clock.callLater(self._lost_grace, self._write_if_unwritten, live)

    def _write_if_unwritten(self, live: LiveSession) -> None:
        if self._lives.get(live.session.sid) is live:
            _in_background(self._write_pending(live))

    async def _write_pending(self, live: LiveSession) -> None:
        if live.busy or not live.unwritten:
            return
        live.hold()
        try:
            await self._steps.write_pending(live, self._now())
        except Superseded:
            self._lives.drop(live)
        except StoreError as error:
            log.warning("an Inform is not written yet", sid=live.session.sid, reason=str(error))
        finally:
            live.release()

    # --- time-outs ----------------------------------------------------------------------------------------

    def _look_round(self) -> None:
        for live in self._lives.overdue(self._clock.seconds()):
            if live.busy:
                self.wait_for(live)
            else:
                _in_background(self._give_up(live))

    async def _give_up(self, live: LiveSession) -> None:
        """The phone was silent for too long: close its session and tell the rules."""
        live.hold()
        try:
            now = self._now()
            transition = sessions.receive(live.session, Event.TIME_OUT, now=now)
            await self._steps.close(live, transition, now)
            self._counts.moved(transition, Event.TIME_OUT, None)
            self._endings.finish(live, TIMED_OUT)
        except Superseded:
            # Another process has gone on with it, or has ended it. This line is that process's to write.
            log.debug(SUPERSEDED, sid=live.session.sid)
            self._lives.drop(live)
        except StoreError as error:
            log.warning("a silent session is not closed yet", sid=live.session.sid, reason=str(error))
            self.wait_for(live)
        except Exception as error:  # noqa: BLE001 - one phone's trouble must stay its own, whatever it is
            self._endings.failed(live, error)
            self._endings.finish(live, FAILED)
        finally:
            live.release()


def _in_background(work: Coroutine[Deferred[Any], Any, None]) -> None:
    Deferred.fromCoroutine(work).addErrback(_report)


def _report(failure: Failure) -> None:
    log.error("a task in the background failed", exc_info=failure.value)
