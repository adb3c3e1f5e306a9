"""Many phones in one process: who they are, when they start, when it ends."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from random import Random
from typing import Any

from msgspec import Struct

from acs.simulator.connection_requests import ConnectionRequestServer
from acs.simulator.faults import FaultWish, drawn_for
from acs.simulator.http_client import parse_url
from acs.simulator.identity import Identity, identities
from acs.simulator.personas import PERSONAS, Persona
from acs.simulator.phone import Phone
from acs.simulator.state import PhoneState, Surroundings
from acs.simulator.tally import Tally
from acs.simulator.udp_way import UdpWay

#: Seconds at most in which sessions under way may end when all stops.
GRACE = 5.0


class Plan(Struct, frozen=True, kw_only=True):
    """What `acs simulate` was asked for. Times in seconds; no end with 0 for `duration` and `sessions`."""

    phones: int
    surroundings: Surroundings
    #: dealt out to the phones in turn
    personas: tuple[str, ...] = ("cp860",)
    faults: tuple[FaultWish, ...] = ()
    first_mac: str = "001565000001"
    ramp: float = 0.0
    duration: float = 0.0
    sessions: int = 0
    seed: str = ""
    tls: ssl.SSLContext | None = None
    listen_host: str = ""
    listen_port: int = 0


class Swarm:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tally = Tally()
        self.phones: dict[str, Phone] = {}
        self.started_at = time.monotonic()
        self._server = ConnectionRequestServer(self.phones.get)

    async def run(self, stop: asyncio.Event, watch: Callable[[Swarm], Coroutine[Any, Any, None]]) -> None:
        """All phones until `stop` is set, the duration is over, or each phone has held its sessions.

        Sessions that are under way then are ended in order, if that takes no more than `GRACE` seconds.
        """
        await self._listen()
        for identity in identities(self.plan.first_mac, self.plan.phones):
            phone = self._make(identity)
            self.phones[phone.state.identity.serial] = phone
        self.started_at = time.monotonic()
        starts = (self._start(index, phone) for index, phone in enumerate(self.phones.values()))
        lives: asyncio.Future[Any] = asyncio.gather(*starts)
        watching = asyncio.create_task(watch(self))
        stopped: asyncio.Future[Any] = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait(
                {lives, stopped},
                timeout=self.plan.duration or None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if lives.done():
                lives.result()
            await self._let_sessions_end()
        finally:
            await _cancelled(lives, stopped, watching)
            self._server.close()

    async def _let_sessions_end(self) -> None:
        for phone in self.phones.values():
            phone.leave()
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                for phone in self.phones.values():
                    await phone.session_over.wait()

    async def _start(self, index: int, phone: Phone) -> None:
        await asyncio.sleep(self.plan.ramp * index / max(1, self.plan.phones))
        if not phone.state.persona.behind_nat:
            await phone.live()
            return
        way = asyncio.create_task(UdpWay(phone).keep_open())
        try:
            await phone.live()
        finally:
            await _cancelled(way)

    async def _listen(self) -> None:
        plan = self.plan
        url = parse_url(plan.surroundings.provisioning_url or plan.surroundings.acs_url)
        host = plan.listen_host or await asyncio.to_thread(_address_towards, url.host, url.port)
        port = await self._server.listen(host, plan.listen_port)
        shown = f"[{host}]" if ":" in host else host
        plan.surroundings.connection_request_base = f"http://{shown}:{port}/"

    def _make(self, identity: Identity) -> Phone:
        plan = self.plan
        persona = PERSONAS[plan.personas[identity.index % len(plan.personas)]]
        identity = _branded(identity, persona)
        faults = drawn_for(plan.faults, identity.serial, plan.seed)
        state = PhoneState(identity, persona, faults, plan.surroundings, time.time)
        random = Random(f"{plan.seed} {identity.serial}") if plan.seed else Random()
        return Phone(state, self.tally, random, tls=plan.tls, most_sessions=plan.sessions)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started_at

    def summary(self) -> dict[str, Any]:
        return self.tally.summary(phones=len(self.phones), seconds=self.seconds)


def _branded(identity: Identity, persona: Persona) -> Identity:
    prefix = persona.mac_prefix
    return Identity(prefix + identity.mac[len(prefix) :], identity.index)


def _address_towards(host: str, port: int) -> str:
    """The address of this machine that packets to the ACS leave from. Nothing is sent."""
    family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, proto) as probe:
        probe.connect(address)
        own: str = probe.getsockname()[0]
        return own


async def _cancelled(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
