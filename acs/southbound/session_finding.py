"""Which session a message belongs to, whichever process had it in hand last.

A phone names its session by its cookie, or speaks on its connection; one that does neither is known by its
address. What this process has in hand comes first; then the store is asked, which knows that of all others.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import deferLater

from acs.cwmp.session import Session
from acs.southbound.live_sessions import LiveSession, LiveSessions
from acs.southbound.post import Post
from acs.southbound.session_steps import reopened
from acs.southbound.session_store import SessionStore, device_key_of

#: Seconds between the looks for a phone that only its address tells from others.
ADDRESS_PAUSES = (0.05, 0.15)


class SessionFinder:
    """Finds sessions among those in hand and in the store.

    :param clock: the reactor.
    """

    def __init__(self, lives: LiveSessions, store: SessionStore, clock: Any) -> None:
        self._lives = lives
        self._store = store
        self._clock = clock

    async def of(self, post: Post) -> LiveSession | None:
        """The session the message belongs to, held for it. One message of a session at a time."""
        if not post.sids and "sid" not in post.connection.state:
            return await self._by_address(post.peer)
        await self._take_over(post)
        while True:
            live = self._lives.find(post.sids, post.connection, post.peer)
            if live is None:
                break
            if not live.busy:
                live.hold()
                return live
            await live.free()
        # The cookie of an old session leads to the device's present one only where `LiveSessions.find` would
        # take it for that, too: on a connection that has not served another session, from the same address.
        peer = "" if "sid" in post.connection.state else post.peer
        for sid in post.sids:
            live = await self.load(sid, peer=peer)
            if live is not None:
                return self.take_up(live)
        return None

    async def _by_address(self, peer: str) -> LiveSession | None:
        """The session of a phone that returns no cookie and opens a connection for each message, held.

        Its address alone counts where one open session comes from there, whichever process has it in hand.
        The phone, or a neighbour behind the same address, may be here before another process noticed that it
        hung up: that is waited for.
        """
        for pause in ADDRESS_PAUSES:
            await deferLater(self._clock, pause)
            found: list[LiveSession] = []
            for sid in self._lives.at(peer) | await self._store.sids_at(peer):
                stored = await self.load(sid)
                if stored is not None and stored.session.peer == peer:
                    found.append(stored)
                if len(found) > 1:
                    return None
            for stored in found:
                while live := self._lives.get(stored.session.sid):
                    if not live.busy:
                        live.hold()
                        return live
                    await live.free()
                return self.take_up(stored)
        return None

    async def _take_over(self, post: Post) -> None:
        """Take up the session that the cookie names where another one would be taken for it: one that the
        phone has opened with another process meanwhile, or that shares a proxy's connection. Only the store
        knows whether the cookie is newer than what this process has in hand, or older."""
        found = self._lives.find(post.sids, post.connection, post.peer)
        if found is None or not post.sids or found.session.sid in post.sids:
            return
        for sid in post.sids:
            newer = await self.load(sid)
            if newer is not None and self._lives.get(sid) is None:
                self._lives.add(newer)
                return

    async def load(self, sid: str, *, peer: str = "") -> LiveSession | None:
        """The stored session with this id, or, with `peer`, a newer one of its device from that address."""
        live = await self._store.load(device_key_of(sid))
        if live is None or (live.session.sid != sid and not (peer and live.session.peer == peer)):
            return None
        if live.session.trace:
            live.came = live.tasks  # which others may have changed since another process had it in hand
        return live

    def take_up(self, live: LiveSession) -> LiveSession:
        """From now on this process has it in hand, held for the message that came."""
        live.hold()
        self._lives.add(live)
        return live

    async def reopen(self, ended: Session) -> LiveSession | None:
        """Take up a session again that ended a moment ago; None when the device has a new one."""
        if await self._store.load(ended.device_key) is not None:
            return None
        live = await self._store.open(reopened(ended), "")
        if live.device is None:
            return None
        live.profile = await self._store.profile(live.device.model_key)
        return self.take_up(live)
