"""The session cookie, as it is set and as phones send it back (quirks 2 to 4 and 65)."""

from __future__ import annotations

import pytest

from acs.southbound.session_cookie import session_ids, set_cookie

SID = "00112233445566778899aabbccddeeff"
OTHER = "ffeeddccbbaa99887766554433221100"


def test_it_is_set_with_letters_digits_and_a_path():
    assert set_cookie(SID) == (b"Set-Cookie", b"session=00112233445566778899aabbccddeeff; Path=/")


@pytest.mark.parametrize(
    "field",
    [
        f"session={SID}",
        f"a=1; session={SID}; b=2",
        f"a=1, session={SID}, b=2",
        f'session="{SID}"',
        f"$Version=1; session={SID}; $Path=/",
        f"session={SID}; Path=/",
        f"session = {SID}",
        f"session={SID.upper()}",
        f"session={SID};",
        f"Session={SID}",
    ],
)
def test_it_is_found_in_whatever_spelling(field):
    assert session_ids(field.encode()) == (SID,)


def test_of_several_the_last_comes_first():
    assert session_ids(f"session={OTHER}; session={SID}".encode()) == (SID, OTHER)
    assert session_ids(f"session={SID}; session={SID}".encode()) == (SID,)


@pytest.mark.parametrize(
    "field", [None, b"", b"session=", b"session=short", b"other=1", b"session=" + b"a" * 33]
)
def test_anything_else_is_none_of_ours(field):
    assert session_ids(field) == ()
