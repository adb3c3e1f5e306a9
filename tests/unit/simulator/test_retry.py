"""The waits of TR-069's retry table."""

from __future__ import annotations

import pytest

from acs.simulator.retry import wait, wait_range

TABLE = [
    (1, 5, 10),
    (2, 10, 20),
    (3, 20, 40),
    (4, 40, 80),
    (5, 80, 160),
    (6, 160, 320),
    (7, 320, 640),
    (8, 640, 1280),
    (9, 1280, 2560),
    (10, 2560, 5120),
    (11, 2560, 5120),
    (200, 2560, 5120),
]


@pytest.mark.parametrize(("retry", "shortest", "longest"), TABLE)
def test_the_default_table(retry: int, shortest: float, longest: float) -> None:
    assert wait_range(retry) == (shortest, longest)


def test_a_wait_is_drawn_from_its_range() -> None:
    assert wait(3, 0.0) == 20
    assert wait(3, 0.5) == 30
    assert wait(3, 1.0) == 40


def test_minimum_and_multiplier_are_the_phones_own_parameters() -> None:
    assert wait_range(3, minimum=10, multiplier=1500) == (22.5, 33.75)
