"""The UDP port of this server: STUN comes in, and connection requests go out from the very same socket.

Annex G wants it so: a phone's NAT lets in only what comes from where its own binding requests went. All
server processes share the socket; whichever gets a datagram answers it, and each may send.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

from twisted.internet.protocol import DatagramProtocol

from acs.southbound.stun_messages import Address
from acs.southbound.stun_server import PasswordOf, Sort, answer

#: Bindings remembered, so that only news is stored: 100 bytes each.
REMEMBERED = 100_000

#: Seconds after which a binding that is still the same is stored again: another server process may have heard
#: of another one meanwhile.
REFRESH = 120.0

_MAPPED = "::ffff:"


class StunPort(DatagramProtocol):
    """:param learnt: is told of a phone's binding when it is news: its user name and address.
    :param now: seconds since the epoch.
    """

    def __init__(
        self,
        password_of: PasswordOf,
        learnt: Callable[[str, Address], None],
        now: Callable[[], float],
    ) -> None:
        self._password_of = password_of
        self._learnt = learnt
        self._now = now
        self._known: OrderedDict[str, tuple[Address, float]] = OrderedDict()
        #: what became of the datagrams that came, since somebody took the numbers
        self.counts: Counter[str] = Counter()
        #: on an IPv6 socket, which takes IPv4 too
        self.dual = False

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        source: Address = (str(addr[0]).removeprefix(_MAPPED), int(addr[1]))
        made = answer(datagram, source, self._password_of)
        self.counts[made.sort] += 1
        if made.to is not None:
            self.send(made.datagram, made.to)
        if made.sort is Sort.BINDING:
            self._remember(made.user, source, made.changed)

    def connectionRefused(self) -> None:
        """A phone is gone from where an answer went; nothing follows from that."""

    def send(self, datagram: bytes, to: Address) -> None:
        """Send from the port that phones keep their bindings with. May be lost, as any datagram."""
        transport: Any = self.transport
        if transport is None:
            return
        host, port = to
        if self.dual and ":" not in host:
            host = _MAPPED + host
        try:
            transport.write(datagram, (host, port))
        except (OSError, ValueError):  # no way there from here, or the other kind of address
            self.counts["unsendable"] += 1

    def take_counts(self) -> dict[str, int]:
        """What was counted since the last time."""
        counts, self.counts = dict(self.counts), Counter()
        return counts

    def _remember(self, user: str, address: Address, changed: bool) -> None:
        now = self._now()
        known = None if changed else self._known.get(user)
        if known is not None and known[0] == address and now - known[1] < REFRESH:
            return
        self._known[user] = (address, now)
        self._known.move_to_end(user)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        self._learnt(user, address)
