"""How sessions end: forgotten here, with one line in the log, or broken off because a rule failed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import structlog
from msgspec import structs

from acs.cwmp import events
from acs.cwmp.session import Phase, Session
from acs.fleet.changes import TimelineEntry
from acs.southbound.live_sessions import LiveSession, LiveSessions
from acs.southbound.session_counts import SessionCounts
from acs.southbound.session_store import SessionStore

log = structlog.get_logger("acs.sessions")

DONE = "done"
TIMED_OUT = "timed out"
SUPERSEDED = "superseded"
FAILED = "failed"


class SessionEndings:
    """:param now: seconds since the epoch.
    :param log_all: heartbeats have a line like all others.
    :param logger: where the lines go.
    """

    def __init__(
        self,
        lives: LiveSessions,
        store: SessionStore,
        counts: SessionCounts,
        now: Callable[[], float],
        *,
        log_all: bool = False,
        logger: Any = log,
    ) -> None:
        self._logger = logger
        self._log_all = log_all
        self._lives = lives
        self._store = store
        self._counts = counts
        self._now = now

    def finish(self, live: LiveSession, outcome: str) -> None:
        """Forget the session, and log its one line."""
        session = live.session
        self._store.forget_address(live)
        if session.trace:
            self._store.end_trace(session, outcome)
        self._counts.ended(session, outcome, self._now())
        if outcome == DONE:
            self._lives.end(live, session)
        elif outcome == TIMED_OUT:
            # what the phone sends after all is taken as if it were in time
            self._lives.end(live, structs.replace(session, phase=Phase.CPE_TURN))
        else:
            self._lives.drop(live)
        # a fleet's heartbeats would drown the rest: those in which nothing else happened are for debugging
        quiet = (
            not self._log_all and outcome == DONE and session.requests == 0 and events.routine(session.events)
        )
        level = logging.DEBUG if quiet else logging.INFO
        if self._logger.is_enabled_for(level):
            self._log(level, live, outcome)

    def superseded(self, open_till_now: Session | None, hanging: LiveSession | None) -> None:
        """A new Inform came.

        :param open_till_now: the device's session in the store until then, None where the last one had ended.
        :param hanging: its session in the hands of this process, which may have gone on in another one and
            ended there: that process has written its line.
        """
        if hanging is not None:
            if open_till_now is not None and open_till_now.sid == hanging.session.sid:
                self.finish(hanging, SUPERSEDED)
                return
            self._store.forget_address(hanging)
            self._lives.drop(hanging)
        if open_till_now is not None and open_till_now.trace:
            self._store.end_trace(open_till_now, SUPERSEDED)

    def _log(self, level: int, live: LiveSession, outcome: str) -> None:
        session = live.session
        self._logger.log(
            level,
            "session",
            device=live.device.id if live.device is not None else "",
            sid=session.sid,
            outcome=outcome,
            events=session.events,
            retry=session.retry_count,
            messages=session.messages,
            requests=session.requests,
            faults=session.faults,
            given_up=session.given_up,
            responded=session.responded,
            seconds=round(self._now() - session.opened_at, 3),
            bytes_in=session.bytes_in,
            bytes_out=session.bytes_out,
            peer=live.peer,
            tasks=list(live.touched),
            rollouts=sorted({rollout for rollout in live.touched.values() if rollout}),
        )

    def failed(self, live: LiveSession, error: Exception, device_id: str = "") -> None:
        """A rule raised: say so in the log and in the device's timeline, and ask no rule in this session
        again."""
        live.failed = True
        device_id = device_id or (live.device.id if live.device is not None else "")
        sid = live.session.sid
        self._logger.error("a rule failed for this phone", device=device_id, sid=sid, exc_info=error)
        text = f"Internal error ({type(error).__name__}): the session ends, the server's log says more"
        self._store.note(live.session.device_key, TimelineEntry(self._now(), "fault", text))
