"""Whose X-Forwarded-For counts."""

from __future__ import annotations

import pytest

from acs.northbound import proxies

KNOWN = proxies.read("10.0.0.0/8, 2001:db8::/32,192.0.2.7")


@pytest.mark.parametrize(
    ("peer", "told", "origin"),
    [
        ("192.0.2.7", "203.0.113.9, 198.51.100.4", "198.51.100.4"),
        ("10.1.2.3", "203.0.113.9, 10.9.9.9", "203.0.113.9"),
        ("2001:db8::1", "203.0.113.9", "203.0.113.9"),
        ("192.0.2.8", "203.0.113.9", "192.0.2.8"),
        ("10.1.2.3", "", "10.1.2.3"),
        ("10.1.2.3", "203.0.113.9, who knows", "10.1.2.3"),
        ("10.1.2.3", "10.1.2.4", "10.1.2.3"),
    ],
)
def test_the_last_address_that_is_no_proxys_is_the_origin(peer, told, origin):
    assert proxies.origin(peer, told, KNOWN) == origin


def test_without_proxies_nobody_is_believed():
    assert proxies.origin("", "203.0.113.9", proxies.read(" ")) == ""


@pytest.mark.parametrize("wrong", ["proxy.example", "10.0.0.0/40", "10.0.0.1;10.0.0.2"])
def test_what_is_no_address_is_named(wrong):
    with pytest.raises(ValueError, match=wrong.replace("/", ".")):
        proxies.read(f"10.0.0.1, {wrong}")
