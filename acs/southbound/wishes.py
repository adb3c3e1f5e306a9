"""What phones ought to be configured to, as a session needs it: nothing for a phone that has it already."""

from __future__ import annotations

from acs.datamodel.keys import Catalogue
from acs.fleet.convergence.when import due
from acs.fleet.convergence.wish import Wish
from acs.fleet.convergence.wishing import mark_of, wish_of
from acs.fleet.daily_window import DailyWindow
from acs.fleet.situation import Situation
from acs.southbound.live_sessions import LiveSession
from acs.southbound.session_store import SessionStore


class Wishes:
    """:param window: when phones may reboot for their configuration, None for never."""

    def __init__(self, store: SessionStore, catalogue: Catalogue, window: DailyWindow | None) -> None:
        self._store = store
        self._catalogue = catalogue
        self._window = window

    async def find(self, live: LiveSession, situation: Situation) -> Wish | None:
        """What is to be looked at in this session, None for nothing. It stays the same until the session's
        end: what a phone has is compared with what it was sent."""
        if live.wish is None:
            device, now = situation.device, situation.now
            layers = self._store.layers(live, device)
            if due(device, mark_of(layers, live.notes), situation.tasks, now):
                known = await self._store.known_keys(live)
                live.wish = wish_of(
                    layers,
                    device,
                    live.notes,
                    known,
                    catalogue=self._catalogue,
                    window=self._window,
                    now=now,
                )
        return live.wish
