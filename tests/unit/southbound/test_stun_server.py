"""The STUN server against datagrams built by hand from RFC 3489, RFC 5389, RFC 5769 and Annex G of TR-069."""

from __future__ import annotations

import hmac
import struct
from hashlib import sha1

import pytest

from acs.southbound import stun_messages as stun
from acs.southbound.stun_server import Sort, answer

SOURCE = ("203.0.113.7", 40000)
USER = "0123456789abcdef"
COOKIE = bytes.fromhex("2112a442")
OLD = bytes(range(16))
NEW = COOKIE + bytes(range(12))

#: (type, value) as Annex G has them
TAKES_REQUESTS = (0xC001, b"dslforum.org/TR-111 ")
CHANGED = (0xC002, b"")
#: the sample request of RFC 5769, section 2.1: password, and the message
RFC_5769_PASSWORD = "VOkJxbRl1RmTxUk/WvJxBt"
RFC_5769 = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff80290008932ff9b151263b36"
    "000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf"
)


def password_of(user: str) -> str:
    return f"of {user}"


def request(*attributes: tuple[int, bytes], transaction: bytes = OLD, kind: int = 1) -> bytes:
    body = b"".join(
        struct.pack("!HH", type_, len(value)) + value + b"\0" * (-len(value) % 4)
        for type_, value in attributes
    )
    return struct.pack("!HH", kind, len(body)) + transaction + body


def signed(*attributes: tuple[int, bytes], password: str, transaction: bytes = OLD, pads: bool) -> bytes:
    """With MESSAGE-INTEGRITY over all before it, padded to 64 bytes as RFC 3489 has it, or not (RFC 5389)."""
    plain = request(*attributes, transaction=transaction)
    text = plain[:2] + struct.pack("!H", len(plain) - 20 + 24) + plain[4:]
    padded = text + b"\0" * (-len(text) % 64) if pads else text
    return text + struct.pack("!HH", 8, 20) + hmac.new(password.encode(), padded, sha1).digest()


def told(datagram: bytes) -> tuple[int, bytes, dict[int, bytes]]:
    """Type, transaction and attributes of an answer, read byte by byte."""
    kind, length = struct.unpack_from("!HH", datagram)
    assert length == len(datagram) - 20
    attributes, place = {}, 20
    while place < len(datagram):
        type_, size = struct.unpack_from("!HH", datagram, place)
        attributes[type_] = datagram[place + 4 : place + 4 + size]
        place += 4 + size + -size % 4
    assert place == len(datagram)
    return kind, datagram[4:20], attributes


def error_of(datagram: bytes) -> int:
    kind, _, attributes = told(datagram)
    assert kind == 0x0111
    return attributes[9][2] * 100 + attributes[9][3]


def test_an_old_client_is_told_its_address_and_nothing_it_does_not_know() -> None:
    made = answer(request(), SOURCE, password_of)
    kind, transaction, attributes = told(made.datagram)
    assert (kind, transaction, made.to, made.sort) == (0x0101, OLD, SOURCE, Sort.ANSWERED)
    assert attributes == {1: b"\0\x01" + struct.pack("!H", 40000) + bytes([203, 0, 113, 7])}


def test_a_new_client_gets_the_address_masked_by_cookie_as_well() -> None:
    _, transaction, attributes = told(answer(request(transaction=NEW), SOURCE, password_of).datagram)
    assert transaction == NEW
    port = 40000 ^ 0x2112
    host = bytes(one ^ other for one, other in zip([203, 0, 113, 7], COOKIE, strict=True))
    assert attributes[0x20] == b"\0\x01" + struct.pack("!H", port) + host


def test_an_ipv6_address_is_masked_by_cookie_and_transaction() -> None:
    value = stun.xor_address_value(("2001:db8:1234:5678:11:2233:4455:6677", 32853), RFC_5769[4:20])
    # RFC 5769, section 2.3
    assert value == bytes.fromhex("0002a1470113a9faa5d3f179bc25f4b5bed2b9d9")


def test_the_rfcs_own_sample_is_understood_and_its_signature_right() -> None:
    message = stun.read(RFC_5769)
    assert message.get(6) == b"evtj:h6vY"
    assert message.signed_with(RFC_5769_PASSWORD)
    assert not message.signed_with("another")


@pytest.mark.parametrize("pads", [True, False], ids=["rfc3489", "rfc5389"])
@pytest.mark.parametrize("transaction", [OLD, NEW], ids=["old", "new"])
def test_a_signed_binding_of_ours_is_learnt_and_its_answer_signed(pads: bool, transaction: bytes) -> None:
    datagram = signed(
        TAKES_REQUESTS,
        CHANGED,
        (6, USER.encode()),
        password=password_of(USER),
        transaction=transaction,
        pads=pads,
    )
    made = answer(datagram, SOURCE, password_of)
    assert (made.sort, made.user, made.to) == (Sort.BINDING, USER, SOURCE)
    assert stun.read(made.datagram).signed_with(password_of(USER))


def test_news_of_a_binding_and_requests_under_our_names_have_to_be_signed() -> None:
    for attributes in ((TAKES_REQUESTS, CHANGED), (TAKES_REQUESTS, (6, USER.encode()))):
        made = answer(request(*attributes), SOURCE, password_of)
        assert (made.sort, error_of(made.datagram), made.user) == (Sort.CHALLENGED, 401, "")


def test_a_phone_without_a_stun_login_is_answered_all_the_same() -> None:
    for attributes in ((TAKES_REQUESTS,), (TAKES_REQUESTS, (6, b"somebody"))):
        made = answer(request(*attributes), SOURCE, password_of)
        assert (made.sort, told(made.datagram)[0], made.user) == (Sort.ANSWERED, 0x0101, "")


@pytest.mark.parametrize(
    ("attributes", "password", "code"),
    [
        ((TAKES_REQUESTS, (6, USER.encode())), "guessed", 431),
        ((TAKES_REQUESTS, (6, b"somebody")), "guessed", 401),
        ((TAKES_REQUESTS,), "guessed", 432),
    ],
    ids=["wrong password", "unknown user", "no user"],
)
def test_a_wrong_signature_is_refused_with_its_code(attributes, password, code) -> None:
    made = answer(signed(*attributes, password=password, pads=True), SOURCE, password_of)
    assert (made.sort, error_of(made.datagram), made.user) == (Sort.REFUSED, code, "")


def test_a_changed_bit_breaks_the_signature() -> None:
    datagram = bytearray(signed(TAKES_REQUESTS, (6, USER.encode()), password=password_of(USER), pads=True))
    datagram[30] ^= 1
    assert answer(bytes(datagram), SOURCE, password_of).sort is Sort.REFUSED


def test_what_must_be_understood_and_is_not_is_listed() -> None:
    made = answer(request((0x0030, b"1234"), (0x8099, b"optional")), SOURCE, password_of)
    assert error_of(made.datagram) == 420
    # RFC 3489 wants an even number of types
    assert told(made.datagram)[2][0x000A] == struct.pack("!HH", 0x0030, 0x0030)


def test_there_is_no_other_address_to_answer_from() -> None:
    assert answer(request((3, bytes(4))), SOURCE, password_of).sort is Sort.ANSWERED
    assert error_of(answer(request((3, b"\0\0\0\x06")), SOURCE, password_of).datagram) == 420


def test_an_answer_goes_to_another_port_of_the_same_host_but_to_no_other_host() -> None:
    def elsewhere(host: bytes, port: int) -> bytes:
        return request(TAKES_REQUESTS, (2, b"\0\x01" + struct.pack("!H", port) + host))

    mine = answer(elsewhere(bytes([203, 0, 113, 7]), 41000), SOURCE, password_of)
    assert mine.to == ("203.0.113.7", 41000)
    others = answer(elsewhere(bytes([198, 51, 100, 1]), 53), SOURCE, password_of)
    assert others.to == SOURCE


@pytest.mark.parametrize("kind", [0x0002, 0x0011, 0x0101, 0x0111], ids=hex)
def test_other_messages_are_never_answered(kind: int) -> None:
    """Or two servers could keep each other busy for ever."""
    made = answer(request(kind=kind), SOURCE, password_of)
    assert (made.sort, made.to) == (Sort.IGNORED, None)


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\0\x01",
        b"GET / HTTP/1.1\r\n\r\n",
        request()[:-1],
        request() + b"\0",
        b"\x80" + request()[1:],
        request((6, b"user"))[:-2],
        struct.pack("!HH", 1, 4) + OLD + struct.pack("!HH", 6, 500),
        struct.pack("!HH", 1, 2) + OLD + b"\0\x06",
        request((2, b"\0\x09\0\0abcd")),
        request(*[(0x8001, b"")] * 40),
    ],
    ids=range(11),
)
def test_what_is_no_stun_message_is_ignored(datagram: bytes) -> None:
    made = answer(datagram, SOURCE, password_of)
    assert (made.sort, made.to) == (Sort.MALFORMED, None)


def test_every_datagram_cut_short_or_changed_in_a_byte_has_an_outcome() -> None:
    good = signed(TAKES_REQUESTS, (6, USER.encode()), password=password_of(USER), pads=False)
    for place in range(len(good)):
        assert answer(good[:place], SOURCE, password_of).to is None
        for value in (0, 0xFF, good[place] ^ 1):
            changed = good[:place] + bytes([value]) + good[place + 1 :]
            if changed != good and place < 2:
                continue  # another type of message
            made = answer(changed, SOURCE, password_of)
            assert changed == good or made.sort is not Sort.BINDING or 4 <= place < 4


@pytest.mark.parametrize(
    ("address", "text"),
    [(("192.0.2.7", 3478), "192.0.2.7:3478"), (("2001:db8::7", 3478), "[2001:db8::7]:3478")],
)
def test_how_an_address_is_written(address: stun.Address, text: str) -> None:
    assert stun.written(address) == text
