"""Reading challenges of phones, and answering them."""

from __future__ import annotations

import pytest

from acs.southbound.digest import ServerChallenge, answer, challenges, parameters


def test_parameters_are_read_tolerantly() -> None:
    text = b'Realm = "a, b" ,NONCE=x1,qop="auth,auth-int", opaque="with \\"quotes\\"",empty="",stale=TRUE'
    assert parameters(text) == {
        b"realm": b"a, b",
        b"nonce": b"x1",
        b"qop": b"auth,auth-int",
        b"opaque": b'with "quotes"',
        b"empty": b"",
        b"stale": b"TRUE",
    }


def test_several_challenges_in_one_field_or_in_many() -> None:
    one = [b'Digest realm="a, Basic realm=x", nonce="n", Basic realm="b", Negotiate']
    many = [b'Digest realm="a, Basic realm=x", nonce="n"', b'Basic realm="b"', b"Negotiate"]
    for fields in (one, many):
        found = challenges(fields)
        assert [challenge.scheme for challenge in found] == [b"digest", b"basic", b"negotiate"]
        assert found[0].fields == {b"realm": b"a, Basic realm=x", b"nonce": b"n"}
        assert found[1].fields == {b"realm": b"b"}


@pytest.mark.parametrize("field", [b"", b",", b"=", b'"', b"Digest", b'Digest realm="unended', b"\xff\x00"])
def test_malformed_challenges_are_survived(field: bytes) -> None:
    challenges([field])


def told(*fields: bytes, password: str = "Circle Of Life") -> dict[bytes, bytes] | bytes | None:
    field = answer(
        challenges(fields),
        method="GET",
        uri="/dir/index.html",
        username="Mufasa",
        password=password,
        cnonce="0a4f113b",
    )
    return parameters(field.removeprefix(b"Digest ")) if field and field.startswith(b"Digest ") else field


RFC_2617 = (
    b'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
    b'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)


def test_the_example_of_rfc_2617() -> None:
    assert told(RFC_2617) == {
        b"username": b"Mufasa",
        b"realm": b"testrealm@host.com",
        b"nonce": b"dcd98b7102dd2f0e8b11d0f600bfb0c093",
        b"uri": b"/dir/index.html",
        b"response": b"6629fae49393a05397450978507c4ef1",
        b"qop": b"auth",
        b"nc": b"00000001",
        b"cnonce": b"0a4f113b",
        b"opaque": b"5ccc069c403ebaf9f0171e9517f40e41",
    }


def test_the_example_of_rfc_7616() -> None:
    field = answer(
        challenges(
            [
                b'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, '
                b'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
                b'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
            ]
        ),
        method="GET",
        uri="/dir/index.html",
        username="Mufasa",
        password="Circle of Life",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert field is not None
    assert b'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"' in field


def test_without_qop_there_is_no_qop_nc_and_cnonce() -> None:
    """Quirk 13; the numbers are the corrected example of RFC 2069 for the password CircleOfLife."""
    fields = told(RFC_2617.replace(b'qop="auth,auth-int", ', b""), password="CircleOfLife")
    assert isinstance(fields, dict)
    assert not {b"qop", b"nc", b"cnonce"} & set(fields)
    assert fields[b"response"] == b"1949323746fe6a43ef61f9606e7febea"


def test_digest_goes_before_basic_and_an_unknown_digest_is_passed_over() -> None:
    fields = told(b'Basic realm="x"', b'Digest realm="a", nonce="n", algorithm=SHA-512-256', RFC_2617)
    assert isinstance(fields, dict)
    assert fields[b"realm"] == b"testrealm@host.com"


def test_basic_where_there_is_nothing_else() -> None:
    assert told(b'Basic realm="x"') == b"Basic TXVmYXNhOkNpcmNsZSBPZiBMaWZl"


@pytest.mark.parametrize("field", [b"Negotiate", b"", b'Digest realm="a", nonce="n", qop="auth-int"'])
def test_no_answer_to_what_is_not_known(field: bytes) -> None:
    assert told(field) is None


def test_md5_sess_has_a_cnonce_even_without_qop() -> None:
    fields = told(b'Digest realm="a", nonce="n", algorithm="MD5-sess"')
    assert isinstance(fields, dict)
    assert fields[b"cnonce"] == b"0a4f113b"
    assert fields[b"algorithm"] == b"MD5-sess"


def test_long_words_are_looked_through_once():
    """From each of their letters anew, these would keep the whole server for minutes."""
    word = b"a" * 100_000
    assert parameters(word + b', nonce="n"') == {b"nonce": b"n"}
    long = b'Digest realm="%b", nonce="n"' % word
    assert challenges([long]) == [ServerChallenge(b"digest", {b"realm": word, b"nonce": b"n"})]
    assert challenges([b" " * 100_000]) == []
