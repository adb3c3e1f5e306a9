"""What one server process needs to wake phones, put together: the UDP port, the ways, the queue's service.

Part of `acs.serving`; import it after a reactor was installed.
"""

from __future__ import annotations

import hmac
import socket
import time
from collections.abc import Callable
from functools import lru_cache, partial
from random import random
from typing import Any

import structlog
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import LoopingCall

from acs.fleet.device import Device
from acs.fleet.identity import device_key
from acs.fleet.metrics import Tally
from acs.fleet.situation import StunOffer
from acs.settings import Settings
from acs.southbound.stun_messages import Address, written
from acs.southbound.stun_port import StunPort
from acs.southbound.wake import Waker
from acs.southbound.wake_attempt import Means
from acs.southbound.wake_ways import WakeWays
from acs.southbound.waking import WakeService
from acs.store import wakes
from acs.store.errors import StoreError
from acs.store.runner_reactor import ReactorRunner
from acs.store.wakes import Binding, Pace

log = structlog.get_logger("acs.wake")

#: Seconds between two writes of what the UDP port counted.
COUNTED_EVERY = 5.0

#: Hex digits of a phone's STUN password.
_STUN_PASSWORD_LENGTH = 24

# Twisted types its reactor as a module.
reactor: Any = installed_reactor


class WakeParts:
    """`service` wakes phones; `offer` is what phones behind NAT are told, None without a UDP port."""

    def __init__(
        self,
        settings: Settings,
        wake_key: bytes,
        stun_socket: socket.socket | None,
        runner: ReactorRunner,
        tally: Tally,
    ) -> None:
        self._runner = runner
        self._socket = stun_socket
        self._password = lru_cache(maxsize=1 << 16)(partial(_stun_password, wake_key))
        self._port = StunPort(self._password, self._learnt, time.time) if stun_socket is not None else None
        self._listening: Any = None
        self._counting = LoopingCall(self._count)
        self._counting.clock = reactor
        ways = WakeWays(Waker(settings.wakes_at_once), self._port, time.time)
        pace = Pace(settings.wakes_at_once, settings.wakes_per_second, settings.wake_spacing)
        means = Means(
            runner=runner,
            ways=ways,
            now=time.time,
            clock=reactor,
            chance=random,
            spacing=settings.wake_spacing,
            tally=tally,
        )
        self.service = WakeService(means, pace)
        self.offer: Callable[[Device], StunOffer] | None = None
        if stun_socket is not None:
            self.offer = partial(self._offer, settings, stun_socket.getsockname()[1])

    def start(self) -> None:
        if self._socket is not None and self._port is not None:
            self._port.dual = self._socket.family == socket.AF_INET6
            self._listening = reactor.adoptDatagramPort(
                self._socket.fileno(), self._socket.family, self._port
            )
            self._socket.close()  # the port has a descriptor of its own
            self._counting.start(COUNTED_EVERY, now=False)
        self.service.start()

    async def stop(self) -> None:
        await self.service.stop()
        if self._listening is not None:
            self._counting.stop()
            await maybeDeferred(self._listening.stopListening)

    def _offer(self, settings: Settings, port: int, device: Device) -> StunOffer:
        """The host is the one by which the phone reaches this server."""
        user = device_key(device.id)
        host = settings.public_host or device.server_host or socket.gethostname()
        return StunOffer(host, port, user, self._password(user))

    def _learnt(self, user: str, address: Address) -> None:
        binding = Binding(written(address), time.time())
        self._runner.run(wakes.put_binding(user, binding)).addErrback(_unrecorded)

    def _count(self) -> None:
        assert self._port is not None, "only a port is counted"
        counts = self._port.take_counts()
        if counts:
            self._runner.run_all(wakes.count(counts)).addErrback(_unrecorded)


def _stun_password(key: bytes, user: str) -> str:
    """Another one than for connection requests: a phone's STUN messages are easier to listen to."""
    return hmac.digest(key, b"stun:" + user.encode(), "sha256").hex()[:_STUN_PASSWORD_LENGTH]


def _unrecorded(failure: Any) -> None:
    failure.trap(StoreError)
    log.warning("what the STUN server learnt is lost", reason=str(failure.value))
