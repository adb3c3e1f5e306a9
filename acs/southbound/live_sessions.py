"""The sessions that this process has in hand, and when to stop waiting for each.

What is here is a copy of what is stored, kept so that a step of a session costs one round trip; any other
process can go on without it. A session is found by its id, by its device and by the address it came from.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from acs.cwmp.session import Session
from acs.datamodel.tree import ParameterTree
from acs.fleet.changes import Changes
from acs.fleet.convergence.wish import Wish
from acs.fleet.device import ConnectionRequestLogin, Device, OperatorNotes
from acs.fleet.layers import Layer
from acs.fleet.learning import LearningState
from acs.fleet.profile import ModelProfile
from acs.fleet.task import Task
from acs.southbound.draft import NO_CHANGES, Draft
from acs.southbound.http_messages import Connection

if TYPE_CHECKING:
    from acs.southbound.recording import Recording

#: Ended sessions remembered for what a phone may still send: a late empty POST, a TransferComplete.
ENDED_REMEMBERED = 4000

#: Stands for credentials that nobody has asked for yet.
NO_LOGIN = ConnectionRequestLogin()


class LiveSession:
    """One session in the hands of this process. One request of the phone at a time is worked on: `hold`
    before, `release` after."""

    __slots__ = (
        "_waiting",
        "address_told",
        "busy",
        "came",
        "connection",
        "device",
        "due",
        "failed",
        "first_contact",
        "last_reply",
        "layer",
        "learning",
        "login",
        "notes",
        "peer",
        "pending",
        "profile",
        "recording",
        "repeated",
        "replaced",
        "session",
        "stamp",
        "stored",
        "tasks",
        "touched",
        "tree",
        "wish",
    )

    def __init__(
        self,
        session: Session,
        device: Device | None,
        notes: OperatorNotes,
        tasks: tuple[Task, ...],
        stamp: str,
        learning: LearningState | None,
        profile: ModelProfile,
        layer: Layer | None = None,
    ) -> None:
        self.session = session
        #: None until an Inform was absorbed
        self.device = device
        #: its record as it is stored
        self.stored = device
        self.notes = notes
        self.tasks = tasks
        #: the version of the stored tasks
        self.stamp = stamp
        self.learning = learning
        self.profile = profile
        #: the phone's own layer of desired configuration, None where it has none
        self.layer = layer
        #: tasks that this process has written in it, by id, with their rollouts
        self.touched: dict[str, str] = {}
        #: the open tasks as somebody else has changed them, until that is recorded
        self.came: tuple[Task, ...] | None = None
        #: None until a rule wants it
        self.tree: ParameterTree | None = None
        #: its desired configuration, where that is to be looked at; None until it is found so
        self.wish: Wish | None = None
        #: the credentials this server would give the phone, once somebody asked
        self.login: ConnectionRequestLogin | None = NO_LOGIN
        #: decided, and not yet worth a write
        self.pending: Changes = NO_CHANGES
        #: where the last message came from; None when it came to another process
        self.connection: Connection | None = None
        self.peer = session.peer
        #: the bytes of our last request, in case the phone shows that it never got them
        self.last_reply = b""
        self.repeated = False
        #: when to stop waiting, by the clock of `LiveSessions`
        self.due = 0.0
        #: the device's record has never been written
        self.first_contact = device is None
        #: a rule raised: this session is answered politely and taken to its end, without rules
        self.failed = False
        #: the session that was open when this one began, wherever it had gone on
        self.replaced: Session | None = None
        #: other processes know where the phone is, should it come to one of them
        self.address_told = False
        #: where its messages are recorded, once this process knows of it (`Session.trace`)
        self.recording: Recording | None = None
        self.busy = False
        self._waiting: deque[Deferred[None]] | None = None

    def adopt(self, draft: Draft) -> None:
        """What the rules decided is now so."""
        situation = draft.situation
        self.device = situation.device
        self.tasks = situation.tasks
        self.learning = situation.learning
        self.profile = situation.profile
        self.wish = situation.wish or self.wish

    @property
    def unwritten(self) -> bool:
        """Whether something was left for the session's end."""
        return self.pending is not NO_CHANGES

    def discard_pending(self) -> None:
        self.pending = NO_CHANGES

    def hold(self) -> None:
        self.busy = True

    def free(self) -> Deferred[None]:
        """Fires when the request that is being worked on is through."""
        turn: Deferred[None] = Deferred()
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(turn)
        return turn

    def release(self) -> None:
        self.busy = False
        waiting, self._waiting = self._waiting, None
        for turn in waiting or ():
            turn.callback(None)


class LiveSessions:
    def __init__(self, tick: float) -> None:
        self._tick = tick
        self._by_sid: dict[str, LiveSession] = {}
        self._by_key: dict[str, LiveSession] = {}
        self._by_peer: dict[str, set[str]] = {}
        #: sids by the tick in which their time is up; entries of sessions that went on are stale and harmless
        self._due: dict[int, list[str]] = {}
        self._next_tick = 0
        #: oldest first; a plain dict looks for its first entry among all that were taken out before
        self._ended: OrderedDict[str, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_sid)

    def __iter__(self) -> Iterator[LiveSession]:
        return iter(list(self._by_sid.values()))

    def get(self, sid: str) -> LiveSession | None:
        return self._by_sid.get(sid)

    def of_device(self, key: str) -> LiveSession | None:
        return self._by_key.get(key)

    def add(self, live: LiveSession) -> None:
        """From now on this is its device's session here."""
        session = live.session
        old = self._by_key.get(session.device_key)
        if old is not None:
            self.drop(old)
        self._by_sid[session.sid] = live
        self._by_key[session.device_key] = live
        self._by_peer.setdefault(live.peer, set()).add(session.sid)

    def drop(self, live: LiveSession) -> None:
        """Forget the session, if it is still here."""
        sid = live.session.sid
        if self._by_sid.get(sid) is not live:
            return
        del self._by_sid[sid]
        del self._by_key[live.session.device_key]
        here = self._by_peer[live.peer]
        here.discard(sid)
        if not here:
            del self._by_peer[live.peer]

    def end(self, live: LiveSession, session: Session) -> None:
        """Forget the session but for how it ended."""
        self.drop(live)
        self._ended[session.sid] = session
        if len(self._ended) > ENDED_REMEMBERED:
            self._ended.popitem(last=False)

    def ended(self, sid: str) -> Session | None:
        return self._ended.get(sid)

    def find(self, sids: tuple[str, ...], connection: Connection, peer: str) -> LiveSession | None:
        """The session that a message belongs to: by cookie, else by connection.

        A cookie of an earlier session names its device, too: on a connection that has not served another
        session, from the address of the device's present session, it is taken for an old cookie of that
        (quirks 1 and 65).
        """
        for sid in sids:
            live = self._by_sid.get(sid)
            if live is not None:
                return live
        bound = connection.state.get("sid")
        if bound is not None:
            return self._by_sid.get(bound)
        if sids:
            candidates = (self._by_key.get(sid[: len(sid) // 2]) for sid in sids)
            return next((live for live in candidates if live is not None and live.peer == peer), None)
        return None

    def at(self, peer: str) -> frozenset[str]:
        """The sids of the sessions that came from this address."""
        return frozenset(self._by_peer.get(peer, ()))

    def wait(self, live: LiveSession, until: float) -> None:
        """Report the session with `overdue` unless it goes on before this time."""
        live.due = until
        number = max(int(until / self._tick) + 1, self._next_tick)
        self._due.setdefault(number, []).append(live.session.sid)

    def overdue(self, at: float) -> list[LiveSession]:
        """The sessions whose time is up. Call once a tick, with the same clock as `wait`."""
        now = int(at / self._tick)
        if not self._next_tick:
            self._next_tick = min(self._due, default=now)
        found: dict[str, LiveSession] = {}
        for number in range(min(self._next_tick, now), now + 1):
            for sid in self._due.pop(number, ()):
                live = self._by_sid.get(sid)
                if live is not None and live.due <= at:
                    found[sid] = live
        self._next_tick = now + 1
        return list(found.values())
