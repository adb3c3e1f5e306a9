"""Links for phones: short, good for one task and time, and refused in all other cases."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.fleet import transfer_link
from acs.fleet.transfer_link import Grant, Refusal

SECRET = b"k" * 32
TASK = "0123456789abcdef" + "a" * 12


def link(**changes):
    fields = {
        "base_url": "http://files.example:7567",
        "task_id": TASK,
        "purpose": "d",
        "expires_at": 2_000_000_000.5,
        "file_name": "fw-38.0.rom",
    }
    return transfer_link.make(SECRET, **{**fields, **changes})


def check(url, now=1_900_000_000.0, secret=SECRET):
    return transfer_link.check(secret, urlsplit(url).path, now)


@pytest.mark.parametrize("purpose", ["d", "u"])
def test_a_link_grants_its_task_until_it_expires(purpose):
    url = link(purpose=purpose)
    assert check(url) == Grant(TASK, purpose, 2_000_000_000.0, "fw-38.0.rom")
    assert check(url, now=2_000_000_001.0) == Refusal("expired")


@pytest.mark.parametrize(
    ("old", "new"),
    [("/d/", "/u/"), (TASK, TASK[:-1] + "b"), ("fw-38", "fw-39"), ("-77359400-", "-77359401-")],
)
def test_an_altered_link_is_forged(old, new):
    url = link()
    assert old in url
    assert check(url.replace(old, new)) == Refusal("forged")


def test_another_servers_link_is_forged():
    assert check(link(), secret=b"x" * 32) == Refusal("forged")


@pytest.mark.parametrize("path", ["", "/", "/d/", "/d/x/y", "/d/x-1-y/z", "/favicon.ico", "/d/" + "a" * 500])
def test_what_is_no_link_is_malformed(path):
    assert transfer_link.check(SECRET, path, 0) == Refusal("malformed")
    assert not transfer_link.is_link(path)


def test_a_link_to_a_file_that_is_named_like_a_phones_own_is_a_link():
    assert transfer_link.is_link(urlsplit(link(file_name="001565aabbcc.cfg")).path)


def test_a_link_behind_a_path_of_a_proxy_is_good():
    assert isinstance(check(link(base_url="https://example/phones/files/")), Grant)


@given(st.text(max_size=300), st.integers(1, 150))
def test_any_name_makes_a_link_that_fits_and_grants(name, length):
    url = link(file_name=name, base_url="http://" + "h" * length)
    assert len(url) <= transfer_link.MAX_URL
    assert url.isascii()
    assert "%" not in url
    assert isinstance(check(url), Grant)


def test_a_long_name_keeps_its_extension():
    url = link(file_name="n" * 400 + ".rom")
    assert len(url) == transfer_link.MAX_URL
    assert url.endswith("n.rom")


def test_a_base_that_leaves_no_room_is_refused_with_its_name():
    with pytest.raises(ValueError, match="too long"):
        link(base_url="http://" + "h" * 240)
