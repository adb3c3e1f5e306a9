"""Sessions with phones: what one POST means, what is stored because of it, and what is answered.

This joins the parts and decides nothing itself. `acs.cwmp.session` says what may come when, the rules in
`acs.fleet` say what the server wants of the phone, `SessionStore` writes both, in that order, before an
answer leaves: decide, save, speak. The smallest session, a routine Inform and an empty POST, costs two
round trips: one to open the session and load what is known, one to close it and write what changed.

Where a step finds the open tasks changed since it was decided, it is decided again. Where it finds
another process has gone on with the session, it is taken from the store and tried once more; where a new
Inform has taken its place, the phone gets an empty answer. A rule that raises costs the session of that
phone and no more."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import structlog
from msgspec import structs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from acs.cwmp import session as sessions
from acs.cwmp import versions
from acs.cwmp.faults import INVALID_ARGUMENTS, METHOD_NOT_SUPPORTED
from acs.cwmp.messages import CpeRequest, CpeResponse, Fault, Inform, InformResponse
from acs.cwmp.reading import Envelope, MalformedMessage, UnknownMessage
from acs.cwmp.session import Act, Event, Phase, Session, Transition
from acs.cwmp.writing import write
from acs.fleet import inform as informs
from acs.fleet import notices, planner
from acs.fleet.changes import TimelineEntry
from acs.fleet.device import ConnectionRequestLogin, Device, OperatorNotes
from acs.fleet.identity import device_id_text, device_key
from acs.fleet.situation import Situation, TransferLink
from acs.southbound.draft import Draft, can_wait
from acs.southbound.http_messages import Connection
from acs.southbound.live_sessions import LiveSession, LiveSessions
from acs.southbound.plain_answers import plain_answer
from acs.southbound.session_store import SessionStore, Superseded, device_key_of
from acs.store.errors import StoreError, StoreUnavailable
from acs.store.runner_reactor import ReactorRunner

log = structlog.get_logger("acs.sessions")

#: How often a step is decided anew because tasks changed while it was being decided. Each time an operator or a
#: job was quicker than one round trip; more than this is no coincidence.
MOST_DECISIONS = 10

#: Seconds after a connection was lost until what is still unwritten of its session is written (quirk 25).
LOST_GRACE = 3.0

#: Seconds between two looks at whose time is up.
TICK = 1.0


class Post(NamedTuple):
    """One POST of a phone, read."""

    #: None for an empty body
    message: Envelope | MalformedMessage | None
    #: bytes of the body
    size: int
    #: session ids from the cookie
    sids: tuple[str, ...]
    connection: Connection
    peer: str
    #: the host by which the phone reached this server
    host: str = ""
    user_agent: str = ""
    #: as whom the phone authenticated, "" where it need not
    username: str = ""
    #: whether the phone will keep the connection for its next message
    lasting: bool = True


class Reply(NamedTuple):
    #: an envelope, or nothing: then the answer is empty
    body: bytes = b""
    #: the session id to set as a cookie
    sid: str = ""


EMPTY = Reply()

NOT_OURS = Fault(METHOD_NOT_SUPPORTED, "Method not supported", faultcode="Server")


class Conversations:
    """All sessions with phones that this process takes part in.

    :param link: makes what turns a task into its file's URL, for a device at a time.
    :param connection_login: the connection-request credentials this server would give a phone, None for none.
    :param clock: the reactor, for time-outs.
    :param now: seconds since the epoch.
    """

    def __init__(
        self,
        runner: ReactorRunner,
        *,
        clock: IReactorTime,
        link: Callable[[Device, float], TransferLink],
        connection_login: Callable[[Device, OperatorNotes], ConnectionRequestLogin | None],
        now: Callable[[], float] = time.time,
        randomness: Callable[[int], bytes] = os.urandom,
        patience: sessions.Patience = sessions.DEFAULT_PATIENCE,
        tick: float = TICK,
        lost_grace: float = LOST_GRACE,
    ) -> None:
        self._store = SessionStore(runner, now)
        self._clock = clock
        self._link = link
        self._connection_login = connection_login
        self._now = now
        self._randomness = randomness
        self._patience = patience
        self._lost_grace = lost_grace
        self.lives = LiveSessions(tick)
        self._sweep = LoopingCall(self._look_for_silence)
        self._sweep.clock = clock
        self._tick = tick

    def start(self) -> None:
        self._sweep.start(self._tick, now=False)

    async def stop(self) -> None:
        """Write what is still unwritten. The sessions stay open: another process may go on with them."""
        if self._sweep.running:
            self._sweep.stop()
        for live in self.lives:
            await self._write_pending(live)

    # --- who speaks -----------------------------------------------------------------------------------------

    def vouched(self, sids: tuple[str, ...], connection: Connection) -> str | None:
        """As whom a phone has authenticated in the session that it names, or on whose connection it speaks;
        None where this process knows of none."""
        for sid in sids:
            live = self.lives.get(sid)
            if live is not None:
                return live.session.username
        live = self.lives.get(connection.state.get("sid", ""))
        return None if live is None else live.session.username

    async def vouched_elsewhere(self, sids: tuple[str, ...]) -> str | None:
        """The same, of a session that another process has in hand."""
        for sid in sids:
            live = await self._load(sid)
            if live is not None:
                return live.session.username
        return None

    def refuse(self, peer: str, reason: str, excerpt: bytes = b"") -> None:
        """Record what was turned away at the door."""
        log.info("refused", peer=peer, reason=reason)
        self._store.refuse(peer, reason, excerpt)

    # --- a POST ---------------------------------------------------------------------------------------------

    async def receive(self, post: Post) -> Reply:
        """The answer to one POST. Raises StoreError where the store did not take what had to be stored."""
        envelope = post.message
        if type(envelope) is Envelope and type(envelope.message) is Inform:
            return await self._open(post, envelope, envelope.message)
        live = await self._session_of(post)
        if live is None:
            return await self._without_session(post)
        return await self._in_session(live, post)

    async def _session_of(self, post: Post) -> LiveSession | None:
        """The session the message belongs to, held for it."""
        while True:
            live = self.lives.find(post.sids, post.connection, post.peer)
            if live is None:
                break
            if not live.busy:
                live.hold()
                return live
            await live.free()
        for sid in post.sids:
            live = await self._load(sid, peer=post.peer)
            if live is not None:
                live.hold()
                self.lives.add(live)
                return live
        return None

    async def _load(self, sid: str, *, peer: str = "") -> LiveSession | None:
        """The stored session with this id; with `peer` also a newer one of its device from that address, as
        in `LiveSessions.find`."""
        live = await self._store.load(device_key_of(sid))
        if live is not None and (live.session.sid == sid or (peer and live.session.peer == peer)):
            return live
        return None

    async def _in_session(self, live: LiveSession, post: Post) -> Reply:
        try:
            return await self._step(live, post)
        except Superseded:
            fresh = await self._load(live.session.sid)
            if fresh is None:
                return self._superseded(live)
            fresh.hold()
            self.lives.add(fresh)
            live.release()
            live = fresh
            try:
                return await self._step(live, post)
            except Superseded:
                return self._superseded(live)
        except StoreError:
            self.lives.drop(live)  # what is stored is not known: whoever comes next reads it
            raise
        except Exception as error:  # noqa: BLE001 - one phone's trouble must stay its own, whatever it is
            return await self._break_off(live, error)
        finally:
            live.release()

    async def _step(self, live: LiveSession, post: Post) -> Reply:
        event, what, cwmp_id = _classify(live, post)
        now = self._now()
        if event is Event.REPEATED_ANSWER and live.last_reply and not live.repeated:
            live.repeated = True  # the phone never got our last request, and this process still has it
            self._attach(live, post)
            return Reply(live.last_reply)
        transition = sessions.receive(live.session, event, now=now, size=post.size, what=what)
        self._attach(live, post)
        act = transition.acts[0]
        if act is Act.RESPOND:
            assert isinstance(post.message, Envelope)
            return await self._respond(live, transition, cwmp_id, post.message.message, now)  # type: ignore[arg-type]  # RESPOND comes with a CpeRequest
        if act is Act.REFUSE_METHOD or act is Act.REFUSE_ARGUMENTS:
            return await self._refuse(live, transition, cwmp_id, post, now)
        answer = post.message.message if isinstance(post.message, Envelope) else None
        return await self._take_turn(live, transition, answer, now)  # type: ignore[arg-type]  # COMPLETE comes with a CpeResponse

    # --- the Inform -----------------------------------------------------------------------------------------

    async def _open(self, post: Post, envelope: Envelope, inform: Inform) -> Reply:
        now = self._now()
        device_id = device_id_text(inform.device_id)
        key = device_key(device_id)
        session = sessions.begin(
            key + self._randomness(sessions.SID_LENGTH // 4).hex(),
            envelope.namespace or versions.CWMP_1_0,
            now=now,
            username=post.username,
            peer=post.peer,
            events=tuple([event.event_code for event in inform.event]),
            retry_count=inform.retry_count,
            session_timeout=envelope.session_timeout,
            size=post.size,
        )
        live, _previous = await self._store.open(session, _likely_model(inform))
        hanging = self.lives.of_device(key)
        if hanging is not None:
            self._finish(hanging, "a new Inform came")
        live.hold()
        self.lives.add(live)
        try:
            await self._absorb(live, post, inform, device_id, now)
        except Superseded:
            return self._superseded(live)
        except StoreError:
            self.lives.drop(live)
            raise
        except Exception as error:  # noqa: BLE001 - one phone's trouble must stay its own, whatever it is
            self._failed(live, error, device_id)
        finally:
            live.release()
        body = write(
            InformResponse(),
            cwmp_id=envelope.cwmp_id,
            namespace=session.namespace,
            use_cwmp_version=sessions.highest_common_version(envelope.supported_versions),
        )
        live.session = structs.replace(live.session, bytes_out=live.session.bytes_out + len(body))
        self._attach(live, post)
        self._wait(live)
        return Reply(body, session.sid)

    async def _absorb(
        self, live: LiveSession, post: Post, inform: Inform, device_id: str, now: float
    ) -> None:
        session = live.session
        for _ in range(MOST_DECISIONS):
            changes = informs.absorb(
                live.device,
                inform,
                live.tasks,
                live.profile,
                live.learning,
                device_id=device_id,
                now=now,
                ip=post.peer,
                user_agent=post.user_agent,
                server_host=post.host,
                namespace=session.namespace,
                session=session.sid,
            )
            device = changes.device or live.device
            assert device is not None, "an absorbed Inform makes a device"
            draft = Draft(self._situation(live, device, now))
            draft.apply(changes)
            if post.lasting and can_wait(changes):
                live.adopt(draft)
                live.pending = changes
                break
            if await self._store.save(live, draft, sessions.stored(session)):
                break
        else:
            raise StoreUnavailable("the tasks of this phone change too fast to be looked at")
        assert live.device is not None
        if live.profile.key != live.device.model_key:
            live.profile = await self._store.profile(live.device.model_key)

    # --- requests of the phone ------------------------------------------------------------------------------

    async def _respond(
        self, live: LiveSession, transition: Transition, cwmp_id: str, request: CpeRequest, now: float
    ) -> Reply:
        namespace = live.session.namespace
        if live.failed or live.device is None:
            live.session = transition.session
            self._wait(live)
            plain = plain_answer(request, namespace) or NOT_OURS
            return Reply(write(plain, cwmp_id=cwmp_id, namespace=namespace))
        for _ in range(MOST_DECISIONS):
            draft = self._draft(live, now)
            response, changes = notices.noticed(draft.situation, request)
            draft.apply(changes)
            body = write(response, cwmp_id=cwmp_id, namespace=namespace)
            if can_wait(changes):
                live.adopt(draft)
                live.pending = draft.changes
                live.session = transition.session
                break
            if await self._store.save(live, draft, sessions.stored(transition.session, size=len(body))):
                break
        else:
            return EMPTY
        self._wait(live)
        return Reply(body)

    async def _refuse(
        self, live: LiveSession, transition: Transition, cwmp_id: str, post: Post, now: float
    ) -> Reply:
        fault, reason = refusal(post.message)
        self.refuse(post.peer, reason)
        if live.device is not None:
            entry = TimelineEntry(now, "fault", f"Refused with fault {fault.fault_code}: {reason}")
            self._store.note(live.session.device_key, entry)
        live.session = transition.session
        self._wait(live)
        return Reply(write(fault, cwmp_id=cwmp_id, namespace=live.session.namespace))

    # --- our turn -------------------------------------------------------------------------------------------

    async def _take_turn(
        self, live: LiveSession, transition: Transition, answer: CpeResponse | None, now: float
    ) -> Reply:
        for _ in range(MOST_DECISIONS):
            draft = self._draft(live, now)
            await self._settle(live, draft, transition, answer)
            step = None
            if not live.failed and not sessions.exhausted(transition.session):
                await self._tree_for(live, draft)
                step = planner.next_step(draft.situation)
            if step is None:
                if sessions.exhausted(transition.session):
                    draft.note("session", f"Ended after {transition.session.requests} requests")
                if await self._store.close(live, draft, sessions.end(transition.session)):
                    self._finish(live, "done")
                    return EMPTY
                continue
            draft.apply(step.changes)
            session = sessions.ask(transition.session, step.request.name, step.ref, now=now)
            assert session.outstanding is not None
            body = write(step.request, cwmp_id=session.outstanding.cwmp_id, namespace=session.namespace)
            if await self._store.save(live, draft, sessions.stored(session, size=len(body))):
                live.last_reply = body
                live.repeated = False
                self._wait(live)
                return Reply(body)
        raise StoreUnavailable("the tasks of this phone change too fast to decide anything")

    async def _settle(
        self, live: LiveSession, draft: Draft, transition: Transition, answer: CpeResponse | None
    ) -> None:
        """Tell the rules what became of the request that was out."""
        if transition.acts[0] is Act.TAKE_TURN:
            return
        settled, remark = transition.settled, transition.remark
        if Act.RECORD in transition.acts:
            draft.note("session", remark[:1].upper() + remark[1:])
        if settled is None or live.failed:
            return
        await self._tree_for(live, draft)
        if Act.COMPLETE in transition.acts:
            assert answer is not None
            draft.apply(planner.completed(draft.situation, settled.ref, answer))
        else:
            draft.apply(planner.unanswered(draft.situation, settled.ref, remark))
        if draft.lacks_tree:
            await self._give_tree(live, draft)

    async def _tree_for(self, live: LiveSession, draft: Draft) -> None:
        if draft.situation.tree is None and planner.wants_tree(draft.situation):
            await self._give_tree(live, draft)

    async def _give_tree(self, live: LiveSession, draft: Draft) -> None:
        draft.take_tree(await self._store.tree(live))

    def _draft(self, live: LiveSession, now: float) -> Draft:
        assert live.device is not None
        return Draft(self._situation(live, live.device, now), live.pending)

    def _situation(self, live: LiveSession, device: Device, now: float) -> Situation:
        return Situation(
            device=device,
            tasks=live.tasks,
            learning=live.learning,
            profile=live.profile,
            now=now,
            session=live.session.sid,
            link=self._link(device, now),
            tree=live.tree,
            connection_login=self._connection_login(device, live.notes),
        )

    # --- messages without a session -------------------------------------------------------------------------

    async def _without_session(self, post: Post) -> Reply:
        """What a phone sends after its session ended, or without ever having begun one."""
        message = post.message
        for sid in (*post.sids, post.connection.state.get("sid", "")):
            ended = self.lives.ended(sid)
            if ended is None:
                continue
            if message is None and ended.phase is Phase.ENDED:
                return EMPTY  # the three-step ending (quirk 23)
            live = await self._reopen(ended)
            if live is not None:
                return await self._in_session(live, post)
        if message is None:
            return EMPTY
        if isinstance(message, Envelope) and not isinstance(message.message, UnknownMessage):
            name = message.message.name
            if sessions.is_answer(name):
                self.refuse(post.peer, f"{name} came without a session")
                return EMPTY
            plain = plain_answer(message.message, _namespace(message))
            if plain is not None:
                self.refuse(post.peer, f"{name} came without a session, and was answered")
                return Reply(write(plain, cwmp_id=message.cwmp_id, namespace=_namespace(message)))
        fault, reason = refusal(message)
        self.refuse(post.peer, reason)
        return Reply(write(fault, cwmp_id=message.cwmp_id, namespace=_namespace(message)))

    async def _reopen(self, ended: Session) -> LiveSession | None:
        """Take up a session again that ended a moment ago; None when the device has a new one."""
        if await self._store.load(ended.device_key) is not None:
            return None
        session = structs.replace(ended, phase=Phase.CPE_TURN, outstanding=None)
        live, _ = await self._store.open(session, "")
        if live.device is None:
            return None
        live.profile = await self._store.profile(live.device.model_key)
        live.hold()
        self.lives.add(live)
        return live

    # --- ends -----------------------------------------------------------------------------------------------

    def _superseded(self, live: LiveSession) -> Reply:
        self._finish(live, "superseded")
        return EMPTY

    async def _break_off(self, live: LiveSession, error: Exception) -> Reply:
        """A rule raised: the phone gets an empty answer and its timeline says so."""
        self._failed(live, error, live.device.id if live.device else "")
        try:
            for _ in range(MOST_DECISIONS):
                if live.device is None or await self._store.close(
                    live, self._draft(live, self._now()), live.session
                ):
                    break
        except Superseded:
            log.info("the failed session had been superseded", sid=live.session.sid)
        except StoreError:
            self.lives.drop(live)
            raise
        self._finish(live, "failed")
        return EMPTY

    def _failed(self, live: LiveSession, error: Exception, device_id: str) -> None:
        live.failed = True
        log.error("a rule failed for this phone", device=device_id, sid=live.session.sid, exc_info=error)
        text = f"Internal error ({type(error).__name__}); the session ends here, the server's log says more"
        self._store.note(live.session.device_key, TimelineEntry(self._now(), "fault", text))

    def _finish(self, live: LiveSession, outcome: str) -> None:
        """Forget the session, and log its one line."""
        session = live.session
        if outcome == "done":
            self.lives.end(live, structs.replace(session, phase=Phase.ENDED))
        elif outcome == "timed out":
            self.lives.end(live, structs.replace(session, phase=Phase.CPE_TURN))
        else:
            self.lives.drop(live)
        log.info(
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
        )

    # --- silence --------------------------------------------------------------------------------------------

    def _attach(self, live: LiveSession, post: Post) -> None:
        """The session speaks on this connection from now on."""
        connection = post.connection
        if live.connection is connection:
            return
        live.connection = connection
        first = "sid" not in connection.state
        connection.state["sid"] = live.session.sid
        if first:
            connection.on_lost(partial(self._connection_lost, connection))

    def _wait(self, live: LiveSession) -> None:
        seconds = sessions.seconds_to_wait(live.session, self._patience)
        self.lives.wait(live, self._clock.seconds() + seconds)

    def _connection_lost(self, connection: Connection) -> None:
        live = self.lives.get(connection.state["sid"])
        if live is not None and live.connection is connection and live.session.outstanding is None:
            self._clock.callLater(self._lost_grace, self._write_if_unwritten, live)

    def _write_if_unwritten(self, live: LiveSession) -> None:
        if self.lives.get(live.session.sid) is live and not live.busy:
            _in_background(self._write_pending(live))

    async def _write_pending(self, live: LiveSession) -> None:
        """Write what a session has left for its end. The session stays as it is."""
        if live.busy or live.device is None or not (live.pending.device or live.pending.timeline):
            return
        live.hold()
        try:
            for _ in range(MOST_DECISIONS):
                draft = self._draft(live, self._now())
                if await self._store.save(live, draft, sessions.stored(live.session)):
                    break
        except Superseded:
            self.lives.drop(live)
        except StoreError as error:
            log.warning("an Inform is not written yet", sid=live.session.sid, reason=str(error))
        finally:
            live.release()

    def _look_for_silence(self) -> None:
        for live in self.lives.overdue(self._clock.seconds()):
            if live.busy:
                self._wait(live)
            else:
                _in_background(self._give_up(live))

    async def _give_up(self, live: LiveSession) -> None:
        """The phone was silent for too long: close its session and tell the rules."""
        live.hold()
        try:
            await self._close_silent(live)
        except Superseded:
            self.lives.drop(live)  # another process has it, or has ended it
        except StoreError as error:
            log.warning("a silent session is not closed yet", sid=live.session.sid, reason=str(error))
            self._wait(live)
        except Exception as error:  # noqa: BLE001 - one phone's trouble must stay its own, whatever it is
            self._failed(live, error, live.device.id if live.device else "")
            self._finish(live, "failed")
        finally:
            live.release()

    async def _close_silent(self, live: LiveSession) -> None:
        now = self._now()
        transition = sessions.receive(live.session, Event.TIME_OUT, now=now)
        if live.device is not None:
            for _ in range(MOST_DECISIONS):
                draft = self._draft(live, now)
                await self._settle(live, draft, transition, None)
                if await self._store.close(live, draft, transition.session):
                    break
        self._finish(live, "timed out")


def _likely_model(inform: Inform) -> str:
    """The model key that the device will have if its Inform tells its version, as it should."""
    version = next(
        (one.value for one in inform.parameter_list if one.name.endswith(".DeviceInfo.SoftwareVersion")), ""
    )
    who = inform.device_id
    return Device("", oui=who.oui, product_class=who.product_class, software_version=version).model_key


def _classify(live: LiveSession, post: Post) -> tuple[Event, str, str]:
    """What the message is to the session, its name in a sentence, and its cwmp:ID."""
    envelope = post.message
    if envelope is None:
        return Event.EMPTY_POST, "", ""
    if isinstance(envelope, MalformedMessage):
        event = sessions.classify_unreadable(envelope.name, known=True)
        return event, envelope.name, envelope.cwmp_id
    message = envelope.message
    if isinstance(message, UnknownMessage):
        if not message.name:
            return Event.EMPTY_POST, "an empty envelope", ""
        return sessions.classify_unreadable(message.name, known=False), message.name, envelope.cwmp_id
    moved = live.connection is not post.connection
    event = sessions.classify(live.session, message, envelope.cwmp_id, moved=moved)
    return event, message.name, envelope.cwmp_id


def refusal(message: Envelope | MalformedMessage) -> tuple[Fault, str]:
    """The fault for a message that is no known request, and a line for the record."""
    if isinstance(message, MalformedMessage):
        return Fault(INVALID_ARGUMENTS, f"{message.name}: {message.reason}"), str(message)
    name = message.message.name or "an empty envelope"
    return Fault(
        METHOD_NOT_SUPPORTED, "Method not supported", faultcode="Server"
    ), f"{name} is no method of this server"


def _namespace(message: Envelope | MalformedMessage) -> str:
    return message.namespace or versions.CWMP_1_0


def _in_background(work: Any) -> None:
    Deferred.fromCoroutine(work).addErrback(_report)


def _report(failure: Any) -> None:
    log.error("a task in the background failed", exc_info=(failure.type, failure.value, failure.tb))
