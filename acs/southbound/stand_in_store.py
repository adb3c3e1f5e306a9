"""A store for one session that is played again: it starts from what was recorded, and keeps all to itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, cast

from acs.cwmp.session import Session
from acs.datamodel.tree import ParameterTree
from acs.fleet.changes import TimelineEntry
from acs.fleet.desired import NamedLayer
from acs.fleet.device import Device
from acs.fleet.known_keys import KnownKey
from acs.fleet.layers import Group
from acs.fleet.profile import ModelProfile
from acs.fleet.task import Task
from acs.fleet.trace.records import TraceStart
from acs.southbound.draft import Draft
from acs.southbound.live_sessions import LiveSession
from acs.southbound.session_store import SessionStore
from acs.store.layer_cache import LayerCache
from acs.store.runner_reactor import ReactorRunner


class _Nobody:
    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"a replay tried to reach the store: {name}")


#: Stands where a runner would be.
NOBODY = cast(ReactorRunner, _Nobody())


class StandInStore(SessionStore):
    """Where a replay's sessions are kept, instead of in Redis. Nothing of it can reach a runner."""

    def __init__(self, start: TraceStart, now: Callable[[], float]) -> None:
        super().__init__(NOBODY, now, LayerCache())
        self._start = start
        self._device, self._tasks, self._learning = start.device, start.tasks, start.learning
        self._profile = start.profile
        self._known = dict(start.known)
        self._tree = ParameterTree(start.parameters)
        self._noted: list[str] = []
        self._others: tuple[Task, ...] | None = None

    def noted(self) -> tuple[str, ...]:
        """The lines for the device's timeline since this was asked last."""
        noted, self._noted = tuple(self._noted), []
        return noted

    def change(self, tasks: tuple[Task, ...]) -> None:
        """Somebody else changes the open tasks while the next step is decided."""
        self._others = tasks

    def add(self, line: str) -> None:
        self._noted.append(line)

    async def open(self, session: Session, model_key: str) -> LiveSession:
        profile = await self.profile(model_key)
        return LiveSession(
            session,
            self._device,
            self._start.notes,
            self._tasks,
            "",
            self._learning,
            profile,
            self._start.layer,
        )

    async def meet(self, live: LiveSession, mac: str, device_id: str) -> None:
        """Nobody awaits a phone in a replay."""

    def layers(self, live: LiveSession, device: Device) -> tuple[NamedLayer, ...]:
        return self._start.layers

    def groups(self, live: LiveSession) -> list[Group]:
        return list(self._start.groups)

    async def load(self, key: str) -> LiveSession | None:
        return None

    async def note_finished(self, task_id: str, evidence: dict[str, Any]) -> None:
        """Tasks that had ended then are not part of a replay."""

    async def server_missing_at(self) -> float:
        return 0.0

    async def save(self, live: LiveSession, draft: Draft, session: Session) -> bool:
        if self._others is not None:
            live.tasks, self._others = self._others, None
            return False
        changes = draft.changes
        if draft.lacks_tree:
            draft.take_tree(self._tree)
        self._known.update(changes.known)
        self._noted += [entry.text for entry in changes.timeline]
        self.written(live, draft, session, changes.profile)
        self._device, self._tasks, self._learning = live.device, live.tasks, live.learning
        self._profile = live.profile
        return True

    async def close(self, live: LiveSession, draft: Draft, session: Session) -> bool:
        return await self.save(live, draft, session)

    async def tree(self, live: LiveSession) -> ParameterTree:
        live.tree = self._tree
        return self._tree

    async def known_keys(self, live: LiveSession) -> dict[str, KnownKey]:
        return dict(self._known)

    async def profile(self, model_key: str) -> ModelProfile:
        return self._profile if self._profile.key == model_key else ModelProfile(key=model_key)

    def tell_address(self, live: LiveSession) -> None:
        live.address_told = True

    def forget_address(self, live: LiveSession) -> None:
        """No process was told."""

    async def sids_at(self, peer: str) -> frozenset[str]:
        return frozenset()

    def refuse(self, peer: str, reason: str, excerpt: bytes = b"") -> None:
        self._noted.append(f"Refused: {reason}")

    def note(self, key: str, entry: TimelineEntry) -> None:
        self._noted.append(entry.text)

    def end_trace(self, session: Session, outcome: str) -> None:
        """A replay is not recorded."""
