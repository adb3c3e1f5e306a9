"""Conversations with phones: which session a POST belongs to, what it means there, and what is answered.

This joins the parts and decides nothing itself. `acs.cwmp.session` says what may come when,
`SessionSteps` asks the rules and stores what they decided, and only then an answer leaves: decide, save,
speak. The smallest session, a routine Inform and an empty POST, costs two round trips to Redis: one opens
the session and loads what is known, one closes it and writes what changed.

Where a step finds that another process has gone on with the session, it is loaded and tried once more;
where a new Inform has taken its place, the phone gets an empty answer. A rule that raises costs the
session of that phone and no more."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, cast

import structlog
from msgspec import structs

from acs.cwmp import events, versions
from acs.cwmp import session as sessions
from acs.cwmp.faults import INVALID_ARGUMENTS, METHOD_NOT_SUPPORTED
from acs.cwmp.messages import CpeRequest, CpeResponse, Fault, Inform, InformResponse
from acs.cwmp.reading import Envelope, MalformedMessage, UnknownMessage
from acs.cwmp.session import Act, Event, Patience, Phase, Transition
from acs.cwmp.writing import write
from acs.datamodel import key_loading
from acs.datamodel.keys import Catalogue
from acs.fleet.attributes import mac_from
from acs.fleet.changes import TimelineEntry
from acs.fleet.daily_window import DailyWindow
from acs.fleet.device import key_of_model
from acs.fleet.identity import device_id_text, device_key
from acs.fleet.metrics import Tally
from acs.southbound import silence
from acs.southbound.http_messages import Connection
from acs.southbound.live_sessions import LiveSession, LiveSessions
from acs.southbound.plain_answers import plain_answer
from acs.southbound.post import EMPTY, Post, Reply
from acs.southbound.recording import Recorder, Recording
from acs.southbound.session_counts import SessionCounts
from acs.southbound.session_endings import DONE, FAILED, SUPERSEDED, SessionEndings
from acs.southbound.session_finding import SessionFinder
from acs.southbound.session_steps import LinkMaker, LoginMaker, SessionSteps, StunMaker
from acs.southbound.session_store import SessionStore, Superseded
from acs.southbound.signs_of_life import SignsOfLife
from acs.southbound.silence import Silence
from acs.southbound.wishes import Wishes
from acs.store.errors import StoreError
from acs.store.layer_cache import LayerCache
from acs.store.runner_reactor import ReactorRunner

log = structlog.get_logger("acs.sessions")

_UNKNOWN_METHOD = Fault(METHOD_NOT_SUPPORTED, "Method not supported", faultcode="Server")


class Conversations:
    """All sessions with phones that this process takes part in.

    :param clock: the reactor, for time-outs.
    :param link: makes, for a device at a time, what turns a task into its file's URL.
    :param connection_login: the connection-request credentials this server would give a phone, None for none.
    :param stun: this server's STUN server, as a phone behind NAT is to know it; None where there is none.
    :param layers: the configuration that phones share, kept fresh by whoever brings it.
    :param catalogue: the keys it is made of; the shipped ones where none is given.
    :param config_window: when phones may reboot for it, None for never.
    :param config_upload_every: seconds between the uploads of it that each phone is asked for, 0 for none.
    :param signs: is told of each Inform.
    :param inform_interval: seconds between the Informs of each phone, 0 for what they have.
    :param tally: counts what happens.
    :param log_all: sessions that are mere heartbeats have a line in the log, too.
    :param secrets: this server's own, which no recorded message may show.
    :param store: where sessions are kept, if not in the Redis of `runner`.
    :param logger: where a line of each session goes.
    :param now: seconds since the epoch.
    """

    def __init__(
        self,
        runner: ReactorRunner,
        *,
        clock: Any,
        link: LinkMaker,
        connection_login: LoginMaker,
        stun: StunMaker | None = None,
        layers: LayerCache | None = None,
        catalogue: Catalogue | None = None,
        config_window: DailyWindow | None = None,
        config_upload_every: int = 0,
        signs: SignsOfLife | None = None,
        inform_interval: int = 0,
        tally: Tally | None = None,
        log_all: bool = False,
        secrets: tuple[str, ...] = (),
        store: SessionStore | None = None,
        logger: Any = log,
        now: Callable[[], float] = time.time,
        randomness: Callable[[int], bytes] = os.urandom,
        patience: Patience = sessions.DEFAULT_PATIENCE,
        tick: float = silence.TICK,
        lost_grace: float = silence.LOST_GRACE,
    ) -> None:
        self._counts = counts = SessionCounts(tally or Tally())
        self._store = store or SessionStore(runner, now, layers or LayerCache(), tasks_written=counts.tasks)
        self._logger = logger
        self._now = now
        self._randomness = randomness
        self._signs = signs
        self._lives = LiveSessions(tick)
        self._finder = SessionFinder(self._lives, self._store, clock)
        catalogue = catalogue or key_loading.shipped()
        self.recorder = Recorder(
            runner, self._store, catalogue, secrets=secrets, now=now, randomness=randomness
        )
        self._steps = SessionSteps(
            self._store,
            link,
            connection_login,
            stun,
            wishes=Wishes(self._store, catalogue, config_window),
            upload_every=config_upload_every,
            inform_interval=inform_interval,
        )
        self._endings = SessionEndings(self._lives, self._store, counts, now, log_all=log_all, logger=logger)
        self._silence = Silence(
            self._lives,
            self._store,
            self._steps,
            self._endings,
            counts,
            clock=clock,
            now=now,
            patience=patience,
            tick=tick,
            lost_grace=lost_grace,
        )

    def start(self) -> None:
        """Begin to watch for phones that fall silent. To be called on the reactor."""
        self._silence.start()

    async def stop(self) -> None:
        """Write what is still unwritten. The sessions stay open: another process may go on with them."""
        await self._silence.stop()

    @property
    def open_sessions(self) -> int:
        """How many sessions this process has in hand."""
        return len(self._lives)

    # --- at the door ----------------------------------------------------------------------------------------

    def vouched(self, sids: tuple[str, ...], connection: Connection) -> str | None:
        """As whom a phone has authenticated in the session that it names, or on whose connection it speaks;
        None where this process knows of none."""
        for sid in (*sids, connection.state.get("sid", "")):
            live = self._lives.get(sid)
            if live is not None:
                return live.session.username
        return None

    async def vouched_elsewhere(self, sids: tuple[str, ...]) -> str | None:
        """The same, of a session that another process has in hand."""
        for sid in sids:
            live = await self._finder.load(sid)
            if live is not None:
                return live.session.username
        return None

    async def recording(self, sids: tuple[str, ...], connection: Connection) -> Recording | None:
        """Where the session that a phone names, or speaks in, is recorded, whichever process has it in hand;
        None where it is not. Raises StoreError."""
        for sid in (*sids, connection.state.get("sid", "")):
            live = self._lives.get(sid)
            if live is not None:
                return self.recorder.of(live) if live.session.trace else None
        for sid in sids:
            live = await self._finder.load(sid)
            if live is not None and live.session.trace:
                live.came = None  # nobody goes on with it here: what has changed is for whoever does
                return self.recorder.of(live)
        return None

    def refuse(self, peer: str, reason: str, excerpt: bytes = b"") -> None:
        """Record what was turned away."""
        self._logger.info("refused", peer=peer, reason=reason)
        self._counts.refused()
        self._store.refuse(peer, reason, excerpt)

    # --- a POST ---------------------------------------------------------------------------------------------

    async def receive(self, post: Post) -> Reply:
        """The answer to one POST. Raises StoreError where the store did not take what had to be stored."""
        envelope = post.message
        if type(envelope) is Envelope and type(envelope.message) is Inform:
            return await self._open(post, envelope, envelope.message)
        if isinstance(envelope, MalformedMessage) and envelope.name == "Inform":
            return self._refuse_stranger(post, envelope)  # it would have begun a session: it belongs to none
        live = await self._finder.of(post)
        if live is None:
            return await self._without_session(post)
        return await self._in_session(live, post)

    async def _in_session(self, live: LiveSession, post: Post) -> Reply:
        """The answer to a message of a session that is held for it."""
        live, reply = await self._in_turn(live, post)
        return reply._replace(recording=self.recorder.of(live)) if live.session.trace else reply

    async def _in_turn(self, live: LiveSession, post: Post) -> tuple[LiveSession, Reply]:
        """The same, whichever process has gone on with it meanwhile; with the session as found then."""
        try:
            try:
                return live, await self._step(live, post)
            except Superseded:
                fresh = await self._finder.load(live.session.sid)
                if fresh is None:
                    return live, self._superseded(live)
                self._finder.take_up(fresh)
                live.release()
                live = fresh
            return live, await self._step(live, post)
        except Superseded:
            return live, self._superseded(live)
        except StoreError:
            self._lives.drop(live)  # what is stored is not known: whoever comes next reads it
            raise
        except Exception as error:  # noqa: BLE001 - one phone's trouble must stay its own, whatever it is
            return live, await self._break_off(live, error)
        finally:
            live.release()

    async def _step(self, live: LiveSession, post: Post) -> Reply:
        now = self._now()
        event, what, cwmp_id = _classify(live, post)
        if event is Event.REPEATED_ANSWER and live.last_reply and not live.repeated:
            # The phone never got our last request, and this process still has it.
            live.repeated = True
            self._silence.speaks_on(live, post.connection)
            return Reply(live.last_reply)
        transition = sessions.receive(live.session, event, now=now, size=post.size, what=what)
        self._silence.speaks_on(live, post.connection)
        act = transition.acts[0]
        message = post.message.message if isinstance(post.message, Envelope) else None
        if act is Act.RESPOND:
            request = cast(CpeRequest, message)
            if live.device is None:
                body = self._answer_plainly(live, transition, request, cwmp_id)
            else:
                body = await self._steps.respond(live, transition, request, cwmp_id, now)
        elif act is Act.REFUSE_METHOD or act is Act.REFUSE_ARGUMENTS:
            body = self._refuse(live, transition, cwmp_id, post, now)
        elif live.device is None:
            return self._superseded(live)
        else:
            body = await self._steps.take_turn(live, transition, cast("CpeResponse | None", message), now)
            if not body:
                if self._signs is not None and not live.device.routine_informs:
                    self._signs.spoke(live.device, now)  # its interval may not have been known before
                self._counts.moved(transition, event, message)
                self._endings.finish(live, DONE)
                return EMPTY
        self._counts.moved(transition, event, message)
        self._silence.wait_for(live)
        return Reply(body)

    # --- what is answered without the rules ---------------------------------------------------------------

    def _answer_plainly(
        self, live: LiveSession, transition: Transition, request: CpeRequest, cwmp_id: str
    ) -> bytes:
        """Nothing is known of the phone, because a rule failed over its Inform."""
        live.session = transition.session
        plain = plain_answer(request, live.session.namespace) or _UNKNOWN_METHOD
        return write(plain, cwmp_id=cwmp_id, namespace=live.session.namespace)

    def _refuse(
        self, live: LiveSession, transition: Transition, cwmp_id: str, post: Post, now: float
    ) -> bytes:
        fault, reason = _fault_for(post.message)
        self.refuse(post.peer, reason)
        entry = TimelineEntry(now, "fault", f"Refused with fault {fault.fault_code}: {reason}")
        self._store.note(live.session.device_key, entry)
        live.session = transition.session
        return write(fault, cwmp_id=cwmp_id, namespace=live.session.namespace)

    async def _without_session(self, post: Post) -> Reply:
        """What a phone sends after its session ended, or without ever having begun one."""
        message = post.message
        for sid in (*post.sids, post.connection.state.get("sid", "")):
            ended = self._lives.ended(sid)
            if ended is None:
                continue
            if message is None and ended.phase is Phase.ENDED:
                return EMPTY  # the three-step ending (quirk 23)
            live = await self._finder.reopen(ended)
            if live is not None:
                return await self._in_session(live, post)
        if message is None:
            return EMPTY
        namespace = message.namespace or versions.CWMP_1_0
        if isinstance(message, Envelope) and not isinstance(message.message, UnknownMessage):
            name = message.message.name
            if sessions.is_answer(name):
                self.refuse(post.peer, f"{name} came without a session")
                return EMPTY
            plain = plain_answer(message.message, namespace)
            if plain is not None:
                self.refuse(post.peer, f"{name} came without a session, and was answered")
                return Reply(write(plain, cwmp_id=message.cwmp_id, namespace=namespace))
        return self._refuse_stranger(post, message)

    def _refuse_stranger(self, post: Post, message: Envelope | MalformedMessage) -> Reply:
        fault, reason = _fault_for(message)
        self.refuse(post.peer, reason)
        namespace = message.namespace or versions.CWMP_1_0
        return Reply(write(fault, cwmp_id=message.cwmp_id, namespace=namespace))

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
        live = await self._store.open(session, _likely_model(inform))
        self._counts.began(session)
        self._endings.superseded(live.replaced, self._lives.of_device(key))
        self._finder.take_up(live)
        try:
            if live.device is None or events.BOOTSTRAP in map(events.normalise, session.events):
                await self._meet(live, post, inform, device_id)
            if live.notes.trace is not None:
                await self.recorder.begin(live, post.connection, now)
            await self._steps.absorb(live, post, inform, device_id, now)
            if self._signs is not None and live.device is not None:
                self._signs.informed(key, live.device, now)
        except Superseded:
            return self._superseded(live)
        except StoreError:
            self._lives.drop(live)
            raise
        except Exception as error:  # noqa: BLE001 - one phone's trouble must stay its own, whatever it is
            self._endings.failed(live, error, device_id)
        finally:
            live.release()
        body = write(
            InformResponse(),
            cwmp_id=envelope.cwmp_id,
            namespace=session.namespace,
            use_cwmp_version=sessions.highest_common_version(envelope.supported_versions),
        )
        live.session = structs.replace(live.session, bytes_out=live.session.bytes_out + len(body))
        self._silence.speaks_on(live, post.connection)
        self._silence.wait_for(live)
        return Reply(body, session.sid, self.recorder.of(live) if live.session.trace else None)

    async def _meet(self, live: LiveSession, post: Post, inform: Inform, device_id: str) -> None:
        """A phone that is new here, or to itself, may have been awaited."""
        told = ((one.name, one.value) for one in inform.parameter_list)
        mac = mac_from(inform.device_id.serial_number, post.user_agent, told)
        if mac:
            await self._store.meet(live, mac, device_id)

    # --- ends -----------------------------------------------------------------------------------------------

    def _superseded(self, live: LiveSession) -> Reply:
        self._endings.finish(live, FAILED if live.failed else SUPERSEDED)
        return EMPTY

    async def _break_off(self, live: LiveSession, error: Exception) -> Reply:
        """A rule raised: the session ends with an empty answer. What came is lost with it; the next session
        begins from what was stored last."""
        self._endings.failed(live, error)
        live.discard_pending()
        try:
            await self._steps.close(live, Transition(live.session, ()), self._now())
        except Superseded:
            self._logger.info("the failed session had been superseded", sid=live.session.sid)
        except StoreError as lost:
            self._logger.warning("the failed session is not closed", sid=live.session.sid, reason=str(lost))
        self._endings.finish(live, FAILED)
        return EMPTY


def _likely_model(inform: Inform) -> str:
    """The model key that the device will have if its Inform tells its version, as it should."""
    version = next(
        (one.value for one in inform.parameter_list if one.name.endswith(".DeviceInfo.SoftwareVersion")), ""
    )
    return key_of_model(inform.device_id.oui, inform.device_id.product_class, version)


def _classify(live: LiveSession, post: Post) -> tuple[Event, str, str]:
    """What the message is to the session, how a sentence calls it, and its cwmp:ID."""
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


def _fault_for(message: Envelope | MalformedMessage | None) -> tuple[Fault, str]:
    """The fault for a message that is no request of the protocol, and a line for the record."""
    if isinstance(message, MalformedMessage):
        return Fault(INVALID_ARGUMENTS, str(message)), str(message)
    name = message.message.name if message is not None else ""
    return _UNKNOWN_METHOD, f"{name or 'an empty envelope'} is no method of this server"
