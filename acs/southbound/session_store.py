"""What a session reads and writes: one round trip a step, and nothing leaves for a phone before it is
written.

The profile of a model serves thousands of phones, so a copy of it is kept for some seconds; where it is
not at hand it is asked for in the same round trip as the session itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import structlog
from msgspec import structs

from acs.cwmp.session import SID_LENGTH, Session
from acs.datamodel.tree import ParameterTree
from acs.fleet.changes import Changes, TimelineEntry
from acs.fleet.desired import NamedLayer
from acs.fleet.device import Device, Learning
from acs.fleet.known_keys import KnownKey
from acs.fleet.layers import Group
from acs.fleet.profile import ModelProfile
from acs.fleet.task import Task
from acs.southbound.draft import NO_CHANGES, Draft
from acs.southbound.live_sessions import LiveSession
from acs.store import (
    addresses,
    awaited,
    fetches,
    indexes,
    known_keys,
    metrics,
    profiles,
    refusals,
    sessions,
    tasks,
    timeline,
    traces,
    trees,
)
from acs.store.calls import Call
from acs.store.errors import StoreError
from acs.store.layer_cache import LayerCache
from acs.store.runner_reactor import ReactorRunner

log = structlog.get_logger("acs.sessions")

#: Seconds for which a model's profile is used without asking Redis again: what one phone taught this process
#: holds at once, what another process learnt holds after this long.
PROFILE_TTL = 30.0


class Superseded(Exception):
    """The session as this process knows it is no longer the one that is stored: a new Inform came, or another
    process went on with it. Nothing was written."""


#: Is told of tasks before and after they were written.
TasksWritten = Callable[[Iterable[Task], Iterable[Task]], None]


def _untold(before: Iterable[Task], after: Iterable[Task]) -> None:
    """For whoever counts nothing."""


class SessionStore:
    """:param now: seconds since the epoch."""

    def __init__(
        self,
        runner: ReactorRunner,
        now: Callable[[], float],
        layers: LayerCache,
        *,
        profile_ttl: float = PROFILE_TTL,
        tasks_written: TasksWritten = _untold,
    ) -> None:
        self._tasks_written = tasks_written
        self._runner = runner
        self._layers = layers
        self._now = now
        self._profile_ttl = profile_ttl
        self.shapes = trees.Shapes()
        #: by model key: until when it may be used, and the profile
        self._profiles: dict[str, tuple[float, ModelProfile]] = {}

    # --- sessions ---------------------------------------------------------------------------------------

    async def open(self, session: Session, model_key: str) -> LiveSession:
        """Store a new session in place of any other.

        `model_key` is the likely model of the device; its profile comes along.
        """
        opening = sessions.open_session(session.device_key, session)
        profile = self._known_profile(model_key)
        if profile is None:
            opened, stored = await self._runner.run_all((opening, profiles.load(model_key)))
            profile = self._remember_profile(stored or ModelProfile(key=model_key))
        else:
            opened = await self._runner.run(opening)
        live = LiveSession(
            session,
            opened.device,
            opened.notes,
            opened.tasks,
            opened.stamp,
            opened.learning,
            profile,
            opened.layer,
        )
        live.replaced = opened.previous
        return live

    async def meet(self, live: LiveSession, mac: str, device_id: str) -> None:
        """Give a phone that was awaited under its MAC address, or fetched files, what was kept for it."""
        await self._runner.drive(fetches.adopt(mac, device_id))
        adopted = await self._runner.drive(awaited.meet(mac, device_id))
        if adopted is not None:
            live.notes, live.layer = adopted.notes, adopted.layer
            self.note(live.session.device_key, adopted.entry(self._now()))

    def layers(self, live: LiveSession, device: Device) -> tuple[NamedLayer, ...]:
        """What the phone ought to be configured to, the weakest layer first, without asking Redis."""
        return self._layers.layers_for(device.id, device.product_class, live.notes.groups, live.layer)

    def groups(self, live: LiveSession) -> list[Group]:
        """The groups that the phone is in, without asking Redis."""
        return self._layers.groups(live.notes.groups)

    async def load(self, key: str) -> LiveSession | None:
        """The device's session, whichever process has it in hand; None when it has none."""
        loaded = await self._runner.run(sessions.load_session(key))
        if loaded is None:
            return None
        live = LiveSession(
            loaded.session,
            loaded.device,
            loaded.notes,
            loaded.tasks,
            loaded.stamp,
            loaded.learning,
            ModelProfile(key=""),
            loaded.layer,
        )
        device = loaded.device
        if device is not None:
            if device.last_inform < loaded.session.opened_at:
                # a routine Inform, which the process that took it has not written yet and now never will
                live.device = structs.replace(
                    device, last_inform=loaded.session.opened_at, events=loaded.session.events
                )
                live.pending = Changes(device=live.device)
            live.profile = await self.profile(device.model_key)
        return live

    async def note_finished(self, task_id: str, evidence: dict[str, Any]) -> None:
        """Add to the evidence of a task that has ended."""
        await self._runner.drive(tasks.note_finished(task_id, evidence))

    async def server_missing_at(self) -> float:
        """When a process of this server was last known to be missing."""
        return await self._runner.drive(metrics.missing_at())

    async def save(self, live: LiveSession, draft: Draft, session: Session) -> bool:
        """Write one step. False when the tasks changed meanwhile: `live` has the new ones, decide again.

        Raises Superseded, and StoreError when it is not known whether anything was written.
        """
        changes, tree = await self._ready(live, draft)
        call = sessions.save(
            session.device_key,
            sid=session.sid,
            seq=live.session.seq,
            stamp=live.stamp,
            session=session,
            changes=changes,
            tree=tree,
            register=live.first_contact,
            index=_moved(live, changes),
        )
        return await self._write(live, draft, session, call)

    async def close(self, live: LiveSession, draft: Draft, session: Session) -> bool:
        """As `save`, and the session is over. False too when there are new tasks to do."""
        changes, tree = await self._ready(live, draft)
        call = sessions.close(
            session.device_key,
            sid=session.sid,
            seq=live.session.seq,
            stamp=live.stamp,
            changes=changes,
            tree=tree,
            register=live.first_contact,
            index=_moved(live, changes),
        )
        return await self._write(live, draft, session, call)

    async def _ready(self, live: LiveSession, draft: Draft) -> tuple[Changes, bytes | None]:
        """The changes of a draft, and the tree as it is to be stored where they touch it."""
        changes = draft.changes
        if not changes.parameters:
            return changes, None
        if draft.lacks_tree:
            draft.take_tree(await self.tree(live))
        device, tree = draft.situation.device, draft.situation.tree
        assert tree is not None
        complete = device.learning is Learning.COMPLETE
        steps = trees.pack(tree, device.model_key, self.shapes, complete=complete)
        return changes, await self._runner.drive(steps)

    async def _write(
        self, live: LiveSession, draft: Draft, session: Session, call: Call[sessions.Saved]
    ) -> bool:
        learnt = draft.changes.profile
        current: ModelProfile | None = None
        if learnt is None:
            saved = await self._runner.run(call)
        else:
            over = live.profile.version if live.profile.key == learnt.key else 0
            saved, written = await self._runner.run_all((call, profiles.save(learnt, over=over)))
            current = self._remember_profile(written.current or ModelProfile(key=learnt.key))
        if saved.outcome == "superseded":
            raise Superseded
        live.stamp = saved.stamp
        if saved.outcome == "tasks_changed":
            live.tasks = live.came = saved.tasks
            live.profile = current or live.profile
            return False
        self.written(live, draft, session, current)
        return True

    def written(
        self, live: LiveSession, draft: Draft, session: Session, profile: ModelProfile | None
    ) -> None:
        """What was decided is stored, and `profile` is what is known of the model now."""
        if draft.changes.tasks:
            self._tasks_written(live.tasks, draft.changes.tasks)
            live.touched.update((task.id, task.rollout) for task in draft.changes.tasks)
        live.session = session
        live.stored = draft.changes.device or live.stored
        live.adopt(draft)
        live.profile = profile or live.profile
        live.pending = NO_CHANGES
        live.first_contact = False

    # --- phones known by their address alone ---------------------------------------------------------------

    def tell_address(self, live: LiveSession) -> None:
        """Let other processes know that the session's phone is on no connection, without waiting for it."""
        live.address_told = True
        for call in addresses.remember(live.peer, live.session.sid):
            self._in_passing(call)

    def forget_address(self, live: LiveSession) -> None:
        if live.address_told:
            self._in_passing(addresses.forget(live.peer, live.session.sid))

    async def sids_at(self, peer: str) -> frozenset[str]:
        """The sessions whose phones were told to be at this address; some of them may be over."""
        sids = await self._runner.run(addresses.sessions_at(peer))
        return frozenset(sids)

    # --- what belongs to a session -------------------------------------------------------------------------

    async def tree(self, live: LiveSession) -> ParameterTree:
        """The parameter tree of the session's device, read once a session."""
        if live.tree is None:
            try:
                live.tree = await self._runner.drive(trees.load(live.session.device_key, self.shapes))
            except trees.DamagedTree as damaged:
                log.error("known parameters are lost", sid=live.session.sid, reason=str(damaged))
                live.tree = ParameterTree()
        return live.tree

    async def known_keys(self, live: LiveSession) -> dict[str, KnownKey]:
        """What is known of the keys of the session's device."""
        return await self._runner.run(known_keys.get(live.session.device_key))

    async def profile(self, model_key: str) -> ModelProfile:
        """What is known of a model, from memory where that is fresh."""
        known = self._known_profile(model_key)
        if known is not None:
            return known
        stored = await self._runner.run(profiles.load(model_key))
        return self._remember_profile(stored or ModelProfile(key=model_key))

    def _known_profile(self, model_key: str) -> ModelProfile | None:
        found = self._profiles.get(model_key)
        if found is None or found[0] < self._now():
            return None
        return found[1]

    def _remember_profile(self, profile: ModelProfile) -> ModelProfile:
        self._profiles[profile.key] = (self._now() + self._profile_ttl, profile)
        return profile

    # --- records that no session waits for --------------------------------------------------------------

    def refuse(self, peer: str, reason: str, excerpt: bytes = b"") -> None:
        """Record what was turned away, without waiting for it."""
        refusal = refusals.Refusal(self._now(), peer, reason, excerpt, "cwmp")
        self._in_passing(refusals.push(refusal))

    def note(self, key: str, entry: TimelineEntry) -> None:
        """A line in a device's timeline, without waiting for it."""
        self._in_passing(timeline.push(key, (entry,)))

    def end_trace(self, session: Session, outcome: str) -> None:
        """A session that was recorded is over, without waiting for it."""
        steps = traces.end(session.device_key, session.trace, outcome, at=self._now())
        self._runner.drive(steps).addErrback(_unrecorded)

    def _in_passing(self, call: Call[Any]) -> None:
        self._runner.run(call).addErrback(_unrecorded)


def _moved(live: LiveSession, changes: Changes) -> bool:
    """Whether what selectors find the phone by has changed."""
    return changes.device is not None and not indexes.same(live.stored, changes.device)


def device_key_of(sid: str) -> str:
    """The key of the device to which the session with this id belongs."""
    return sid[: SID_LENGTH // 2]


def _unrecorded(failure: Any) -> None:
    failure.trap(StoreError)
    log.warning("a record was lost", reason=str(failure.value))
