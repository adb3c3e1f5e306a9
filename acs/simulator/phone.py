"""One phone's life: it boots, holds sessions when there is something to tell, transfers files, reboots.

`PhoneState` knows what is due; this file waits for it, and wakes early for connection requests.
"""

from __future__ import annotations

import asyncio
import ssl
from random import Random

from acs.cwmp import events as ev
from acs.cwmp.messages import Inform
from acs.simulator import retry
from acs.simulator.acs_link import AcsLink, Memory, SessionFailed
from acs.simulator.provisioning import PAUSE, TRIES, ProvisioningFailed, provision
from acs.simulator.session import Session
from acs.simulator.state import PhoneState, Transfer
from acs.simulator.tally import Tally
from acs.simulator.transfers import FileLine

#: sessions of a phone with the fault goes-offline
LAST_SESSION = 2

#: accepted connection requests in any minute; more are answered with 503
MOST_CONNECTION_REQUESTS = 20
MINUTE = 60.0


class Phone:
    """`most_sessions` 0 for a life without end."""

    __slots__ = (
        "_files",
        "_leaving",
        "_memory",
        "_most_sessions",
        "_off",
        "_random",
        "_requested_at",
        "_stirred",
        "_tally",
        "_tls",
        "session_over",
        "sessions",
        "state",
    )

    def __init__(
        self,
        state: PhoneState,
        tally: Tally,
        random: Random,
        *,
        tls: ssl.SSLContext | None = None,
        most_sessions: int = 0,
    ) -> None:
        self.state = state
        self._tally = tally
        self._random = random
        self._tls = tls
        self._most_sessions = most_sessions
        self._files = FileLine(state, tally, tls=tls, cnonce=self._cnonce)
        self._memory = Memory()
        self._stirred = asyncio.Event()
        self._off = True
        self._leaving = False
        self._requested_at: list[float] = []
        #: no session is under way
        self.session_over = asyncio.Event()
        self.session_over.set()
        #: sessions begun
        self.sessions = 0

    async def live(self) -> None:
        """From the first boot on; returns after `most_sessions` sessions, or once it was told to `leave`."""
        self.state.power_on()
        await self._provision()
        self._off = False
        completed = 0
        while not self._leaving:
            state = self.state
            state.tick()
            if state.reset_wanted or state.reboot is not None:
                await self._restart()
            elif state.next_provisioning <= state.clock():
                await self._provision()
            elif (transfer := state.due_transfer()) is not None:
                await self._transfer(transfer)
            elif state.session_due():
                completed += await self._hold_session()
                if "goes-offline" in state.faults and completed >= LAST_SESSION:
                    self._off = True
                    await asyncio.Event().wait()
                if self._most_sessions and completed >= self._most_sessions:
                    self._off = True
                    return
            else:
                await self._rest()

    def leave(self) -> None:
        """Begin nothing more."""
        self._leaving = True
        self._stirred.set()

    async def _rest(self) -> None:
        """Wait until something is due or stirs the phone."""
        seconds = self.state.next_due() - self.state.clock()
        self._stirred.clear()
        try:
            async with asyncio.timeout(max(0.0, seconds) if seconds < float("inf") else None):
                await self._stirred.wait()
        except TimeoutError:
            return

    # --- sessions -------------------------------------------------------------------------------------------

    async def _hold_session(self) -> bool:
        """One session; whether it ended in order."""
        state = self.state
        self.sessions += 1
        inform = state.inform()
        self.session_over.clear()
        try:
            await self._converse(inform)
        except SessionFailed as failed:
            self._tally.failed(str(failed))
            state.session_failed(inform, self._retry_wait)
            return False
        finally:
            self.session_over.set()
            state.end_of_session()
        self._tally.completed(state.identity.serial)
        return True

    async def _converse(self, inform: Inform) -> None:
        state, persona = self.state, self.state.persona
        username = state.setting("ManagementServer.Username")
        password = state.setting("ManagementServer.Password")
        link = AcsLink(
            state.setting("ManagementServer.URL"),
            persona,
            self._memory.login_for(username, password, persona.digest),
            self._memory,
            user_agent=state.user_agent,
            tls=self._tls,
            cnonce=self._cnonce,
        )
        session = Session(
            state, inform, link, self._tally, number=self.sessions, transfer_now=self._transfer_all
        )
        try:
            await session.hold()
        finally:
            link.client.close()

    def _retry_wait(self, retry_count: int) -> float:
        minimum = float(self.state.setting("ManagementServer.CWMPRetryMinimumWaitInterval"))
        multiplier = float(self.state.setting("ManagementServer.CWMPRetryIntervalMultiplier"))
        wait = retry.wait(retry_count, self._random.random(), minimum, multiplier)
        return wait * self.state.surroundings.retry_scale

    def _cnonce(self) -> str:
        return f"{self._random.getrandbits(64):016x}"

    # --- transfers and boots --------------------------------------------------------------------------------

    async def _transfer(self, transfer: Transfer) -> None:
        started = self.state.clock()
        outcome = await self._files.run(transfer.request)
        self.state.write_down("transferred", url=transfer.request.url, fault=outcome.fault.fault_code)
        self.state.finished(transfer, outcome.fault, started)
        if outcome.reboots:
            self.state.reboot = self.state.reboot or ("", "")
        else:
            self.state.notice_changes()

    async def _provision(self) -> None:
        """Fetch the configuration files, if this phone does that; a few times when they do not come."""
        state = self.state
        if not state.surroundings.provisioning_url:
            return
        for attempt in range(1, TRIES + 1):
            try:
                self._tally.count("files applied", await provision(state, self._files, self._tally))
                break
            except ProvisioningFailed as failed:
                self._tally.failed(str(failed))
                if attempt < TRIES:
                    await asyncio.sleep(PAUSE * state.surroundings.retry_scale)
        state.plan_provisioning()
        state.notice_changes()

    async def _transfer_all(self) -> None:
        while (transfer := self.state.due_transfer()) is not None:
            await self._transfer(transfer)

    async def _restart(self) -> None:
        """Reboot, or reset to the factory's values."""
        state = self.state
        self._off = True
        if "never-back" in state.faults:
            await asyncio.Event().wait()
        await asyncio.sleep(state.surroundings.boot_seconds)
        self._memory = Memory()
        if state.reset_wanted:
            state.factory_reset()
            self._tally.count("factory resets")
        else:
            state.booted()
        await self._provision()
        self._tally.count("boots")
        state.write_down("booted", version=state.software_version)
        self._off = False

    # --- connection requests --------------------------------------------------------------------------------

    @property
    def off(self) -> bool:
        """Rebooting, or not yet switched on: nothing listens."""
        return self._off

    def mapped(self, address: str) -> None:
        """A STUN server has told where the phone's UDP port is seen; "" while nothing is known."""
        state = self.state
        here = state.path("ManagementServer.UDPConnectionRequestAddress")
        if state.tree.value(here) != address:
            state.put(here, address, by_acs=False)
            state.put(state.path("ManagementServer.NATDetected"), "1" if address else "0", by_acs=False)
            state.notice_changes()
            self._stirred.set()

    def accept_connection_request(self) -> bool:
        """Whether the phone takes a connection request now: not in a session, not too many in a minute."""
        now = self.state.clock()
        self._requested_at = [at for at in self._requested_at if now - at < MINUTE]
        busy = self.state.persona.connection_requests == "busy"
        if busy or not self.session_over.is_set() or len(self._requested_at) >= MOST_CONNECTION_REQUESTS:
            self._tally.count("connection requests refused")
            return False
        self._requested_at.append(now)
        self._tally.count("connection requests")
        self.state.note(ev.CONNECTION_REQUEST)
        self._stirred.set()
        return True
