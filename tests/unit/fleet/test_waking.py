"""Which way is tried first, when again, and what is said when nothing reaches a phone."""

from __future__ import annotations

import pytest
from msgspec import structs

from acs.fleet import waking
from acs.fleet.device import Device
from acs.fleet.nat import behind_nat
from acs.fleet.waking import Attempt, Kind, Way

OPEN = Device("a", ip="192.0.2.7", connection_request_url="http://192.0.2.7:7547/x")
HIDDEN = structs.replace(OPEN, ip="203.0.113.9", udp_address="203.0.113.9:4000")
UDP, HTTP = Way.UDP, Way.HTTP


def came(at: float, way: Way) -> Attempt:
    return Attempt(at, way, Kind.CAME, "", 0.5)


def missed(at: float, way: Way) -> Attempt:
    return Attempt(at, way, Kind.TIMED_OUT)


@pytest.mark.parametrize(
    ("url", "ip", "translated"),
    [
        ("http://192.0.2.7:7547/x", "192.0.2.7", False),
        ("http://192.0.2.7/", "192.0.2.7", False),
        ("http://[2001:db8::7]:7547/", "2001:db8::7", False),
        ("http://[2001:db8:0::7]:7547/", "2001:db8::7", False),
        ("http://192.168.1.20:7547/x", "203.0.113.9", True),
        ("http://192.0.2.70:7547/x", "192.0.2.7", True),
        ("http://192.0.2.7:7547/x", "2001:db8::7", False),
        ("http://phone.example:7547/", "203.0.113.9", False),
        ("http://0.0.0.0:7547/", "203.0.113.9", False),
        ("", "203.0.113.9", False),
        ("http://[oops", "203.0.113.9", False),
    ],
)
def test_behind_nat_is_who_calls_from_another_address_than_it_names(url, ip, translated) -> None:
    assert behind_nat(Device("a", ip=ip, connection_request_url=url)) is translated


def test_a_phone_that_says_it_detected_nat_is_believed() -> None:
    assert behind_nat(structs.replace(OPEN, nat_detected=True))


@pytest.mark.parametrize(
    ("device", "udp", "history", "order"),
    [
        (OPEN, False, (), (HTTP,)),
        (OPEN, True, (), (HTTP, UDP)),
        (HIDDEN, True, (), (UDP, HTTP)),
        (HIDDEN, False, (), (HTTP,)),
        (structs.replace(HIDDEN, connection_request_url=""), True, (), (UDP,)),
        # what worked last
        (HIDDEN, True, (came(9, HTTP), missed(8, UDP)), (HTTP, UDP)),
        (OPEN, True, (came(9, UDP), came(5, HTTP)), (UDP, HTTP)),
        # one failure is an accident, several are not
        (OPEN, True, (missed(9, HTTP), came(8, HTTP)), (HTTP, UDP)),
        (OPEN, True, (missed(10, HTTP), missed(9, HTTP), came(8, HTTP)), (UDP, HTTP)),
        (HIDDEN, True, (missed(10, UDP), missed(9, UDP)), (HTTP, UDP)),
        (HIDDEN, True, (missed(10, UDP), missed(9, UDP), missed(8, HTTP), missed(7, HTTP)), (UDP, HTTP)),
        # a phone that declines is there
        (OPEN, True, (Attempt(9, HTTP, Kind.DECLINED), came(8, UDP)), (HTTP, UDP)),
    ],
)
def test_the_most_promising_way_goes_first(device, udp, history, order) -> None:
    assert waking.ways(device, udp=udp, history=history) == order


def test_pauses_grow_and_end() -> None:
    pauses = [waking.pause(Kind.TIMED_OUT, attempts, 0.5) for attempts in range(1, 6)]
    assert pauses == [*waking.PAUSES, None, None]


def test_a_busy_phone_is_asked_sooner_and_longer() -> None:
    busy = [waking.pause(Kind.DECLINED, attempts, 0.5) for attempts in range(1, 9)]
    assert busy[: len(waking.BUSY_PAUSES)] == list(waking.BUSY_PAUSES)
    assert busy[len(waking.BUSY_PAUSES)] is None


def test_chance_spreads_the_pauses_by_a_fifth() -> None:
    assert waking.pause(Kind.UNREACHABLE, 1, 0) == pytest.approx(waking.PAUSES[0] * 0.8)
    assert waking.pause(Kind.UNREACHABLE, 1, 1) == pytest.approx(waking.PAUSES[0] * 1.2)


@pytest.mark.parametrize("kind", [Kind.REFUSED, Kind.MALFORMED_URL])
def test_what_somebody_has_to_mend_first_is_not_tried_again(kind) -> None:
    assert waking.pause(kind, 1, 0.5) is None


def test_the_next_inform_is_told_where_it_is_known() -> None:
    device = structs.replace(OPEN, inform_interval=300)
    assert waking.next_inform(device, 1000.0) == 1300.0
    assert waking.next_inform(OPEN, 1000.0) == 0
    assert "1970-01-01 00:21:40 UTC (every 300 s)" in waking.left_to_wait(device, 1000.0, 1200.0)
    assert "overdue since" in waking.left_to_wait(device, 1000.0, 1400.0)
    assert "not known" in waking.left_to_wait(OPEN, 1000.0, 1200.0)
