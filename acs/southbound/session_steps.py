"""The steps of a session: each asks the rules what to do and stores the answer, so that the caller may speak.

All steps have one shape. The rules look at what is known and decide; what they decided is written in one
go, on the condition that the open tasks are still those they looked at. Where an operator, a job or the
file server was quicker, nothing is written, the new tasks are taken over and the rules are asked again.

Every step raises Superseded where the stored session is no longer this one, and StoreError where it is
not known whether anything was written."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from msgspec import structs

from acs.cwmp import session as sessions
from acs.cwmp.messages import CpeRequest, CpeResponse, Inform
from acs.cwmp.session import Act, Session, Transition
from acs.cwmp.writing import write
from acs.fleet import inform as informs
from acs.fleet import notices, planner, steering
from acs.fleet.convergence import steps as convergence
from acs.fleet.device import ConnectionRequestLogin, Device, Learning, OperatorNotes
from acs.fleet.login import UNSURE
from acs.fleet.nat import behind_nat
from acs.fleet.situation import Situation, StunOffer, TransferLink
from acs.fleet.task import Task
from acs.southbound.draft import Draft, can_wait
from acs.southbound.live_sessions import NO_LOGIN, LiveSession
from acs.southbound.post import Post
from acs.southbound.session_store import SessionStore
from acs.southbound.wishes import Wishes
from acs.store.errors import StoreUnavailable

#: How often a step is decided anew because tasks changed while it was being decided. Each time somebody was
#: quicker than one round trip; more than this is no coincidence.
MOST_DECISIONS = 10

#: Makes, for a device at a time, what turns a task into its file's URL.
LinkMaker = Callable[[Device, float], TransferLink]

#: The connection-request credentials this server would give a phone, None for none.
LoginMaker = Callable[[Device, OperatorNotes], ConnectionRequestLogin | None]

#: The STUN server as one phone is to know it.
StunMaker = Callable[[Device], StunOffer]


class TooRestless(StoreUnavailable):
    """The tasks of one phone change faster than anything can be decided about them."""

    def __init__(self) -> None:
        super().__init__(f"the tasks of this phone changed {MOST_DECISIONS} times during one step")


class SessionSteps:
    def __init__(
        self,
        store: SessionStore,
        link: LinkMaker,
        connection_login: LoginMaker,
        stun: StunMaker | None = None,
        *,
        wishes: Wishes,
        upload_every: int = 0,
        inform_interval: int = 0,
    ) -> None:
        self._store = store
        self._inform_interval = inform_interval
        self._wishes = wishes
        self._upload_every = upload_every
        self._stun = stun
        self._link = link
        self._connection_login = connection_login

    async def absorb(self, live: LiveSession, post: Post, inform: Inform, device_id: str, now: float) -> None:
        """Learn what an Inform says. A heartbeat is not written yet: that can wait for the session's end, if
        the phone will come back on the same connection and so to this process. Of a session that is recorded
        each process has to know."""
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
                namespace=live.session.namespace,
                session=live.session.sid,
            )
            device = changes.device or live.device
            assert device is not None, "an absorbed Inform makes a device"
            draft = Draft(self._situation(live, device, now))
            draft.apply(changes)
            if post.lasting and can_wait(changes) and not live.session.trace:
                live.adopt(draft)
                live.pending = changes
                break
            if await self._store.save(live, draft, sessions.stored(live.session)):
                break
        else:
            raise TooRestless
        if live.profile.key != device.model_key:
            live.profile = await self._store.profile(device.model_key)

    async def respond(
        self, live: LiveSession, transition: Transition, request: CpeRequest, cwmp_id: str, now: float
    ) -> bytes:
        """The answer to a request of the phone."""
        late = notices.late_report(self._situation(live, live.device, now), request) if live.device else None
        if late is not None:
            await self._store.note_finished(*late)
        missing_at = 0.0
        for _ in range(MOST_DECISIONS):
            draft = self._draft(live, now)
            if notices.may_be_cut_off(draft.situation, request):
                missing_at = missing_at or await self._store.server_missing_at()
                draft.situation = structs.replace(draft.situation, server_missing_at=missing_at)
            response, changes = notices.noticed(draft.situation, request)
            draft.apply(changes)
            body = write(response, cwmp_id=cwmp_id, namespace=live.session.namespace)
            if can_wait(changes):
                live.adopt(draft)
                live.pending = draft.changes
                live.session = transition.session
                return body
            if await self._store.save(live, draft, sessions.stored(transition.session, size=len(body))):
                return body
        raise TooRestless

    async def take_turn(
        self, live: LiveSession, transition: Transition, answer: CpeResponse | None, now: float
    ) -> bytes:
        """This server's next request, or nothing: then the session is closed."""
        before = transition.session
        over = live.failed or sessions.exhausted(before)
        for _ in range(MOST_DECISIONS):
            draft = self._draft(live, now)
            await self._settle(live, draft, transition, answer)
            step = None
            if not over:
                await self._wish_if_due(live, draft)
                await self._tree_if_wanted(live, draft)
                step = planner.next_step(draft.situation)
                if step is None and draft.situation.wish is not None:
                    draft.apply(planner.at_rest(draft.situation))
            elif sessions.exhausted(before):
                draft.note("session", f"Ended after {before.requests} requests: more is never asked at once")
            if step is None:
                if await self._store.close(live, draft, sessions.end(before)):
                    return b""
                continue
            draft.apply(step.changes)
            session = sessions.ask(before, step.request.name, step.ref, now=now)
            assert session.outstanding is not None, "what was asked is out"
            body = write(step.request, cwmp_id=session.outstanding.cwmp_id, namespace=session.namespace)
            if await self._store.save(live, draft, sessions.stored(session, size=len(body))):
                live.last_reply = body
                live.repeated = False
                return body
        raise TooRestless

    async def close(self, live: LiveSession, transition: Transition, now: float) -> None:
        """End a session for which nobody waits; a request that is out gets no answer."""
        await self._until_written(live, now, transition, ending=True)

    async def write_pending(self, live: LiveSession, now: float) -> None:
        """Write what was left for the session's end. The session stays as it is."""
        await self._until_written(live, now, Transition(live.session, ()), ending=False)

    async def _until_written(
        self, live: LiveSession, now: float, transition: Transition, *, ending: bool
    ) -> None:
        if live.device is None:
            return
        write_it = self._store.close if ending else self._store.save
        for _ in range(MOST_DECISIONS):
            draft = self._draft(live, now)
            await self._settle(live, draft, transition, None)
            if await write_it(live, draft, sessions.stored(transition.session)):
                return
        raise TooRestless

    async def _settle(
        self, live: LiveSession, draft: Draft, transition: Transition, answer: CpeResponse | None
    ) -> None:
        """Tell the rules what became of the request that was out, and record what was odd."""
        _, acts, settled, remark = transition
        if Act.RECORD in acts:
            draft.note("session", remark[:1].upper() + remark[1:])
        if settled is None or live.failed:
            return
        if settled.ref == convergence.SET:
            await self._wish_if_due(live, draft)
        await self._tree_if_wanted(live, draft)
        if Act.COMPLETE in acts:
            assert answer is not None, "a request is completed by an answer"
            draft.apply(planner.completed(draft.situation, settled.ref, answer))
        else:
            draft.apply(planner.unanswered(draft.situation, settled.ref, remark))
        if draft.lacks_tree:
            draft.take_tree(await self._store.tree(live))

    async def _tree_if_wanted(self, live: LiveSession, draft: Draft) -> None:
        if draft.situation.tree is None and planner.wants_tree(draft.situation):
            draft.take_tree(await self._store.tree(live))

    async def _wish_if_due(self, live: LiveSession, draft: Draft) -> None:
        if draft.situation.wish is None and draft.situation.device.learning is Learning.COMPLETE:
            wish = await self._wishes.find(live, draft.situation)
            draft.situation = structs.replace(draft.situation, wish=wish)

    def _draft(self, live: LiveSession, now: float) -> Draft:
        assert live.device is not None, "the Inform made a device"
        return Draft(self._situation(live, live.device, now), live.pending)

    def _situation(self, live: LiveSession, device: Device, now: float) -> Situation:
        return Situation(
            device=device,
            tasks=live.tasks,
            learning=live.learning,
            profile=live.profile,
            now=now,
            session=live.session.sid,
            link=partial(self._link_for, device, now),
            tree=live.tree,
            wish=live.wish,
            upload_every=self._upload_every,
            connection_login=self._login_for(live, device),
            inform_interval=self._interval_for(live, device, now),
            stun=self._stun(device) if self._stun is not None and behind_nat(device) else None,
        )

    def _interval_for(self, live: LiveSession, device: Device, now: float) -> int:
        """Not 0 only where the phone has another interval than it should, and no layer of configuration has
        a say in it."""
        tight = steering.tight(live.notes, self._store.groups(live), now)
        wanted = steering.wanted(device, self._inform_interval, tight)
        if not steering.due(device, wanted, now):
            return 0
        layers = self._store.layers(live, device)
        return 0 if any(steering.KEY in named.layer.values for named in layers) else wanted

    def _link_for(self, device: Device, now: float, task: Task) -> str:
        return self._link(device, now)(task)

    def _login_for(self, live: LiveSession, device: Device) -> ConnectionRequestLogin | None:
        """Made once a session, and only for a phone that has not said yet which credentials it takes."""
        if device.connection_request.origin not in ("", UNSURE):
            return None
        if live.login is NO_LOGIN:
            live.login = self._connection_login(device, live.notes)
        return live.login


def reopened(ended: Session) -> Session:
    """An ended session taken up again, as it is the phone's turn."""
    return structs.replace(ended, phase=sessions.Phase.CPE_TURN, outstanding=None)
