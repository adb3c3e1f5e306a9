"""What the UDP port remembers of phones' bindings, and when it tells of them."""

from __future__ import annotations

import struct

import pytest

from acs.southbound import stun_messages as stun
from acs.southbound.stun_port import REFRESH, StunPort

USER, PASSWORD = "0123456789abcdef", "s3cret"
HERE, THERE = ("192.0.2.7", 40000), ("192.0.2.7", 40001)


class Port:
    """The port of one server process, and what it tells of."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.learnt: list[stun.Address] = []
        self.port = StunPort(
            lambda user: PASSWORD, lambda user, address: self.learnt.append(address), self.clock
        )

    def clock(self) -> float:
        return self.now

    def hears(self, source: stun.Address, *, changed: bool = False) -> None:
        attributes = [
            (stun.CONNECTION_REQUEST_BINDING, b"dslforum.org/TR-111 "),
            (stun.USERNAME, USER.encode()),
        ]
        if changed:
            attributes.append((stun.BINDING_CHANGE, b""))
        transaction = struct.pack("!4I", 1, 2, 3, 4)
        request = stun.write(stun.BINDING_REQUEST, transaction, attributes, password=PASSWORD)
        self.port.datagramReceived(request, source)


@pytest.fixture
def port() -> Port:
    return Port()


def test_a_binding_is_told_of_when_it_is_news(port: Port) -> None:
    for source in (HERE, HERE, THERE, THERE, HERE):
        port.hears(source)
    assert port.learnt == [HERE, THERE, HERE]


def test_a_binding_that_stays_is_told_of_again_after_a_while(port: Port) -> None:
    port.hears(HERE)
    port.now += REFRESH + 1
    port.hears(HERE)
    assert port.learnt == [HERE, HERE]


def test_a_phone_that_says_its_binding_changed_is_believed(port: Port) -> None:
    """Another server process has heard of the binding in between."""
    port.hears(HERE)
    port.hears(HERE, changed=True)
    assert port.learnt == [HERE, HERE]
