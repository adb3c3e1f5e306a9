"""Who a phone says it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.fleet.user_agent import PhoneAgent, read

MAC = "0015658a3786"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Yealink CP860 37.72.0.5 00:15:65:8a:37:86", PhoneAgent("CP860", "37.72.0.5", MAC)),
        ("yealink CP860 37.72.0.5 00:15:65:8A:37:86", PhoneAgent("CP860", "37.72.0.5", MAC)),
        ("Yealink  SIP-T46G  28.80.0.95  0015658a3786", PhoneAgent("SIP-T46G", "28.80.0.95", MAC)),
        ("Yealink CP860 37.72.0.5", PhoneAgent("CP860", "37.72.0.5")),
        ("Yealink W52P", PhoneAgent("W52P")),
        ("Yealink", PhoneAgent()),
        ("Grandstream Model HW GXP2135 SW 1.0.11.35 000b82000001", PhoneAgent(mac="000b82000001")),
        ("Mozilla/5.0", PhoneAgent()),
        ("", PhoneAgent()),
        ("Yealink CP860 37.72.0.5 00:15:65:8a:37", PhoneAgent("CP860", "37.72.0.5")),
    ],
)
def test_what_a_field_says(text, told):
    assert read(text) == told


@given(st.text(max_size=400))
def test_no_field_is_too_odd(text):
    told = read(text)
    assert told.mac == "" or len(told.mac) == 12
