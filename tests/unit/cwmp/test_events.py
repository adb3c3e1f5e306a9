"""Event codes: their official spelling, and which of them are routine."""

from __future__ import annotations

import pytest

from acs.cwmp import events


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1 BOOT", events.BOOT),
        ("  1   boot ", events.BOOT),
        ("1BOOT", events.BOOT),
        ("BOOT", events.BOOT),
        ("0-BOOTSTRAP", events.BOOTSTRAP),
        ("4", events.VALUE_CHANGE),
        ("M reboot", events.M_REBOOT),
        ("M_Download", events.M_DOWNLOAD),
        ("X 001565 Key Pressed", "X 001565 Key Pressed"),
        ("M X_001565_Ring", "M X_001565_Ring"),
        ("14 SOMETHING NEW", "14 SOMETHING NEW"),
        ("", ""),
    ],
)
def test_an_event_code_in_its_official_spelling(written, meant):
    assert events.normalise(written) == meant


def test_only_the_sign_of_life_is_routine():
    assert events.routine([events.PERIODIC])
    assert events.routine([events.PERIODIC, events.PERIODIC])
    assert not events.routine([events.PERIODIC, events.VALUE_CHANGE])
    assert not events.routine([events.BOOT])


def test_an_inform_without_event_is_not_routine():
    assert not events.routine([])


def test_every_event_is_described():
    assert "started" in events.describe("1 BOOT")
    assert "X 001565 Odd" in events.describe("X 001565 Odd")
