"""Recording of sessions that an operator wants to see (docs/traces.md).

Whether a session is recorded stands in the phone's notes, which it reads anyway. One that is recorded has the
id of its trace, so that whichever process goes on with it goes on recording. Messages are blanked and sent to
the store without waiting: nothing a phone is answered hangs on its trace.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple

import structlog
from msgspec import structs
from twisted.internet.defer import Deferred

from acs.cwmp.messages import Inform
from acs.datamodel.keys import Catalogue
from acs.fleet.identity import device_id_text, device_key
from acs.fleet.task import Task
from acs.fleet.trace.beginning import secrets_of, tasks_without_secrets, without_secrets
from acs.fleet.trace.blanking import Blanking, secret_parameter
from acs.fleet.trace.records import (
    MESSAGE_LIMIT,
    READ_LIMIT,
    REFUSED,
    Trace,
    TraceMessage,
    TraceStart,
)
from acs.southbound.http_messages import Connection, Headers, Request, Response
from acs.southbound.live_sessions import LiveSession
from acs.southbound.session_store import SessionStore
from acs.store import devices, known_keys, traces, trees
from acs.store.errors import StoreError
from acs.store.runner_reactor import ReactorRunner

log = structlog.get_logger("acs.sessions")

#: Random bytes of a trace's id.
_ID_LENGTH = 8

#: Where a connection keeps the request that was last challenged on it, and a number of its own.
_CHALLENGED, _NUMBER = "challenged", "number"

#: A request that is larger is not kept for a trace that may begin.
_CHALLENGED_LIMIT = 64 * 1024


class Asked(NamedTuple):
    """What a request says, without the connection that it came on."""

    method: str
    target: bytes
    version: str
    headers: Headers
    body: bytes

    @classmethod
    def of(cls, request: Request) -> Asked:
        return cls(request.method, request.target, request.version, request.headers, request.body)


#: A request with its answer, and when it came.
Exchange = tuple[Asked, Response, float]


class Recording:
    """One session that is recorded, in the hands of this process."""

    def __init__(
        self,
        runner: ReactorRunner,
        key: str,
        trace: str,
        blanking: Blanking,
        now: Callable[[], float],
        randomness: Callable[[int], bytes],
    ) -> None:
        self._runner = runner
        self._key = key
        self.trace = trace
        self.blanking = blanking
        self._now = now
        self._randomness = randomness
        #: when the session's last message was taken up, and when the last answer went out
        self.heard_at = self._told_at = 0.0
        #: the open tasks, where somebody else changed them meanwhile
        self.came: tuple[Task, ...] | None = None

    def exchange(self, request: Request, response: Response) -> None:
        """A request of the phone and its answer: taken up at `heard_at`, or now where the session did not
        take it up."""
        now = self._now()
        heard_at = self.heard_at if self.heard_at >= self._told_at else now
        self.add((Asked.of(request), response, heard_at), request.connection, now)

    def aside(self, request: Request, response: Response) -> None:
        """A request that no session can take up, because it cannot be read, and its answer."""
        now = self._now()
        self.add((Asked.of(request), response, now), request.connection, now)

    def add(self, exchange: Exchange, connection: Connection, answered_at: float) -> None:
        asked, response, at = exchange
        self._told_at = answered_at
        number = self._number_of(connection)
        message = self._asked(asked, number, at)
        if self.came is not None:
            message = structs.replace(message, tasks=tasks_without_secrets(self.came, self.blanking))
            self.came = None
        self._append(message)
        self._append(self._answered(response, number, answered_at))

    def _number_of(self, connection: Connection) -> int:
        number = connection.state.get(_NUMBER)
        if number is None:
            number = connection.state[_NUMBER] = int.from_bytes(self._randomness(6))
        return int(number)

    def _asked(self, request: Asked, connection: int, at: float) -> TraceMessage:
        target = self.blanking.target(request.target.decode("latin-1"))
        body, missing = self._kept(request.body)
        return TraceMessage(
            at=at,
            from_phone=True,
            connection=connection,
            start_line=f"{request.method} {target} HTTP/{request.version}",
            headers=self._headers(request.headers.items()),
            body=body,
            size=len(request.body),
            missing=missing,
        )

    def _answered(self, response: Response, connection: int, at: float) -> TraceMessage:
        whole = response.body if isinstance(response.body, bytes) else b""
        body, missing = self._kept(whole)
        return TraceMessage(
            at=at,
            from_phone=False,
            connection=connection,
            start_line=f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
            headers=self._headers(response.headers),
            body=body,
            size=len(whole),
            missing=missing,
        )

    def _headers(self, fields: Any) -> tuple[tuple[str, str], ...]:
        return self.blanking.headers(
            (name.decode("latin-1").title(), value.decode("latin-1")) for name, value in fields
        )

    def _kept(self, body: bytes) -> tuple[bytes, str]:
        """What is kept of a body, and why the rest is not."""
        if len(body) > READ_LIMIT:
            return b"", f"left out: it has {len(body)} bytes, at most {READ_LIMIT} are looked through"
        kept, why = self.blanking.body(body)
        if len(kept) > MESSAGE_LIMIT:
            return kept[:MESSAGE_LIMIT], f"cut off after {MESSAGE_LIMIT} bytes"
        return kept, why

    def _append(self, message: TraceMessage) -> None:
        self._runner.run(traces.append(self._key, self.trace, message)).addErrback(_unrecorded)


class Recorder:
    """Begins recordings, and finds those that go on.

    :param secrets: this server's own, never to be shown.
    :param now: seconds since the epoch.
    """

    def __init__(
        self,
        runner: ReactorRunner,
        store: SessionStore,
        catalogue: Catalogue,
        *,
        secrets: tuple[str, ...] = (),
        now: Callable[[], float],
        randomness: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._runner = runner
        self._store = store
        self._catalogue = catalogue
        self._secret = secret_parameter(catalogue)
        self._secrets = secrets
        self._now = now
        self._randomness = randomness

    # --- sessions ---------------------------------------------------------------------------------------

    async def begin(self, live: LiveSession, connection: Connection, now: float) -> None:
        """Record the session whose Inform is about to be looked at, if that is still wanted. Raises
        StoreError; any other trouble costs the trace and not the session."""
        device = live.device
        if device is None or not await self._runner.drive(traces.take(device.id, now=now)):
            return
        session, order = live.session, live.notes.trace
        try:
            start = await self._start(live)
            live.recording = recording = self._recording(session.device_key, self._new_id(now), start)
            trace = Trace(
                id=recording.trace,
                started_at=now,
                by=order.by if order is not None else "",
                events=session.events,
                peer=session.peer,
            )
            kept = without_secrets(start, self._catalogue, recording.blanking)
            await self._runner.drive(traces.begin(device.id, trace, kept))
        except StoreError:
            raise
        except Exception as error:
            log.error("a session cannot be recorded", device=device.id, sid=session.sid, exc_info=error)
            live.recording = None
            return
        live.session = structs.replace(session, trace=trace.id)
        challenged: Exchange | None = connection.state.pop(_CHALLENGED, None)
        if challenged is not None:
            recording.add(challenged, connection, challenged[2])

    def of(self, live: LiveSession) -> Recording:
        """The recording of a session that is recorded, whichever process began it."""
        if live.recording is None:
            session = live.session
            live.recording = self._recording(session.device_key, session.trace, self._known(live))
        recording = live.recording
        recording.heard_at = live.session.last_at
        if live.came is not None:
            came = TraceStart(sid="", tasks=live.came)
            recording.blanking.know(secrets_of(came, self._catalogue, self._secret))
            recording.came, live.came = live.came, None
        return recording

    # --- logins -----------------------------------------------------------------------------------------

    def challenged(self, request: Request, response: Response, now: float) -> None:
        """A request was told to log in: should a session begin on its connection, it belongs to that."""
        if len(request.body) <= _CHALLENGED_LIMIT:
            request.connection.state[_CHALLENGED] = (Asked.of(request), response, now)

    def refused(self, inform: Inform, request: Request, response: Response) -> None:
        """The login of a phone that sent this Inform was wrong: kept for those who wait for its session."""
        work = self._refused(inform, request, response)
        Deferred.fromCoroutine(work).addErrback(_unrecorded)

    async def _refused(self, inform: Inform, request: Request, response: Response) -> None:
        now = self._now()
        device_id = device_id_text(inform.device_id)
        key = device_key(device_id)
        known = await self._runner.run(devices.get(key))
        if known is None or known.notes.trace is None:
            return
        if not await self._runner.drive(traces.take(device_id, now=now, refused=True)):
            return
        start = TraceStart(sid="", device=known.device, notes=known.notes)
        recording = self._recording(key, self._new_id(now), start)
        trace = Trace(
            id=recording.trace,
            started_at=now,
            by=known.notes.trace.by,
            events=tuple(event.event_code for event in inform.event),
            peer=request.peer,
        )
        await self._runner.drive(traces.begin(device_id, trace, TraceStart(sid="")))
        recording.add((Asked.of(request), response, now), request.connection, now)
        await self._runner.drive(traces.end(key, trace.id, REFUSED, at=self._now()))

    # --- how things stand -------------------------------------------------------------------------------

    def _recording(self, key: str, trace: str, start: TraceStart) -> Recording:
        secrets = {*self._secrets, *secrets_of(start, self._catalogue, self._secret)}
        blanking = Blanking(self._secret, secrets)
        return Recording(self._runner, key, trace, blanking, self._now, self._randomness)

    def _new_id(self, now: float) -> str:
        return f"{int(now):08x}{self._randomness(_ID_LENGTH // 2).hex()}"

    def _known(self, live: LiveSession) -> TraceStart:
        """What this process has of a session, without asking the store."""
        return TraceStart(
            sid=live.session.sid,
            device=live.device,
            notes=live.notes,
            tasks=live.tasks,
            learning=live.learning,
            profile=live.profile,
            layer=live.layer,
            layers=self._store.layers(live, live.device) if live.device is not None else (),
            groups=tuple(self._store.groups(live)),
        )

    async def _start(self, live: LiveSession) -> TraceStart:
        key = live.session.device_key
        known = await self._runner.run(known_keys.get(key))
        try:
            tree = await self._runner.drive(trees.load(key, self._store.shapes))
        except trees.DamagedTree:
            return structs.replace(self._known(live), known=known)
        return structs.replace(self._known(live), known=known, parameters=dict(tree.items()))


def _unrecorded(failure: Any) -> None:
    failure.trap(StoreError)
    log.warning("a part of a trace was lost", reason=str(failure.value))
