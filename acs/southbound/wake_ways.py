"""The two ways of one connection request to one phone, each an attempt with its outcome."""

from __future__ import annotations

import os
from collections.abc import Callable

from msgspec import Struct

from acs.fleet.device import ConnectionRequestLogin, Device, OperatorNotes
from acs.fleet.waking import Kind, Way
from acs.southbound import udp_connection_request as udp
from acs.southbound.stun_messages import Address, written
from acs.southbound.stun_port import StunPort
from acs.southbound.udp_connection_request import MalformedAddress
from acs.southbound.wake import Outcome, Waker
from acs.store.devices import KnownDevice
from acs.store.wakes import Binding

_NO_LOGIN = ConnectionRequestLogin()


class Request(Struct, frozen=True):
    """A connection request by UDP: the same datagram for every copy, a datagram for each address."""

    datagrams: tuple[tuple[bytes, Address], ...]

    @property
    def where(self) -> str:
        return " and ".join(written(address) for _, address in self.datagrams)


class WakeWays:
    """:param port: from where UDP requests leave; None where there is no STUN server.
    :param now: seconds since the epoch.
    :param randomness: gives so many random bytes.
    """

    def __init__(
        self,
        waker: Waker,
        port: StunPort | None,
        now: Callable[[], float],
        randomness: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._waker = waker
        self._port = port
        self._now = now
        self._randomness = randomness

    def udp_addresses(self, known: KnownDevice, binding: Binding | None) -> tuple[Address, ...]:
        """Where this phone takes UDP requests: what its binding requests showed, and what it says itself.

        None without a login to sign with, or where nothing can be sent.
        """
        if self._port is None or not login_of(known.device, known.notes).username:
            return ()
        found: dict[Address, None] = {}
        for text in (binding.address if binding is not None else "", known.device.udp_address):
            try:
                if text:
                    found[udp.parse_address(text)] = None
            except MalformedAddress:
                continue
        return tuple(found)

    async def by_http(self, known: KnownDevice) -> Outcome:
        login = login_of(known.device, known.notes)
        return await self._waker.wake(known.device.connection_request_url, login.username, login.password)

    def udp_request(self, known: KnownDevice, addresses: tuple[Address, ...]) -> Request:
        """A new request to these addresses; nothing is sent yet."""
        login = login_of(known.device, known.notes)
        request_id = int.from_bytes(self._randomness(4), "big")
        cnonce = self._randomness(8).hex()
        now = self._now()
        return Request(
            tuple(
                (
                    udp.datagram(
                        address,
                        login.username,
                        login.password,
                        now=now,
                        request_id=request_id,
                        cnonce=cnonce,
                    ),
                    address,
                )
                for address in addresses
            )
        )

    def send(self, request: Request) -> Outcome:
        """Send one copy."""
        assert self._port is not None, "there are UDP addresses only with a port"
        for datagram, address in request.datagrams:
            self._port.send(datagram, address)
        return Outcome(Kind.SENT, f"sent by UDP to {request.where}")


def login_of(device: Device, notes: OperatorNotes | None) -> ConnectionRequestLogin:
    """What an operator entered counts before what this server set or saw being set."""
    for login in (notes.connection_request if notes else None, device.connection_request):
        if login is not None and login.username and login.origin != "refused":
            return login
    return _NO_LOGIN


def way_text(way: Way) -> str:
    return "by UDP" if way is Way.UDP else "by HTTP"
