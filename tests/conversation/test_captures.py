"""Messages of real devices, posted as they were captured: none may break anything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CAPTURES = Path(__file__).parents[3] / "shared" / "captures"
FILES = (
    sorted(p.name for p in CAPTURES.iterdir() if p.suffix in (".xml", ".http")) if CAPTURES.is_dir() else []
)


def body_of(name: str) -> bytes:
    data = (CAPTURES / name).read_bytes()
    if name.endswith(".http") and data.startswith(b"POST"):
        _, _, data = re.split(rb"(\r?\n\r?\n)", data, maxsplit=1)
    return data


@pytest.mark.skipif(not FILES, reason="there are no captures beside this checkout")
@pytest.mark.parametrize("name", FILES)
def test_a_captured_message_is_taken(server, name):
    phone = server.phone()
    phone.sends_bytes(body_of(name))
    assert phone.last.status in (200, 204), (phone.last.status, phone.last.body)
    assert "Traceback" not in server.log
    # the same in the middle of a session
    phone.opens("2 PERIODIC")
    phone.sends_bytes(body_of(name))
    assert phone.last.status in (200, 204), (phone.last.status, phone.last.body)
    assert "Traceback" not in server.log
