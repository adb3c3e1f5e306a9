"""Logins of phones: right ones in every spelling, wrong ones, and nonces over time and processes."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import md5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.southbound.credentials import NONCE_LIFETIME, Accepted, Authenticator, Challenge

NOW = 1_750_000_000.0
KEY = b"k" * 32


@pytest.fixture
def server() -> Authenticator:
    return Authenticator("digest", "fleet", "pass,word", KEY)


def offered(challenge: Accepted | Challenge) -> dict[str, str]:
    """What a challenge offers."""
    assert isinstance(challenge, Challenge)
    [(name, value)] = challenge.headers
    assert name == b"WWW-Authenticate"
    assert value.startswith(b"Digest ")
    return dict(re.findall(r'(\w+)="?([^",]*)"?', value.decode()))


def nonce_of(server: Authenticator, now: float = NOW) -> str:
    return offered(server.check("POST", b"/acs", None, now))["nonce"]


def h(*parts: str) -> str:
    return md5(":".join(parts).encode()).hexdigest()


def login(
    nonce: str, *, qop: bool = True, uri: str = "/acs", method: str = "POST", password: str = "pass,word"
) -> str:
    """As most phones write it."""
    ha1, ha2 = h("fleet", "acs", password), h(method, uri)
    head = f'Digest username="fleet", realm="acs", nonce="{nonce}", uri="{uri}", '
    if not qop:
        return head + f'response="{h(ha1, nonce, ha2)}"'
    response = h(ha1, nonce, "00000001", "0a4f113b", "auth", ha2)
    return head + f'response="{response}", qop=auth, nc=00000001, cnonce="0a4f113b", algorithm=MD5'


def check(
    server: Authenticator, field: str | bytes, *, now: float = NOW, target: bytes = b"/acs"
) -> Accepted | Challenge:
    return server.check("POST", target, field if isinstance(field, bytes) else field.encode(), now)


def test_who_shows_nothing_is_challenged(server: Authenticator) -> None:
    challenge = server.check("POST", b"/acs", None, NOW)
    assert isinstance(challenge, Challenge)
    assert not challenge.attempted
    offer = offered(challenge)
    assert (offer["realm"], offer["qop"], offer["algorithm"]) == ("acs", "auth", "MD5")
    assert re.fullmatch("[0-9a-f]{40}", offer["nonce"])


def test_nonces_differ(server: Authenticator) -> None:
    assert len({nonce_of(server) for _ in range(10)}) == 10


def test_a_right_login_is_accepted(server: Authenticator) -> None:
    assert check(server, login(nonce_of(server))) == Accepted("fleet")


def test_without_qop_as_rfc_2069_has_it(server: Authenticator) -> None:
    assert check(server, login(nonce_of(server), qop=False)) == Accepted("fleet")


def test_another_process_takes_the_nonce(server: Authenticator) -> None:
    other = Authenticator("digest", "fleet", "pass,word", KEY)
    field = login(nonce_of(server))
    assert check(other, field) == check(other, field, now=NOW + 60) == Accepted("fleet")


@pytest.mark.parametrize(
    ("what", "pattern", "replacement"),
    [
        ("algorithm in quotes", "algorithm=MD5", 'algorithm="MD5"'),
        ("algorithm in small letters", "algorithm=MD5", "algorithm=md5"),
        ("no algorithm", ", algorithm=MD5", ""),
        ("qop in quotes", "qop=auth", 'qop="auth"'),
        ("nc in quotes", "nc=00000001", 'nc="00000001"'),
        ("blanks around the equals signs", "=", " = "),
        ("no blanks after commas", ", ", ","),
        ("blanks before commas", ", ", " , "),
        ("a comma at the end", "$", ","),
        ("commas at the start", "^Digest ", "Digest ,, "),
        (
            "names in capitals",
            "username|realm|nonce|uri|response|qop|nc|cnonce",
            lambda found: found[0].upper(),
        ),
        ("the scheme in small letters", "^Digest", "digest"),
        ("many blanks after the scheme", "^Digest ", "Digest   "),
        ("a tab after the scheme", "^Digest ", "Digest\t"),
        ("an opaque that nobody gave", "$", ', opaque="x, y"'),
        ("an odd parameter", "$", ', odd="a, response=b", flag'),
        ("the response in capitals", '(?<=response=")[0-9a-f]+', lambda found: found[0].upper()),
        ("cnonce without quotes", 'cnonce="0a4f113b"', "cnonce=0a4f113b"),
        ("an escaped quote elsewhere", "$", ', odd="a \\" , nonce=b"'),
    ],
)
def test_every_spelling_of_a_right_login(
    server: Authenticator, what: str, pattern: str, replacement: object
) -> None:
    field = re.sub(pattern, replacement, login(nonce_of(server)))  # type: ignore[call-overload]  # str or function
    assert check(server, field) == Accepted("fleet"), what


def test_any_order_of_parameters(server: Authenticator) -> None:
    parts = login(nonce_of(server)).removeprefix("Digest ").split(", ")
    assert check(server, "Digest " + ", ".join(reversed(parts))) == Accepted("fleet")


def test_nc_need_not_count_and_a_nonce_may_be_used_again(server: Authenticator) -> None:
    field = login(nonce_of(server))
    assert [check(server, field, now=NOW + seconds) for seconds in (0, 1, 1000)] == [Accepted("fleet")] * 3


def test_the_uri_may_differ_from_the_target_behind_a_proxy(server: Authenticator) -> None:
    field = login(nonce_of(server), uri="http://public.example/acs?x=1,2")
    assert check(server, field, target=b"/internal") == Accepted("fleet")


def test_a_missing_uri_is_the_target(server: Authenticator) -> None:
    field = login(nonce_of(server)).replace(', uri="/acs"', "")
    assert check(server, field) == Accepted("fleet")
    assert isinstance(check(server, field, target=b"/other"), Challenge)


def test_md5_sess(server: Authenticator) -> None:
    nonce = nonce_of(server)
    ha1 = h(h("fleet", "acs", "pass,word"), nonce, "abc")
    response = h(ha1, nonce, "00000001", "abc", "auth", h("POST", "/acs"))
    field = (
        f'Digest username="fleet",realm="acs",nonce="{nonce}",uri="/acs",algorithm=MD5-sess,'
        f'response="{response}",qop=auth,nc=00000001,cnonce="abc"'
    )
    assert check(server, field) == Accepted("fleet")


def test_a_missing_cnonce_counts_as_an_empty_one(server: Authenticator) -> None:
    nonce = nonce_of(server)
    response = h(h("fleet", "acs", "pass,word"), nonce, "00000001", "", "auth", h("POST", "/acs"))
    field = (
        f'Digest username="fleet",realm="acs",nonce="{nonce}",uri="/acs",response="{response}",'
        "qop=auth,nc=00000001"
    )
    assert check(server, field) == Accepted("fleet")


def test_an_old_nonce_is_stale_and_a_foreign_one_too(server: Authenticator) -> None:
    late = check(server, login(nonce_of(server)), now=NOW + NONCE_LIFETIME + 1)
    foreign = check(server, login("0" * 40))
    for challenge in (late, foreign):
        assert isinstance(challenge, Challenge)
        assert challenge.stale
        assert offered(challenge)["stale"] == "true"


@pytest.mark.parametrize("nonce", ["", "x", "zz" * 20, "ff" * 30])
def test_a_malformed_nonce_is_only_not_ours(server: Authenticator, nonce: str) -> None:
    assert isinstance(check(server, login(nonce)), Challenge)


def test_a_nonce_of_a_server_whose_clock_is_a_little_ahead(server: Authenticator) -> None:
    assert check(server, login(nonce_of(server, NOW + 60))) == Accepted("fleet")
    assert isinstance(check(server, login(nonce_of(server, NOW + 3600))), Challenge)


def test_an_old_nonce_with_a_wrong_password_is_not_called_stale(server: Authenticator) -> None:
    challenge = check(server, login(nonce_of(server), password="wrong"), now=NOW + NONCE_LIFETIME + 1)
    assert isinstance(challenge, Challenge)
    assert (challenge.stale, challenge.reason, challenge.attempted) == (False, "wrong password", True)


@pytest.mark.parametrize(
    ("pattern", "replacement", "reason"),
    [
        ('username="fleet"', 'username="other"', "unknown user name 'other'"),
        ("qop=auth", "qop=auth-int", "qop that was not offered"),
        ("algorithm=MD5", "algorithm=SHA-256", "algorithm that was not offered"),
        (', response="[0-9a-f]+"', "", "garbled"),
        (', nonce="[0-9a-f]+"', "", "garbled"),
        ("nc=00000001", "nc=00000002", "wrong password"),
        ("^Digest", "Basic", "Basic was sent where digest is asked for"),
        ("^Digest", "Negotiate", "something else was sent where digest is asked for"),
    ],
)
def test_a_wrong_login_gets_a_fresh_challenge_and_its_reason_is_told(
    server: Authenticator, pattern: str, replacement: str, reason: str
) -> None:
    nonce = nonce_of(server)
    challenge = check(server, re.sub(pattern, replacement, login(nonce), count=1))
    assert isinstance(challenge, Challenge)
    assert reason in challenge.reason
    assert "\n" not in challenge.reason
    assert offered(challenge)["nonce"] != nonce


@given(st.binary(max_size=200))
def test_garbled_logins_are_challenged_like_any_other(garbage: bytes) -> None:
    server = Authenticator("digest", "fleet", "pass,word", KEY)
    for field in (garbage, b"Digest " + garbage, login(nonce_of(server)).encode()[:-60] + garbage):
        assert isinstance(check(server, field), Challenge)


def basic(text: str | bytes) -> bytes:
    return b"Basic " + b64encode(text.encode() if isinstance(text, str) else text)


def test_basic() -> None:
    server = Authenticator("basic", "fleet", "pass:wörd", KEY)
    assert check(server, basic("fleet:pass:wörd")) == Accepted("fleet")
    assert check(server, b"BASIC   " + b64encode("fleet:pass:wörd".encode())) == Accepted("fleet")
    for wrong in (
        b"",
        b"Basic",
        b"Basic \xff",
        b"Basic ====",
        basic("fleet"),
        basic("fleet:pass"),
        basic(b"\xff:\0"),
    ):
        challenge = check(server, wrong)
        assert isinstance(challenge, Challenge)
        assert challenge.headers == ((b"WWW-Authenticate", b'Basic realm="acs"'),)


def test_basic_is_no_login_where_digest_is_asked_for(server: Authenticator) -> None:
    assert isinstance(check(server, basic("fleet:pass,word")), Challenge)


def test_none_asks_nobody() -> None:
    server = Authenticator("none", "fleet", "pass,word", KEY)
    assert check(server, b"Digest nonsense") == server.check("POST", b"/", None, NOW) == Accepted("")
