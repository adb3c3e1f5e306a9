"""Connection requests by UDP as Annex G of TR-069 has them, byte by byte."""

from __future__ import annotations

import hmac
from hashlib import sha1
from urllib.parse import parse_qs, urlsplit

import pytest

from acs.southbound.udp_connection_request import MalformedAddress, datagram, parse_address


def made(address=("203.0.113.7", 40000), username="wake", password="secret", cnonce="c0ffee") -> str:
    sent = datagram(address, username, password, now=1_700_000_000.9, request_id=77, cnonce=cnonce)
    return sent.decode("ascii")


def test_it_is_a_get_with_an_absolute_uri_without_a_path_and_no_body() -> None:
    line, host, *rest = made().split("\r\n")
    method, uri, version = line.split(" ")
    assert (method, version, host, rest) == ("GET", "HTTP/1.1", "Host: 203.0.113.7:40000", ["", ""])
    assert urlsplit(uri)[:3] == ("http", "203.0.113.7:40000", "")


def test_the_signature_is_over_ts_id_un_and_cn_in_this_order() -> None:
    query = parse_qs(urlsplit(made().split(" ")[1]).query)
    assert {name: query[name] for name in ("ts", "id", "un", "cn")} == {
        "ts": ["1700000000"],
        "id": ["77"],
        "un": ["wake"],
        "cn": ["c0ffee"],
    }
    wanted = hmac.new(b"secret", b"170000000077wakec0ffee", sha1).hexdigest()
    assert query["sig"][0].lower() == wanted


def test_a_user_name_is_encoded_as_forms_are_and_signed_as_it_is() -> None:
    query = urlsplit(made(username="a b&c=d").split(" ")[1]).query
    assert "un=a+b%26c%3Dd&" in query
    signature = hmac.new(b"secret", b"170000000077a b&c=dc0ffee", sha1).hexdigest()
    assert parse_qs(query)["sig"][0].lower() == signature


def test_port_80_need_not_be_named_and_ipv6_stands_in_brackets() -> None:
    assert "Host: 192.0.2.1\r\n" in made(("192.0.2.1", 80))
    assert "Host: [2001:db8::1]:81\r\n" in made(("2001:db8::1", 81))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1:3000", ("192.0.2.1", 3000)),
        (" 192.0.2.1 ", ("192.0.2.1", 80)),
        ("[2001:db8::1]:3000", ("2001:db8::1", 3000)),
    ],
)
def test_addresses(text, address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "phone.example:80",
        "192.0.2.1:0",
        "192.0.2.1:99999",
        "192.0.2.1:x",
        "http://192.0.2.1:1",
        "0.0.0.0:1",
        "224.0.0.1:1",
        "255.255.255.255:1",
        "192.0.2.1:1/path",
        "user@192.0.2.1:1",
        "2001:db8::1",
        "\x00",
    ],
)
def test_what_is_no_address_of_a_phone_is_told(text) -> None:
    with pytest.raises(MalformedAddress) as told:
        parse_address(text)
    assert repr(text) in str(told.value)
